"""Times with zones: brought to one zone, and laid on a grid of what a clock there shows, or of instants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from gyeol.data.times.cells import Times
from gyeol.data.times.clock import DAY, Clock
from gyeol.data.times.grid import Grid, lay_out
from gyeol.data.times.zones import check_zone, fixed_offset, offset_text, to_instants, to_local
from gyeol.errors import DataError

__all__ = ["ZonedTimes", "zoned"]

Whole = npt.NDArray[np.int64]

_SECOND = 1_000_000
_SUMMER = 3600  # seconds between the two offsets of a zone with summer time, at most
_CHANGES = 2.5  # of them a year, and two more


@dataclass(slots=True)
class ZonedTimes:
    """Times of rows in one zone: ``ticks`` as a clock there shows them, ``instants`` in UTC where the zone is known."""

    ticks: npt.NDArray[Any]
    instants: Whole | None
    zone: str
    several: bool  # whether the zone has more than one offset among the rows

    def grid(self, rows: Whole, times: Times, where: Callable[[int], str], like: Clock | None) -> Grid:
        """Lay the times of some rows on a grid.

        Days, months and business hours are those of the clock; smaller steps are even between instants, where summer
        time begins and ends.

        Raises
        ------
        DataError
            As `gyeol.data.times.grid.lay_out`.
        """
        ticks = self.ticks[rows]
        if self.instants is None or not self.several:
            grid = lay_out(ticks, times.kind, where, like)
            return replace(grid, clock=replace(grid.clock, zone=self.zone, form=times.form))
        try:
            grid = lay_out(ticks, times.kind, where, like)
        except DataError:  # the hour that occurs twice as summer time ends
            grid = None  # type: ignore[assignment]
        if grid is not None and not grid.uneven:
            daily = grid.clock.unit in ("month", "slots") or (
                grid.clock.unit == "time" and int(grid.clock.step) % DAY == 0
            )
            if daily:
                return replace(grid, clock=replace(grid.clock, zone=self.zone))
        grid = lay_out(self.instants[rows], times.kind, where, like if like is None or like.unit == "time" else None)
        return replace(grid, clock=replace(grid.clock, zone=self.zone, instants=True))


def zoned(times: Times, requested: str | None, trained: str | None, notes: list[str]) -> ZonedTimes:
    """Bring times to one zone.

    Parameters
    ----------
    times : Times
    wanted : str, optional
        The zone that the user named.
    trained : str, optional
        That of the times that the model learned from, ``""`` where they had none; None where there is no model.
    notes : list of str
        Gets what is worth telling.

    Raises
    ------
    ParameterError
        There is no zone of that name.
    """
    if times.kind == "number":
        return ZonedTimes(times.ticks, None, "", False)
    local: Whole = times.ticks
    if not times.zone:
        return _without_zone(local, requested, trained, notes)
    offset = fixed_offset(times.zone)
    if times.offsets is not None:
        instants = local - times.offsets * _SECOND
    elif offset is not None:
        instants = local - offset * _SECOND
    else:
        instants, _ = to_instants(local, times.zone)
    zone = check_zone(requested) if requested is not None else trained
    if zone:
        found = to_local(instants, zone)
        if (found != local).any():
            named = _listed(times.offsets) if times.offsets is not None else times.zone
            why = "" if requested is not None else ", the zone of the training"
            notes.append(f"the times are of {named}: converted to {zone}{why}")
        return ZonedTimes(found, instants, zone, _several(found, instants))
    if trained == "":
        notes.append(
            f"the times are of {times.zone}, and those of the training had no zone: hours are taken as they are written"
        )
    if times.offsets is None or offset is None:
        return ZonedTimes(local, instants, times.zone, _several(local, instants))
    return _mixed(times, local, instants, notes)


def _without_zone(local: Whole, requested: str | None, trained: str | None, notes: list[str]) -> ZonedTimes:
    zone = check_zone(requested) if requested is not None else trained
    if not zone:
        return ZonedTimes(local, None, "", False)
    if requested is None:
        notes.append(f"the times have no zone: taken to be in {zone}, as in training")
    instants, lost = to_instants(local, zone)
    if lost:
        notes.append(f"{lost:,} time(s) lie in the hour that summer time skips in {zone}")
    return ZonedTimes(local, instants, zone, _several(local, instants))


def _mixed(times: Times, local: Whole, instants: Whole, notes: list[str]) -> ZonedTimes:
    """Offsets that differ and no name: summer time of one zone, or times of several."""
    assert times.offsets is not None
    offsets = times.offsets
    different = np.unique(offsets)
    changes = int((np.diff(offsets) != 0).sum())
    years = float(instants.max() - instants.min()) / (365.25 * DAY)
    last = offset_text(int(offsets[-1]))
    if len(different) == 2 and int(different[1] - different[0]) <= _SUMMER and changes <= _CHANGES * years + 2:
        midnights = not (local % DAY).any() or not ((local - local[0]) % DAY).any()
        what = "days are counted by the clock" if midnights else f"steps are counted by instants, hours shown at {last}"
        notes.append(
            f"the times have the offsets {_listed(offsets)}, as of a zone with summer time: {what}; name it with "
            "--zone (such as Europe/Berlin) to have its hours"
        )
        ticks = local if midnights else instants + int(offsets[-1]) * _SECOND
        return ZonedTimes(ticks, instants, last, False)
    notes.append(
        f"the times have the offsets {_listed(offsets)}: converted to UTC; name a zone with --zone to have its hours"
    )
    return ZonedTimes(instants, instants, "+00:00", False)


def _listed(offsets: Whole) -> str:
    texts = [offset_text(int(offset)) for offset in np.unique(offsets)[:4]]
    return ", ".join(texts[:-1]) + f" and {texts[-1]}" if len(texts) > 1 else texts[0]


def _several(local: Whole, instants: Whole) -> bool:
    return bool(len(local)) and bool(((local - instants) != (local[0] - instants[0])).any())
