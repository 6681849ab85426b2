"""When the steps of a series are: how far apart, in which zone, which come next, and where in the calendar."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from gyeol.data.times.zones import fixed_offset, offset_text, to_local
from gyeol.errors import DataError

__all__ = ["BUSINESS_END", "BUSINESS_START", "CALENDAR", "DAY", "END", "WEEK", "Clock", "month_ticks"]

Unit = Literal["time", "month", "slots", "number"]

#: The calendar features of a step: its place in day, week and year, each on a circle, and whether it is a
#: weekend.
CALENDAR = ("day_sin", "day_cos", "week_sin", "week_cos", "year_sin", "year_cos", "weekend")

#: Days of a month that have no number: its last, its last from Monday to Friday, its first of these.
END, BUSINESS_END, BUSINESS_START = -1, -2, -3

DAY = 86_400_000_000  # microseconds
WEEK = 7 * DAY
_EPOCH = datetime(1970, 1, 1)
_MONDAY = -3 * DAY  # 1970 began on a Thursday
_YEAR = 365.2425 * DAY
_BEYOND = "the times lie outside of the years 1 to 9999"
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_ENDS = {END: "end", BUSINESS_END: "last business day", BUSINESS_START: "first business day", 0: "start"}


@dataclass(frozen=True, slots=True)
class Clock:
    """The grid of a series: when its last step is, and how far apart steps are.

    Parameters
    ----------
    unit : {"time", "month", "slots", "number"}
        Microseconds; months, whose lengths differ; the steps of a week that there are, as business days are; plain
        numbers.
    last, step : int or float
        In that unit; of months since the year 0; of slots since the Monday of 1969-12-29, and a step of 1.
    day : int
        Of months: microseconds into the month (a month that is too short has its last day in place), or one of `END`,
        `BUSINESS_END`, `BUSINESS_START`.
    at : int
        Of these: microseconds into the day.
    slots : tuple of int
        Of a week: microseconds since its Monday began, in ascending order.
    zone : str
        ``"+09:00"`` or the name of a zone; nothing where none is known.
    instants : bool
        Whether ``last`` is in UTC, and the zone says what a clock shows: steps are then evenly apart where summer time
        begins and ends, too. Else it is what a clock shows.
    form : str
        ``"month"``, ``"quarter"``, ``"week"`` or ``"year"`` where times are written so.
    """

    unit: Unit
    last: int | float
    step: int | float
    day: int = 0
    at: int = 0
    slots: tuple[int, ...] = ()
    zone: str = ""
    instants: bool = False
    form: str = ""

    def shifted(self, steps: int) -> Clock:
        """Give the clock of a series that ends so many steps later."""
        return replace(self, last=self.last + steps * self.step)

    def moment(self, after: int) -> int | float:
        """Tell when a step is, counted from the last: microseconds since 1970 on the clock's wall, or a number."""
        at = self.last + after * self.step
        if self.unit == "month":
            return month_ticks(int(at), self.day, self.at)
        if self.unit == "slots":
            week, slot = divmod(int(at), len(self.slots))
            return _MONDAY + week * WEEK + self.slots[slot]
        if self.instants:
            try:
                return int(to_local(np.array([int(at)]), self.zone)[0])
            except OverflowError:
                raise DataError(_BEYOND) from None
        return at

    def label(self, after: int) -> str:
        """Write when a step is, with its zone where it has one.

        Examples
        --------
        >>> Clock("time", 0, 3_600_000_000).label(25), Clock("month", 24310, 1, -1).label(2)
        ('1970-01-02 01:00', '2026-01-31')
        >>> Clock("time", 0, 3_600_000_000, zone="+09:00").label(1)
        '1970-01-01 01:00+09:00'
        """
        at = self.moment(after)
        if self.unit == "number":
            return str(int(at)) if float(at).is_integer() and abs(at) < 1e15 else f"{at:.10g}"
        try:
            moment = _EPOCH + timedelta(microseconds=int(at))
        except OverflowError:
            raise DataError(_BEYOND) from None
        if self.form and not self.zone:
            return _formed(moment, self.form)
        midnight = int(at) % DAY == 0
        whole_days = self.step % DAY == 0 if self.unit == "time" else self._daily()
        if whole_days and midnight and not self.zone:
            return moment.strftime("%Y-%m-%d")
        seconds = moment.second or (self.unit == "time" and int(self.step) % 60_000_000)
        return moment.strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M") + self._offset(after, int(at))

    def _offset(self, after: int, local: int) -> str:
        if not self.zone:
            return ""
        fixed = fixed_offset(self.zone)
        if fixed is None:
            from gyeol.data.times.zones import to_instants

            ticks = (
                int(self.last + after * self.step)
                if self.instants
                else int(to_instants(np.array([local]), self.zone)[0][0])
            )
            fixed = (local - ticks) // 1_000_000
        return offset_text(fixed)

    def _daily(self) -> bool:
        return self.unit == "month" or len({slot % DAY for slot in self.slots}) == 1

    def interval(self) -> str:
        """Write how far apart steps are: ``1 h``, ``15 min``, ``1 month``, ``1 business day``."""
        if self.unit == "number":
            return f"{self.step:.10g}"
        if self.unit == "month":
            return f"{self.step} month{'s' if self.step > 1 else ''}"
        step = int(self.step)
        if self.unit == "slots":
            if self._daily():
                return "1 business day" if self._business() else "1 day"
            step = self._slot_step()
        for name, size in (("week", WEEK), ("day", DAY), ("h", DAY // 24), ("min", DAY // 1440)):
            if step % size == 0:
                count = step // size
                return f"{count} {name}{'s' if count > 1 and name in ('week', 'day') else ''}"
        return f"{step / 1_000_000:g} s"

    def _slot_step(self) -> int:
        apart = np.diff(np.array(self.slots))
        return int(apart.min())

    def _business(self) -> bool:
        return sorted({slot // DAY for slot in self.slots}) == [0, 1, 2, 3, 4]

    def frequency(self) -> str:
        """Name how often steps are.

        Examples
        --------
        >>> Clock("time", 0, 3_600_000_000).frequency(), Clock("time", 0, 7 * DAY).frequency()
        ('hourly', 'weekly (Thu)')
        >>> Clock("month", 24310, 3, END).frequency(), Clock("month", 24310, 1, 29 * DAY).frequency()
        ('quarterly (end)', 'monthly (day 30, or the last)')
        >>> Clock("slots", 0, 1, slots=tuple(day * DAY for day in range(5))).frequency()
        'business days (Mon-Fri)'
        """
        if self.unit == "month":
            names = {1: "monthly", 3: "quarterly", 12: "yearly"}
            name = names.get(int(self.step), f"every {self.interval()}")
            number = self.day // DAY + 1
            where = _ENDS.get(self.day, f"day {number}{', or the last' if number > 28 else ''}")
            return name if self.form else f"{name} ({where})"
        if self.unit == "slots":
            days = _ranges([slot // DAY for slot in self.slots])
            if self._daily():
                return f"{'business days' if self._business() else 'days'} ({days})"
            return f"every {self.interval()}, {_hours(self.slots, self._slot_step())}{days}"
        if self.unit == "time" and self.step % WEEK == 0:
            weekday = _WEEKDAYS[(int(self.moment(0)) - _MONDAY) % WEEK // DAY]
            return f"weekly ({weekday})" if self.step == WEEK else f"every {self.interval()} ({weekday})"
        known = {DAY // 24: "hourly", DAY: "daily"} if self.unit == "time" else {}
        return known.get(int(self.step), f"every {self.interval()}")

    def calendar(self, steps: int, after: int = 0) -> npt.NDArray[np.float64]:
        """Tell of ``steps`` steps, the last of which is ``after`` the last one, what `CALENDAR` names: (steps, 7).

        Hours and days are those of the clock's zone.

        Raises
        ------
        DataError
            The steps are plain numbers, which are in no calendar.
        """
        if self.unit == "number":
            raise DataError("a calendar needs dates, and the times of this series are plain numbers")
        places = range(after - steps + 1, after + 1)
        if self.unit == "time":
            ticks = int(self.last) + np.array(places, dtype=np.int64) * int(self.step)
            at = (to_local(ticks, self.zone) if self.instants else ticks).astype(np.float64)
        else:
            at = np.array([self.moment(place) for place in places], dtype=np.float64)
        day = 2 * np.pi * (at % DAY) / DAY
        monday = at - _MONDAY
        week, year = 2 * np.pi * (monday % WEEK) / WEEK, 2 * np.pi * (at % _YEAR) / _YEAR
        circles = [turn(angle) for angle in (day, week, year) for turn in (np.sin, np.cos)]
        return np.stack([*circles, (monday % WEEK >= 5 * DAY).astype(np.float64)], axis=1)

    def rule(self) -> dict[str, Any]:
        """Give what a model remembers of how far apart steps are, as JSON values; see `remembered`."""
        kept = {"unit": self.unit, "step": self.step, "day": self.day, "at": self.at, "slots": list(self.slots)}
        return {name: value for name, value in kept.items() if value or name in ("unit", "step")}

    @classmethod
    def remembered(cls, rule: Any) -> Clock | None:
        """Take what `rule` gave; None for anything else."""
        if not isinstance(rule, dict) or rule.get("unit") not in ("time", "month", "slots", "number"):
            return None
        step, day, at, slots = (
            rule.get(name, or_else) for name, or_else in (("step", 0), ("day", 0), ("at", 0), ("slots", []))
        )
        whole = all(type(number) is int for number in (day, at)) and isinstance(slots, list)
        if not whole or type(step) not in (int, float) or not step > 0 or not -3 <= day < 31 * DAY or not 0 <= at < DAY:
            return None
        sound = all(type(slot) is int and 0 <= slot < WEEK for slot in slots) and sorted(set(slots)) == slots
        if not sound or (rule["unit"] == "slots") != bool(slots):
            return None
        return cls(rule["unit"], 0, step, day, at, tuple(slots))


def month_ticks(month: int, day: int, at: int = 0) -> int:
    """Tell when a day of a month is, in microseconds since 1970; the month is counted from the year 0, `Clock`'s words.

    Raises
    ------
    DataError
        It lies outside of the years 1 to 9999.
    """
    if not 12 <= month < 12 * 10_000:
        raise DataError(_BEYOND)
    begin = datetime(month // 12, month % 12 + 1, 1)
    end = datetime(month // 12 + (month % 12 == 11), (month + 1) % 12 + 1, 1) if month < 12 * 10_000 - 1 else None
    days = 31 if end is None else (end - begin).days
    if day >= 0:
        index, at = min(day // DAY, days - 1), day % DAY
    elif day == BUSINESS_START:
        index = (0, 0, 0, 0, 0, 2, 1)[begin.weekday()]
    else:
        index = days - 1
        weekday = (begin.weekday() + index) % 7
        index -= max(0, weekday - 4) if day == BUSINESS_END else 0
    return (begin - _EPOCH) // timedelta(microseconds=1) + index * DAY + at


def _formed(moment: datetime, form: str) -> str:
    if form == "quarter":
        return f"{moment.year}Q{(moment.month + 2) // 3}"
    if form == "week":
        year, week, _ = moment.isocalendar()
        return f"{year}-W{week:02}"
    return moment.strftime("%Y" if form == "year" else "%Y-%m")


def _ranges(days: list[int]) -> str:
    """Write days of a week: ``Mon-Fri``, ``Mon, Wed-Fri``."""
    runs: list[list[int]] = []
    for day in sorted(set(days)):
        if runs and runs[-1][1] == day - 1:
            runs[-1][1] = day
        else:
            runs.append([day, day])
    return ", ".join(
        _WEEKDAYS[a] if a == b else f"{_WEEKDAYS[a]}{'-' if b > a + 1 else ', '}{_WEEKDAYS[b]}" for a, b in runs
    )


def _hours(slots: tuple[int, ...], step: int) -> str:
    """Write the hours of a day in which there are steps; nothing where they are many runs, or all of a day."""
    times = sorted({slot % DAY for slot in slots})
    runs: list[list[int]] = []
    for time in times:
        if runs and runs[-1][1] == time - step:
            runs[-1][1] = time
        else:
            runs.append([time, time])
    if len(runs) > 3 or len(times) * step == DAY:
        return ""
    texts = (tuple(f"{t // (DAY // 24):02}:{t // (DAY // 1440) % 60:02}" for t in run) for run in runs)
    return ", ".join(f"{a}-{b}" if a != b else a for a, b in texts) + ", "
