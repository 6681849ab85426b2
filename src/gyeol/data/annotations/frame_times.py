"""Start and end of labelled ranges, in frames or in seconds, judged by the names of the columns and all their cells.

``1.25`` and ``00:01:02.5`` are seconds; whole numbers are frames, unless a header says otherwise: ``start_s``,
``end_ms``, ``Begin Time - ss.msec`` (ELAN), or a column ``unit``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from gyeol.errors import DataError

__all__ = ["CLOCK", "FRAMES", "MILLISECONDS", "SECONDS", "edge_of", "judge_unit", "seconds_of", "unit_of"]

FRAMES, SECONDS, MILLISECONDS, CLOCK = "frames", "seconds", "milliseconds", "times"

_EDGES = {
    "start": ("start", "begin", "first", "from", "onset", "시작"),
    "end": ("end", "stop", "to", "offset", "끝", "종료"),
}
_UNITS = {
    FRAMES: ("frame", "frames", "f", "프레임"),
    SECONDS: ("s", "sec", "secs", "second", "seconds", "ss.msec", "초"),
    MILLISECONDS: ("ms", "msec", "millisecond", "milliseconds", "밀리초"),
    CLOCK: ("hh:mm:ss.ms", "hh:mm:ss", "mm:ss"),
}
_NAME = re.compile(r"([^\W_]+)(?:[ _-]*(?:time|시간|시각))?[\s_(\[-]*([\w.:]*)[\])]?")
_NUMBER = re.compile(r"\d{1,9}(?:[.,]\d*)?|[.,]\d+")
_TIME = re.compile(r"(?:(\d{1,4}):)?([0-5]?\d):([0-5]?\d(?:[.,]\d+)?)")


def unit_of(name: str) -> str | None:
    """Tell which unit a word means; None for a word that is none."""
    return next((unit for unit, names in _UNITS.items() if name.strip().casefold() in names), None)


def edge_of(name: str) -> tuple[str, str | None] | None:
    """Whether a column, by its name, holds the start or end of ranges, and in which unit, if stated.

    Examples
    --------
    >>> edge_of("start"), edge_of("end_s"), edge_of("Begin Time - ss.msec"), edge_of("start (ms)"), edge_of("label")
    (('start', None), ('end', 'seconds'), ('start', 'seconds'), ('start', 'milliseconds'), None)
    """
    name = name.strip().casefold()
    match = _NAME.fullmatch(name)
    edge = next((edge for edge, names in _EDGES.items() if match and match[1] in names), None)
    if match is None or edge is None:
        return None
    if not match[2]:
        return edge, None
    unit = unit_of(match[2])
    return None if unit is None else (edge, unit)


def judge_unit(cells: Iterable[str]) -> tuple[str, bool]:
    """Tell by all cells of the columns whether they are frames, seconds or times, and whether that is beyond doubt."""
    unit, sure = FRAMES, False
    for cell in cells:
        if ":" in cell:
            return CLOCK, True
        if "." in cell or "," in cell:
            unit, sure = SECONDS, True
    return unit, sure


def seconds_of(cell: str, unit: str, where: str) -> float:
    """Read a time, in seconds.

    Raises
    ------
    DataError
        It is none.

    Examples
    --------
    >>> seconds_of("1,25", "seconds", ""), seconds_of("00:01:02.5", "times", ""), seconds_of("1500", "milliseconds", "")
    (1.25, 62.5, 1.5)
    """
    if (match := _TIME.fullmatch(cell)) is not None:
        hours, minutes, seconds = match.groups()
        return 3600.0 * int(hours or 0) + 60.0 * int(minutes) + float(seconds.replace(",", "."))
    if _NUMBER.fullmatch(cell):
        number = float(cell.replace(",", "."))
        return number / 1000 if unit == MILLISECONDS else number
    raise DataError(f"{where}: {cell!r:.40} is not a time; expected seconds (1.25), or 0:01:02.5")
