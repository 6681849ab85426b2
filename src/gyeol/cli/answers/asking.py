"""What all tasks have in common when they are asked: bad rows, answers written, texts cut, places in files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gyeol.cli.answers.output import note, object_out, pieces_out
from gyeol.cli.answers.stream import Answers, Handling, written
from gyeol.errors import DataError, ParameterError

if TYPE_CHECKING:
    from gyeol.cli.tasks.table import Question
    from gyeol.data.text.sources import Source
    from gyeol.data.text.trained_columns import TrainedColumns

__all__ = [
    "PIPE",
    "SKIP",
    "STRICT",
    "Cut",
    "answers_out",
    "at_lines",
    "find_asked",
    "folder_asked",
    "handling",
    "own_columns",
    "remembered",
]

PIPE = "standard input"

SKIP: Any = typer.Option(False, "--skip-bad-rows", help="Leave rows that cannot be answered out.")
STRICT: Any = typer.Option(False, "--strict", help="Stop at the first row that cannot be answered (exit 2).")


def handling(question: Question) -> Handling:
    """Say what happens to rows that cannot be answered, as the user asked.

    Raises
    ------
    ParameterError
        Both ways at once.
    """
    if question.strict and question.skip_bad_rows:
        raise ParameterError("--strict stops at a bad row and --skip-bad-rows leaves it out: give one of the two")
    named = len(question.texts)
    live = question.file is None and not named
    return Handling(question.strict, question.skip_bad_rows, live, alone=named == 1)


def folder_asked(question: Question) -> Question:
    """Take a folder that is named alone, in the place of a file of images or sounds, for one that --file names."""
    if question.file is None and len(question.texts) == 1 and Path(question.texts[0]).is_dir():
        return replace(question, texts=[], file=question.texts[0])
    return question


def answers_out(answers: Answers, form: str, about: dict[str, Any], out: Path | None, *, json: bool) -> None:
    """Print answers, or write them into a file and say so."""
    pieces_out(written(answers, form, about), out)
    if out is None:
        return
    if json:
        object_out({**about, "out": str(out), **answers.summary()})
    else:
        note(f"wrote {out}: {answers.count:,} answers")


def remembered(model: Any) -> TrainedColumns | None:
    """Give the columns that a model was trained on, where it keeps them."""
    from gyeol.data.text.trained_columns import TrainedColumns

    return TrainedColumns.of(getattr(model, "about_", {}))


def find_asked(model: Any, data: str, question: Question, *, task: str | None, need_target: bool) -> tuple[Source, str]:
    """Find what the user means, and in it the columns that the model was trained on, where none are named.

    The second is what must be said once the file can be read: that it lacks a column.
    """
    from gyeol.data.text.sources import find_source

    source = find_source(data, "test", input=question.input, target=question.target, task=task, header=question.header)
    own = remembered(model)
    if own is None:
        return source, ""
    input, target, told = own.find(
        source.path, source.input, source.target, need_target=need_target, header=source.header
    )
    return replace(source, input=input, target=target), told


def own_columns(
    model: Any, data: str, input: str | None, target: str | None, *, need_target: bool
) -> tuple[str | None, str | None]:
    """Give the columns to read in a table of files: those that are named, else those that the model was trained on."""
    own = remembered(model)
    if own is None or not Path(data).is_file():
        return input, target
    input, target, told = own.find(Path(data), input, target, need_target=need_target)
    note(told)
    return input, target


class Cut:
    """Counts the texts of which a model left out the middle, from here on."""

    def __init__(self, model: Any) -> None:
        inputs: Any
        inputs, features = getattr(model, "inputs_", None), getattr(model, "features", None)
        self.longest = int(getattr(model, "max_length", 0))
        # Whoever counts terms reads all of a text.
        self.inputs = inputs if features is None else inputs.text if features == "vectors" else None
        self.before = self._count()

    def _count(self) -> int:
        return int(getattr(self.inputs, "shortened", 0))

    def told(self) -> str:
        """One line on them, or nothing."""
        count = self._count() - self.before
        if not count:
            return ""
        return f"{count:,} text(s) have more than {self.longest:,} tokens; their middle was left out (max_length)"


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
        What an example is called.

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
