"""Zones: from instants to what a clock on a wall shows, and back; the tables are those that polars brings."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt

from gyeol.errors import ParameterError

__all__ = ["check_zone", "fixed_offset", "offset_text", "to_instants", "to_local"]

Ticks = npt.NDArray[np.int64]

_SECOND = 1_000_000  # microseconds
_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})", re.ASCII)


def offset_text(seconds: int) -> str:
    """Write an offset as ISO 8601 does.

    Examples
    --------
    >>> offset_text(32400), offset_text(-12600), offset_text(0)
    ('+09:00', '-03:30', '+00:00')
    """
    minutes = abs(seconds) // 60
    return f"{'-' if seconds < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"


def fixed_offset(zone: str) -> int | None:
    """Tell how many seconds east of Greenwich a zone is that is written as an offset; None for one with a name."""
    if zone in ("UTC", "Z", "Etc/UTC"):
        return 0
    found = _OFFSET.fullmatch(zone)
    if found is None:
        return None
    return (int(found[2]) * 60 + int(found[3])) * (-60 if found[1] == "-" else 60)


def check_zone(zone: str) -> str:
    """Make sure that there is such a zone.

    Raises
    ------
    ParameterError
        There is none.
    """
    if fixed_offset(zone) is None:
        try:
            to_local(np.zeros(1, dtype=np.int64), zone)
        except Exception:  # polars has its own kinds
            raise ParameterError(
                f"--zone {zone!r:.60} is not a time zone: write Asia/Seoul or Europe/Berlin, or an offset, +09:00"
            ) from None
    return zone


def to_local(instants: Ticks, zone: str) -> Ticks:
    """Turn microseconds since 1970 in UTC into what a clock there shows, as microseconds since 1970.

    Examples
    --------
    >>> to_local(np.array([0]), "Asia/Seoul") // 3_600_000_000
    array([9])
    """
    offset = fixed_offset(zone)
    if offset is not None:
        return instants + offset * _SECOND
    local = _series(instants).dt.replace_time_zone("UTC").dt.convert_time_zone(zone).dt.replace_time_zone(None)
    return _ticks(local)


def to_instants(local: Ticks, zone: str) -> tuple[Ticks, int]:
    """Convert local times to microseconds since 1970 in UTC; the hour that occurs twice is read in order.

    Returns
    -------
    instants : int64 array
    skipped : int
        How many times no clock there ever showed: they lie in the hour that summer time leaves out.
    """
    offset = fixed_offset(zone)
    if offset is not None:
        return local - offset * _SECOND, 0
    times = _series(local)
    first, last = (
        times.dt.replace_time_zone(zone, ambiguous=which, non_existent="null") for which in ("earliest", "latest")
    )
    lost = np.array(first.is_null())
    early, late = (
        _ticks(each.dt.convert_time_zone("UTC").dt.replace_time_zone(None).fill_null(times)) for each in (first, last)
    )
    again = np.zeros(len(local), dtype=np.bool_)
    if len(local) > 1:
        # Within the hour that occurs twice the second round begins where the clock does not rise.
        double = early != late
        for place in np.flatnonzero(double).tolist():
            again[place] = place > 0 and (
                local[place] <= local[place - 1] or (double[place - 1] and bool(again[place - 1]))
            )
    return np.where(again, late, early), int(lost.sum())


def _series(ticks: Ticks) -> Any:
    import polars as pl

    return pl.Series(ticks).cast(pl.Datetime("us"))


def _ticks(times: Any) -> Ticks:
    import polars as pl

    found: Ticks = times.cast(pl.Int64).to_numpy()
    return found
