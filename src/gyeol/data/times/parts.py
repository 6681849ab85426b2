"""The time of a row: in one column, in one of dates and one of hours, or in a column for each part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import pairwise
from typing import Any
from unicodedata import normalize

from gyeol.data.tables.number_cells import as_number
from gyeol.data.times.clock import DAY
from gyeol.data.times.moments import read_clock, read_moment

__all__ = ["TimeParts", "find_times"]

_WHOLE = (
    "date", "datetime", "timestamp", "ds", "일시", "날짜", "일자", "측정일시", "time", "period", "시간", "시각",
    "month", "week", "day", "year", "연월", "년월", "quarter", "분기", "기간", "거래일", "기준일", "날자",
)  # fmt: skip
_CLOCKS = ("time", "hour", "시간", "시각", "시", "hr", "hh", "hours")
_PARTS = {
    "year": ("year", "yyyy", "yr", "년", "연도", "년도", "연"),
    "month": ("month", "mm", "mo", "mon", "mth", "월"),
    "quarter": ("quarter", "qtr", "분기"),
    "week": ("week", "wk", "weeknum", "weekofyear", "week_of_year", "isoweek", "주", "주차"),
    "day": ("day", "dd", "dom", "일"),
    "hour": ("hour", "hh", "hr", "hours", "시", "시간"),
    "minute": ("minute", "min", "mi", "minutes", "분"),
}  # fmt: skip
_NAMES = {name: part for part, names in _PARTS.items() for name in names}


@dataclass(frozen=True, slots=True)
class TimeParts:
    """The columns that hold the time of a row, and what each holds.

    ``kinds`` are ``("whole",)``, ``("date", "clock")``, or parts such as ``("year", "month", "day", "hour")``.
    """

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    places: tuple[int, ...]

    @property
    def title(self) -> str:
        """How the column of times is called in answers."""
        return " ".join(self.names)

    def cell(self, cells: Sequence[Any]) -> Any:
        """Give the time of a row as one cell; a part that is missing leaves none."""
        own = [cells[place] for place in self.places]
        if self.kinds == ("whole",):
            return own[0]
        if self.kinds == ("date", "clock"):
            return _joined(own[0], own[1])
        parts = dict(zip(self.kinds, (_whole(cell) for cell in own), strict=True))
        if any(part is None for part in parts.values()):
            return " ".join(str(cell) for cell in own)  # which is not a time, and will be reported
        if "quarter" in parts or "week" in parts:
            return (
                f"{parts['year']}Q{parts['quarter']}" if "quarter" in parts else f"{parts['year']}-W{parts['week']:02}"
            )
        day = f"{parts['year']:04}-{parts.get('month', 1):02}"
        if "day" not in parts:
            return day
        clock = f" {parts['hour']:02}:{parts.get('minute', 0):02}" if "hour" in parts else ""
        return f"{day}-{parts['day']:02}{clock}"


def find_times(
    header: list[str], sample: list[tuple[int, list[Any]]], wanted: list[str], others: set[str]
) -> TimeParts | None:
    """Find the columns of times.

    Parameters
    ----------
    header : list of str
    sample : list
        The first rows.
    wanted : list of str
        Columns that the user named; none: those that are called so, or the first whose cells are all times.
    others : set of str
        Columns that are something else.
    """
    left = [name for name in header if name not in others]

    def cells(name: str) -> list[Any]:
        place = header.index(name)
        return [row[place] for _, row in sample]

    def parts_of(*pairs: tuple[str, str]) -> TimeParts:
        names, kinds = zip(*pairs, strict=True)
        return TimeParts(names, kinds, tuple(map(header.index, names)))

    if len(wanted) > 1:
        parts = [(name, _NAMES.get(name.strip().casefold(), "")) for name in wanted]
        if all(part for _, part in parts) and {"year"} < {part for _, part in parts}:
            return parts_of(*parts)
        return parts_of((wanted[0], "date"), (wanted[1], "clock"))
    folded = {normalize("NFC", name.strip().casefold()): name for name in reversed(left)}
    whole = wanted[0] if wanted else None
    if whole is None:
        split = _split(folded)
        dated = [folded[name] for name in _WHOLE if name in folded and all(map(_is_moment, cells(folded[name])))]
        if len(split) > 1 and not dated and all(_whole(cell) is not None for name, _ in split for cell in cells(name)):
            return parts_of(*split)
        known = [folded[name] for name in _WHOLE if name in folded]
        whole = next(iter(dated or known), None)
    if whole is None:
        whole = next((name for name in left if all(map(_is_moment, cells(name)))), None)
    if whole is None:
        return None
    clock = next((folded[name] for name in _CLOCKS if name in folded and folded[name] != whole), None)
    if clock is not None and _belongs(cells(whole), cells(clock)):
        return parts_of((whole, "date"), (clock, "clock"))
    return parts_of((whole, "whole"))


def _split(folded: dict[str, str]) -> list[tuple[str, str]]:
    """Find the parts of a time in columns of their own: a year, a month, quarter or week, then perhaps more."""
    found: list[tuple[str, str]] = []
    for part, names in _PARTS.items():
        own = next((folded[name] for name in names if name in folded), None)
        if part in ("quarter", "week") and any(known in ("month", "quarter") for _, known in found):
            continue
        if part == "week" and any(name in folded for name in _PARTS["day"]):
            continue
        if own is not None:
            found.append((own, part))
        elif part == "year" or (part in ("day", "hour") and found[-1][1] not in ("quarter", "week")):
            break
    return found


def _belongs(dates: list[Any], clocks: list[Any]) -> bool:
    """Whether a second column holds the hours of a first one's dates."""
    moments = [_day(cell) for cell in dates]
    if None in moments or any(_clock(cell) is None for cell in clocks):
        return False
    again = any(a == b for a, b in pairwise(moments))
    return again or not all(_whole(cell) is not None for cell in clocks)


