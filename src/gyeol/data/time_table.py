"""Series in a table: a column of times, columns of numbers, one row a step; or many series one under another."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from gyeol.data.clock import Clock, Grid, lay_out, read_moment
from gyeol.data.lines import check_file
from gyeol.data.time_columns import MOST, TableColumns, as_number, open_table
from gyeol.errors import DataError

__all__ = ["Series", "TimeTable", "read_time_table"]

Numbers = npt.NDArray[np.float64]

_SAMPLE = 200  # rows looked at to tell the columns apart


@dataclass(slots=True)
class Series:
    """One series of a table.

    ``name`` is its id, or nothing where there is one alone; ``values`` (T, C) with NaN where a value is missing;
    ``covariates`` (T + F, K), of F more rows where the table goes on without values, or None; ``clock`` says when its
    steps are, or is None without a column of times.
    """

    name: str
    values: Numbers
    covariates: Numbers | None
    clock: Clock | None

    def known(self, ahead: int, *, calendar: bool) -> Numbers | None:
        """Give what is known of all steps and ``ahead`` more, (T + ahead, K), the calendar last where wanted.

        Raises
        ------
        DataError
            The table ends too soon, or has no dates.
        """
        T, parts = len(self.values), []
        if self.covariates is not None:
            if len(self.covariates) < T + ahead:
                raise DataError(
                    f"the covariates of {ahead} steps after the last value are needed, and the table has "
                    f"{len(self.covariates) - T}: add rows with them and an empty target"
                )
            parts.append(self.covariates[: T + ahead])
        if calendar:
            if self.clock is None:
                raise DataError("a calendar needs a column of times; name it with --time")
            parts.append(self.clock.calendar(T + ahead, ahead))
        return np.hstack(parts) if parts else None


@dataclass(slots=True)
class TimeTable:
    """The series of a file, the ``names`` of their channels and covariates, and ``notes`` worth telling."""

    path: Path
    time: str | None
    names: list[str]
    known: list[str]
    series: list[Series] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def about(self) -> dict[str, str]:
        """What a model card says of the file."""
        from gyeol.data.files import fingerprint

        return {"data": self.path.name, "sha256": fingerprint(self.path)}


def read_time_table(
    path: str | Path,
    *,
    time: str | None = None,
    targets: Sequence[str] = (),
    covariates: Sequence[str] = (),
    series: str | None = None,
) -> TimeTable:
    """Read series from a .csv, .tsv or .parquet file (the former two may be gzipped).

    Rows are put on an even grid: where some are missing between others, steps without values stand for them, and
    ``notes`` tell how many. Rows at the end that have no value in any target say what is known of the future.

    Parameters
    ----------
    path : path
    time : str, optional
        The column of the times; by default one with a name people use, or the first whose cells are dates. Without
        one, every row is a step.
    targets : sequence of str
        The columns to forecast; all other columns of numbers by default.
    covariates : sequence of str
        Columns of what is known beforehand.
    series : str, optional
        The column that names the series of each row, where several stand one under another.

    Raises
    ------
    DataError
        For a file, a column, a time or a number that cannot be used; names file and line.
    """
    path = check_file(path)
    header, rows, unit = open_table(path)
    sample = list(islice(rows, _SAMPLE))
    if not sample:
        raise DataError(f"{path} has a header and no rows under it; write one row a step")
    table = TableColumns(path, header, sample, unit).chosen(time, list(targets), list(covariates), series)
    raw = _gathered(table, chain(sample, rows))
    made = TimeTable(path, table.time, table.targets, table.covariates, notes=table.notes)
    for name, index in raw.parted():
        made.series.append(_laid_out(made, raw, name, index, unit))
    for place, name in enumerate(made.names):
        if all(np.isnan(one.values[:, place]).all() for one in made.series):
            raise DataError(f"{path}: column {name!r:.60} has no value at all; name the others with --target")
    return made


# From cells to numbers.


@dataclass(slots=True)
class _Raw:
    """All rows of a table: times, numbers (targets, then covariates), ids and line numbers."""

    kind: Literal["time", "number"]
    times: npt.NDArray[Any] | None
    values: Numbers
    ids: npt.NDArray[np.int64] | None
    names: list[str]
    lines: npt.NDArray[np.int64]

    def parted(self) -> Iterator[tuple[str, npt.NDArray[np.int64]]]:
        """Give each series' name and its rows."""
        if self.ids is None:
            yield "", np.arange(len(self.values), dtype=np.int64)
            return
        order = np.argsort(self.ids, kind="stable")
        ends = np.cumsum(np.bincount(self.ids))
        yield from zip(self.names, np.split(order, ends[:-1]), strict=True)


