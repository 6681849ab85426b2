"""From lines to rows: lists of fields, as TSV, as CSV, or a line as a row of one field."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from gyeol.data.tables.lines import MAX_LINE
from gyeol.data.tables.quote_habits import Quotes

__all__ = [
    "MAX_BREAKS",
    "BadRow",
    "Row",
    "Shape",
    "csv_rows",
    "is_tagged",
    "plain_rows",
    "tagged_rows",
    "too_long",
    "tsv_rows",
]

_TAG = "__label__"
MAX_BREAKS = 1_000  # line breaks in one row of a CSV file


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that gives no example.

    Parameters
    ----------
    line : int
        Its line in the file, or its row in a parquet file, from 1.
    reason : str
        What is wrong with it.
    kind : str
        ``"fields"`` (too few, too many, or a quote left open), ``"json"``, ``"label"``, ``"empty"``, ``"long"``,
        ``"encoding"`` or ``"value"`` (not what the model reads).
    others : tuple of (str, str)
        Names and fields of its other columns, where they were asked for and are known.
    """

    line: int
    reason: str
    kind: str
    others: tuple[tuple[str, str], ...] = ()


Row = tuple[int, list[str]] | BadRow  # the number of the line a row begins on, and its fields


def too_long(number: int) -> BadRow:
    """Say that a line is longer than any row may be."""
    return BadRow(number, f"longer than {MAX_LINE:,} characters", "long")


def plain_rows(lines: Iterator[tuple[int, str]]) -> Iterator[Row]:
    """Read every line as a row of one field."""
    for number, line in lines:
        yield too_long(number) if len(line) > MAX_LINE else (number, [line.removesuffix("\r")])


def is_tagged(line: str) -> bool:
    """Whether a line begins with a label as fastText has it.

    Examples
    --------
    >>> is_tagged("__label__pos so good"), is_tagged("a __label__pos")
    (True, False)
    """
    return line.lstrip("\ufeff \t").startswith(_TAG)


def tagged_rows(lines: Iterator[tuple[int, str]]) -> Iterator[Row]:
    """Read fastText's lines as rows of two fields, the labels and the text; several labels are joined by ``|``.

    Examples
    --------
    >>> list(tagged_rows(iter([(1, "__label__a __label__b so good"), (2, "__label__c , bad")])))
    [(1, ['a|b', 'so good']), (2, ['c', 'bad'])]
    >>> list(tagged_rows(iter([(1, "__label__a,so good"), (2, "__label__a,__label__b,bad")])))
    [(1, ['a', 'so good']), (2, ['a|b', 'bad'])]
    """
    for number, line in lines:
        if len(line) > MAX_LINE:
            yield too_long(number)
            continue
        rest, labels = line.lstrip("\ufeff").strip(), []
        while rest.startswith(_TAG):
            label, rest = [*rest.split(None, 1), ""][:2]
            label, comma, more = label.partition(",")  # between the label and the text, as in a CSV file
            rest = f"{more} {rest}".strip() if comma and more else rest
            labels.append(label.removeprefix(_TAG).rstrip(","))
        rest = rest[1:].lstrip() if rest[:2] == ", " else rest
        if any("|" in label for label in labels):
            yield BadRow(number, f"a label holds '|', which separates labels: {line[:40]!r}", "label")
        else:
            yield number, ["|".join(labels), rest] if line.strip() else [""]


class Shape(Protocol):
    """What rows of a table look like: how many fields they have, and whether some fields could be a row's."""

    @property
    def width(self) -> int:
        """How many fields a row has."""

    @property
    def quotes(self) -> Quotes:
        """What quotes are in these rows."""

    def fits(self, fields: Sequence[str]) -> bool:
        """Whether these fields could be a row."""

    def kinds_hold(self, fields: Sequence[str]) -> bool | None:
        """Whether numbers, dates and labels stand where rows have them; None where the columns tell nothing."""


class _Lines:
    """Lines, some of which may be given back."""

    def __init__(self, lines: Iterator[tuple[int, str]]) -> None:
        self.lines = lines
        self.again: deque[tuple[int, str]] = deque()

    def __iter__(self) -> Iterator[tuple[int, str]]:
        again, lines = self.again, self.lines
        while True:
            while again:
                yield again.popleft()
            for entry in lines:
                yield entry
                if again:
                    break
            else:
                if not again:
                    return

    def take(self) -> tuple[int, str] | None:
        """Take the next line out of turn."""
        return self.again.popleft() if self.again else next(self.lines, None)


