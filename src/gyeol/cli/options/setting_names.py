"""The names of all tasks' settings, read from the source of the estimators: to import them takes seconds (PyTorch)."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Callable, Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import typer

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
    found = _estimator(task)
    return [] if found is None else [one.arg for one in _constructor(found).args.kwonlyargs]


def setting_values(task: str) -> dict[str, list[str]]:
    """List the values of settings that their documentation names in quotes; of others, the default."""
    found = _estimator(task)
    if found is None:
        return {}
    values: dict[str, list[str]] = {}
    defaults: dict[str, list[str]] = {}
    for one, default in zip(_constructor(found).args.kwonlyargs, _constructor(found).args.kw_defaults, strict=True):
        if isinstance(default, ast.Constant) and isinstance(default.value, bool):
            values[one.arg] = ["true", "false"]
        elif isinstance(default, ast.Constant) and default.value is not None:
            defaults[one.arg] = [str(default.value)]
    doc = (ast.get_docstring(found) or "").partition("Attributes\n")[0]
    for names, head, body in re.findall(r"^(\w[\w, ]*?)( : [^\n]*)?\n((?:[ ]+[^\n]*\n?)+)", doc, re.MULTILINE):
        named = re.findall(r'"([\w+-]+)"', head) or re.findall(r'``"([\w+-]+)"``', body)
        if named and "," not in names:
            values.setdefault(names, list(dict.fromkeys(named)))
    return {**defaults, **values}


@cache
def _estimator(task: str) -> ast.ClassDef | None:
    from gyeol import tasks

    if task not in tasks.TASKS:
        return None
    module, kind = tasks.ESTIMATORS[task]
    found = find_spec(f"gyeol.tasks.{module}")
    if found is None or found.origin is None:
        return None
    source = Path(found.origin).read_text(encoding="utf-8")
    return next(node for node in ast.parse(source).body if isinstance(node, ast.ClassDef) and node.name == kind)


def _constructor(kind: ast.ClassDef) -> ast.FunctionDef:
    return next(node for node in kind.body if isinstance(node, ast.FunctionDef) and node.name == "__init__")
