"""The names of all tasks' settings, read from the source of the estimators: to import them takes seconds (PyTorch)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import typer

__all__ = ["complete_setting", "setting_names", "setting_values"]


def complete_setting(context: typer.Context, incomplete: str) -> list[str]:
    """Complete ``--set``: names of the task's settings, and after the ``=`` what their values may be."""
    tasks = {"classify": ("classify", "series")}.get(context.info_name or "", (context.info_name or "",))
    name, equals, begun = incomplete.partition("=")
    found: dict[str, None] = {}
    for task in tasks:
        if equals:
            values = setting_values(task).get(name, [])
            found |= dict.fromkeys(f"{name}={value}" for value in values if value.startswith(begun))
        else:
            found |= dict.fromkeys(f"{other}=" for other in setting_names(task) if other.startswith(name))
    return list(found)


def setting_names(task: str) -> list[str]:
    """List a task's settings in the order of its estimator's constructor; none for a name that is no task's."""
    found = _estimator(task)
    return [] if found is None else [one.arg for one in _constructor(found).args.kwonlyargs]


def setting_values(task: str) -> dict[str, list[str]]:
    """List what settings may be, where their documentation names it: those in double backquotes and quotes."""
    found = _estimator(task)
    if found is None:
        return {}
    values: dict[str, list[str]] = {}
    for one, default in zip(_constructor(found).args.kwonlyargs, _constructor(found).args.kw_defaults, strict=True):
        if isinstance(default, ast.Constant) and isinstance(default.value, bool):
            values[one.arg] = ["true", "false"]
    doc = (ast.get_docstring(found) or "").partition("Attributes\n")[0]
    for names, head, body in re.findall(r"^(\w[\w, ]*?)( : [^\n]*)?\n((?:[ ]+[^\n]*\n?)+)", doc, re.MULTILINE):
        named = re.findall(r'"([\w+-]+)"', head) or re.findall(r'``"([\w+-]+)"``', body)
        if named and "," not in names:
            values.setdefault(names, list(dict.fromkeys(named)))
    return values


@cache
def _estimator(task: str) -> ast.ClassDef | None:
    import gyeol

    folder = Path(gyeol.__file__).parent
    table = ast.parse((folder / "tasks" / "__init__.py").read_text(encoding="utf-8"))
    kind = dict(_tasks(table)).get(task)
    home = next((node.module for node in table.body if _imports(node, kind)), None)  # type: ignore[attr-defined]
    if home is None:
        return None
    source = folder.joinpath(*home.split(".")[1:]).with_suffix(".py")
    classes = ast.parse(source.read_text(encoding="utf-8")).body
    return next(node for node in classes if isinstance(node, ast.ClassDef) and node.name == kind)


def _imports(node: ast.stmt, name: str | None) -> bool:
    return isinstance(node, ast.ImportFrom) and any(alias.name == name for alias in node.names)


def _tasks(table: ast.Module) -> Iterator[tuple[str, str]]:
    """The literal table of the tasks: name and class."""
    for node in table.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Dict) and ast.unparse(node.target) == "TASKS":
            for key, value in zip(node.value.keys, node.value.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(value, ast.Name):
                    yield str(key.value), value.id


def _constructor(kind: ast.ClassDef) -> ast.FunctionDef:
    return next(node for node in kind.body if isinstance(node, ast.FunctionDef) and node.name == "__init__")
