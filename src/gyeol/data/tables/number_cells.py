"""A number in a cell, read with a point and with a comma as its decimal mark; what stands for a missing value."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from gyeol.errors import ParameterError

__all__ = ["MISSING", "PLAIN", "NumberFormat", "as_number", "read_both", "readings"]

#: What stands for a missing value in every file, in lower case: the empty cell, what pandas and R write, and dashes.
MISSING = frozenset((
    "", "na", "n/a", "#n/a", "#na", "<na>", "nan", "-nan", "nat", "null", "none", "-", "--", ".", "?",
))  # fmt: skip

_CHARACTERS = str.maketrans(
    {
        **{chr(0xFF10 + digit): str(digit) for digit in range(10)},
        **dict.fromkeys("\u2212\u2010\u2011\u2012\u2013\u2014\ufe63\uff0d", "-"),
        **dict.fromkeys("\u00a0\u2007\u2009\u202f\u3000", " "),
        **dict.fromkeys("\u2019\u02bc\uff07", "'"),
        "\uff0b": "+", "\uff08": "(", "\uff09": ")", "\uff0c": ",", "\uff0e": ".", "\uff05": "%",
        "\uff04": "$", "\uffe6": "₩", "\uffe5": "¥",
    }
)  # fmt: skip
#: A number as programs write it.
PLAIN = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?", re.ASCII)
_DOUBTFUL = re.compile(r"[-+]?[1-9]\d{0,2}\.\d{3}", re.ASCII)
_ENDLESS = re.compile(r"[-+]?inf(?:inity)?", re.IGNORECASE)
_UNITS = {
    "₩": "₩", "\\": "₩", "원": "₩", "krw": "₩", "$": "$", "us$": "$", "usd": "$", "€": "€", "eur": "€",
    "£": "£", "gbp": "£", "¥": "¥", "円": "¥", "元": "元", "jpy": "¥", "cny": "元", "%": "%",
}  # fmt: skip
_NAMES = "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True))
_WITH_UNIT = re.compile(
    rf"(?P<sign>[-+]?)\s*(?:(?P<before>{_NAMES})\s*(?P<number>[-+]?[\d.,' ]+)|"
    rf"(?P<amount>[\d.,' ]+?)\s*(?P<after>{_NAMES}))",
    re.IGNORECASE,
)


def _pattern(decimal: str, group: str) -> re.Pattern[str]:
    mark, other = re.escape(decimal), re.escape(group)
    grouped = rf"[1-9]\d{{0,2}}([{other} '])\d{{3}}(?:\1\d{{3}})*"
    indian = rf"[1-9]\d?(?:{other}\d\d)+{other}\d{{3}}"
    plain = rf"(?:\d+(?:{mark}\d*)?|{mark}\d+)(?:[eE][-+]?\d+)?"
    return re.compile(rf"[-+]?(?:{plain}|(?:{grouped}|{indian})(?:{mark}\d*)?)", re.ASCII)


_MARKS = {".": _pattern(".", ","), ",": _pattern(",", ".")}


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """What a user says of the numbers of a file.

    Parameters
    ----------
    decimal : {".", ",", None}
        The decimal mark; None: judged over the column.
    missing : sequence of str
        What stands for a missing value beside `MISSING`; a number stands for its equals (``-999`` for ``-999.0``).

    Raises
    ------
    ParameterError
        For another decimal mark.
    """

    decimal: str | None = None
    missing: Sequence[str] = ()
    _texts: frozenset[str] = field(init=False, repr=False, default=frozenset())
    _numbers: frozenset[float] = field(init=False, repr=False, default=frozenset())

    def __post_init__(self) -> None:
        if self.decimal not in (None, ".", ","):
            raise ParameterError(f"--decimal {self.decimal!r:.20}: the decimal mark is . or ,")
        texts = frozenset(text.strip().casefold() for text in self.missing)
        numbers = {readings(text)[0] for text in texts}
        object.__setattr__(self, "_texts", texts)
        object.__setattr__(self, "_numbers", frozenset(number for number in numbers if number is not None))

    def is_missing(self, text: str) -> bool:
        """Whether a cell says that its value is missing."""
        folded = text.strip().casefold()
        return folded in MISSING or folded in self._texts

    def stands_for_nothing(self, number: float | None) -> bool:
        """Whether a number is one that stands for a missing value."""
        return number in self._numbers


def readings(text: str) -> tuple[float | None, float | None]:
    """Read a number with a point, and with a comma, as the decimal mark; None where it cannot be so read.

    Thousands may be grouped by the other mark, by spaces (no-break ones, too) or by apostrophes. Signs of currency,
    per cent signs, brackets for what is negative, full-width digits and the typographic minus are read.

    Examples
    --------
    >>> readings("12.5"), readings("1,234"), readings("0,512"), readings("1.234,56"), readings("₩1,234,567")
    ((12.5, None), (1234.0, 1.234), (None, 0.512), (None, 1234.56), (1234567.0, None))
    """
    point, comma, _ = read_both(text)
    return point, comma


def read_both(text: str) -> tuple[float | None, float | None, str]:
    """Read a number as `readings` does, and its unit: a currency, ``%``, or nothing."""
    text = text.strip()
    if PLAIN.fullmatch(text):
        value = float(text)
        if "." not in text:
            return value, value, ""
        return value, float(text.replace(".", "")) if _DOUBTFUL.fullmatch(text) else None, ""
    text = text.translate(_CHARACTERS).strip()
    if _ENDLESS.fullmatch(text):
        return float(text), float(text), ""
    negative = len(text) > 2 and text[0] == "(" and text[-1] == ")" and text[1] not in "-+"
    text, unit = _without_unit(text[1:-1].strip() if negative else text)
    point, comma = (_value(text, decimal) if pattern.fullmatch(text) else None for decimal, pattern in _MARKS.items())
    if negative:
        point, comma = (None if value is None else -value for value in (point, comma))
    return point, comma, unit


def _without_unit(text: str) -> tuple[str, str]:
    found = None if text[-1:].isdecimal() and text[:1].isdecimal() else _WITH_UNIT.fullmatch(text)
    if found is None:
        return text, ""
    number = (found["number"] or found["amount"]).strip()
    if found["sign"] and number[:1] in ("-", "+"):
        return text, ""
    return found["sign"] + number, _UNITS[(found["before"] or found["after"]).lower()]


def _value(text: str, decimal: str) -> float:
    for mark in "., '":
        if mark != decimal:
            text = text.replace(mark, "")
    return float(text.replace(decimal, "."))


def as_number(cell: Any, given: NumberFormat | None = None) -> float | None:
    """Read a cell by itself: NaN where it is missing, None where it is no number; of two readings that with a point.

    For a look at what a column holds, never for its values: these are judged over the column.
    """
    if isinstance(cell, (int, float)):
        return float(cell)
    text = str(cell)
    if (given or NumberFormat()).is_missing(text):
        return math.nan
    point, comma = readings(text)
    return comma if point is None else point
