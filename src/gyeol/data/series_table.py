"""Tables of numeric sequences: a row is a label and values, by commas, tabs or white space."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np

from gyeol.data.columns import TARGET_NAMES, is_number
from gyeol.data.dialect import open_rows, split_line
from gyeol.data.lines import check_file
from gyeol.data.rows import BadRow, Row
from gyeol.data.series_row import OnBadRow, SeriesRow, checked_values, label_of, usable
from gyeol.errors import DataError, closest

__all__ = ["MISSING", "cells_of", "is_header", "open_table", "row_of", "sampled", "table_rows", "text_columns"]

_SAMPLE, _CELLS = 200, 200_000  # rows, and cells, looked at to tell the columns apart
MISSING = frozenset(("", "na", "n/a", "?", "null", "none"))  # beside nan, which is a number


def open_table(path: Path, kind: str) -> Iterator[Row]:
    """Read the rows of a table that say something; where no separator is plain to see, white space is one."""
    table = open_rows(check_file(path), kind)
    first = table.sample[0][1][0] if table.sample else ""
    between = next((mark for mark in "\t,;" if mark in first.strip()), None) if table.plain else ""
    if between == "":
        rows = table.rows
    elif between is None:
        rows = (row if isinstance(row, BadRow) else (row[0], row[1][0].split()) for row in table.rows)
    else:
        rows = (row if isinstance(row, BadRow) else (row[0], split_line(row[1][0], between)) for row in table.rows)
    return (row for row in rows if isinstance(row, BadRow) or any(map(str.strip, row[1])))


def sampled(rows: Iterator[Row]) -> list[Row]:
    """Take the first rows, as many as tell the columns apart."""
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
    path: Path, kind: str, target: str | None, need: bool, steps: int | None, on_bad_row: OnBadRow = None
) -> Iterator[SeriesRow]:
    """Read the sequences of a table; see `gyeol.data.series.series_rows`."""
    rows = open_table(path, kind)
    sample = sampled(rows)
    cells = cells_of(sample)
    header = is_header(cells) if cells else False
    names = cells[0] if header else None
    at = _label_column(path, names, cells[1:] if header else cells, target, need, steps)
    for place, row in enumerate(chain(sample, rows)):
        if isinstance(row, BadRow):
            if on_bad_row is None:
                raise DataError(f"{path}, line {row.line}: {row.reason}; mend the row or remove it")
            on_bad_row(row)
        elif place or not header:
            number, fields = row
            where, width = f"{path}, line {number}", len(names) if names else None
            yield from usable(partial(row_of, where, number, fields, at, need, width), number, where, on_bad_row)


def row_of(where: str, line: int, cells: list[str], at: int | None, need: bool, width: int | None) -> SeriesRow:
    """Read a row: its label, where it has one, at ``at``; of at most ``width`` cells where that is known."""
    if width is not None and len(cells) > width:
        raise DataError(f"{where}: {len(cells)} cells, and {width} in the header; mend the row or remove it")
    label = None
    if at is not None:
        label = label_of(cells[at] if at < len(cells) else "", where, need)
        cells = cells[:at] + cells[at + 1 :]
    try:
        values = np.array([float(cell) for cell in cells])
    except ValueError:
        values = np.array([_number(cell, place, where) for place, cell in enumerate(cells, 1)])
    return SeriesRow(checked_values(values[:, None], where, cut=True), label, line)


def _number(cell: str, place: int, where: str) -> float:
    if cell.strip().casefold() in MISSING:
        return math.nan
    if not is_number(cell):
        raise DataError(f"{where}: value {place} is {cell.strip()!r:.60}; a number was expected, or nothing")
    return float(cell)


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
    return is_number(cell) or cell.strip().casefold() in MISSING


def text_columns(body: Sequence[Sequence[str]]) -> list[int]:
    """List the columns in which words stand, and not for a slip of the pen here and there."""
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
    return not is_number(cell) or math.isnan(float(cell)) or float(cell).is_integer()
