"""Numeric sequences in long form: a row is a step, with its sequence's name, its values, and its label."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gyeol.data.arrays import MAX_VALUES
from gyeol.data.columns import TARGET_NAMES, is_number
from gyeol.data.rows import BadRow
from gyeol.data.series_row import label_of
from gyeol.data.series_table import MISSING, open_table
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
    """Sequences (T, C) by name, in the order of the file, the labels of their steps, and the line of each."""

    names: list[str] = field(default_factory=list)
    series: list[npt.NDArray[np.float64]] = field(default_factory=list)
    labels: list[list[str]] = field(default_factory=list)
    lines: list[list[int]] = field(default_factory=list)


def read_step_table(
    path: Path, *, sequence: str | None = None, target: str | None = None, need_labels: bool = True
) -> StepTable:
    """Read a .csv or .tsv file with a header.

    Parameters
    ----------
    path : path
    sequence : str, optional
        The column that says to which sequence a row belongs; by default one called sequence, series, id, clip, ...;
        without one the file is one sequence.
    target : str, optional
        The column of the labels; by default one with a name that people give to labels.
    need_labels : bool
        Whether each step must have a label.

    Raises
    ------
    DataError
        For what cannot be used: a value that is no number, a label that is missing, a time that does not rise; names
        the line.
    """
    rows = open_table(path, path.suffix.lower())
    header = next(rows, None)
    if header is None or isinstance(header, BadRow) or all(is_number(cell) for cell in header[1]):
        raise DataError(f"{path}: a header was expected, such as sequence,x,y,label; a row is a step")
    columns = _Columns(path, [cell.strip() for cell in header[1]], sequence, target, need_labels)
    steps: dict[str, list[list[float]]] = {}
    labels: dict[str, list[str]] = {}
    lines: dict[str, list[int]] = {}
    times: dict[str, str] = {}
    count = 0
    for row in rows:
        if isinstance(row, BadRow):
            raise DataError(f"{path}, line {row.line}: {row.reason}; mend the row or remove it")
        number, cells = row[0], [cell.strip() for cell in row[1]]
        where = f"{path}, line {number}"
        if len(cells) != len(columns.names):
            raise DataError(f"{where}: {len(cells)} cells, and {len(columns.names)} in the header; mend the row")
        if (count := count + len(columns.values)) > MAX_VALUES:
            raise DataError(f"{where}: more than {MAX_VALUES:,} values; split the file")
        name = cells[columns.sequence] if columns.sequence is not None else ""
        if columns.time is not None:
            now = cells[columns.time]
            if name in times and not _rises(times[name], now):
                raise DataError(
                    f"{where}: {columns.names[columns.time]} is {now:.40} after {times[name]:.40}; it must rise"
                )
            times[name] = now
        steps.setdefault(name, []).append([columns.value(cells, at, where) for at in columns.values])
        lines.setdefault(name, []).append(number)
        if columns.label is not None and (label := label_of(cells[columns.label], where, need_labels)) is not None:
            labels.setdefault(name, []).append(label)
    if not steps:
        raise DataError(f"{path} holds no step, only a header")
    found = StepTable(list(steps))
    for name, values in steps.items():
        series = np.array(values)
        if np.isnan(series).all():
            raise DataError(f"{path}, line {lines[name][0]}: the sequence {name:.40} holds no value at all; remove it")
        found.series.append(series)
        own = labels.get(name, [])
        found.labels.append(own if len(own) == len(series) else [])
        found.lines.append(lines[name])
    return found


class _Columns:
    """Where in a row stand the sequence, the time, the label and the values."""

    def __init__(self, path: Path, names: list[str], sequence: str | None, target: str | None, need: bool) -> None:
        self.names = names
        folded = [name.casefold() for name in names]

        def place(known: tuple[str, ...], wanted: str | None, what: str, must: bool) -> int | None:
            at = next(
                (folded.index(name) for name in ((wanted.casefold(),) if wanted else known) if name in folded), None
            )
            if at is None and (must or wanted is not None):
                raise DataError(f"{path}: there is no column of {what}{closest(wanted or known[0], names[:20])}")
            return at

        self.sequence = place(_SEQUENCES, sequence, "sequences", False)
        self.label = place(TARGET_NAMES, target if need else None, "labels", need)
        if self.label is None and target is not None and target.casefold() in folded:
            self.label = folded.index(target.casefold())
        self.time = place(_TIMES, None, "times", False)
        self.values = [at for at in range(len(names)) if at not in (self.sequence, self.label, self.time)]
        if not self.values:
            raise DataError(f"{path}: there is no column of values beside {', '.join(names):.100}")

    def value(self, cells: list[str], at: int, where: str) -> float:
        cell = cells[at]
        if cell.casefold() in MISSING:
            return math.nan
        if not is_number(cell):
            raise DataError(f"{where}: {self.names[at]:.40} is {cell!r:.60}; a number was expected, or nothing")
        if math.isinf(number := float(cell)):
            raise DataError(f"{where}: {self.names[at]:.40} is infinite; leave it empty if it is missing")
        return number


def _rises(before: str, now: str) -> bool:
    return float(now) > float(before) if is_number(before) and is_number(now) else now > before