def tsv_rows(lines: Iterator[tuple[int, str]], shape: Shape | None = None, newline: str = "\n") -> Iterator[Row]:
    r"""Read a line as a row, split at tabs; only a field that a spreadsheet quoted is unwrapped.

    Where ``shape`` says how many fields a row has, a quoted field may hold tabs and line breaks: a line that has not so
    many fields, or ends within quotes, is read as CSV if the row then has them and no line within is a row by itself.

    Examples
    --------
    >>> list(tsv_rows(iter([(1, 'a "b"\t1'), (2, '"so ""b"" it is"\t0')])))
    [(1, ['a "b"', '1']), (2, ['so "b" it is', '0'])]
    """
    feed = _Lines(lines)
    for number, line in feed:
        if len(line) > MAX_LINE:
            yield too_long(number)
            continue
        fields = line.removesuffix("\r").split("\t")
        if '"' not in line:
            yield number, fields
        elif shape is None or not _is_part(fields, shape.width):
            yield number, [_unwrapped(field) for field in fields]
        else:
            yield _wrapped(feed, number, line, shape, newline) or (number, [_unwrapped(field) for field in fields])


def _is_part(fields: list[str], width: int) -> bool:
    """Whether a line between tabs may be a part of a row only: other fields than there should be, or an open quote."""
    return len(fields) != width or any(field[:1] == '"' and field.count('"') % 2 for field in fields)


def _wrapped(feed: _Lines, number: int, line: str, shape: Shape, newline: str) -> Row | None:
    """Read a row between tabs as a spreadsheet quotes it; None where it is none such, and all lines stay."""
    taken = _Taken(feed, number, line, newline)
    fields, _ = taken.parse("\t")
    if fields is None or len(fields) != shape.width:
        taken.give_back()
        return None
    last = taken.entries[-1][0]
    if shape.width == 1 and last != number:
        taken.give_back()
        reason = f"a quote opened here is closed in line {last}: is it one text? Name the file .csv, or .txt if not"
        return BadRow(number, reason, "fields")
    doubt = taken.doubt("\t", shape)
    if not doubt:
        return number, fields
    taken.give_back()
    return BadRow(number, doubt, "fields") if taken.is_balanced("\t", shape) else None


def _unwrapped(field: str) -> str:
    if len(field) > 1 and field[0] == field[-1] == '"' and '"' not in (inner := field[1:-1]).replace('""', ""):
        return inner.replace('""', '"')
    return field


class _Taken:
    """The lines of one row with quotes: as many are taken as its quotes ask for."""

    def __init__(self, feed: _Lines, number: int, line: str, newline: str) -> None:
        self.feed, self.newline = feed, "\r" if newline == "\r" else "\n"
        self.entries = [(number, line)]
        self.size = len(line)
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        yield self.entries[0][1] + self.newline
        while True:
            if len(self.entries) > MAX_BREAKS or self.size > MAX_LINE:
                raise csv.Error(f"a quote opened here is not closed within {len(self.entries)} lines")
            entry = self.feed.take()
            if entry is None:
                self.ended = True
                return
            self.entries.append(entry)
            self.size += len(entry[1])
            yield entry[1] + self.newline

    def parse(self, separator: str) -> tuple[list[str] | None, str]:
        """Give the fields, or None and what is wrong."""
        before = csv.field_size_limit(2 * MAX_LINE)  # process-wide in Python, so it is put back after every row
        try:
            return next(csv.reader(iter(self), delimiter=separator, strict=True)), ""
        except StopIteration:
            return [""], ""
        except csv.Error as error:
            return None, self._message(str(error).partition(" - ")[0])
        finally:
            csv.field_size_limit(before)

    def _message(self, problem: str) -> str:
        if self.ended:
            return "a quote opened here is not closed before the file ends"
        if "expected after" in problem:
            last = self.entries[-1][0]
            where = "" if last == self.entries[0][0] else f" in line {last}"
            return f'a quote opened here is closed{where} with text after it; write "" for a quote within a field'
        return problem

    def doubt(self, separator: str, shape: Shape) -> str:
        """Say why a field over several lines is none: they are rows by themselves, and a quote is astray."""
        if len(self.entries) == 1 or shape.width == 1:
            return ""
        last = f"a quote opened here is closed in line {self.entries[-1][0]}, and"
        rows = self._split(separator)
        if self._has_row_within(rows, shape) or (shape.fits(rows[0]) and shape.fits(rows[-1])):
            return f"{last} the lines between are rows by themselves"
        if shape.quotes is Quotes.WRAPPING or any(len(row) != shape.width for row in rows):
            return ""
        if shape.quotes is Quotes.UNKNOWN and any(shape.kinds_hold(row) is False for row in rows):
            return ""
        return f"{last} each line has the {shape.width} fields of a row: one row or several?"

    def is_balanced(self, separator: str, shape: Shape) -> bool:
        """Whether nothing tells if doubtful lines are one row between tabs, or rows whose quotes are ordinary."""
        rows = self._split(separator)
        if shape.quotes is Quotes.WRAPPING or any(len(row) != shape.width for row in rows):
            return True
        kinds = {shape.kinds_hold(row) for row in rows}
        if False in kinds:
            return True
        return kinds != {True} and shape.quotes is Quotes.UNKNOWN and not self._has_row_within(rows, shape)

    def _split(self, separator: str) -> list[list[str]]:
        return [line.removesuffix("\r").split(separator) for _, line in self.entries]

    def _has_row_within(self, rows: list[list[str]], shape: Shape) -> bool:
        return any(shape.fits(row) and all(cell.count('"') % 2 == 0 for cell in row) for row in rows[1:-1])

    def give_back(self) -> None:
        """Let all lines but the first be read again."""
        self.feed.again.extendleft(reversed(self.entries[1:]))


