"""Rows to answer, from a file or a pipe; each keeps its place, even one that cannot be read."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, cast

from gyeol.cli.answers.output import note
from gyeol.errors import DataError

if TYPE_CHECKING:
    from io import BufferedIOBase

    from gyeol.data.tables.rows import BadRow
    from gyeol.data.text.example import Example
    from gyeol.data.text.sources import Source

__all__ = [
    "Item",
    "bad_item",
    "chunked",
    "file_texts",
    "item_of",
    "named_items",
    "piped_items",
    "piped_texts",
    "read_items",
    "reason_of",
    "sequence_item",
]

_RECORDS = 256  # sequences of a pipe answered together
_SHOWN = 200  # characters of a line that could not be read


@dataclass(frozen=True, slots=True)
class Item:
    """A row: its line, the model's input, its other columns; or the reason why it cannot be answered.

    Parameters
    ----------
    line : int
        Its line in the file or the pipe, from 1; 0 for an argument of the command.
    value : object
        The input of the model.
    text : str
        What is shown beside its answer.
    others : tuple of (str, str)
        Names and cells of the other columns.
    reason, kind : str
        Why it cannot be answered, and the kind of error (see `gyeol.data.tables.rows.BadRow`); empty if it can.
    """

    line: int
    value: Any = None
    text: str = ""
    others: tuple[tuple[str, str], ...] = ()
    reason: str = ""
    kind: str = ""


def item_of(row: Example | BadRow) -> Item:
    """Make an item of a row of texts."""
    from gyeol.data.text.example import Example

    if isinstance(row, Example):
        return Item(row.line, row.input, row.input, row.others)
    return bad_item(row)


def bad_item(row: BadRow) -> Item:
    """Make an item of a row that cannot be read."""
    return Item(row.line, others=row.others, reason=row.reason, kind=row.kind)


def named_items(values: Iterable[Any]) -> list[Item]:
    """Make items of the arguments of a command."""
    return [Item(0, value, str(value)) for value in values]


def file_texts(source: Source, remark: str = "") -> Iterator[Item]:
    """Stream the texts of a file with its other columns; prints ``remark`` once the first row has been read."""
    from gyeol.data.text.sources import read_texts

    for number, row in enumerate(read_texts(source, others=True, on_note=note)):
        if number == 0:
            note(remark)
        yield item_of(row)


def read_items(
    values: Sequence[Any], lines: Sequence[int], others: Sequence[tuple[tuple[str, str], ...]], bad: Sequence[BadRow]
) -> list[Item]:
    """Make items of the files that a table lists, readable or not, in the order of its lines.

    ``lines`` and ``others`` are empty where there is no table.
    """
    items = [bad_item(row) for row in bad]
    for place, value in enumerate(values):
        line = lines[place] if lines else 0
        items.append(Item(line, value, str(value), others[place] if others else ()))
    return sorted(items, key=lambda item: item.line)


def chunked(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Group items into lists of ``size``."""
    items = iter(items)
    while chunk := list(islice(items, size)):
        yield chunk


def piped_items(
    read: Callable[[str, int], Any], size: int, *, blank: bool = True, nothing: str = "", fasta: bool = False
) -> Iterator[list[Item]]:
    """Read standard input line by line, as lines come.

    Parameters
    ----------
    read : callable
        Turns a line and its number into the input of the model; raises `DataError` where it cannot.
    size : int
        The largest number of items in a list.
    blank : bool
        Whether a blank line is a row without an answer; otherwise it is skipped.
    nothing : str
        The error message where all lines are blank; none by default.
    fasta : bool
        Whether FASTA records are recognised: one row each, with the name beside it.

    Raises
    ------
    DataError
        Where all lines are blank, and ``nothing`` is given.
    """
    from gyeol.data.tables.pipe import read_pipe
    from gyeol.data.tables.rows import BadRow
    from gyeol.data.text.fasta_examples import piped_fasta, record_examples

    some = False
    batches: Iterator[list[Any]] = read_pipe(cast("BufferedIOBase", sys.stdin.buffer))
    if fasta:
        batches, found = piped_fasta(batches)
        if found:
            rows = record_examples(chain.from_iterable(batches))
            yield from chunked((sequence_item(row, read) for row in rows), min(size, _RECORDS))
            return
    for lines in batches:
        chunk: list[Item] = []
        for row in lines:
            if isinstance(row, BadRow):
                chunk.append(bad_item(row))
                continue
            number, line = row
            if line.strip():
                chunk.append(_read(read, line, number))
            elif blank:
                chunk.append(Item(number, reason="the text is empty", kind="empty"))
        some |= any(item.kind != "empty" for item in chunk)
        for start in range(0, len(chunk), size):
            yield chunk[start : start + size]
    if nothing and not some:
        raise DataError(nothing)


def sequence_item(row: Example | BadRow, read: Callable[[str, int], Any]) -> Item:
    """Make an item of a FASTA record, with its name beside it."""
    from gyeol.data.text.example import Example

    if isinstance(row, Example):
        return replace(_read(read, row.input, row.line), others=row.others)
    return bad_item(row)


def _read(read: Callable[[str, int], Any], line: str, number: int) -> Item:
    try:
        return Item(number, read(line, number), line)
    except DataError as error:
        return Item(number, text=line[:_SHOWN], reason=reason_of(error), kind="value")


def piped_texts(size: int, *, nothing: str = "") -> Iterator[list[Item]]:
    """Read texts from standard input, one per line."""
    return piped_items(_text, size, nothing=nothing, fasta=True)


def _text(line: str, number: int) -> str:
    """Check a line as a text in a file is checked."""
    from gyeol.data.text.example import MAX_TEXT

    if len(line) > MAX_TEXT:
        raise DataError(f"line {number}: the text has {len(line):,} characters, more than {MAX_TEXT:,}")
    return line


def reason_of(error: Exception) -> str:
    """Return the reason of an error without the file, the line and the number within its batch.

    Examples
    --------
    >>> reason_of(DataError("text 5 has 300 tokens"))
    'the text has 300 tokens'
    >>> reason_of(DataError("standard input, line 7: value 1 is 'x'"))
    "value 1 is 'x'"
    """
    import re

    reason = re.sub(r"^[^:]*?(?:, )?line \d+: ", "", str(error))
    return re.sub(r"^(text|sequence|sentence|recording|image|clip) \d+(:? )", r"the \1\2", reason)