def _is_moment(cell: Any) -> bool:
    if hasattr(cell, "year"):
        return True
    text = str(cell).strip()
    return read_moment(text) is not None or _compact(text) is not None


def _compact(text: str) -> str | None:
    """Write the digits of a day as a date: 20261128."""
    if len(text) == 8 and text.isascii() and text.isdecimal() and "1900" <= text[:4] < "2100":
        text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
        return text if read_moment(text) else None
    return None


def _day(cell: Any) -> str | None:
    """Give a date without an hour as a text; None for anything else."""
    if isinstance(cell, datetime):
        return str(cell.date()) if cell.time() == time() and cell.tzinfo is None else None
    if isinstance(cell, date):
        return str(cell)
    text = str(cell).strip()
    if (compact := _compact(text)) is not None:
        return compact
    moment = read_moment(text)
    if moment is None or any(tick is not None and tick % DAY for tick in moment.ticks):
        return None
    return text


def _clock(cell: Any) -> int | None:
    if isinstance(cell, time):
        return ((cell.hour * 60 + cell.minute) * 60 + cell.second) * 1_000_000 + cell.microsecond
    number = _whole(cell)
    return read_clock(str(cell if number is None else number))


def _joined(day: Any, clock: Any) -> str:
    ticks, text = _clock(clock), _day(day)
    if ticks is None or text is None:
        return f"{day} {clock}"  # which is not a time, and will be reported
    seconds, part = divmod(ticks, 1_000_000)
    return f"{text.rstrip('.')} {seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{part:06}"


def _whole(cell: Any) -> int | None:
    """Read a whole number, perhaps with 년, 월 and the like behind it."""
    text = str(cell).strip().rstrip("년월주차일시분").strip() if isinstance(cell, str) else cell
    number = as_number(text)
    if number is None or not number.is_integer() or not 0 <= number < 10_000:
        return None
    return int(number)