def csv_rows(
    lines: Iterator[tuple[int, str]], separator: str = ",", shape: Shape | None = None, newline: str = "\n"
) -> Iterator[Row]:
    r"""Read rows as RFC 4180 has them; a row whose quotes are astray is given up, and reading resumes on the next line.

    Quotes within a field that does not begin with one are ordinary characters. Where ``shape`` tells what rows look
    like, a line such as ``"so" they said,1`` is read as it stands, and a quoted field that swallows whole rows is bad.

    Parameters
    ----------
    lines : iterator of (int, str)
        Numbered lines.
    separator : str
        What stands between fields, one character.
    shape : Shape, optional
        What rows look like.
    newline : str
        What ends a line; it stands in the fields that hold several.

    Examples
    --------
    >>> list(csv_rows(iter([(1, 'a;"b;c"'), (2, '"open;d'), (3, "e;f")]), ";"))[0]
    (1, ['a', 'b;c'])
    """
    feed = _Lines(lines)
    for number, line in feed:
        if '"' in line:
            yield _quoted(feed, number, line, separator, shape, newline)
        elif len(line) > MAX_LINE:
            yield too_long(number)
        else:
            fields = line.removesuffix("\r").split(separator)
            if "\r" in line[:-1]:
                yield BadRow(number, "new-line character seen in unquoted field", "fields")
            else:
                yield number, fields


def _quoted(feed: _Lines, number: int, line: str, separator: str, shape: Shape | None, newline: str) -> Row:
    taken = _Taken(feed, number, line, newline)
    fields, problem = taken.parse(separator)
    plain = line.removesuffix("\r").split(separator)
    # Where quotes are ordinary, a row that they cannot wrap is what stands there.
    clear = shape is not None and shape.quotes is Quotes.ORDINARY and len(plain) == shape.width
    if fields is not None and shape is not None:
        problem = taken.doubt(separator, shape)
        kinds = shape.kinds_hold(plain) if not problem and len(fields) != shape.width == len(plain) > 1 else False
        if kinds is not False:
            problem = f"{len(fields)} field(s) as its quotes have it, {len(plain)} without: where does a field end?"
        clear = clear and (not problem or kinds is True)
        fields = None if problem else fields
    if fields is not None:
        return number, fields or [""]
    taken.give_back()
    if len(taken.entries) == 1 and taken.size > MAX_LINE:
        return too_long(number)
    if clear:
        return number, [_unwrapped(field) for field in plain]
    if shape is not None and len(plain) == shape.width and all(field.count('"') % 2 == 0 for field in plain):
        return number, plain  # "so" they said: quotes that speak, not quotes that wrap
    return BadRow(number, problem, "fields")
