"""What all tasks share in answering a request: bad rows, columns, shortened texts, places in files, output."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gyeol.cli.answers.output import note, object_out, pieces_out
from gyeol.cli.answers.stream import Answers, Handling, formatted
from gyeol.errors import DataError, ParameterError

if TYPE_CHECKING:
    from gyeol.cli.task_commands import Request
    from gyeol.data.text.sources import Source
    from gyeol.data.text.trained_columns import TrainedColumns

__all__ = [
    "PIPE",
    "SKIP",
    "STRICT",
    "ShortenedTexts",
    "answers_out",
    "at_lines",
    "find_trained_source",
    "folder_as_file",
    "handling",
    "remembered",
    "trained_columns",
]

PIPE = "standard input"

SKIP: Any = typer.Option(False, "--skip-bad-rows", help="Skip rows that cannot be answered.")
STRICT: Any = typer.Option(False, "--strict", help="Stop at the first row that cannot be answered (exit status 2).")


def handling(request: Request) -> Handling:
    """Return what happens to rows that cannot be answered.

    Raises
    ------
    ParameterError
        Where the user asked for both ways at once.
    """
    if request.strict and request.skip_bad_rows:
        raise ParameterError("--strict and --skip-bad-rows contradict each other: give one of them")
    named = len(request.texts)
    live = request.file is None and not named
    return Handling(request.strict, request.skip_bad_rows, live, alone=named == 1)


def folder_as_file(request: Request) -> Request:
    """Treat a folder of images or recordings, named alone as an argument, as what --file names."""
    if request.file is None and len(request.texts) == 1 and Path(request.texts[0]).is_dir():
        return replace(request, texts=[], file=request.texts[0])
    return request


def answers_out(answers: Answers, form: str, about: dict[str, Any], out: Path | None, *, json: bool) -> None:
    """Print answers, or write them to a file and report it."""
    pieces_out(formatted(answers, form, about), out)
    if out is None:
        return
    if json:
        object_out({**about, "out": str(out), **answers.summary()})
    else:
        note(f"wrote {out}: {answers.count:,} answers")


def remembered(model: Any) -> TrainedColumns | None:
    """Return the columns that a model was trained on, if it remembers them."""
    from gyeol.data.text.trained_columns import TrainedColumns

    return TrainedColumns.of(getattr(model, "about_", {}))


def find_trained_source(
    model: Any, data: str, request: Request, *, task: str | None, need_target: bool
) -> tuple[Source, str]:
    """Find a file or data set, with the columns that the model was trained on where the user named none.

    Returns
    -------
    source : Source
    missing : str
        A note for once the file has been read: that it lacks a column; or nothing.
    """
    from gyeol.data.text.sources import find_source

    source = find_source(data, "test", input=request.input, target=request.target, task=task, header=request.header)
    columns = remembered(model)
    if columns is None:
        return source, ""
    input, target, missing = columns.find(
        source.path, source.input, source.target, need_target=need_target, header=source.header
    )
    return replace(source, input=input, target=target), missing


def trained_columns(
    model: Any, data: str, input: str | None, target: str | None, *, need_target: bool
) -> tuple[str | None, str | None]:
    """Return the columns to read in a table of files: those named by the user, or those of the training file."""
    columns = remembered(model)
    if columns is None or not Path(data).is_file():
        return input, target
    input, target, missing = columns.find(Path(data), input, target, need_target=need_target)
    note(missing)
    return input, target


class ShortenedTexts:
    """Counts the texts that a model shortens in the middle, from here on."""

    def __init__(self, model: Any) -> None:
        inputs: Any
        inputs, features = getattr(model, "inputs_", None), getattr(model, "features", None)
        self.longest = int(getattr(model, "max_length", 0))
        # Models that count terms read the whole text.
        self.inputs = inputs if features is None else inputs.text if features == "vectors" else None
        self.before = self._count()

    def _count(self) -> int:
        return int(getattr(self.inputs, "shortened", 0))

    def report(self) -> str:
        """Return a line on them, or nothing."""
        count = self._count() - self.before
        if not count:
            return ""
        return f"{count:,} text(s) longer than {self.longest:,} tokens (max_length) were shortened in the middle"


_NUMBERED = re.compile(r"^(?:text|sequence|sentence|recording|image|label|target) (\d+):? ")


@contextmanager
def at_lines(name: str, lines: Sequence[int], what: str = "text") -> Iterator[None]:
    """Name the line of a file where an estimator's error names the number of an example.

    Parameters
    ----------
    name : str
        The file.
    lines : sequence of int
        The line of each example.
    what : str
        The noun for an example.

    Examples
    --------
    >>> with at_lines("a.tsv", [2, 5]):
    ...     raise DataError("text 1 has 300 tokens, and this model reads 256 at most")
    Traceback (most recent call last):
    ...
    gyeol.errors.DataError: a.tsv, line 5: the text has 300 tokens, and this model reads 256 at most
    """
    try:
        yield
    except DataError as error:
        found = _NUMBERED.match(str(error))
        if found is None or int(found[1]) >= len(lines):
            raise
        rest = str(error)[found.end() :]
        raise DataError(f"{name}, line {lines[int(found[1])]}: the {what} {rest}") from error
