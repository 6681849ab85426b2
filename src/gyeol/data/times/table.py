"""Series in a table: a column of times, columns of numbers, one row per step; or many series one under another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gyeol.data.paths import check_file
from gyeol.data.tables.number_cells import NumberFormat
from gyeol.data.times.clock import Clock
from gyeol.data.times.columns import TableColumns, open_table
from gyeol.data.times.grid import Grid
from gyeol.data.times.rows import RowData, gather
from gyeol.data.times.zoned import ZonedTimes, zoned
from gyeol.errors import DataError

__all__ = ["Series", "TimeTable", "Trained", "read_time_table"]

Numbers = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

_SAMPLE = 200  # rows inspected to distinguish the columns
_NOTES = 12  # notes on a file, at most


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
        """Give what is known of all steps and ``ahead`` more, (T + ahead, K), the calendar last if requested.

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


@dataclass(frozen=True, slots=True)
class Trained:
    """What a model remembers of the table that it learned from.

    ``clock`` (of the frequency), ``zone`` (``""`` where times had none), the ``decimal`` mark, the ``levels`` of
    covariates of words, and the ``order`` of the parts of dates (``"day first"``).
    """

    clock: Clock | None = None
    zone: str | None = None
    decimal: str | None = None
    levels: dict[str, list[str]] = field(default_factory=dict)
    frequency: str = ""
    order: str = ""

    @classmethod
    def remembered(cls, about: dict[str, Any]) -> Trained:
        """Take what `TimeTable.remember` gave; what is not there, or damaged, is not known."""
        levels = about.get("levels")
        zone, decimal, frequency, order = (
            value if isinstance(value := about.get(name), str) else None
            for name in ("zone", "decimal_mark", "frequency", "order")
        )
        return cls(
            Clock.remembered(about.get("grid")),
            zone,
            decimal if decimal in (".", ",") else None,
            {str(name): [str(one) for one in own] for name, own in levels.items() if isinstance(own, list)}
            if isinstance(levels, dict)
            else {},
            frequency or "",
            order or "",
        )


@dataclass(slots=True)
class TimeTable:
    """The series of a file.

    ``time`` is the name of the column of times, ``times`` the columns (several, where dates and hours stand apart);
    ``names`` are the columns to forecast, ``known`` the covariates; ``order`` says how the times are written
    (``"day first"``), ``frequency`` how often steps are, ``zone`` of which zone; ``notes`` are worth telling.
    """

    path: Path
    time: str | None
    names: list[str]
    known: list[str]
    series: list[Series] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    times: list[str] = field(default_factory=list)
    ids: str | None = None
    order: str = ""
    frequency: str = ""
    zone: str = ""
    decimal: str | None = None
    levels: dict[str, list[str]] = field(default_factory=dict)

    def about(self) -> dict[str, str]:
        """Describe the file for a model card."""
        from gyeol.data.fingerprint import fingerprint

        return {"data": self.path.name, "sha256": fingerprint(self.path)}

    def remember(self) -> dict[str, Any]:
        """Give what a model remembers of the table, as JSON values; see `Trained.remembered`."""
        clock = self.series[0].clock
        found: dict[str, Any] = {}
        if clock is not None:
            found |= {"frequency": self.frequency, "zone": self.zone, "grid": clock.rule()}
        if self.order:
            found["order"] = self.order
        if self.decimal is not None:
            found["decimal_mark"] = self.decimal
        return {**found, "levels": self.levels} if self.levels else found

    def describe(self) -> str:
        """Say in a line which column holds the times, how they were read, and how often steps are."""
        if self.time is None:
            return "times: none, every row is a step"
        how = f" ({self.order})" if self.order else ""
        return f"times: {self.time}{how}; frequency: {self.frequency}{f'; zone {self.zone}' if self.zone else ''}"


def read_time_table(
    path: str | Path,
    *,
    time: str | Sequence[str] | None = None,
    targets: Sequence[str] = (),
    covariates: Sequence[str] = (),
    series: str | None = None,
    numbers: NumberFormat | None = None,
    day_first: bool | None = None,
    zone: str | None = None,
    trained: Trained | None = None,
    header: bool | None = None,
) -> TimeTable:
    """Read series from a .csv, .tsv or .parquet file (the former two may be gzipped).

    Rows are put on an even grid: missing ones between others become steps without values, and
    ``notes`` report how many. Rows at the end without a value in any target hold what is known of the future.

    Parameters
    ----------
    path : path
    time : str or sequence of str, optional
        The column of the times, or those of dates and hours, or of years, months and so on; by default those with names
        that people use, or the first whose cells are dates. Without one, every row is a step.
    targets : sequence of str
        The columns to forecast; all other columns of numbers by default.
    covariates : sequence of str
        Columns of what is known beforehand: numbers, or words, which become categories.
    series : str, optional
        The column that names the series of each row, if several are stacked; found if times repeat.
    numbers : NumberFormat, optional
        The decimal mark, and the markers of missing values; judged over each column by default.
    day_first : bool, optional
        Whether 01/02/2026 is in February; judged over the column by default.
    zone : str, optional
        The zone that times are brought to, or that they are of where they have none.
    trained : Trained, optional
        What a model remembers of its training's table, for a file to predict.
    header : bool, optional
        Whether the first row names the columns; judged by default.

    Raises
    ------
    DataError
        For a file, a column, a time or a number that cannot be used; names file and line.
    """
    path = check_file(path)
    table = open_table(path, header)
    sample = list(islice(table.rows, _SAMPLE))
    if not sample:
        raise DataError(f"{path} has a header and no rows under it; write one row per step")
    columns = TableColumns(path, table.header, sample, table.unit, numbers or NumberFormat())
    columns.chosen([time] if isinstance(time, str) else list(time or ()), list(targets), list(covariates), series)
    raw = gather(
        columns, chain(sample, table.rows), table.separator, day_first=day_first,
        decimal=trained.decimal if trained else None, levels=trained.levels if trained else None,
        order=trained.order if trained else "",
    )  # fmt: skip
    if table.above:
        columns.notes.insert(0, table.above)
    if columns.words:
        columns.notes.insert(0, f"left out, as they hold text: {', '.join(columns.words):.200}")
    found = TimeTable(
        path, columns.time.title if columns.time else None, columns.targets, columns.covariates, notes=columns.notes,
        times=list(columns.time.names) if columns.time else [], ids=columns.series, decimal=raw.decimal,
        levels=raw.levels,
    )  # fmt: skip
    layout = _Layout(found, raw, columns.unit, zone, trained)
    for name, index in raw.parted():
        found.series.append(layout.series(name, index))
    layout.end()
    for place, name in enumerate(found.names):
        if all(np.isnan(one.values[:, place]).all() for one in found.series):
            raise DataError(f"{path}: column {name!r:.60} has no value at all; name the others with --target")
    return found


