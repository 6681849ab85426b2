"""Numeric sequences in long form: a row is a step, with its sequence's name, its values, and its label."""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gyeol.data.series.arrays import MAX_VALUES
from gyeol.data.series.row import label_of
from gyeol.data.series.wide_table import open_cells
from gyeol.data.tables.columns import TARGET_NAMES
from gyeol.data.tables.number_cells import NumberFormat, as_number
from gyeol.data.tables.numbers import NumberColumn, settle
from gyeol.data.tables.rows import BadRow
from gyeol.data.times.cells import TimeColumn
from gyeol.data.times.moments import read_clock, read_moment
from gyeol.errors import DataError, closest

__all__ = ["StepTable", "read_step_table"]

_SEQUENCES = (
    "sequence",
    "sequence_id",
    "series",
    "series_id",
    "id",
    "clip",
    "recording",
    "session",
    "subject",
    "시계열",
)
_TIMES = ("time", "timestamp", "t", "step", "frame", "date", "datetime", "index", "시간")


@dataclass(slots=True)
class StepTable:
    """Sequences (T, C) by name, in the order of the file, the labels of their steps, their lines, the decimal mark."""

    names: list[str] = field(default_factory=list)
    series: list[npt.NDArray[np.float64]] = field(default_factory=list)
    labels: list[list[str]] = field(default_factory=list)
    lines: list[list[int]] = field(default_factory=list)
    decimal: str | None = None


def read_step_table(
    path: Path, *, sequence: str | None = None, target: str | None = None, need_labels: bool = True,
    numbers: NumberFormat | None = None, remembered: str | None = None,
) -> StepTable:  # fmt: skip
    """Read a .csv or .tsv file with a header.

    Parameters
    ----------
    path : path
    sequence : str, optional
        The column of the sequence that a row belongs to; by default one called sequence, series, id, clip, ...;
        without one the file is one sequence.
    target : str, optional
        The column of the labels; by default one with a name that people give to labels.
    need_labels : bool
        Whether each step must have a label.
    numbers : NumberFormat, optional
        The decimal mark and the markers of missing values; the mark is judged over each column by default.
    remembered : str, optional
        The decimal mark of the table that a model was trained on, for what nothing else decides.

    Raises
    ------
    DataError
        For what cannot be used: a value that is no number, a label that is missing, a time that does not rise; names
        the line.
    """
    rows, separator = open_cells(path, path.suffix.lower())
    header = next(rows, None)
    if header is None or isinstance(header, BadRow) or all(as_number(cell) is not None for cell in header[1]):
        raise DataError(f"{path}: a header was expected, such as sequence,x,y,label; a row is a step")
    columns = _Columns(path, [cell.strip() for cell in header[1]], sequence, target, need_labels)

    def where(line: int) -> str:
        return f"{path}, line {line}"

    given = numbers or NumberFormat()
    values = [(NumberColumn(columns.names[at], given, where), at) for at in columns.values]
    times = None if columns.time is None else TimeColumn(columns.names[columns.time], where)
    codes: dict[str, int] = {}
    ids, lines = array("q"), array("q")
    labels: list[str | None] = []
    for row in rows:
        if isinstance(row, BadRow):
            raise DataError(f"{path}, line {row.line}: {row.reason}; fix the row or remove it")
        number, cells = row[0], [cell.strip() for cell in row[1]]
        if len(cells) != len(columns.names):
            raise DataError(f"{where(number)}: {len(cells)} cells, and {len(columns.names)} in the header; fix the row")
        if len(values) * (len(lines) + 1) > MAX_VALUES:
            raise DataError(f"{where(number)}: more than {MAX_VALUES:,} values; split the file")
        name = cells[columns.sequence] if columns.sequence is not None else ""
        ids.append(codes.setdefault(name, len(codes)))
        if times is not None and columns.time is not None:
            cell = _time_of(cells[columns.time])
            if not lines and read_moment(cell) is None and as_number(cell) is None:
                times = None  # names of steps, whose order is that of the rows
            else:
                times.add(cell, number)
        for column, at in values:
            if math.isinf(column.add(cells[at], number)):
                raise DataError(f"{where(number)}: {column.name:.40} is infinite; leave it empty if it is missing")
        lines.append(number)
        labels.append(None if columns.label is None else label_of(cells[columns.label], where(number), need_labels))
    if not lines:
        raise DataError(f"{path} holds no step, only a header")
    mark = settle([column for column, _ in values], separator, remembered)
    found = _parted(path, columns, list(codes), np.array(ids), np.array(lines), values, times, labels)
    found.decimal = mark
    return found


def _time_of(cell: str) -> str:
    """Give a time of the day, such as 0:01:02.5 of a video, as a number."""
    ticks = read_clock(cell) if ":" in cell and read_moment(cell) is None else None
    return cell if ticks is None else str(ticks / 1_000_000)


def _parted(
    path: Path, columns: _Columns, names: list[str], ids: npt.NDArray[np.int64], lines: npt.NDArray[np.int64],
    values: list[tuple[NumberColumn, int]], times: TimeColumn | None, labels: list[str | None],
) -> StepTable:  # fmt: skip
    """Put the rows of each sequence together."""
    table = np.stack([column.values() for column, _ in values], axis=1)
    ticks = None if times is None else times.finish(ids).ticks
    order = np.argsort(ids, kind="stable")
    found = StepTable(names)
    for name, rows in zip(names, np.split(order, np.cumsum(np.bincount(ids))[:-1]), strict=True):
        own = lines[rows]
        if ticks is not None and (down := np.flatnonzero(np.diff(ticks[rows]) <= 0)).size:
            raise DataError(
                f"{path}, line {own[down[0] + 1]}: {columns.names[columns.time or 0]} must rise, and it does not after "
                f"line {own[down[0]]}"
            )
        series = table[rows]
        if np.isnan(series).all():
            raise DataError(f"{path}, line {own[0]}: the sequence {name:.40} holds no value at all; remove it")
        known_labels = [label for row in rows.tolist() if (label := labels[row]) is not None]
        found.series.append(series)
        found.labels.append(known_labels if len(known_labels) == len(series) else [])
        found.lines.append(own.tolist())
    return found


class _Columns:
    """The columns of the sequence, the time, the label and the values."""

    def __init__(self, path: Path, names: list[str], sequence: str | None, target: str | None, need: bool) -> None:
        self.names = names
        folded = [name.casefold() for name in names]

        def place(known: tuple[str, ...], requested: str | None, what: str, must: bool) -> int | None:
            at = next(
                (folded.index(name) for name in ((requested.casefold(),) if requested else known) if name in folded),
                None,
            )
            if at is None and (must or requested is not None):
                raise DataError(f"{path}: there is no column of {what}{closest(requested or known[0], names[:20])}")
            return at

        self.sequence = place(_SEQUENCES, sequence, "sequences", False)
        self.label = place(TARGET_NAMES, target if need else None, "labels", need)
        if self.label is None and target is not None and target.casefold() in folded:
            self.label = folded.index(target.casefold())
        self.time = place(_TIMES, None, "times", False)
        self.values = [at for at in range(len(names)) if at not in (self.sequence, self.label, self.time)]
        if not self.values:
            raise DataError(f"{path}: there is no column of values beside {', '.join(names):.100}")
