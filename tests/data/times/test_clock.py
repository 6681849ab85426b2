"""Times in cells, their grids, the times that come next."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest

from gyeol import DataError
from gyeol.data.times.clock import BUSINESS_END, BUSINESS_START, CALENDAR, DAY, END, Clock

EPOCH = datetime(1970, 1, 1)
HOUR = 3_600_000_000


def micros(*parts: int) -> int:
    return (datetime(*parts) - EPOCH) // timedelta(microseconds=1)  # type: ignore[arg-type]


def where(row: int) -> str:
    return f"file, line {row + 2}"


def test_the_calendar() -> None:
    clock = Clock("time", micros(2026, 11, 28, 0), HOUR)  # a Saturday
    table = clock.calendar(3, 1)
    assert table.shape == (3, len(CALENDAR))
    assert table[:, -1].tolist() == [0.0, 1.0, 1.0]
    np.testing.assert_allclose(table[1, :2], [0.0, 1.0], atol=1e-9)
    months = Clock("month", 2026 * 12 + 10, 1).calendar(12)
    np.testing.assert_allclose(np.square(months[:, 4:6]).sum(1), 1.0)


def test_no_time_lies_beyond_the_calendar() -> None:
    for clock in (Clock("time", micros(9999, 12, 31), 24 * HOUR), Clock("month", 9999 * 12 + 11, 1)):
        assert clock.label(0).startswith("9999-12")
        with pytest.raises(DataError, match="outside of the years 1 to 9999"):
            clock.label(1)


def test_days_of_months() -> None:
    january = 2026 * 12
    assert [Clock("month", january, 1, 29 * DAY).label(n) for n in range(3)] == [
        "2026-01-30",
        "2026-02-28",
        "2026-03-30",
    ]
    assert [Clock("month", january, 1, END).label(n) for n in range(3)] == ["2026-01-31", "2026-02-28", "2026-03-31"]
    assert [Clock("month", january, 1, BUSINESS_END).label(n) for n in (0, 4)] == ["2026-01-30", "2026-05-29"]
    assert [Clock("month", january, 1, BUSINESS_START).label(n) for n in (0, 1, 7)] == [
        "2026-01-01", "2026-02-02", "2026-08-03",
    ]  # fmt: skip
    assert Clock("month", january, 1, END, 18 * HOUR).label(1) == "2026-02-28 18:00"
    assert Clock("month", 2024 * 12, 1, 30 * DAY + HOUR).label(1) == "2024-02-29 01:00"


def test_business_hours_go_on_the_next_day() -> None:
    slots = tuple(day * DAY + hour * HOUR for day in range(5) for hour in range(9, 12))
    friday = Clock("slots", 5 * 3 - 1, 1, slots=slots)
    assert friday.label(0) == "1970-01-02 11:00"
    assert [friday.label(n) for n in (1, 2, 4)] == ["1970-01-05 09:00", "1970-01-05 10:00", "1970-01-06 09:00"]
    assert friday.frequency() == "every 1 h, 09:00-11:00, Mon-Fri"
    assert friday.calendar(2, 1)[:, -1].tolist() == [0.0, 0.0]


def test_zones_are_shown_and_their_hours_counted() -> None:
    fixed = Clock("time", micros(2026, 1, 1), HOUR, zone="+09:00")
    assert fixed.label(1) == "2026-01-01 01:00+09:00"
    np.testing.assert_allclose(fixed.calendar(1), Clock("time", micros(2026, 1, 1), HOUR).calendar(1))
    berlin = Clock("time", micros(2026, 3, 29, 0), HOUR, zone="Europe/Berlin", instants=True)
    assert [berlin.label(n) for n in (0, 1)] == ["2026-03-29 01:00+01:00", "2026-03-29 03:00+02:00"]
    hours = np.arctan2(*berlin.calendar(2, 1)[:, :2].T) / (2 * np.pi) * 24
    np.testing.assert_allclose(hours, [1, 3])
    daily = Clock("time", micros(2026, 3, 28), DAY, zone="Europe/Berlin")
    assert [daily.label(n) for n in (0, 2)] == ["2026-03-28 00:00+01:00", "2026-03-30 00:00+02:00"]


@pytest.mark.parametrize(
    ("clock", "name"),
    [
        (Clock("time", 0, HOUR), "hourly"),
        (Clock("time", 0, 15 * 60_000_000), "every 15 min"),
        (Clock("time", 0, DAY), "daily"),
        (Clock("time", micros(2026, 11, 29), 7 * DAY), "weekly (Sun)"),
        (Clock("time", 0, 14 * DAY), "every 2 weeks (Thu)"),
        (Clock("month", 24000, 1), "monthly (start)"),
        (Clock("month", 24000, 3, END), "quarterly (end)"),
        (Clock("month", 24000, 12, 14 * DAY), "yearly (day 15)"),
        (Clock("month", 24000, 1, 29 * DAY), "monthly (day 30, or the last)"),
        (Clock("month", 24000, 2, BUSINESS_END), "every 2 months (last business day)"),
        (Clock("month", 24000, 3, form="quarter"), "quarterly"),
        (Clock("slots", 0, 1, slots=tuple(day * DAY for day in range(6))), "days (Mon-Sat)"),
        (Clock("slots", 0, 1, slots=(0, 3 * DAY, 4 * DAY)), "days (Mon, Thu, Fri)"),
        (Clock("number", 0, 1), "every 1"),
    ],
)
def test_frequencies_have_names_and_are_remembered(clock: Clock, name: str) -> None:
    assert clock.frequency() == name
    again = Clock.remembered(clock.rule())
    assert again is not None
    assert again.rule() == clock.rule()


@pytest.mark.parametrize(
    "rule",
    [
        None, {}, {"unit": "day", "step": 1}, {"unit": "time"}, {"unit": "time", "step": -1},
        {"unit": "slots", "step": 1},
        {"unit": "slots", "step": 1, "slots": [5, 3]}, {"unit": "slots", "step": 1, "slots": "ab"},
        {"unit": "month", "step": 1, "day": "x"}, {"unit": "month", "step": 1, "at": -1}, {"unit": "time", "step": "1"},
    ],
)  # fmt: skip
def test_a_damaged_rule_is_none(rule: object) -> None:
    assert Clock.remembered(rule) is None


def test_times_are_written_as_they_were_read() -> None:
    assert Clock("month", 2026 * 12, 3, form="quarter").label(3) == "2026Q4"
    assert Clock("month", 2026 * 12, 1, form="month").label(3) == "2026-04"
    assert Clock("time", micros(2026, 11, 23), 7 * DAY, form="week").label(1) == "2026-W49"
    assert Clock("number", 1767225600000.0, 1.0).label(1) == "1767225600001"
