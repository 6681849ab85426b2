"""When the steps of a series are: times read from cells, put on a grid, gaps found, and the times that come next."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from gyeol.errors import DataError

__all__ = ["CALENDAR", "Clock", "Grid", "lay_out", "read_moment"]

Unit = Literal["time", "month", "number"]
Ticks = npt.NDArray[np.int64] | npt.NDArray[np.float64]

#: What a calendar tells of a step: where in its day, week and year it lies, each on a circle, and whether it is a
#: weekend.
CALENDAR = ("day_sin", "day_cos", "week_sin", "week_cos", "year_sin", "year_cos", "weekend")

_EPOCH = datetime(1970, 1, 1)
_DAY = 86_400_000_000  # microseconds
_YEAR = 365.2425 * _DAY
_DATE = re.compile(
    r"(\d{4})\s*[-/.년]\s*(\d{1,2})(?:\s*[-/.월]\s*(\d{1,2})\s*[.일]?)?\s*[.월]?"
    r"(?:[T\s]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,6}))?)?)?",
    re.ASCII,
)
_COMPACT = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])?", re.ASCII)
_BEYOND = "the times lie outside of the years 1 to 9999"
_MOST = 10  # steps of a grid for each row, at most


def read_moment(text: str) -> tuple[Literal["time", "number"], int | float] | None:
    """Read a cell as a time: microseconds since 1970 (in UTC where a zone is named), or a plain number.

    ISO 8601, and dates that begin with the year, with ``-``, ``/``, ``.`` or 년월일 between their parts. None for what
    is neither, for instance dates that begin with a day or a month: which comes first cannot be known.

    Examples
    --------
    >>> read_moment("1970-01-02 01:00"), read_moment("1970. 1. 2."), read_moment("197"), read_moment("02/01/1970")
    (('time', 90000000000), ('time', 86400000000), ('number', 197.0), None)
    """
    text = text.strip()
    if _COMPACT.fullmatch(text):
        text = f"{text[:4]}-{text[4:6]}-{text[6:] or '01'}"
    elif (number := _number(text)) is not None:
        return "number", number
    try:
        found = _DATE.fullmatch(text)
        if found:
            year, month, day, hour, minute, second, part = found.groups()
            date = datetime(int(year), int(month), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0))
            moment = date.replace(microsecond=int((part or "0").ljust(6, "0")))
        else:
            moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return "time", (moment - _EPOCH) // timedelta(microseconds=1)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if np.isfinite(value) else None


@dataclass(frozen=True, slots=True)
class Clock:
    """The grid of a series: when its last step is, and how far apart steps are.

    Parameters
    ----------
    unit : {"time", "month", "number"}
        Microseconds; months, whose lengths differ; plain numbers.
    last, step : int or float
        In that unit; of months since the year 0.
    day : int
        Of months: microseconds into the month, or -1 for its last day.
    """

    unit: Unit
    last: int | float
    step: int | float
    day: int = 0

    def moment(self, after: int) -> int | float:
        """Tell when a step is, counted from the last: microseconds since 1970, or a plain number."""
        at = self.last + after * self.step
        if self.unit != "month":
            return at
        # The last day of a month is the day before the next one begins.
        months = int(at) + (self.day < 0)
        if not 12 <= months < 12 * 10_000:
            raise DataError(_BEYOND)
        begin = (datetime(months // 12, months % 12 + 1, 1) - _EPOCH) // timedelta(microseconds=1)
        return begin + (self.day if self.day >= 0 else -_DAY)

    def label(self, after: int) -> str:
        """Write when a step is.

        Examples
        --------
        >>> Clock("time", 0, 3_600_000_000).label(25), Clock("month", 24310, 1, -1).label(2)
        ('1970-01-02 01:00', '2026-01-31')
        """
        at = self.moment(after)
        if self.unit == "number":
            return f"{at:.10g}"
        try:
            moment = _EPOCH + timedelta(microseconds=int(at))
        except OverflowError:
            raise DataError(_BEYOND) from None
        if self.unit == "month" or (self.step % _DAY == 0 and int(at) % _DAY == 0):
            return moment.strftime("%Y-%m-%d")
        whole = int(self.step) % 60_000_000 == 0 and moment.second == 0
        return moment.strftime("%Y-%m-%d %H:%M" if whole else "%Y-%m-%d %H:%M:%S")

    def interval(self) -> str:
        """Write how far apart steps are: ``1 h``, ``15 min``, ``1 month``."""
        if self.unit == "number":
            return f"{self.step:.10g}"
        if self.unit == "month":
            return f"{self.step} month{'s' if self.step > 1 else ''}"
        for name, size in (("week", 7 * _DAY), ("day", _DAY), ("h", _DAY // 24), ("min", _DAY // 1440)):
            if self.step % size == 0:
                count = int(self.step) // size
                return f"{count} {name}{'s' if count > 1 and name in ('week', 'day') else ''}"
        return f"{self.step / 1_000_000:g} s"

    def calendar(self, steps: int, after: int = 0) -> npt.NDArray[np.float64]:
        """Tell of ``steps`` steps, the last of which is ``after`` the last one, what `CALENDAR` names: (steps, 7).

        Raises
        ------
        DataError
            The steps are plain numbers, which are in no calendar.
        """
        if self.unit == "number":
            raise DataError("a calendar needs dates, and the times of this series are plain numbers")
        places = range(after - steps + 1, after + 1)
        if self.unit == "month":
            at = np.array([self.moment(place) for place in places], dtype=np.float64)
        else:
            at = self.last + np.array(places, dtype=np.float64) * self.step
        day = 2 * np.pi * (at % _DAY) / _DAY
        monday = at + 3 * _DAY  # 1970 began on a Thursday
        week, year = 2 * np.pi * (monday % (7 * _DAY)) / (7 * _DAY), 2 * np.pi * (at % _YEAR) / _YEAR
        circles = [turn(angle) for angle in (day, week, year) for turn in (np.sin, np.cos)]
        return np.stack([*circles, (monday % (7 * _DAY) >= 5 * _DAY).astype(np.float64)], axis=1)


@dataclass(frozen=True, slots=True)
class Grid:
    """Where the rows of a series lie on an even grid.

    ``places`` (T,) are their steps from 0, ``clock`` says when the last is; ``gaps`` and ``missing`` count the gaps and
    the steps in them; ``uneven`` counts intervals that are no whole number of steps, ``first`` is the first row after
    one.
    """

    places: npt.NDArray[np.int64]
    clock: Clock
    gaps: int
    missing: int
    uneven: int
    first: int | None


def lay_out(ticks: Ticks, unit: Literal["time", "number"], where: Callable[[int], str]) -> Grid:
    """Find the grid of times that rise.

    Parameters
    ----------
    ticks : array, shape (T,)
        Microseconds, or plain numbers.
    unit : {"time", "number"}
    where : callable
        Names the place of a row, for errors: the file and the line.

    Raises
    ------
    DataError
        A time comes twice, or after a later one, or a gap is so long that the grid would be mostly empty.
    """
    apart = np.diff(ticks)
    if len(apart) and not (apart > 0).all():
        row = int(np.argmin(apart > 0)) + 1
        tick = ticks[row].item()
        same = Clock(unit, tick, next(size for size in (_DAY, 60_000_000, 1) if tick % size == 0 or size == 1)).label(0)
        if apart[row - 1] == 0:
            raise DataError(f"{where(row)}: the time {same} comes twice; keep one row a time, or name --series COL")
        raise DataError(f"{where(row)}: the time {same} comes after a later one; sort the file by time")
    day = 0
    kind: Unit = unit
    if unit == "time" and len(apart) and (months := _months(ticks)) is not None:
        ticks, day = months
        apart, kind = np.diff(ticks), "month"
    if not len(apart):
        return Grid(np.zeros(len(ticks), dtype=np.int64), Clock(kind, ticks[-1].item(), 1, day), 0, 0, 0, None)
    if kind == "number":
        apart = np.round(apart, 9)
    sizes, counts = np.unique(apart, return_counts=True)
    step = sizes[counts.argmax()]
    ratio = apart / step
    steps = np.maximum(1, np.rint(ratio)).astype(np.int64)
    uneven = np.abs(ratio - steps) > 1e-6
    places = np.concatenate([[0], np.cumsum(steps)])
    if places[-1] >= _MOST * len(ticks) + 1000:
        row = int(steps.argmax()) + 1
        raise DataError(
            f"{where(row)}: a gap of {int(steps.max()):,} steps of {Clock(kind, 0, step.item()).interval()} before it; "
            "most of the series would be missing: cut the file there"
        )
    clock = Clock(kind, ticks[-1].item(), step.item(), day)
    gaps = (steps > 1) & ~uneven
    first = int(np.argmax(uneven)) + 1 if uneven.any() else None
    return Grid(places, clock, int(gaps.sum()), int((steps - 1).sum()), int(uneven.sum()), first)


def _months(ticks: Any) -> tuple[npt.NDArray[np.int64], int] | None:
    """Count months since the year 0 where all times are the same day and hour of a month, or all its last day."""
    if (np.diff(ticks) < 28 * _DAY).any():
        return None
    moments = ticks.astype("datetime64[us]")
    months = moments.astype("datetime64[M]")
    into = (moments - months.astype("datetime64[us]")).astype(np.int64)
    ends = ((months + 1).astype("datetime64[us]") - moments).astype(np.int64)
    counted = months.astype(np.int64) + 1970 * 12
    if (into == into[0]).all():
        return counted, int(into[0])
    return (counted, -1) if (ends == _DAY).all() else None
