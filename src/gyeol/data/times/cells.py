"""A column of times, judged as a whole: which part of a date comes first, what plain digits mean, which zone it is."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from gyeol.data.times.clock import DAY
from gyeol.data.times.grid import is_even
from gyeol.data.times.moments import ORDERS, Moment, read_moment
from gyeol.data.times.zones import offset_text
from gyeol.errors import DataError

__all__ = ["TimeColumn", "Times"]

Whole = npt.NDArray[np.int64]

#: Dates of plain digits, by how many there are.
_FORMATS = {
    6: (("%Y%m", "YYYYMM"), ("%y%m%d", "YYMMDD")), 8: (("%Y%m%d", ""),), 10: (("%Y%m%d%H", "YYYYMMDDhh"),),
    12: (("%Y%m%d%H%M", "YYYYMMDDhhmm"),), 14: (("%Y%m%d%H%M%S", "YYYYMMDDhhmmss"),),
}  # fmt: skip
#: Epochs by their unit: what one second is in it. They are looked for from 1985 to 2100.
_EPOCHS = {"seconds": 1, "milliseconds": 10**3, "microseconds": 10**6, "nanoseconds": 10**9}
_FROM, _TO = 473_385_600, 4_102_444_800
_MONTHLY, _YEARLY = 31, 360  # days
_EXCEL = (25_569, 60_000)  # days since 1899-12-30: from 1970 to 2064


@dataclass(slots=True)
class Times:
    """The times of all rows of a table.

    ``ticks`` (T,) are microseconds since 1970 as a clock on the wall shows them, or plain numbers; ``offsets`` (T,) are
    seconds east of Greenwich where rows differ in them; ``zone`` is ``"+09:00"``, or a name, or nothing; ``order`` says
    how the cells were read, ``form`` whether they are months, quarters, weeks; ``notes`` are worth telling.
    """

    kind: Literal["time", "number"]
    ticks: npt.NDArray[Any]
    offsets: Whole | None
    zone: str
    order: str
    form: str
    notes: list[str]


class TimeColumn:
    """The times of a column: cells are added as they are read, and judged when all are.

    Parameters
    ----------
    name : str
        Of the column, or columns, for messages.
    where : callable
        Names the place of a line.
    day_first : bool, optional
        Whether 01/02/2026 is in February; None: judged over the column.
    """

    def __init__(self, name: str, where: Callable[[int], str], day_first: bool | None = None) -> None:
        self.name, self.where, self.day_first = name, where, day_first
        self.kind: Literal["time", "number"] | None = None
        self._ticks = [array("q"), array("q"), array("q")]
        self._against: list[tuple[int, str] | None] = [None, None, None]
        self._fixed: bool | None = None
        self._first = ""
        self._numbers: array[Any] = array("d")
        self._digits = array("q")
        self._widths: set[int] = set()
        self._offset: int | None = None
        self._offsets: array[Any] | None = None
        self._zones: set[str] = set()
        self._forms: set[str] = set()

    def __len__(self) -> int:
        return len(self._numbers) if self.kind == "number" else len(self._ticks[0])

    def add(self, cell: Any, line: int) -> None:
        """Add a cell.

        Raises
        ------
        DataError
            It is not a time, or none like those before.
        """
        if isinstance(cell, datetime):
            self._add(Moment.of(cell), str(cell), line)
        elif isinstance(cell, date):
            self._add(Moment.of(datetime.combine(cell, time())), str(cell), line)
        else:
            text = str(cell).strip()
            moment = read_moment(text)
            if moment is not None:
                self._add(moment, text, line)
            else:
                self._add_number(text, line)

    def _refuse(self, text: str, line: int, why: str) -> None:
        raise DataError(
            f"{self.where(line)}: {text!r:.60} in column {self.name!r:.60} is not a time{why}; "
            "write times as 2026-11-28 18:00"
        )

    def _add_number(self, text: str, line: int) -> None:
        try:
            number = float(text) if "_" not in text else np.nan
        except ValueError:
            number = np.nan
        if not np.isfinite(number):
            self._refuse(text, line, "")
        if self.kind == "time":
            self._refuse(text, line, f" like those before ({self._first:.40})")
        if self.kind is None:
            self.kind, self._first = "number", text
        self._numbers.append(number)
        if text.isascii() and text.isdecimal() and len(text) < 19 and len(self._digits) == len(self._numbers) - 1:
            self._digits.append(int(text))
            self._widths.add(len(text))
        elif text.isascii() and text.isdecimal() and len(text) == 19 and len(self._digits) == len(self._numbers) - 1:
            self._digits.append(min(int(text), (1 << 63) - 1))
            self._widths.add(19)

    def _add(self, moment: Moment, text: str, line: int) -> None:
        if self.kind == "number":
            self._refuse(text, line, f" like those before ({self._first:.40})")
        if self.kind is None:
            self.kind, self._first, self._fixed = "time", text, moment.fixed
            self._offset = moment.offset
        if moment.fixed != self._fixed:
            raise DataError(
                f"{self.where(line)}: {text!r:.60} in column {self.name!r:.60} is written in another order than "
                f"{self._first!r:.40} before: a spreadsheet may have changed days for months; write all as 2026-11-28"
            )
        if (moment.offset is None) != (self._offset is None):
            what = (
                "has a zone, and those before have none"
                if self._offset is None
                else "has no zone, as those before have"
            )
            raise DataError(f"{self.where(line)}: {text!r:.60} in column {self.name!r:.60} {what}; write all with one")
        if moment.offset != self._offset and self._offsets is None:
            self._offsets = array("q", [self._offset or 0]) * len(self._ticks[0])
        if self._offsets is not None:
            self._offsets.append(moment.offset or 0)
        self._zones.add(moment.zone)
        self._forms.add(moment.form)
        for place, tick in enumerate(moment.ticks):
            if tick is None and self._against[place] is None:
                self._against[place] = line, text
            self._ticks[place].append(0 if tick is None else tick)
        if self._fixed:
            return
        if all(self._against) or (self.day_first is not None and self._against[1 if self.day_first else 2]):
            wanted = "" if self.day_first is None else f" with the {'day' if self.day_first else 'month'} first"
            self._refuse(text, line, wanted or f" like those before ({self._first:.40})")

    def preview(self) -> npt.NDArray[Any]:
        """Give the times before they are judged: alike where they are alike."""
        if self.kind == "number":
            return np.array(self._numbers, dtype=np.float64)
        order = next(place for place in range(3) if self._against[place] is None)
        return np.array(self._ticks[order], dtype=np.int64)

    def finish(self, series: npt.NDArray[np.int64] | None = None, remembered: str = "") -> Times:
        """Judge the column.

        Parameters
        ----------
        series : int64 array of shape (T,), optional
            Which series each row is of.
        remembered : str
            Which part came first in training, ``"day first"``, for ambiguous dates.

        Raises
        ------
        DataError
            Days cannot be distinguished from months.
        """
        if self.kind == "number":
            return self._of_numbers()
        order, described = self._order(series, remembered)
        ticks = np.array(self._ticks[order], dtype=np.int64)
        zone = "" if self._offset is None else offset_text(self._offset)
        if len(self._zones) == 1 and (name := next(iter(self._zones))):
            zone = name
        form = next(iter(self._forms)) if len(self._forms) == 1 else ""
        offsets = None if self._offsets is None else np.array(self._offsets, dtype=np.int64)
        return Times("time", ticks, offsets, zone, described, form, [])

    def _order(self, series: npt.NDArray[np.int64] | None, remembered: str) -> tuple[int, str]:
        if self._fixed:
            return 0, ""
        if self.day_first is not None:
            return (1, "day first") if self.day_first else (2, "month first")
        left = [order for order in range(3) if self._against[order] is None]
        if len(left) > 1:
            left = self._likeliest(left, series)
            left = [order for order in left if f"{ORDERS[order]} first" == remembered] or left
        if len(left) > 1:
            at = next((n for n in range(len(self)) if len({self._ticks[order][n] for order in left}) > 1), None)
            if at is not None:
                dates = [str(np.datetime64(self._ticks[order][at], "us").astype("datetime64[D]")) for order in left]
                raise DataError(
                    f"{self.where(1).rpartition(', ')[0]}: the times in column {self.name!r:.60}, such as "
                    f"{self._first!r:.40}, may have the day or the month first ({' or '.join(dates)}): say "
                    "--day-first or --month-first"
                )
        return left[0], f"{ORDERS[left[0]]} first"

    def _likeliest(self, left: list[int], series: npt.NDArray[np.int64] | None) -> list[int]:
        """Keep the orders under which times rise (or fall) throughout, and of these those that are evenly apart."""
        ticks = {order: np.array(self._ticks[order], dtype=np.int64) for order in left}
        for fits in (_monotone, is_even):
            good = [order for order in left if all(map(fits, _parts(ticks[order], series)))]
            left = good or left
        if len(left) > 1 and len(self) > 1:
            # Of years of two digits: 01.01.26, 02.01.26 are days of a month, and not a day in every year.
            steps = {order: float(np.median(np.abs(np.diff(ticks[order])))) / DAY for order in left}
            left = [order for order in left if steps[order] < _YEARLY or min(steps.values()) > _MONTHLY]
        return left

    def _of_numbers(self) -> Times:
        numbers = np.array(self._numbers, dtype=np.float64)
        plain = len(self._digits) == len(numbers)
        if plain and len(self._widths) == 1 and (found := self._compact(next(iter(self._widths)))) is not None:
            return found
        for unit, size in _EPOCHS.items():
            if (_FROM * size <= numbers).all() and (numbers <= _TO * size).all() and len(numbers) > 1:
                if not plain:
                    ticks = np.rint(numbers * (1_000_000 / size)).astype(np.int64)
                else:
                    digits = np.array(self._digits, dtype=np.int64)
                    ticks = digits // 1000 if size > 10**6 else digits * (10**6 // size)
                return Times("time", ticks, None, "+00:00", f"epoch {unit}, in UTC", "", [])
        notes = []
        if (_EXCEL[0] <= numbers).all() and (numbers <= _EXCEL[1]).all() and _names_dates(self.name):
            day = str(np.datetime64("1899-12-30") + np.timedelta64(int(numbers[0]), "D"))
            notes.append(
                f"the numbers in column {self.name!r:.60} look like a spreadsheet's days ({numbers[0]:g} would be "
                f"{day}): they are taken as plain numbers; format the column as dates and save again"
            )
        return Times("number", numbers, None, "", "", "", notes)

    def _compact(self, width: int) -> Times | None:
        """Read plain digits as dates: 20261128; of two ways the one that makes them evenly apart."""
        found = [
            Times("time", ticks, None, "", described, "month" if described == "YYYYMM" else "", [])
            for pattern, described in _FORMATS.get(width, ())
            if (ticks := self._dates(width, pattern)) is not None
        ]
        return next((one for one in found if len(found) > 1 and is_even(one.ticks)), next(iter(found), None))

    def _dates(self, width: int, pattern: str) -> Whole | None:
        ticks = []
        for digits in self._digits:
            text = str(digits).zfill(width)
            hour24 = width in (10, 12) and text[8:10] == "24" and text[10:] in ("", "00")
            text = text[:8] + "00" + text[10:] if hour24 else text
            try:
                moment = datetime.strptime(text, pattern)
            except ValueError:
                return None
            if not 1900 <= moment.year < 2100:
                return None
            ticks.append(Moment.of(moment).ticks[0] + DAY * hour24)  # type: ignore[operator]  # of a Python time
        return np.array(ticks, dtype=np.int64)


def _monotone(ticks: Whole) -> bool:
    apart = np.diff(ticks)
    return bool((apart > 0).all() or (apart < 0).all())


def _parts(ticks: Whole, series: npt.NDArray[np.int64] | None) -> Iterable[Whole]:
    if series is None:
        return [ticks]
    order = np.argsort(series, kind="stable")
    return np.split(ticks[order], np.cumsum(np.bincount(series))[:-1])


def _names_dates(name: str) -> bool:
    folded = name.casefold()
    return any(word in folded for word in ("date", "day", "ds", "날짜", "일자", "일시"))
