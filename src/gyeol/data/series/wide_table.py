"""Tables of numeric sequences: a row is a label and values, by commas, tabs or white space."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np

from gyeol.data.paths import check_file
from gyeol.data.series.row import OnBadRow, SeriesRow, checked_values, label_of, read_or_report
from gyeol.data.tables.columns import TARGET_NAMES
from gyeol.data.tables.dialect import open_rows, split_line
from gyeol.data.tables.number_cells import NumberFormat, as_number, readings
from gyeol.data.tables.numbers import NumberColumn, settle
from gyeol.data.tables.rows import BadRow, Row
from gyeol.errors import DataError, closest

__all__ = [
    "RowNumbers",
    "cells_of",
    "is_header",
    "open_cells",
    "open_table",
    "row_of",
    "sampled",
    "table_rows",
    "text_columns",
]

_SAMPLE, _CELLS = 200, 200_000  # rows, and cells, inspected to distinguish the columns
_COMMA = re.compile(r"[-+]?\d*,\d+", re.ASCII)


@dataclass(frozen=True, slots=True)
class RowNumbers:
    """How the numbers of a file of sequences are written: what the user said, the decimal mark, the separator."""

    given: NumberFormat = field(default_factory=NumberFormat)
    decimal: str = "."
    separator: str | None = None

    def value(self, cell: str) -> float | None:
        """Read a cell: NaN where it is missing, None where it is no number."""
        if self.given.is_missing(cell):
            return math.nan
        value = readings(cell)[0 if self.decimal == "." else 1]
        return math.nan if self.given.stands_for_nothing(value) else value


def open_table(path: Path, kind: str) -> Iterator[Row]:
    """Read the non-empty rows of a table."""
    return open_cells(path, kind)[0]


def open_cells(path: Path, kind: str) -> tuple[Iterator[Row], str]:
    """Read the non-empty rows of a table, and return its separator: white space is ``" "``."""
    table = open_rows(check_file(path), kind)
    first = table.sample[0][1][0] if table.sample else ""
    separator = _between(first.strip()) if table.plain else table.dialect.separator
    rows = table.rows
    if table.plain:  # a text file that is not a table by its rows: its first line decides
        rows = (row if isinstance(row, BadRow) else (row[0], _parts(row[1][0], separator)) for row in table.rows)
    return (row for row in rows if isinstance(row, BadRow) or any(map(str.strip, row[1]))), separator


def _parts(line: str, separator: str) -> list[str]:
    return line.split() if separator == " " else split_line(line, separator)


def _between(line: str) -> str:
    found = next((mark for mark in "\t;," if mark in line), " ")
    words = line.split()
    decimal = (
        found == "," and len(words) > 1 and all(_COMMA.fullmatch(word) or as_number(word) is not None for word in words)
    )
    return " " if decimal and all(word.count(",") < 2 for word in words) else found


def sampled(rows: Iterator[Row]) -> list[Row]:
    """Take as many of the first rows as are needed to distinguish the columns."""
    taken: list[Row] = []
    cells = 0
    while len(taken) < _SAMPLE and cells < _CELLS and (row := next(rows, None)) is not None:
        taken.append(row)
        cells += 0 if isinstance(row, BadRow) else len(row[1])
    return taken


def cells_of(rows: Sequence[Row]) -> list[list[str]]:
    """Give the cells of rows that have some."""
    return [[cell.strip() for cell in row[1]] for row in rows if not isinstance(row, BadRow)]


def table_rows(
    path: Path, kind: str, target: str | None, need: bool, steps: int | None, given: NumberFormat | None = None,
    remembered: str | None = None, on_bad_row: OnBadRow = None,
) -> Iterator[SeriesRow]:  # fmt: skip
    """Read the sequences of a table; see `gyeol.data.series.series_files.series_rows`."""
    rows, separator = open_cells(path, kind)
    sample = sampled(rows)
    cells = cells_of(sample)
    header = is_header(cells) if cells else False
    names = cells[0] if header else None
    at = _label_column(path, names, cells[1:] if header else cells, target, need, steps)
    numbers = judged_numbers(path, kind, separator, at, header, given or NumberFormat(), remembered)
    for place, row in enumerate(chain(sample, rows)):
        if isinstance(row, BadRow):
            if on_bad_row is None:
                raise DataError(f"{path}, line {row.line}: {row.reason}; fix the row or remove it")
            on_bad_row(row)
        elif place or not header:
            number, fields = row
            where, width = f"{path}, line {number}", len(names) if names else None
            read = partial(row_of, where, number, fields, at, need, width, numbers)
            yield from read_or_report(read, number, where, on_bad_row)


def judged_numbers(
    path: Path, kind: str, separator: str, at: int | None, header: bool, given: NumberFormat, remembered: str | None
) -> RowNumbers:
    """Judge the decimal mark over all values of a file, which is read once more for it where there may be a doubt."""
    if given.decimal is not None:
        return RowNumbers(given, given.decimal, separator)
    column = NumberColumn("values", given, lambda line: f"{path}, line {line}")
    rows, _ = open_cells(path, kind)
    for place, row in enumerate(rows):
        if isinstance(row, BadRow) or (header and not place):
            continue
        for number, cell in enumerate(row[1]):
            if number == at or ("," not in cell and (column.proven() == "." or "." not in cell)):
                continue
            if any(value is not None for value in readings(cell)):
                column.see(cell, row[0], keep=False)
    settle([column], separator, remembered)
    return RowNumbers(given, column.decimal or ".", separator)


def row_of(
    where: str, line: int, cells: list[str], at: int | None, need: bool, width: int | None, numbers: RowNumbers
) -> SeriesRow:
    """Read a row: its label, where it has one, at ``at``; of at most ``width`` cells where that is known."""
    if width is not None and len(cells) > width:
        raise DataError(f"{where}: {len(cells)} cells, and {width} in the header; fix the row or remove it")
    label = None
    if at is not None:
        label = label_of(cells[at] if at < len(cells) else "", where, need)
        cells = cells[:at] + cells[at + 1 :]
    values = np.array([_number(cell, place, where, numbers) for place, cell in enumerate(cells, 1)])
    return SeriesRow(checked_values(values[:, None], where, cut=True), label, line, numbers)


def _number(cell: str, place: int, where: str, numbers: RowNumbers) -> float:
    value = numbers.value(cell)
    if value is None:
        raise DataError(
            f"{where}: value {place} is {cell.strip()!r:.60}; a number was expected, or nothing (--missing names "
            "the marker)"
        )
    return value


def is_header(cells: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names columns: two that are no numbers, a name of labels, or one above 0, 1, 2, ..."""
    first = cells[0]
    words = [cell for cell in first if not _is_value(cell)]
    if len(words) != 1 or len(cells) == 1:
        return len(words) > 1
    counted = [cell for cell in first if _is_value(cell)]
    numbered = any(counted == [str(n) for n in range(start, start + len(counted))] for start in (0, 1))
    below = [row[first.index(words[0])] for row in cells[1:] if first.index(words[0]) < len(row)]
    return words[0] not in below and (
        words[0].casefold() in TARGET_NAMES or numbered or (bool(below) and all(map(_is_value, below)))
    )


