"""The rows of a table of series: numbers, words, times and the series of each, judged when all are read."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from unicodedata import normalize

import numpy as np
import numpy.typing as npt

from gyeol.data.tables.number_cells import as_number
from gyeol.data.tables.numbers import NumberColumn, settle
from gyeol.data.times import columns as table_columns
from gyeol.data.times.cells import TimeColumn, Times
from gyeol.data.times.columns import TableColumns
from gyeol.errors import DataError

__all__ = ["RowData", "WordColumn", "gather"]

Numbers = npt.NDArray[np.float64]

_LEVELS = 100  # different words of a covariate, at most
_NAMES = 1_000_000  # different names of a column that may distinguish series, at most


class WordColumn:
    """A covariate of words: each row's is one of a few levels, or none where the cell is empty.

    Parameters
    ----------
    table : TableColumns
    name : str
    known : list of str, optional
        The levels of the training: others are reported, and treated as missing.
    """

    def __init__(self, table: TableColumns, name: str, known: Sequence[str] | None) -> None:
        self.table, self.name, self.known = table, name, known
        self.codes: dict[str, int] = {level: place for place, level in enumerate(known or ())}
        self.rows = array("q")
        self.strange: dict[str, int] = {}

    def add(self, cell: Any, line: int) -> None:
        """Add a cell.

        Raises
        ------
        DataError
            There are too many different words for categories.
        """
        text = normalize("NFC", str(cell).strip())
        if self.table.given.is_missing(text):
            self.rows.append(-1)
            return
        code = self.codes.get(text)
        if code is None and self.known is not None:
            if len(self.strange) < 1000 or text in self.strange:
                self.strange[text] = self.strange.get(text, 0) + 1
            code = -1
        elif code is None:
            code = self.codes[text] = len(self.codes)
            if code >= _LEVELS and not self.numeric():
                raise DataError(
                    f"{self.table.path}, {self.table.unit} {line}: the covariate {self.name!r:.60} has more than "
                    f"{_LEVELS} different words; a covariate is a number, or one of a few categories"
                )
        self.rows.append(code)

    def numeric(self) -> bool:
        """Whether all words are numbers."""
        return self.known is None and all(as_number(level) is not None for level in self.codes)

    def one_hot(self) -> Numbers:
        """Return a column for each level, (T, levels): 1 where a row has it."""
        rows = np.array(self.rows, dtype=np.int64)
        found: Numbers = (rows[:, None] == np.arange(len(self.codes))).astype(np.float64)
        return found

    def describe(self) -> str:
        """Say which words were never seen in training; nothing where there are none."""
        if not self.strange:
            return ""
        some = ", ".join(f"{word!r:.40} ({count:,})" for word, count in list(self.strange.items())[:5])
        return f"{some} in the covariate {self.name!r:.60} never occurred in training: taken as none of its categories"


@dataclass(slots=True)
class RowData:
    """All rows of a table: ``values`` (T, C) and ``known`` (T, K), the times, the series of each row, and its line."""

    values: Numbers
    known: Numbers | None
    times: Times | None
    ids: npt.NDArray[np.int64] | None
    names: list[str]
    lines: npt.NDArray[np.int64]
    features: list[str] = field(default_factory=list)  # what the columns of `known` are called
    levels: dict[str, list[str]] = field(default_factory=dict)
    decimal: str | None = None

    def parted(self) -> Iterator[tuple[str, npt.NDArray[np.int64]]]:
        """Give each series' name and its rows."""
        if self.ids is None:
            yield "", np.arange(len(self.values), dtype=np.int64)
            return
        order = np.argsort(self.ids, kind="stable")
        ends = np.cumsum(np.bincount(self.ids))
        yield from zip(self.names, np.split(order, ends[:-1]), strict=True)


