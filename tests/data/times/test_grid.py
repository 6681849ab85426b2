"""From times to grids: steps, gaps, months, business days and hours."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gyeol import DataError
from gyeol.data.times.clock import DAY, Clock
from gyeol.data.times.grid import is_even, lay_out

EPOCH = datetime(1970, 1, 1)
HOUR = 3_600_000_000


def micros(*parts: int) -> int:
    return (datetime(*parts) - EPOCH) // timedelta(microseconds=1)  # type: ignore[arg-type]


def ticks(times: list[datetime]) -> np.ndarray:
    return np.array([(time - EPOCH) // timedelta(microseconds=1) for time in times], dtype=np.int64)


def where(row: int) -> str:
    return f"file, line {row + 2}"


@given(
    st.integers(0, 10**15), st.sampled_from([1_000_000, 60_000_000, HOUR, 24 * HOUR]),
    st.lists(st.integers(1, 3), min_size=5, max_size=30),
)  # fmt: skip
def test_rows_lie_where_their_times_are(begin: int, step: int, jumps: list[int]) -> None:
    jumps = [1] * len(jumps) + jumps  # the step is what occurs most often
    ticks = begin + step * np.concatenate([[0], np.cumsum(jumps)])
    grid = lay_out(ticks.astype(np.int64), "time", where)
    if grid.clock.unit == "month":
        return
    assert grid.clock.step == step
    np.testing.assert_array_equal(grid.places * step + begin, ticks)
    assert grid.missing == sum(jumps) - len(jumps)
    assert grid.gaps == sum(jump > 1 for jump in jumps)
    assert grid.clock.last == ticks[-1]


@pytest.mark.parametrize(
    ("days", "message"),
    [
        ([0, 1, 1, 2], r"file, line 4: the time 1970-01-02 occurs twice"),
        ([0, 2, 1, 3], r"file, line 4: the time 1970-01-02 comes after a later one; sort the file by time"),
        ([0, 1, 2, 3, 9000], r"file, line 6: a gap of 8,997 steps of 1 day before it"),
    ],
)
def test_times_that_do_not_rise(days: list[int], message: str) -> None:
    with pytest.raises(DataError, match=message):
        lay_out(np.array(days) * 24 * HOUR, "time", where)


def test_intervals_that_are_no_steps() -> None:
    grid = lay_out(np.array([0, 60, 120, 190, 250, 310]) * 60_000_000, "time", where)
    assert (grid.uneven, grid.first, grid.missing) == (1, 3, 0)
    assert grid.clock.interval() == "1 h"


def test_months_differ_in_length() -> None:
    firsts = np.array([micros(2024, month, 1) for month in range(1, 13)])
    grid = lay_out(firsts, "time", where)
    assert (grid.clock.interval(), grid.missing) == ("1 month", 0)
    assert [grid.clock.label(n) for n in (0, 1, 3)] == ["2024-12-01", "2025-01-01", "2025-03-01"]
    ends = np.array([micros(2024, month + 1, 1) - 24 * HOUR for month in range(1, 12)])
    assert lay_out(ends, "time", where).clock.label(3) == "2025-02-28"
    quarters = np.array([micros(2024 + n // 4, 1 + 3 * (n % 4), 15) for n in (0, 1, 2, 3, 5)])
    grid = lay_out(quarters, "time", where)
    assert (grid.clock.interval(), grid.missing, grid.clock.label(1)) == ("3 months", 1, "2025-07-15")


def test_plain_numbers() -> None:
    grid = lay_out(np.array([0.0, 0.1, 0.2, 0.4]), "number", where)
    assert grid.places.tolist() == [0, 1, 2, 4]
    assert grid.clock.label(1) == "0.5"
    with pytest.raises(DataError, match="a calendar needs dates"):
        grid.clock.calendar(3)


def test_one_row_is_a_grid() -> None:
    assert lay_out(np.array([5]), "time", where).places.tolist() == [0]


BUSINESS = [day for day in (datetime(2024, 1, 1) + timedelta(days=n) for n in range(120)) if day.weekday() < 5]
HOURS = [
    time
    for time in (datetime(2024, 1, 1) + timedelta(hours=n) for n in range(24 * 30))
    if time.weekday() < 5 and 9 <= time.hour <= 17
]
SESSIONS = [
    time
    for time in (datetime(2024, 1, 1) + timedelta(minutes=10 * n) for n in range(144 * 20))
    if time.weekday() < 5 and (9 <= time.hour < 11 or 13 <= time.hour < 15)
]


@pytest.mark.parametrize(
    ("times", "name", "following"),
    [
        (BUSINESS, "business days (Mon-Fri)", ["2024-04-30", "2024-05-01", "2024-05-02", "2024-05-03", "2024-05-06"]),
        (HOURS, "every 1 h, 09:00-17:00, Mon-Fri", ["2024-01-31 09:00", "2024-01-31 10:00"]),
        (SESSIONS, "every 10 min, 09:00-10:50, 13:00-14:50, Mon-Fri", ["2024-01-22 09:00"]),
        ([day for day in BUSINESS if day.weekday() in (0, 3)], "days (Mon, Thu)", ["2024-05-02", "2024-05-06"]),
        (
            [datetime(2024, 1, 1) + timedelta(days=n) for n in range(60) if (n + 1) % 7],
            "days (Mon-Sat)",
            ["2024-03-01", "2024-03-02", "2024-03-04"],
        ),
    ],
)
def test_business_days_and_hours(times: list[datetime], name: str, following: list[str]) -> None:
    grid = lay_out(ticks(times), "time", where)
    assert (grid.clock.frequency(), grid.missing, grid.uneven, grid.outside) == (name, 0, 0, ())
    assert [grid.clock.label(n) for n in range(1, len(following) + 1)] == following


def test_holidays_are_gaps_and_odd_saturdays_are_left_out() -> None:
    holidays = [day for n, day in enumerate(BUSINESS) if n not in (10, 30, 31)]
    grid = lay_out(ticks(holidays), "time", where)
    assert (grid.clock.frequency(), grid.gaps, grid.missing) == ("business days (Mon-Fri)", 2, 3)
    odd = sorted([*BUSINESS, datetime(2024, 2, 3)])
    grid = lay_out(ticks(odd), "time", where)
    assert (grid.clock.frequency(), grid.missing, grid.outside) == ("business days (Mon-Fri)", 0, (25,))
    assert (grid.places[grid.places >= 0] == np.arange(len(BUSINESS))).all()


def test_days_with_gaps_here_and_there_stay_days() -> None:
    days = [datetime(2024, 1, 1) + timedelta(days=n) for n in range(60) if n not in (5, 6, 20, 40)]
    grid = lay_out(ticks(days), "time", where)
    assert (grid.clock.frequency(), grid.gaps, grid.missing) == ("daily", 3, 4)


@pytest.mark.parametrize(
    ("days", "name", "following"),
    [
        (["2023-12-30", "2024-01-30", "2024-02-29", "2024-03-30"], "monthly (day 30, or the last)", "2024-04-30"),
        (["2023-12-31", "2024-01-31", "2024-02-29", "2024-03-31"], "monthly (end)", "2024-04-30"),
        (["2024-01-31", "2024-02-29", "2024-03-29", "2024-04-30"], "monthly (last business day)", "2024-05-31"),
        (["2024-04-01", "2024-05-01", "2024-06-03", "2024-07-01"], "monthly (first business day)", "2024-08-01"),
        (["2024-03-31", "2024-06-30", "2024-09-30"], "quarterly (end)", "2024-12-31"),
        (["2024-04-01", "2024-07-01", "2024-10-01"], "quarterly (start)", "2025-01-01"),
        (["2020-12-31", "2021-12-31", "2022-12-31"], "yearly (end)", "2023-12-31"),
        (["2024-02-29", "2024-03-29", "2024-04-29"], "monthly (day 29, or the last)", "2024-05-29"),
    ],
)
def test_months_by_their_day(days: list[str], name: str, following: str) -> None:
    grid = lay_out(ticks([datetime.fromisoformat(day) for day in days]), "time", where)
    assert (grid.clock.frequency(), grid.missing, grid.uneven) == (name, 0, 0)
    assert grid.clock.label(1) == following


def test_what_was_learned_is_preferred() -> None:
    week = ticks(BUSINESS[:5])
    assert lay_out(week, "time", where).clock.frequency() == "daily"
    like = Clock.remembered(lay_out(ticks(BUSINESS), "time", where).clock.rule())
    grid = lay_out(week, "time", where, like)
    assert (grid.clock.frequency(), grid.clock.label(1)) == ("business days (Mon-Fri)", "2024-01-08")
    assert lay_out(np.arange(10) * DAY, "time", where, like).clock.frequency() == "daily"
    thirtieth = Clock("month", 0, 1, 29 * DAY)
    grid = lay_out(ticks([datetime(2024, 1, 30), datetime(2024, 2, 29)]), "time", where, thirtieth)
    assert grid.clock.label(1) == "2024-03-30"


def test_what_is_even() -> None:
    assert is_even(np.arange(10) * HOUR)
    assert is_even(np.arange(10)[::-1] * HOUR)
    assert not is_even(np.array([0, 2, 1]) * HOUR)
    assert not is_even(np.array([0, 1, 2, 900_000]) * HOUR)
