"""The columns of a table of series: which hold the times, which what to forecast, which what is known beforehand."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise
from pathlib import Path
from typing import Any
from unicodedata import normalize

from gyeol.data.number_format import exact
from gyeol.data.tables.dialect import open_rows
from gyeol.data.tables.header import find_header
from gyeol.data.tables.number_cells import NumberFormat, as_number
from gyeol.data.tables.objects import collected, scan_parquet
from gyeol.data.tables.rows import BadRow
from gyeol.data.text.example_files import TEXT_FORMATS, format_of
from gyeol.data.times.moments import read_moment
from gyeol.data.times.parts import TimeParts, find_times
from gyeol.errors import DataError, closest

__all__ = ["MOST", "OpenTable", "TableColumns", "open_table"]

MOST = 200_000_000  # numbers of a table

_IDS = (
    "unique_id", "series_id", "series", "item_id", "item", "id", "store", "store_id", "shop", "shop_id", "sku",
    "product", "product_id", "station", "sensor", "sensor_id", "region", "site", "symbol", "ticker", "code", "meter",
    "meter_id",     "지점", "매장", "상품", "종목", "지역", "품목", "코드", "시계열", "종목코드", "지점명", "관측소",
)  # fmt: skip
_COUNTERS = ("no", "no.", "index", "idx", "row", "id", "unnamed: 0", "번호", "순번", "연번")
_SLICE = 100_000  # rows of a parquet file held at a time


@dataclass(frozen=True, slots=True)
class OpenTable:
    """A table being read: its header, its rows with their numbers, its unit of rows and its separator.

    ``above`` reports lines above the header that are left out.
    """

    header: list[str]
    rows: Iterator[tuple[int, list[Any]]]
    unit: str
    separator: str | None
    above: str = ""


def open_table(path: Path, header: bool | None = None) -> OpenTable:
    """Open a .csv, .tsv, .txt or .parquet file.

    ``header`` says whether the first row names the columns, if the user says so.

    Raises
    ------
    DataError
        For what is no such table, or an empty one.
    """
    name = path.name.lower().removesuffix(".gz")
    if name.endswith(".parquet"):
        frame, schema, count = scan_parquet(path)
        if not count or not schema:
            raise DataError(f"{path} has no rows; a file with one row per step was expected")
        if count * len(schema) > MOST:
            raise DataError(f"{path} holds {count * len(schema):,} cells, more than {MOST:,}: take a part of it")
        return OpenTable(list(schema), _parquet_rows(path, frame, count), "row", None)
    if format_of(path) not in TEXT_FORMATS:
        raise DataError(f"{path}: series are read from .csv, .tsv and .parquet files")
    table = open_rows(path)
    separator = table.dialect.separator
    full = _whole_rows(path, table.rows, separator)
    first = next(full, None)
    if first is None:
        raise DataError(f"{path} holds nothing but white space; a table with one row per step was expected")
    cells = [cell.strip() for cell in first[1]]
    if header is None:
        data = any(_is_number(cell) for cell in cells) or (len(cells) == 1 and read_moment(cells[0]))
        header = not data or find_header([list(map(_plainly, row)) for row in table.cells()]).there
    if not header:
        return OpenTable([str(place) for place in range(1, len(cells) + 1)], chain([first], full), "line", separator)
    return OpenTable([cell or str(place) for place, cell in enumerate(cells, 1)], full, "line", separator, table.above)


def _whole_rows(path: Path, rows: Iterator[Any], separator: str) -> Iterator[tuple[int, list[Any]]]:
    width = 0
    for item in rows:
        if isinstance(item, BadRow):
            raise DataError(f"{path}, line {item.line}: {item.reason}; fix the row or remove it")
        number, cells = item
        if not any(cell.strip() for cell in cells):
            continue
        width = width or len(cells)
        if len(cells) != width:
            hint = " (numbers with a decimal comma must be quoted, or other separators used)" if (
                separator == "," and len(cells) > width
            ) else ""  # fmt: skip
            came = f"{len(cells)} field{'' if len(cells) == 1 else 's'}"
            raise DataError(f"{path}, line {number}: {came} where {width} were expected; fix the row{hint}")
        yield number, cells


def _parquet_rows(path: Path, frame: Any, count: int) -> Iterator[tuple[int, list[Any]]]:
    for start in range(0, count, _SLICE):
        for number, row in enumerate(collected(path, frame.slice(start, _SLICE)).iter_rows(), start=start + 1):
            yield number, ["" if cell is None else cell for cell in row]


def _plainly(cell: str) -> str:
    """Write numbers and times as programs do, for what knows them only so."""
    value = as_number(cell)
    if value is not None and not math.isnan(value):
        return exact(value)
    moment = read_moment(cell)
    return cell if moment is None else "2026-11-28"


def _is_number(cell: Any) -> bool:
    value = as_number(cell)
    return value is not None and not (math.isnan(value) and isinstance(cell, str))


@dataclass(slots=True)
class TableColumns:
    """Which columns matter, and their places."""

    path: Path
    header: list[str]
    sample: list[tuple[int, list[Any]]]
    unit: str
    given: NumberFormat = field(default_factory=NumberFormat)
    time: TimeParts | None = None
    series: str | None = None
    targets: list[str] = field(default_factory=list)
    covariates: list[str] = field(default_factory=list)
    texts: set[str] = field(default_factory=set)  # covariates whose cells may be words
    ids: list[str] = field(default_factory=list)  # columns that may name the series of a row
    notes: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)  # columns of text that were not requested

    def chosen(
        self, time: Sequence[str], targets: list[str], covariates: list[str], series: str | None
    ) -> TableColumns:
        """Find the columns that the user named, in either Unicode form, and those that nobody did."""
        written = {normalize("NFC", name): name for name in reversed(self.header)}
        time, targets, covariates = (
            [written.get(normalize("NFC", name), name) for name in names] for names in (time, targets, covariates)
        )
        series = None if series is None else written.get(normalize("NFC", series), series)
        for name, option in [
            *((name, "--target") for name in targets), *((name, "--covariate") for name in covariates),
            *((name, "--time") for name in time), *([(series, "--series")] if series is not None else []),
        ]:  # fmt: skip
            self.place(name, option)
        named = {*targets, *covariates, series}
        self.time = find_times(self.header, self.sample, list(time), {name for name in named if name is not None})
        taken = {*covariates, *(self.time.names if self.time else ()), series}
        self.series, self.covariates = series, covariates
        both = [name for name in targets if name in taken]
        if both or len(set(targets)) < len(targets):
            raise DataError(f"{self.path}: column {(both or targets)[0]!r:.60} cannot be two things at once")
        self.texts = {name for name in covariates if self._may_be_words(name)}
        self.targets = targets or self._numeric(taken)
        if series is None and self.time is not None:
            self.ids = self._possible_ids({*covariates, *targets, *self.time.names})
        return self

    def place(self, name: str, option: str = "--target") -> int:
        """Return the place of a column."""
        count = self.header.count(name)
        if count != 1:
            problem = f"{count} columns are called {name!r:.60}" if count else f"no column {name!r:.60}"
            raise DataError(f"{self.path}: {problem} ({option}){closest(name, self.header) if not count else ''}")
        return self.header.index(name)

    def _cells(self, name: str) -> list[Any]:
        place = self.header.index(name)
        return [cells[place] for _, cells in self.sample]

    def _may_be_words(self, name: str) -> bool:
        """Whether most cells of the sample are no numbers, or all are empty, as of holidays that are rare."""
        known = [cell for cell in self._cells(name) if not (isinstance(cell, str) and self.given.is_missing(cell))]
        return 2 * sum(as_number(cell) is None for cell in known) >= len(known)

    def _possible_ids(self, others: set[str]) -> list[str]:
        folded = {normalize("NFC", name.strip().casefold()): name for name in self.header if name not in others}
        named = [folded[name] for name in _IDS if name in folded]
        words = [
            name for name in self.header
            if name not in {*others, *named, *self.targets} and all(as_number(one) is None for one in self._cells(name))
        ]  # fmt: skip
        return [*named, *words][:5]

    def _counts(self, name: str) -> bool:
        """Whether a column numbers the rows: called so, or not called anything, as pandas writes its index."""
        nameless = name == str(self.header.index(name) + 1) and not all(map(str.isdecimal, self.header))
        if name.strip().casefold() not in _COUNTERS and not nameless:
            return False
        numbers = [as_number(cell) for cell in self._cells(name)]
        return len(numbers) > 2 and all(a is not None and b == a + 1 for a, b in pairwise(numbers))

    def _numeric(self, others: set[str | None]) -> list[str]:
        names: list[str] = []
        text: list[str] = []
        for place, name in enumerate(self.header, 1):
            if name in others:
                continue
            cells = self._cells(name)
            if name == str(place) and all(isinstance(cell, str) and not cell.strip() for cell in cells):
                continue  # of a separator at the end of each line
            # One cell that is no number is a mistake worth a line; a column of them is a column of text.
            numbers = sum(as_number(cell, self.given) is not None for cell in cells)
            (names if 2 * numbers > len(cells) else text).append(name)
        counters = [name for name in names if self._counts(name)]
        if counters and len(counters) < len(names):
            names = [name for name in names if name not in counters]
            self.notes.append(f"left out, as they count rows: {', '.join(counters):.200} (--target includes them)")
        ids = [name for name in names if name.strip().casefold() in _IDS]
        if ids and len(ids) < len(names):
            names = [name for name in names if name not in ids]
            self.notes.append(f"left out, as they name series: {', '.join(ids):.200} (--target includes them)")
        if not names:
            raise DataError(
                f"{self.path} has no column of numbers to forecast; its columns: {', '.join(self.header):.200}"
            )
        self.words = text
        return names