def _is_value(cell: str) -> bool:
    return as_number(cell) is not None


def text_columns(body: Sequence[Sequence[str]]) -> list[int]:
    """List the columns of words, apart from an occasional slip."""
    columns: dict[int, list[bool]] = {}
    for row in body:
        for at, cell in enumerate(row):
            if cell:
                columns.setdefault(at, []).append(not _is_value(cell))
    return sorted(at for at, words in columns.items() if 2 * sum(words) > len(words))


def _label_column(
    path: Path, names: Sequence[str] | None, body: Sequence[Sequence[str]], target: str | None, need: bool,
    steps: int | None,
) -> int | None:  # fmt: skip
    folded = [name.casefold() for name in names or ()]
    width = len(folded) if folded else max(map(len, body), default=0)
    if target is not None:
        if target.casefold() in folded:
            return folded.index(target.casefold())
        if target.isascii() and target.isdecimal() and 1 <= int(target) <= width:
            return int(target) - 1
        if need:
            possible = [*(names or ())[:20], f"1 to {width}"]
            raise DataError(f"{path}: --target {target!r:.60} is no column{closest(target, possible)}")
        return None
    known = [folded.index(name) for name in TARGET_NAMES if name in folded] or text_columns(body)[:2]
    if len(known) == 1 or folded:
        return known[0] if known else 0 if need else None
    equal = len(set(map(len, body))) == 1
    if not need and not (equal and steps is not None and width == steps + 1):
        return None
    whole = [all(_is_whole(row[at]) for row in body) for at in (0, -1)]
    return width - 1 if equal and whole == [False, True] else 0


def _is_whole(cell: str) -> bool:
    value = as_number(cell)
    return value is None or math.isnan(value) or value.is_integer()