def _gathered(table: TableColumns, rows: Iterator[tuple[int, list[Any]]]) -> _Raw:
    columns = [(name, table.place(name)) for name in [*table.targets, *table.covariates]]
    time = None if table.time is None else table.place(table.time)
    series = None if table.series is None else table.place(table.series)
    numbers, times, lines, ids = array("d"), array("d"), array("q"), array("q")
    moments = array("q")
    kind: Literal["time", "number"] | None = None
    codes: dict[str, int] = {}
    for line, cells in rows:
        where = f"{table.path}, {table.unit} {line}"
        for name, place in columns:
            value = as_number(cells[place])
            if value is None:
                raise DataError(
                    f"{where}: {str(cells[place])!r:.60} in column {name!r:.60} is no number; mend the cell"
                )
            if value in (np.inf, -np.inf):
                raise DataError(
                    f"{where}: column {name!r:.60} is infinite; leave the cell empty where a value is missing"
                )
            numbers.append(value)
        if len(numbers) > MOST:
            raise DataError(f"{table.path} holds more than {MOST:,} numbers: take a part of it")
        if time is not None:
            found = _moment(cells[time])
            if found is None or (kind is not None and found[0] != kind):
                raise DataError(
                    f"{where}: {str(cells[time])!r:.60} in column {table.time!r:.60} is no time"
                    f"{' like those before' if found else ''}; write times as 2026-11-28 18:00"
                )
            kind = found[0]
            (moments if kind == "time" else times).append(found[1])  # type: ignore[arg-type]
        if series is not None:
            name = str(cells[series]).strip()
            if not name:
                raise DataError(f"{where}: column {table.series!r:.60} is empty; name the series of the row")
            ids.append(codes.setdefault(name, len(codes)))
        lines.append(line)
    ticks: npt.NDArray[Any] | None = None
    if time is not None:
        ticks = np.array(moments, dtype=np.int64) if kind == "time" else np.array(times, dtype=np.float64)
    return _Raw(
        kind or "time",
        ticks,
        np.array(numbers, dtype=np.float64).reshape(len(lines), len(columns)),
        np.array(ids, dtype=np.int64) if series is not None else None,
        list(codes),
        np.array(lines, dtype=np.int64),
    )


def _moment(cell: Any) -> tuple[Literal["time", "number"], int | float] | None:
    if hasattr(cell, "isoformat"):  # a date or a time of a parquet file
        return read_moment(cell.isoformat())
    return read_moment(str(cell))


# From rows to series.


def _laid_out(made: TimeTable, raw: _Raw, name: str, index: npt.NDArray[np.int64], unit: str) -> Series:
    C, clock = len(made.names), None
    values = raw.values[index]
    known: Numbers | None = values[:, C:] if made.known else None
    values = values[:, :C]

    def where(row: int) -> str:
        return f"{made.path}, {unit} {raw.lines[index[row]]}"

    if known is not None and np.isnan(known).any():
        row, column = np.argwhere(np.isnan(known))[0].tolist()
        raise DataError(
            f"{where(row)}: the covariate {made.known[column]!r:.60} is missing; what is known beforehand must be "
            "known in every row"
        )
    if raw.times is not None:
        grid = lay_out(raw.times[index], raw.kind, where)
        _tell(made, grid, name, where)
        clock = grid.clock
        if grid.missing:
            spread = np.full((int(grid.places[-1]) + 1, C), np.nan)
            spread[grid.places] = values
            values = spread
            if known is not None:  # a step that has no row is taken to be as the one before
                lengths = np.diff(grid.places, append=grid.places[-1] + 1)
                known = np.repeat(known, lengths, axis=0)
    filled = np.flatnonzero(~np.isnan(values).all(1))
    if not len(filled):
        raise DataError(f"{where(0)}: {'the series ' + repr(name)[:60] if name else 'the table'} has no value at all")
    end = int(filled[-1]) + 1
    if clock is not None:
        clock = Clock(clock.unit, clock.last - (len(values) - end) * clock.step, clock.step, clock.day)
    return Series(name, values[:end], known, clock)


def _tell(made: TimeTable, grid: Grid, name: str, where: Any) -> None:
    of = f" of {name!r:.60}" if name else ""
    if len(made.notes) > 5:
        return
    if grid.gaps:
        made.notes.append(
            f"{grid.gaps:,} gap(s) in the times{of}: {grid.missing:,} steps of {grid.clock.interval()} have no row and "
            "count as missing"
        )
    if grid.first is not None:
        made.notes.append(
            f"{grid.uneven:,} interval(s){of} are no whole number of steps of {grid.clock.interval()}, the first "
            f"before {where(grid.first).rpartition(', ')[2]}: rows are taken to be evenly spaced"
        )
