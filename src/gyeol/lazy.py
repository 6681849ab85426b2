"""Names of a package that are imported when first used, so that importing the package loads nothing heavy."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["importer"]


def importer(package: str, homes: Mapping[str, str], modules: tuple[str, ...] = ()) -> Callable[[str], Any]:
    """Make a package's ``__getattr__``.

    Parameters
    ----------
    package : str
        Its name.
    homes : mapping
        In which module each name lives; a literal table beside the package's ``__all__``.
    modules : tuple of str
        Submodules that may be named without an import.
    """

    def find(name: str) -> Any:
        if name in homes:
            return getattr(importlib.import_module(homes[name]), name)
        if name in modules:
            return importlib.import_module(f"{package}.{name}")
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return find
