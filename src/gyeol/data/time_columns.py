"""The columns of a table of series: which holds the times, which what is to forecast, and the numbers in its cells."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from gyeol.data.clock import read_moment
from gyeol.data.dialect import open_rows
from gyeol.data.files import TEXT_FORMATS, format_of, scan_parquet
from gyeol.data.header import find_header
from gyeol.data.rows import BadRow
from gyeol.errors import DataError, closest

__all__ = ["MOST", "TableColumns", "as_number", "open_table"]

MOST = 200_000_000  # numbers of a table

_TIMES = (
    "date", "time", "datetime", "timestamp", "ds", "month", "week", "day", "year", "period", "일시", "날짜", "시간",
    "시각", "일자", "연월", "년월", "측정일시",
)  # fmt: skip
_MISSING = {"", "na", "n/a", "nan", "null", "none", "-", ".", "?"}
_THOUSANDS = re.compile(r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d*)?", re.ASCII)
_SLICE = 100_000  # rows of a parquet file held at a time


def open_table(path: Path, header: bool | None = None) -> tuple[list[str], Iterator[tuple[int, list[Any]]], str]:
    """Give the header, the rows with their numbers, and what a row is called.

    ``header`` says whether the first row names the columns, where the user does.
    """
    name = path.name.lower().removesuffix(".gz")
    if name.endswith(".parquet"):
        frame, schema, count = scan_parquet(path)
        if not count or not schema:
            raise DataError(f"{path} has no rows; a file with one row a step was expected")
        if count * len(schema) > MOST:
            raise DataError(f"{path} holds {count * len(schema):,} cells, more than {MOST:,}: take a part of it")
        return list(schema), _parquet_rows(frame, count), "row"
    if format_of(path) not in TEXT_FORMATS:
        raise DataError(f"{path}: series are read from .csv, .tsv and .parquet files")
    table = open_rows(path)
    full = _whole_rows(path, table.rows)
    first = next(full, None)
    if first is None:
        raise DataError(f"{path} holds nothing but white space; a table with one row a step was expected")
    cells = [cell.strip() for cell in first[1]]
    if header is None:
        data = any(_is_number(cell) for cell in cells) or (len(cells) == 1 and read_moment(cells[0]))
        header = not data or find_header(table.cells()).there
    if not header:
        return [str(place) for place in range(1, len(cells) + 1)], chain([first], full), "line"
    return [cell or str(place) for place, cell in enumerate(cells, 1)], full, "line"


def _whole_rows(path: Path, rows: Iterator[Any]) -> Iterator[tuple[int, list[Any]]]:
    width = 0
    for item in rows:
        if isinstance(item, BadRow):
            raise DataError(f"{path}, line {item.line}: {item.reason}; mend the row or remove it")
        number, cells = item
        if not any(cell.strip() for cell in cells):
            continue
        width = width or len(cells)
        if len(cells) != width:
            raise DataError(f"{path}, line {number}: {len(cells)} fields where {width} were expected; mend the row")
        yield number, cells


def _parquet_rows(frame: Any, count: int) -> Iterator[tuple[int, list[Any]]]:
    for start in range(0, count, _SLICE):
        for number, row in enumerate(frame.slice(start, _SLICE).collect().iter_rows(), start=start + 1):
            yield number, ["" if cell is None else cell for cell in row]


def _is_number(cell: Any) -> bool:
    return as_number(cell) is not None and str(cell).strip().lower() not in _MISSING


def as_number(cell: Any) -> float | None:
    """Read a number, NaN where the cell says that it is missing; None where it is neither."""
    if isinstance(cell, (int, float)):
        return float(cell)
    text = str(cell).strip()
    if text.lower() in _MISSING:
        return np.nan
    try:
        return float(text.replace(",", "") if _THOUSANDS.fullmatch(text) else text)
    except ValueError:
        return None


@dataclass(slots=True)
class TableColumns:
    """Which columns matter, and where they stand."""

    path: Path
    header: list[str]
    sample: list[tuple[int, list[Any]]]
    unit: str
    time: str | None = None
    series: str | None = None
    targets: list[str] = field(default_factory=list)
    covariates: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def chosen(self, time: str | None, targets: list[str], covariates: list[str], series: str | None) -> TableColumns:
        """Find the columns that the user named, and those that nobody did."""
        for name, option in [
            *((name, "--target") for name in targets), *((name, "--covariate") for name in covariates),
            (time, "--time"), (series, "--series"),
        ]:  # fmt: skip
            if name is not None:
                self.place(name, option)
        named = {*targets, *covariates, series}
        self.time = time if time is not None else self._time(named)
        self.series, self.covariates = series, covariates
        both = [name for name in targets if name in {*covariates, self.time, series}]
        if both or len(set(targets)) < len(targets):
            raise DataError(f"{self.path}: column {(both or targets)[0]!r:.60} cannot be two things at once")
        self.targets = targets or self._numeric({*covariates, self.time, series})
        return self

    def place(self, name: str, option: str = "--target") -> int:
        """Tell where a column stands."""
        count = self.header.count(name)
        if count != 1:
            told = f"{count} columns are called {name!r:.60}" if count else f"no column {name!r:.60}"
            raise DataError(f"{self.path}: {told} ({option}){closest(name, self.header) if not count else ''}")
        return self.header.index(name)

    def _cells(self, name: str) -> list[Any]:
        place = self.header.index(name)
        return [cells[place] for _, cells in self.sample]

    def _time(self, named: set[str | None]) -> str | None:
        left = [name for name in self.header if name not in named]
        folded = {name.strip().casefold(): name for name in left}
        found = next((folded[name] for name in _TIMES if name in folded), None)
        if found is not None:
            return found
        for name in left:
            cells = self._cells(name)
            if all(hasattr(cell, "year") or (read_moment(str(cell)) or ("",))[0] == "time" for cell in cells):
                return name
        return None

    def _numeric(self, others: set[str | None]) -> list[str]:
        names: list[str] = []
        text: list[str] = []
        for name in self.header:
            if name in others:
                continue
            cells = self._cells(name)
            # One cell that is no number is a mistake worth a line; a column of them is a column of text.
            numbers = sum(as_number(cell) is not None for cell in cells)
            (names if 2 * numbers > len(cells) else text).append(name)
        if not names:
            raise DataError(
                f"{self.path} has no column of numbers to forecast; its columns: {', '.join(self.header):.200}"
            )
        if text:
            self.notes.append(f"left out, as they hold text: {', '.join(text):.200}")
        return names
