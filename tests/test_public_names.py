"""The public names are exactly the exported ones, and asking for none of them costs little."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import gyeol
from gyeol import tasks

SOURCE = Path(gyeol.__file__)


def under_type_checking(source: Path) -> dict[str, str]:
    """What type checkers are told: name to module."""
    tree = ast.parse(source.read_text(encoding="utf-8"))
    blocks = [n for n in tree.body if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING"]
    imports = [n for block in blocks for n in block.body if isinstance(n, ast.ImportFrom)]
    assert all(alias.asname == alias.name for n in imports for alias in n.names)  # which exports them
    return {alias.name: str(n.module) for n in imports for alias in n.names}


def test_the_list_is_what_there_is_and_what_type_checkers_are_told() -> None:
    assert len(set(gyeol.__all__)) == len(gyeol.__all__)
    assert under_type_checking(SOURCE) == gyeol._HOMES
    assert under_type_checking(Path(str(tasks.__file__))) == tasks._HOMES
    assert {*tasks._HOMES, "ESTIMATORS", "TASKS"} == set(tasks.__all__)
    assert {*gyeol._HOMES, "__version__"} == set(gyeol.__all__)
    for name in gyeol._HOMES:
        home = importlib.import_module(gyeol._HOMES[name])
        assert getattr(gyeol, name) is getattr(home, name)
        assert name in home.__all__


def test_modules_are_there_without_being_imported_by_hand() -> None:
    for name in gyeol._MODULES:
        assert getattr(gyeol, name) is importlib.import_module(f"gyeol.{name}")
    assert dir(gyeol) == sorted({*gyeol.__all__, *gyeol._MODULES})
    scope: dict[str, object] = {}
    exec("from gyeol import *", scope)
    assert set(gyeol.__all__) <= set(scope)


def test_what_is_not_there() -> None:
    with pytest.raises(AttributeError, match="module 'gyeol' has no attribute 'TextClasifier'"):
        _ = gyeol.TextClasifier  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "name",
    [m.name for m in pkgutil.walk_packages(gyeol.__path__, "gyeol.") if not m.name.endswith(("__main__", "_native"))],
)
def test_every_module_exports_what_it_has(name: str) -> None:
    module = importlib.import_module(name)
    exported = getattr(module, "__all__", [])
    assert len(set(exported)) == len(exported)
    assert [missing for missing in exported if not hasattr(module, missing)] == []


def test_the_version_is_the_package_s() -> None:
    project = SOURCE.parents[2] / "pyproject.toml"
    if not project.is_file():
        pytest.skip("an installed copy: there is no pyproject.toml beside it")
    assert tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"] == gyeol.__version__


def test_importing_gyeol_loads_nothing_heavy() -> None:
    heavy = ["torch", "numpy", "sklearn", "polars", "tokenizers", "kiwipiepy", "rich", "typer", "pydantic"]
    code = f"import sys, gyeol; dir(gyeol); gyeol.__all__; print([n for n in {heavy} if n in sys.modules])"
    found = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout.strip(), found.stderr) == (0, "[]", "")