def gather(
    table: TableColumns, rows: Iterator[tuple[int, list[Any]]], separator: str | None, *, day_first: bool | None,
    decimal: str | None, levels: dict[str, list[str]] | None, order: str = "",
) -> RowData:  # fmt: skip
    """Read all rows of a table, and judge its columns.

    Parameters
    ----------
    table : TableColumns
    rows : iterator
    separator : str, optional
        The separator of the file.
    day_first : bool, optional
        Whether 01/02/2026 is in February.
    decimal : str, optional
        The decimal mark of the file that a model was trained on, for what nothing else decides.
    levels : dict, optional
        The words of each covariate of words in training; None where there was none.
    order : str
        Which part of a date came first in training, for ambiguous dates.

    Raises
    ------
    DataError
        For a number, a word or a time that cannot be used; names file and line.
    """

    def where(line: int) -> str:
        return f"{table.path}, {table.unit} {line}"

    words = {
        name: WordColumn(table, name, None if levels is None else levels[name])
        for name in table.covariates
        if (name in table.texts if levels is None else name in levels)
    }
    columns = [
        (NumberColumn(name, table.given, where), table.place(name))
        for name in [*table.targets, *(name for name in table.covariates if name not in words)]
    ]
    worded = [(column, table.place(name)) for name, column in words.items()]
    times = None if table.time is None else TimeColumn(table.time.title, where, day_first)
    named = [table.series] if table.series is not None else table.ids
    ids = [_Names(name, table.place(name)) for name in named if name is not None]
    lines, count = array("q"), 0
    for line, cells in rows:
        for numbers, place in columns:
            if numbers.add(cells[place], line) in (np.inf, -np.inf):
                raise DataError(
                    f"{where(line)}: column {numbers.name!r:.60} is infinite; leave the cell empty where a value "
                    "is missing"
                )
        for word, place in worded:
            word.add(cells[place], line)
        count += len(columns) + len(worded)
        if count > table_columns.MOST:
            raise DataError(f"{table.path} holds more than {table_columns.MOST:,} numbers: take a part of it")
        if times is not None and table.time is not None:
            times.add(table.time.cell(cells), line)
        for one in ids:
            if not one.add(cells) and table.series is not None:
                raise DataError(f"{where(line)}: column {table.series!r:.60} is empty; name the series of the row")
        lines.append(line)
    mark = settle([column for column, _ in columns], separator, decimal)
    table.notes += [sentence for column, _ in columns[:20] if (sentence := column.describe())]
    table.notes += [sentence for column, _ in columns[:20] if (sentence := column.describe_missing())]
    own = ids[0] if table.series is not None else _apart(table, times, ids)
    codes = None if own is None else np.array(own.rows, dtype=np.int64)
    found = RowData(
        np.zeros((0, 0)), None, None if times is None else times.finish(codes, order), codes,
        list(own.codes) if own else [], np.array(lines, dtype=np.int64), decimal=mark,
    )  # fmt: skip
    _fill(found, table, {column.name: column for column, _ in columns}, words)
    return found


def _fill(found: RowData, table: TableColumns, numbers: dict[str, NumberColumn], words: dict[str, WordColumn]) -> None:
    """Put the columns of numbers and of words together."""
    found.values = np.stack([numbers[name].values() for name in table.targets], axis=1)
    known: list[Numbers] = []
    for name in table.covariates:
        if name in numbers:
            known.append(numbers[name].values()[:, None])
            found.features.append(name)
            continue
        word = words[name]
        if word.numeric():  # its first rows were empty, and the others are numbers
            values = np.array([as_number(level) for level in word.codes] + [np.nan], dtype=np.float64)
            known.append(values[np.array(word.rows, dtype=np.int64)][:, None])
            found.features.append(name)
            continue
        known.append(word.one_hot())
        found.features += [f"{name}={level}" for level in word.codes]
        found.levels[name] = list(word.codes)
        if word.describe():
            table.notes.append(word.describe())
        elif word.known is None:
            table.notes.append(f"categories of {name!r:.60}: {', '.join(word.codes):.200}")
    found.known = np.hstack(known) if known else None


class _Names:
    """A column that names, or may name, the series of each row."""

    def __init__(self, name: str, place: int) -> None:
        self.name, self.place = name, place
        self.codes: dict[str, int] = {}
        self.rows = array("q")
        self.whole = True

    def add(self, cells: list[Any]) -> bool:
        """Add a row; returns whether it has a name."""
        text = normalize("NFC", str(cells[self.place]).strip())
        if not text or (text not in self.codes and len(self.codes) >= _NAMES):
            self.whole = False
        if self.whole:
            self.rows.append(self.codes.setdefault(text, len(self.codes)))
        return self.whole


def _apart(table: TableColumns, times: TimeColumn | None, ids: list[_Names]) -> _Names | None:
    """Find the column that distinguishes series, if times occur more than once, but only once in a series."""
    if times is None or not ids:
        return None
    ticks = times.preview()
    _, place = np.unique(ticks, return_inverse=True)
    if len(ticks) < 2 or int(place.max()) + 1 == len(ticks):
        return None
    for one in ids:
        if not one.whole or len(one.codes) < 2:
            continue
        pairs = place.astype(np.int64) * len(one.codes) + np.array(one.rows, dtype=np.int64)
        if len(np.unique(pairs)) == len(ticks):
            table.series = one.name
            table.notes = [line for line in table.notes if not line.startswith("left out, as they name series")]
            table.words = [name for name in table.words if name != one.name]
            table.notes.append(
                f"times occur more than once, but only once in each {one.name!r:.60}: {len(one.codes):,} series "
                f"(--series {one.name:.60})"
            )
            return one
    return None
