"""``gyeol evaluate`` and ``predict``: what they do for each task is in `gyeol.cli.tasks`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from gyeol.cli.answers.reading import SKIP, STRICT
from gyeol.cli.model import load_model
from gyeol.cli.options.signature import keyword, with_parameters
from gyeol.cli.options.training import HEADER, JSON, THREADS
from gyeol.cli.task_commands import Request, TaskCommands, TaskOption
from gyeol.cli.tasks import FILES, commands_of
from gyeol.errors import ModelError, ParameterError

__all__ = ["check_options", "command", "evaluate", "predict", "task_options"]

_MODEL: Any = typer.Argument(metavar="MODEL", help="Model folder.")


def task_options(verb: str) -> dict[TaskOption, list[str]]:
    """List the options of ``evaluate`` or ``predict`` that only some tasks have, with the tasks that have them."""
    found: dict[str, tuple[TaskOption, list[str]]] = {}
    for task in FILES:
        for option in commands_of(task).options:
            if verb in option.verbs:
                found.setdefault(option.name, (option, []))[1].append(task)
    return dict(found.values())


def command(verb: Callable[..., None]) -> Callable[..., None]:
    """Make the command of `evaluate` or `predict` with the options of all tasks."""
    more = [keyword(option.name, option.kind, option.option) for option in task_options(verb.__name__)]
    names = [one.name for one in more]

    def run(**given: Any) -> None:
        options = {name: given.pop(name) for name in names}
        verb(**given, options=options)

    return with_parameters(verb, more, without="options", run=run)


def check_options(verb: str, task: str, options: dict[str, Any], *, skip_bad_rows: bool = False) -> TaskCommands:
    """Refuse options that a task does not have; returns its row.

    Raises
    ------
    ParameterError
        For an option of other tasks.
    ModelError
        Where other commands answer for such models.
    """
    commands = commands_of(task)
    for option, tasks in task_options(verb).items():
        if options.get(option.name, option.option.default) != option.option.default and task not in tasks:
            raise _foreign(option.flag, tasks, task)
    if verb == "evaluate" and skip_bad_rows and not commands.evaluates_without_bad_rows:
        raise _foreign("--skip-bad-rows", [one for one in FILES if commands_of(one).evaluates_without_bad_rows], task)
    return commands


def _foreign(flag: str, tasks: list[str], task: str) -> ParameterError:
    return ParameterError(f"{flag} is for models of {_listed(tasks)}; this is a model of 'fit {task}'")


def _listed(tasks: list[str]) -> str:
    """Write a list of commands.

    Examples
    --------
    >>> _listed(["tag"]), _listed(["tag", "series"])
    ("'fit tag'", "'fit tag' or 'fit series'")
    """
    shown = [f"'fit {task}'" for task in tasks]
    return " or ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))


def evaluate(
    model_path: Path = _MODEL,
    data: str = typer.Argument(metavar="DATA", help="File, or a data set (its test part)."),
    input: str = typer.Option(None, "--input", metavar="COL", help="Column of inputs, by name or number."),
    target: str = typer.Option(None, "--target", metavar="COL", help="Column of targets, such as labels."),
    header: bool = HEADER,
    threads: int = THREADS,
    skip_bad_rows: bool = typer.Option(
        False, "--skip-bad-rows", help="Skip rows without text or label, or with an unknown label."
    ),
    json: bool = JSON,
    *,
    options: dict[str, Any],
) -> None:
    """Evaluate a model: accuracy, perplexity, BLEU, span F1, WER.

    Examples: gyeol evaluate my-model test.csv

    gyeol evaluate my-model nsmc --json
    """
    model = load_model(model_path, threads)
    commands = check_options("evaluate", model.task, options, skip_bad_rows=skip_bad_rows)
    request = Request(
        model_path, json, data=data, input=input, target=target, skip_bad_rows=skip_bad_rows, header=header,
        options=options,
    )  # fmt: skip
    commands.evaluate(model, request)


def predict(
    model_path: Path = _MODEL,
    texts: list[str] = typer.Argument(
        None, metavar="TEXT", help="Texts, or paths of images and recordings; default: lines of standard input."
    ),
    file: str = typer.Option(None, "--file", "-f", metavar="FILE", help="File to answer row by row, streaming."),
    input: str = typer.Option(None, "--input", metavar="COL", help="Column of inputs in FILE, by name or number."),
    out: Path = typer.Option(None, "--out", "-o", metavar="FILE", help="Output file: .tsv .csv .jsonl or .json."),
    header: bool = HEADER,
    skip_bad_rows: bool = SKIP,
    strict: bool = STRICT,
    threads: int = THREADS,
    json: bool = JSON,
    *,
    options: dict[str, Any],
) -> None:
    """Predict for texts, files of any size, sequences, recordings.

    A row that cannot be answered gets an empty answer and a note. Other columns of the file are copied to the answer; a
    column with the name of a part of the answer, such as label, becomes file_label.

    Examples: gyeol predict my-model "다시 보고 싶은 영화"

    gyeol predict ko-en "내일 비가 온대요" --top 3

    gyeol predict my-model --file new.csv --out answers.tsv

    gyeol predict heart "0.1 0.3 -0.2"

    cat new.txt | gyeol predict my-model

    gyeol predict scenes photo.jpg

    gyeol predict moves clip.mp4
    """
    if texts and file is not None:
        raise ParameterError("give either texts or --file FILE, not both")
    if file is None and not texts and (sys.stdin is None or sys.stdin.isatty()):
        raise ParameterError('no text given; write gyeol predict MODEL "다시 보고 싶은 영화", or --file FILE')
    model = load_model(model_path, threads)
    commands = check_options("predict", model.task, options)
    if isinstance(commands.predict, str):
        raise ModelError(f"{model_path} is a model of 'fit {model.task}': use gyeol {commands.predict}")
    request = Request(
        model_path, json, texts=texts or [], file=file, input=input, out=out, skip_bad_rows=skip_bad_rows,
        strict=strict, header=header, options=options,
    )  # fmt: skip
    commands.predict(model, request)
