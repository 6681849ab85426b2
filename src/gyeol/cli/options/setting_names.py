"""The names of all tasks' settings, read from the source of the estimators: to import them takes seconds (PyTorch)."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import typer

import gyeol

_STAND_INS = "gyeol.tasks.sklearn_base"  # no fields there

__all__ = ["answer_bash", "completions", "joined_words", "setting_names", "setting_values"]


def completions(tasks: Iterable[str], incomplete: str) -> list[str]:
    """Complete ``NAME=VALUE``: names of the settings of tasks, and after the ``=`` the values they take.

    Where only one name fits, its values are offered too: given a single answer, a shell would go on to the next word.

    Examples
    --------
    >>> completions(["tag"], "hea"), completions(["tag"], "head=c"), completions(["tag"], "hid")
    (['head=', 'head=crf', 'head=linear'], ['head=crf'], ['hidden_size=', 'hidden_size=128'])
    """
    tasks = tuple(tasks)
    name, equals, start = incomplete.partition("=")
    known = dict.fromkeys(other for one in tasks for other in setting_names(one))
    names = [name] if equals else [other for other in known if other.startswith(name)]
    if len(names) != 1:
        return [f"{other}=" for other in names]
    values = dict.fromkeys(value for one in tasks for value in setting_values(one).get(names[0], []))
    return [f"{names[0]}={value}" for value in ([] if equals else [""]) + [v for v in values if v.startswith(start)]]


def answer_bash(settings_of: Callable[[str], Iterable[str]]) -> None:
    """Complete what follows an ``=`` for bash, which splits words there, and exit.

    Parameters
    ----------
    settings_of : callable
        Names the tasks whose settings a command of ``gyeol fit`` takes.
    """
    if os.environ.get("_GYEOL_COMPLETE") != "complete_bash":
        return
    words, place, after = joined_words(
        os.environ.get("COMP_WORDS", "").split("\n"), int(os.environ.get("COMP_CWORD") or 0)
    )
    os.environ |= {"COMP_WORDS": "\n".join(words), "COMP_CWORD": str(place)}
    if after and words[1:2] == ["fit"]:
        for answer in completions(settings_of(words[2]), words[place]):
            typer.echo(answer.partition("=")[2])
        raise SystemExit(0)


def joined_words(words: list[str], place: int) -> tuple[list[str], int, bool]:
    """Join the name, the ``=`` and the value behind every ``--set``.

    Parameters
    ----------
    words : list of str
    place : int
        The index of the word to complete.

    Returns
    -------
    words : list of str
    place : int
        The index of that word now.
    after : bool
        Whether it follows an ``=``: then bash expects the completion of that part only.

    Examples
    --------
    >>> joined_words(["gyeol", "fit", "--set", "cell", "=", "l"], 5)
    (['gyeol', 'fit', '--set', 'cell=l'], 3, True)
    """
    joined: list[str] = []
    found, after, n = len(words), False, 0
    while n < len(words):
        many = 1
        if joined and joined[-1] == "--set" and words[n + 1 : n + 2] == ["="]:
            many = 3 if n + 2 < len(words) else 2
        if n <= place < n + many:
            found, after = len(joined), many > 1 and place > n
        joined.append("".join(words[n : n + many]))
        n += many
    return joined, found, after


def setting_names(task: str) -> list[str]:
    """List a task's settings in the order of its estimator's constructor; none for an unknown task."""
    return list(_fields(task))


#: Settings whose values are the names of a table: its file, and what it is called there.
_TABLES = {
    "cell": ("kernels/cells/table.py", "_NAMES"),
    "attention_score": ("layers/attention/scores.py", "SCORES"),
}


def setting_values(task: str) -> dict[str, list[str]]:
    """List the values of settings: names of a table, those that their meaning quotes; of others, the default."""
    values: dict[str, list[str]] = {}
    for name, (default, meaning) in _fields(task).items():
        named = _table(*_TABLES[name]) if name in _TABLES else re.findall(r'``"([\w+-]+)"``', meaning)
        if isinstance(default, bool):
            values[name] = ["true", "false"]
        elif named:
            values[name] = list(dict.fromkeys(named))
        elif default is not None:
            values[name] = [str(default)]
    return values


@cache
def _table(file: str, name: str) -> list[str]:
    """Read the names in a literal table from its source."""
    tree = ast.parse((Path(gyeol.__file__).parent / file).read_text(encoding="utf-8"))
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if isinstance(target, ast.Name) and target.id == name and isinstance(node, ast.Assign | ast.AnnAssign):
            names = node.value.keys if isinstance(node.value, ast.Dict) else getattr(node.value, "elts", [])
            return [str(one.value) for one in names if isinstance(one, ast.Constant)]
    return []


@cache
def _fields(task: str) -> dict[str, tuple[Any, str]]:
    """Read the default and the meaning of every field of an estimator, as `hyperparameters_of` gives them."""
    from gyeol import tasks

    if task not in tasks.TASKS:
        return {}
    module, name = tasks.ESTIMATORS[task]
    found: dict[str, tuple[Any, str]] = {}
    for kind in reversed(_read_class(f"gyeol.tasks.{module}", name).__mro__):
        for field, (default, meaning) in kind.__dict__.get("own", {}).items():
            found[field] = (default, meaning or found.get(field, (None, ""))[1])
    return found


@cache
def _read_class(module: str, name: str) -> type:
    """Read a class from its source: an empty one with the same bases, and with its fields as ``own``."""
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        return object
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    node = next(one for one in tree.body if isinstance(one, ast.ClassDef) and one.name == name)
    homes = {alias.name: one.module for one in tree.body if isinstance(one, ast.ImportFrom) for alias in one.names}
    homes = {name: home for name, home in homes.items() if home and home.startswith("gyeol.tasks.")}
    homes |= {one.name: module for one in tree.body if isinstance(one, ast.ClassDef)}
    bases = [base.id for base in node.bases if isinstance(base, ast.Name)]
    real = [_read_class(homes[base], base) for base in bases if base in homes and homes[base] != _STAND_INS]
    return type(name, tuple(real), {"own": dict(_own_fields(node))})


def _own_fields(node: ast.ClassDef) -> Iterator[tuple[str, tuple[Any, str]]]:
    decorated = any("dataclass" in ast.unparse(one) for one in node.decorator_list)
    for line in node.body:
        if not (decorated and isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name) and line.value):
            continue
        if isinstance(line.value, ast.Call):
            if getattr(line.value.func, "id", "") == "hyperparameter":
                default, _, meaning = line.value.args
                yield line.target.id, (_literal(default), _literal(meaning))
        elif "ClassVar" not in ast.unparse(line.annotation):
            yield line.target.id, (_literal(line.value), "")


def _literal(node: ast.expr) -> Any:
    return node.value if isinstance(node, ast.Constant) else None
