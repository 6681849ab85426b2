"""A time in a cell, as people write it: dates in any order of their parts, months by name, quarters, weeks, zones."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import NamedTuple
from unicodedata import normalize

__all__ = ["ORDERS", "Moment", "read_clock", "read_moment"]

#: Which part of a date comes first, if its digits are ambiguous.
ORDERS = ("year", "day", "month")

_EPOCH = datetime(1970, 1, 1)
_DAY = 86_400_000_000  # microseconds
_PIVOT = 69  # of years of two digits, as POSIX has it: 69 is 1969, 68 is 2068

_CHARACTERS = str.maketrans({
    **{chr(0xFF10 + digit): str(digit) for digit in range(10)},
    **dict.fromkeys("\u00a0\u2009\u202f\u3000", " "), **dict.fromkeys("\u2010\u2011\u2012\u2013\u2212\uff0d", "-"),
    "\uff0e": ".", "\uff0f": "/", "\uff1a": ":", "年": "년", "月": "월", "日": "일", "時": "시", "时": "시", "点": "시",
    "分": "분", "秒": "초",
})  # fmt: skip
_HALVES = re.compile(
    r"오전|上午|午前|(?<![A-Za-z])a\.?\s?m\.?(?![A-Za-z])|(오후|下午|午後|(?<![A-Za-z])p\.?\s?m\.?(?![A-Za-z]))", re.I
)
_WEEKDAY = re.compile(
    r"^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+|\s*(?:[(\[](?:[월화수목금토일]|(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*)"
    r"[)\]]|(?<=\s)[월화수목금토일]요일)",
    re.I,
)
_CLOCK = re.compile(
    r"""(?:^|(?<=[\sT,:일]))
    (?:(?P<before>AM|PM)\s?)?
    (?P<hour>\d{1,2})
    (?: :\s?(?P<minute>\d{2}) (?: :(?P<second>\d{2}) (?:[.,](?P<part>\d{1,9}))? )?
      | (?P<sign>\s?시) (?: \s?(?P<minutes>\d{1,2})\s?분 (?: \s?(?P<seconds>\d{1,2})\s?초 )? )?
    )?
    (?:\s?(?P<after>AM|PM))?
    (?: \s?(?P<utc>Z|UTC|GMT|KST|JST) | \s?(?P<offset>[+-]\d{2}(?::?\d{2})?) )?
    (?: \[(?P<zone>[A-Za-z_]+(?:/[A-Za-z0-9_+-]+)*)\] )?
    $""",
    re.X | re.ASCII,
)
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{3}(?:\d{3})?)?)?)?", re.ASCII)
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII)
_ABBREVIATED = {"Z": 0, "UTC": 0, "GMT": 0, "KST": 9 * 3600, "JST": 9 * 3600}
_MONTHS = {name: number for number, name in enumerate(
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
)}  # fmt: skip
_NAME = (
    r"(?P<name>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_YEAR, _DD = r"(?P<year>\d{4})", r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_SHORT = r"(?P<year>\d{4}|'?\d{2})"
#: Unambiguous forms.
_FORMS = [
    (re.compile(pattern, re.ASCII | re.IGNORECASE), form)
    for pattern, form in (
        (r"(?P<year>\d{4}|\d{2}(?=\s*년))\s*[-/.년]\s*(?P<month>\d{1,2})\s*[-/.월]\s*(?P<day>\d{1,2})\s*[.일]?", ""),
        (r"(?P<year>\d{4}|\d{2}(?=\s*년))\s*[-/.년]\s*(?P<month>\d{1,2})\s*[.월]?", "month"),
        (r"(?P<month>\d{1,2})\s*[-/]\s*(?P<year>\d{4})", "month"),
        (rf"{_DD}[-\s./]*{_NAME}[-\s,./]*{_SHORT}", ""),
        (rf"{_NAME}[-\s/]*{_DD}(?:,\s*|\s+|-|/){_YEAR}", ""),
        (rf"{_YEAR}[-\s/]*{_NAME}[-\s/]*{_DD}", ""),
        (rf"{_NAME}(?:[-/]\s?{_SHORT}|[\s,]*(?P<long>\d{{4}}|'\d{{2}}))", "month"),  # May 12 is a day of no year
        (rf"{_YEAR}[-\s/]*{_NAME}", "month"),
        (r"(?P<year>\d{4})\s*[-/.]?\s*Q(?P<quarter>[1-4])", "quarter"),
        (r"Q(?P<quarter>[1-4])\s*[-/.]?\s*(?P<year>\d{4})", "quarter"),
        (r"(?P<quarter>[1-4])Q\s*[-/.]?\s*(?P<year>\d{4})", "quarter"),
        (r"(?P<year>\d{4})\s*[-/.년]?\s*(?P<quarter>[1-4])(?:\s*/\s*4)?\s*분기", "quarter"),
        (r"(?P<year>\d{4})\s*-?\s*W(?P<week>\d{1,2})(?:-(?P<weekday>[1-7]))?", "week"),
        (r"(?P<year>\d{4})년\s*(?P<week>\d{1,2})주차?", "week"),
        (r"(?P<year>\d{4})년", "year"),
    )
]  # fmt: skip
_TRIPLE = re.compile(r"(\d{1,2})\s?([-/.])\s?(\d{1,2})\s?\2\s?(\d{4}|\d{1,2})\.?", re.ASCII)


class Moment(NamedTuple):
    """A time as a clock on the wall shows it.

    ``ticks`` are microseconds since 1970 without regard to a zone, one for each of `ORDERS`, None where a date cannot
    be so read; ``fixed`` says that the order is known; ``offset`` are seconds east of Greenwich, where they are
    written; ``zone`` is the name of a zone; ``form`` is ``"month"``, ``"quarter"``, ``"week"`` or ``"year"`` where no
    day is written.
    """

    ticks: tuple[int | None, int | None, int | None]
    fixed: bool = True
    offset: int | None = None
    zone: str = ""
    form: str = ""

    @classmethod
    def of(cls, moment: datetime) -> Moment:
        """Take a Python time, with its zone."""
        offset = moment.utcoffset()
        ticks = (moment.replace(tzinfo=None) - _EPOCH) // timedelta(microseconds=1)
        seconds = None if offset is None else int(offset.total_seconds())
        return cls((ticks, ticks, ticks), True, seconds, str(getattr(moment.tzinfo, "key", "") or ""))


def read_moment(text: str) -> Moment | None:
    """Read a cell as a time; None if it is not one, and for numbers, which only a whole column can decide.

    ISO 8601; 2026. 11. 28., 2026년 11월 28일 오후 3시, 28/11/2026, 11/28/26 3:00 PM, Nov 28, 2026, 28-Nov-26, 2026-11,
    Nov 2026, 2026Q4, 2026년 4분기, 2026-W48, with or without an hour (24:00 ends a day) and a zone (+09:00, Z, KST).

    Examples
    --------
    >>> read_moment("1970-01-02 01:00").ticks[0], read_moment("1970. 1. 2. 오전 1시").ticks[0]
    (90000000000, 90000000000)
    >>> [tick and tick // 86_400_000_000 for tick in read_moment("02/01/1970").ticks]
    [None, 1, 31]
    """
    if _ISO.fullmatch(text):
        try:
            return Moment.of(datetime.fromisoformat(text))
        except ValueError:
            pass  # of 24:00, perhaps
    text = " ".join(normalize("NFC", text).translate(_CHARACTERS).split())
    if not text or len(text) > 60 or _NUMBER.fullmatch(text):
        return None
    written = _WEEKDAY.sub(" ", _HALVES.sub(lambda found: " PM " if found[1] else " AM ", text))
    written = " ".join(written.split())
    clock = _CLOCK.search(written)
    if clock is not None and not any(clock[name] for name in ("minute", "sign", "before", "after")):
        clock = None
    try:
        day, time = written if clock is None else written[: clock.start()], 0 if clock is None else _time(clock)
        found = _date(day.strip(" ,T:"))
        if found is None:
            return Moment.of(datetime.fromisoformat(text))
        offset = None if clock is None else _offset(clock)
    except (ValueError, OverflowError):
        return None
    dates, fixed, form = found
    ticks = [None if one is None else (one - _EPOCH.date()).days * _DAY + time for one in dates]
    zone = (clock["zone"] or "") if clock is not None else ""
    if clock is not None or (form == "week" and day[-2:-1] == "-"):
        form = ""  # a day is written
    return Moment((ticks[0], ticks[1], ticks[2]), fixed, offset, zone, form)


def read_clock(text: str) -> int | None:
    """Read a time of the day by itself, or the number of an hour: microseconds since midnight.

    Examples
    --------
    >>> [read_clock(text) // 3_600_000_000 for text in ("18.00.00", "오후 3:00", "7", "24", "7시")]
    [18, 15, 7, 24, 7]
    """
    text = " ".join(normalize("NFC", text).translate(_CHARACTERS).split())
    if re.fullmatch(r"\d{1,2}", text, re.ASCII):
        return int(text) * _DAY // 24 if int(text) <= 24 else None
    if re.fullmatch(r"\d{1,2}(\.\d{2}){1,2}", text, re.ASCII):
        text = text.replace(".", ":")
    clock = _CLOCK.fullmatch(" ".join(_HALVES.sub(lambda found: " PM " if found[1] else " AM ", text).split()))
    if clock is None or clock["utc"] or clock["offset"]:
        return None
    try:
        return _time(clock)
    except ValueError:
        return None


def _time(clock: re.Match[str]) -> int:
    hour = int(clock["hour"])
    minute, second = int(clock["minute"] or clock["minutes"] or 0), int(clock["second"] or clock["seconds"] or 0)
    half = clock["before"] or clock["after"]
    if half:
        if hour > 12:
            raise ValueError(f"hour {hour} of half a day")
        hour = hour % 12 + 12 * (half == "PM")
    if minute > 59 or second > 59 or hour > 24 or (hour == 24 and (minute or second)):
        raise ValueError("no time of a day")
    return ((hour * 60 + minute) * 60 + second) * 1_000_000 + int((clock["part"] or "")[:6].ljust(6, "0"))


def _offset(clock: re.Match[str]) -> int | None:
    if clock["utc"]:
        return _ABBREVIATED[clock["utc"]]
    if not clock["offset"]:
        return None
    digits = clock["offset"][1:].replace(":", "")
    hours, minutes = int(digits[:2]), int(digits[2:] or 0)
    if hours > 15 or minutes > 59:
        raise ValueError("no zone")
    return (hours * 60 + minutes) * (-60 if clock["offset"][0] == "-" else 60)


Dates = tuple[date | None, date | None, date | None]


def _date(text: str) -> tuple[Dates, bool, str] | None:
    """Read a date in each order of its parts, whether the order is known, and its form."""
    for pattern, form in _FORMS:
        if (found := pattern.fullmatch(text)) is not None:
            one = _named(found.groupdict())
            return (one, one, one), True, form
    triple = _TRIPLE.fullmatch(text)
    if triple is None:
        return None
    first, _, second, third = triple.groups()
    dates: Dates = (
        _possible(first, second, third) if len(first) == 2 and len(third) <= 2 else None,
        _possible(third, second, first) if len(third) != 1 else None,
        _possible(third, first, second) if len(third) != 1 else None,
    )
    return (dates, False, "") if any(dates) else None


def _named(parts: dict[str, str | None]) -> date:
    year = _year(parts["year"] or parts.get("long") or "")
    if week := parts.get("week"):
        return date.fromisocalendar(year, int(week), int(parts.get("weekday") or 1))
    if quarter := parts.get("quarter"):
        return date(year, 3 * int(quarter) - 2, 1)
    name = parts.get("name")
    month = _MONTHS[name[:3].lower()] if name else int(parts.get("month") or 1)
    return date(year, month, int(parts.get("day") or 1))


def _year(text: str) -> int:
    text = text.removeprefix("'")
    return int(text) if len(text) == 4 else int(text) + (1900 if int(text) >= _PIVOT else 2000)


def _possible(year: str, month: str, day: str) -> date | None:
    try:
        return date(_year(year), int(month), int(day))
    except ValueError:
        return None
