"""Names of a package that are imported when first used, so that importing the package loads nothing heavy."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from types import ModuleType
from typing import Any

__all__ = ["ASKS_ONLY", "OWN_PROCESS", "delay", "importer", "load_delayed"]

#: Whether this process is the ``gyeol`` command's own, in which nobody else uses what is imported.
OWN_PROCESS = False
#: Whether it does nothing but ask a saved model.
ASKS_ONLY = False


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


class _Delayed(ModuleType):
    """Stands for a module until something in it is asked for."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # what the import system asks of a module that is there
            raise AttributeError(name)
        return getattr(load_delayed(self.__name__), name)


def delay(*names: str) -> None:
    """Let other packages import these modules without loading them, until something in one is asked for.

    scikit-learn's base classes import all of SciPy's statistics, and pandas where it is installed, to have them at hand
    for what a command that asks a model never does; that is two thirds of the time that they take to load.

    Parameters
    ----------
    *names : str
        Modules; one that is loaded, or that is not installed, is left alone.
    """
    for name in names:
        package = name.partition(".")[0]
        if name not in sys.modules and find_spec(package) is not None:
            sys.modules[name] = _Delayed(name)


def load_delayed(name: str) -> ModuleType:
    """Load a module, whether it was delayed or not."""
    if isinstance(sys.modules.get(name), _Delayed):
        del sys.modules[name]
    return importlib.import_module(name)
