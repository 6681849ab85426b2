"""From lines to rows: lists of fields, as TSV, as CSV, or a line as a row of one field."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from gyeol.data.lines import MAX_LINE

__all__ = ["MAX_BREAKS", "BadRow", "Row", "csv_rows", "plain_rows", "too_long", "tsv_rows"]

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
    """

    line: int
    reason: str
    kind: str


Row = tuple[int, list[str]] | BadRow  # the number of the line a row begins on, and its fields


def too_long(number: int) -> BadRow:
    """Say that a line is longer than any row may be."""
    return BadRow(number, f"longer than {MAX_LINE:,} characters", "long")


def plain_rows(lines: Iterator[tuple[int, str]]) -> Iterator[Row]:
    """Read every line as a row of one field."""
    for number, line in lines:
        yield too_long(number) if len(line) > MAX_LINE else (number, [line.removesuffix("\r")])


def tsv_rows(lines: Iterator[tuple[int, str]]) -> Iterator[Row]:
    r"""Read a line as a row, split at tabs; only a field that a spreadsheet quoted is unwrapped.

    Examples
    --------
    >>> list(tsv_rows(iter([(1, 'a "b"\t1'), (2, '"so ""b"" it is"\t0')])))
    [(1, ['a "b"', '1']), (2, ['so "b" it is', '0'])]
    """
    for number, line in lines:
        if len(line) > MAX_LINE:
            yield too_long(number)
            continue
        fields = line.removesuffix("\r").split("\t")
        yield number, [_unwrapped(field) for field in fields] if '"' in line else fields


def _unwrapped(field: str) -> str:
    if len(field) > 1 and field[0] == field[-1] == '"' and '"' not in (inner := field[1:-1]).replace('""', ""):
        return inner.replace('""', '"')
    return field


class _Feed:
    """Hands lines to a csv reader and keeps those of the row under way, so that an open quote costs one row only."""

    def __init__(self, lines: Iterator[tuple[int, str]]) -> None:
        self.lines = lines
        self.again: deque[tuple[int, str]] = deque()
        self.row: list[tuple[int, str]] = []
        self.size = 0
        self.ended = False

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        if len(self.row) > MAX_BREAKS or self.size > MAX_LINE:
            raise csv.Error(f"a quote opened here is not closed within {len(self.row)} lines")
        entry = self.again.popleft() if self.again else next(self.lines, None)
        if entry is None:
            self.ended = True
            raise StopIteration
        self.row.append(entry)
        self.size += len(entry[1])
        return entry[1] + "\n"

    def begin(self) -> None:
        self.row, self.size, self.ended = [], 0, False

    def give_back(self) -> None:
        self.again.extendleft(reversed(self.row[1:]))


def csv_rows(lines: Iterator[tuple[int, str]]) -> Iterator[Row]:
    """Read rows as `csv.reader` does; a row whose quote stays open is given up and reading resumes on the next line."""
    feed = _Feed(lines)
    reader = csv.reader(feed)
    while True:
        feed.begin()
        before = csv.field_size_limit(2 * MAX_LINE)  # process-wide in Python, so it is put back after every row
        try:
            fields = next(reader)
            problem = "a quote opened here is not closed before the file ends" if feed.ended else ""
        except StopIteration:
            return
        except csv.Error as error:
            problem = str(error).partition(" - ")[0]
        finally:
            csv.field_size_limit(before)
        number = feed.row[0][0]
        if problem:
            feed.give_back()
            reader = csv.reader(feed)
            one = len(feed.row) == 1 and feed.size > MAX_LINE
            yield too_long(number) if one else BadRow(number, problem, "fields")
        else:
            yield number, fields or [""]
