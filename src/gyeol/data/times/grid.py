"""From times to an even grid: which steps there are, where rows are missing, what lies outside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from gyeol.data.times.clock import BUSINESS_END, BUSINESS_START, DAY, END, WEEK, Clock, month_ticks
from gyeol.errors import DataError

__all__ = ["Grid", "is_even", "lay_out"]

Ticks = npt.NDArray[np.int64] | npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

_MOST = 10  # steps of a grid for each row, at most
_MONDAY = -3 * DAY
_FILLED = 0.7  # share of a grid of slots that rows must fill
_OUTSIDE = 0.02  # share of rows that may lie on none
_SLOTS = 10_080  # of a week, at most: one a minute


@dataclass(frozen=True, slots=True)
class Grid:
    """Where the rows of a series lie on an even grid.

    ``places`` (T,) are their steps from 0, -1 for a row on no step, ``clock`` says when the last is; ``gaps`` and
    ``missing`` count the gaps and the steps in them; ``uneven`` counts intervals that are no whole number of steps,
    ``first`` is the first row after one; ``outside`` are rows that lie on no step of business days or hours.
    """

    places: Whole
    clock: Clock
    gaps: int
    missing: int
    uneven: int = 0
    first: int | None = None
    outside: tuple[int, ...] = ()


def lay_out(
    ticks: Ticks, unit: Literal["time", "number"], where: Callable[[int], str], like: Clock | None = None
) -> Grid:
    """Find the grid of times that rise.

    Months are recognised by their day (the start, the end, the 30th or the last, the last business day), weeks by the
    days and hours that there are (business days, opening hours); everything else has the step that occurs most often.

    Parameters
    ----------
    ticks : array, shape (T,)
        Microseconds, or plain numbers.
    unit : {"time", "number"}
    where : callable
        Names the place of a row, for errors: the file and the line.
    like : Clock, optional
        Of the training: preferred where the times lie on its grid, too.

    Raises
    ------
    DataError
        A time occurs twice, or after a later one, or a gap is so long that the grid would be mostly empty.
    """
    apart = np.diff(ticks)
    if len(apart) and not (apart > 0).all():
        row = int(np.argmin(apart > 0)) + 1
        tick = ticks[row].item()
        same = Clock(unit, tick, next(size for size in (DAY, 60_000_000, 1) if tick % size == 0 or size == 1)).label(0)
        if apart[row - 1] == 0:
            raise DataError(
                f"{where(row)}: the time {same} occurs twice; keep one row per time, or name --series COL (if an hour "
                "repeats because summer time ends, name the --zone)"
            )
        raise DataError(f"{where(row)}: the time {same} comes after a later one; sort the file by time")
    if not len(apart):
        return _single(ticks, unit, like)
    if unit == "number":
        return _spaced(ticks, unit, np.round(apart, 9), where)
    whole = ticks.astype(np.int64)
    if like is not None and (grid := _on(whole, like)) is not None:
        return grid
    months = _months(whole)
    if months is not None:
        counted, day, at = months
        return _spaced(counted, "month", np.diff(counted), where, day, at)
    spaced = _spaced(whole, "time", np.diff(whole), None)
    if (spaced.missing or spaced.uneven) and (slots := _slotted(whole)) is not None:
        return slots
    return _spaced(whole, "time", np.diff(whole), where)


def is_even(ticks: Whole) -> bool:
    """Whether nearly all times lie a step apart, by the rules of `lay_out`; they may fall in place of rising."""
    ticks = ticks if len(ticks) < 2 or ticks[-1] > ticks[0] else ticks[::-1]
    if (np.diff(ticks) <= 0).any():
        return False
    try:
        grid = lay_out(ticks, "time", lambda row: "")
    except DataError:  # a gap that no grid bridges
        return False
    return not grid.uneven and 10 * grid.missing <= len(ticks)


def _single(ticks: Ticks, unit: Literal["time", "number"], like: Clock | None) -> Grid:
    place = np.zeros(len(ticks), dtype=np.int64)
    if like is not None and unit == "time" and (grid := _on(ticks.astype(np.int64), like)) is not None:
        return grid
    return Grid(place, Clock(unit, ticks[-1].item(), 1), 0, 0)


def _spaced(ticks: Any, unit: Any, apart: Any, where: Callable[[int], str] | None, day: int = 0, at: int = 0) -> Grid:
    """Lay times on a grid whose step is the interval that occurs most often."""
    sizes, counts = np.unique(apart, return_counts=True)
    step = sizes[counts.argmax()]
    ratio = apart / step
    steps = np.maximum(1, np.rint(ratio)).astype(np.int64)
    uneven = np.abs(ratio - steps) > 1e-6
    places = np.concatenate([[0], np.cumsum(steps)])
    if where is not None and places[-1] >= _MOST * len(ticks) + 1000:
        row = int(steps.argmax()) + 1
        raise DataError(
            f"{where(row)}: a gap of {int(steps.max()):,} steps of {Clock(unit, 0, step.item()).interval()} before it; "
            "most of the series would be missing: cut the file there"
        )
    clock = Clock(unit, ticks[-1].item(), step.item(), day, at)
    gaps = (steps > 1) & ~uneven
    first = int(np.argmax(uneven)) + 1 if uneven.any() else None
    return Grid(places, clock, int(gaps.sum()), int((steps - 1).sum()), int(uneven.sum()), first)


def _months(ticks: Whole) -> tuple[Whole, int, int] | None:
    """Count months since the year 0 where all times are of the same day of a month, as `Clock` names days."""
    if (np.diff(ticks) < 26 * DAY).any():
        return None
    moments = ticks.astype("datetime64[us]")
    months = moments.astype("datetime64[M]")
    counted = months.astype(np.int64) + 1970 * 12
    if (np.diff(counted) < 1).any():
        return None
    into = (moments - months.astype("datetime64[us]")).astype(np.int64)
    at = into % DAY
    if (at != at[0]).any():
        return None
    return next(
        ((counted, day, hour) for day, hour in _days(into, int(at[0])) if _fit(ticks, counted, day, hour)), None
    )


def _days(into: Whole, at: int) -> list[tuple[int, int]]:
    """List the days of a month that times may be of, the likeliest first."""
    same = int(into.max())
    if (into == same).all() and same // DAY < 28:
        return [(same, 0)]
    return [(END, at), (same, 0), (BUSINESS_END, at), (BUSINESS_START, at)]


def _fit(ticks: Whole, counted: Whole, day: int, at: int) -> bool:
    return all(month_ticks(int(month), day, at) == tick for month, tick in zip(counted, ticks.tolist(), strict=True))


def _slotted(ticks: Whole) -> Grid | None:
    """Lay times on the steps of a week that there are: business days, opening hours. None where that is no better."""
    into = (ticks - _MONDAY) % WEEK
    days, times = into // DAY, into % DAY
    if ticks[-1] - ticks[0] < 14 * DAY and len(np.unique(days)) < 7 and len(np.unique(times)) == 1:
        return None
    kept_days = _usual(days)
    kept_times = _usual(times)
    if len(kept_days) * len(kept_times) > _SLOTS or len(np.unique((ticks - _MONDAY) // DAY)) < 4:
        return None
    if len(kept_times) > 1 and (
        DAY % (step := int(np.diff(kept_times).min())) or ((kept_times - kept_times[0]) % step).any()
    ):
        return None
    slots = tuple(int(day * DAY + time) for day in kept_days for time in kept_times)
    grid = _on(ticks, Clock("slots", 0, 1, slots=slots), _FILLED)
    if grid is None:
        return None
    fewest = int(np.diff(ticks).min())
    full = (int(ticks[-1] - ticks[0])) // fewest + 1 - len(ticks)  # what a grid without pauses would lack
    return grid if 2 * grid.missing < full else None


def _usual(values: Whole) -> Whole:
    """List the values that are no exceptions."""
    found, counts = np.unique(values, return_counts=True)
    return found[counts > 0.1 * counts.max()] if len(values) > 20 else found


def _on(ticks: Whole, clock: Clock, filled: float = 0.5) -> Grid | None:
    """Lay times on the grid of a clock; None where they do not lie there, or fill less than such a share of it."""
    if clock.unit == "month":
        months = ticks.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64) + 1970 * 12
        if not _fit(ticks, months, clock.day, clock.at) or ((months - months[0]) % int(clock.step)).any():
            return None
        places, inside = (months - months[0]) // int(clock.step), np.ones(len(ticks), dtype=np.bool_)
        last: int = int(months[-1])
    elif clock.unit == "slots":
        slots = np.array(clock.slots)
        week, into = np.divmod(ticks - _MONDAY, WEEK)
        slot = np.searchsorted(slots, into)
        inside = (slot < len(slots)) & (slots[np.minimum(slot, len(slots) - 1)] == into)
        if (~inside).sum() > _OUTSIDE * len(ticks) or not inside.any():
            return None
        counted = week * len(slots) + slot
        kept = counted[inside]
        places, last = counted - kept[0], int(kept[-1])
    elif clock.unit == "time" and not ((ticks - ticks[0]) % int(clock.step)).any():
        places, inside = (ticks - ticks[0]) // int(clock.step), np.ones(len(ticks), dtype=np.bool_)
        last = int(ticks[-1])
    else:
        return None
    kept = places[inside]
    if len(kept) < filled * (int(kept[-1]) + 1):
        return None
    steps = np.diff(kept)
    outside = tuple(np.flatnonzero(~inside).tolist())
    return Grid(
        np.where(inside, places, -1), replace(clock, last=last), int((steps > 1).sum()), int((steps - 1).sum()),
        outside=outside,
    )  # fmt: skip
