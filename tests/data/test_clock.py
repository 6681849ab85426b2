"""Times in cells, their grids, the times that come next."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gyeol import DataError
from gyeol.data.clock import CALENDAR, Clock, lay_out, read_moment

EPOCH = datetime(1970, 1, 1)
HOUR = 3_600_000_000


def micros(*parts: int) -> int:
    return (datetime(*parts) - EPOCH) // timedelta(microseconds=1)  # type: ignore[arg-type]


def where(row: int) -> str:
    return f"file, line {row + 2}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2016-07-01 02:30:00", ("time", micros(2016, 7, 1, 2, 30))),
        ("2016/7/1 2:30", ("time", micros(2016, 7, 1, 2, 30))),
        ("2016. 7. 1.", ("time", micros(2016, 7, 1))),
        ("2016년 7월 1일 02:30", ("time", micros(2016, 7, 1, 2, 30))),
        ("2016년 7월", ("time", micros(2016, 7, 1))),
        ("20160701", ("time", micros(2016, 7, 1))),
        ("201607", ("time", micros(2016, 7, 1))),
        ("2016-07", ("time", micros(2016, 7, 1))),
        ("2016-07-01T02:30:00.25", ("time", micros(2016, 7, 1, 2, 30) + 250_000)),
        ("2016-07-01T02:30:00+09:00", ("time", micros(2016, 6, 30, 17, 30))),
        ("2016-07-01T02:30:00Z", ("time", micros(2016, 7, 1, 2, 30))),
        ("1960", ("number", 1960.0)),
        ("-1.5", ("number", -1.5)),
        ("01/07/2016", None),
        ("2016-13-01", None),
        ("2016-02-30", None),
        ("soon", None),
        ("", None),
        ("inf", None),
        ("9" * 400, None),
    ],
)
def test_what_a_cell_says(text: str, expected: tuple[str, float] | None) -> None:
    assert read_moment(text) == expected


@given(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)))
def test_iso_times_are_read_to_the_microsecond(moment: datetime) -> None:
    found = read_moment(moment.isoformat(" "))
    assert found is not None
    assert EPOCH + timedelta(microseconds=int(found[1])) == moment


@given(st.text(max_size=30))
def test_any_cell_is_a_time_or_none(text: str) -> None:
    found = read_moment(text)
    assert found is None or found[0] in ("time", "number")


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
        ([0, 1, 1, 2], r"file, line 4: the time 1970-01-02 comes twice"),
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