class _Layout:
    """From rows to series on grids."""

    def __init__(self, table: TimeTable, raw: RowData, unit: str, zone: str | None, trained: Trained | None) -> None:
        self.table, self.raw, self.unit, self.trained = table, raw, unit, trained
        self.times: ZonedTimes | None = None
        self.turned = False
        self.frequencies: Counter[str] = Counter()
        if raw.times is not None:
            table.notes += raw.times.notes
            table.order = raw.times.order
            self.times = zoned(raw.times, zone, trained.zone if trained else None, table.notes)
            table.zone = self.times.zone

    def note(self, note: str) -> None:
        if len(self.table.notes) < _NOTES:
            self.table.notes.append(note)

    def series(self, name: str, index: Whole) -> Series:
        raw = self.raw
        grid = None if self.times is None else self.grid(name, index)
        if grid is not None and self.times is not None and _falls(self.times.ticks[index]):
            index = index[::-1]
        values = raw.values[index]
        known = None if raw.known is None else raw.known[index]
        self.check_known(known, index)
        clock = None
        if grid is not None:
            clock = grid.clock
            if grid.outside:
                inside = grid.places >= 0
                index, values = index[inside], values[inside]
                known = None if known is None else known[inside]
            places = grid.places[grid.places >= 0]
            if grid.missing:
                spread = np.full((int(places[-1]) + 1, values.shape[1]), np.nan)
                spread[places] = values
                values = spread
                if known is not None:  # a step that has no row is taken to be as the one before
                    known = np.repeat(known, np.diff(places, append=places[-1] + 1), axis=0)
        filled = np.flatnonzero(~np.isnan(values).all(1))
        if not len(filled):
            what = f"the series {name!r:.60}" if name else "the table"
            raise DataError(f"{self.where(index)(0)}: {what} has no value at all")
        end = int(filled[-1]) + 1
        if clock is not None:
            clock = clock.shifted(end - len(values))
        return Series(name, values[:end], known, clock)

    def where(self, index: Whole) -> Any:
        return lambda row: f"{self.table.path}, {self.unit} {self.raw.lines[index[row]]}"

    def check_known(self, known: Numbers | None, index: Whole) -> None:
        if known is not None and np.isnan(known).any():
            row, column = np.argwhere(np.isnan(known))[0].tolist()
            raise DataError(
                f"{self.where(index)(row)}: the covariate {self.raw.features[column]!r:.60} is missing; what is known "
                "beforehand must be known in every row"
            )

    def grid(self, name: str, index: Whole) -> Grid:
        assert self.times is not None
        assert self.raw.times is not None
        if _falls(self.times.ticks[index]):
            index = index[::-1]
            if not self.turned:
                self.note("the latest rows come first: read from the end")
            self.turned = True
        like = self.trained.clock if self.trained else None
        grid = self.times.grid(index, self.raw.times, self.where(index), like)
        if len(index) > 1:
            self.frequencies[grid.clock.frequency()] += 1
        of = f" of {name!r:.60}" if name else ""
        step = grid.clock.interval()
        if grid.gaps:
            self.note(
                f"{grid.gaps:,} gap(s) in the times{of}: {grid.missing:,} steps of {step} have no row and count "
                "as missing"
            )
        where = self.where(index)
        if grid.first is not None:
            self.note(
                f"{grid.uneven:,} interval(s){of} are no whole number of steps of {step}, the first before "
                f"{where(grid.first).rpartition(', ')[2]}: rows are taken to be evenly spaced"
            )
        if grid.outside:
            self.note(
                f"{len(grid.outside):,} row(s){of} lie outside of {grid.clock.frequency()} and are left out, the first "
                f"in {where(grid.outside[0]).rpartition(', ')[2]}"
            )
        return grid

    def end(self) -> None:
        """Say how often steps are, and where that differs."""
        common = [name for name, _ in self.frequencies.most_common(4)]
        clock = self.table.series[0].clock
        self.table.frequency = common[0] if common else clock.frequency() if clock is not None else ""
        if len(common) > 1:
            self.note(f"the series differ in their frequency: {'; '.join(common)}")
        if self.trained is not None and self.trained.clock is not None and common and clock is not None:
            learned = self.trained.frequency or self.trained.clock.frequency()
            if clock.rule() != self.trained.clock.rule():
                self.note(
                    f"the times are {common[0]}, and those of the training were {learned}: is it the same series?"
                )


def _falls(ticks: npt.NDArray[Any]) -> bool:
    return len(ticks) > 1 and bool((np.diff(ticks) < 0).all())
