"""Times in cells, as people write them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gyeol.data.times.moments import Moment, read_clock, read_moment

EPOCH = datetime(1970, 1, 1)
HOUR = 3_600_000_000


def micros(*parts: int) -> int:
    return (datetime(*parts) - EPOCH) // timedelta(microseconds=1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2016-07-01 02:30:00", micros(2016, 7, 1, 2, 30)),
        ("2016/7/1 2:30", micros(2016, 7, 1, 2, 30)),
        ("2016. 7. 1.", micros(2016, 7, 1)),
        ("2016년 7월 1일 02:30", micros(2016, 7, 1, 2, 30)),
        ("2016년 7월 1일 15시 30분", micros(2016, 7, 1, 15, 30)),
        ("16년 7월 1일", micros(2016, 7, 1)),
        ("2016年7月1日", micros(2016, 7, 1)),
        ("2026/11/28 오후 3:00", micros(2026, 11, 28, 15)),
        ("2026. 11. 28. 오전 12:05:10", micros(2026, 11, 28, 0, 5, 10)),
        ("2026-11-28 12:00 PM", micros(2026, 11, 28, 12)),
        ("2026-11-28 (토) 24:00", micros(2026, 11, 29)),
        ("2026-11-28 토요일", micros(2026, 11, 28)),
        ("Nov 28, 2026", micros(2026, 11, 28)),
        ("November 28 2026 3:00 p.m.", micros(2026, 11, 28, 15)),
        ("28-Nov-26", micros(2026, 11, 28)),
        ("28 Nov 1998", micros(1998, 11, 28)),
        ("28/Nov/2026", micros(2026, 11, 28)),
        ("Sat, 28 Nov 2026 10:00:00", micros(2026, 11, 28, 10)),
        ("2016-07-01T02:30:00.25", micros(2016, 7, 1, 2, 30) + 250_000),
        ("20160701T0230", micros(2016, 7, 1, 2, 30)),
        ("2016-07-01 02", micros(2016, 7, 1, 2)),
    ],
)
def test_what_a_cell_says(text: str, expected: int) -> None:
    moment = read_moment(text)
    assert moment is not None
    assert (moment.ticks, moment.fixed, moment.offset, moment.form) == ((expected,) * 3, True, None, "")


@pytest.mark.parametrize(
    ("text", "form", "expected"),
    [
        ("2016-07", "month", micros(2016, 7, 1)),
        ("2016년 7월", "month", micros(2016, 7, 1)),
        ("Nov 2026", "month", micros(2026, 11, 1)),
        ("11/2026", "month", micros(2026, 11, 1)),
        ("2026Q4", "quarter", micros(2026, 10, 1)),
        ("2026-Q1", "quarter", micros(2026, 1, 1)),
        ("Q2 2026", "quarter", micros(2026, 4, 1)),
        ("2026년 3분기", "quarter", micros(2026, 7, 1)),
        ("2026-W48", "week", micros(2026, 11, 23)),
        ("2026-W48-3", "", micros(2026, 11, 25)),
    ],
)
def test_months_quarters_and_weeks(text: str, form: str, expected: int) -> None:
    moment = read_moment(text)
    assert moment is not None
    assert (moment.ticks[0], moment.form) == (expected, form)


@pytest.mark.parametrize(
    ("text", "offset", "zone"),
    [
        ("2016-07-01T02:30:00+09:00", 32400, ""),
        ("2016-07-01 02:30 -0330", -12600, ""),
        ("2016-07-01T02:30:00Z", 0, ""),
        ("2016-07-01 02:30 KST", 32400, ""),
        ("Fri, 01 Jul 2016 02:30:00 +0900", 32400, ""),
        ("2016-07-01T02:30:00+02:00[Europe/Berlin]", 7200, "Europe/Berlin"),
    ],
)
def test_zones_are_kept_and_hours_are_those_of_the_wall(text: str, offset: int, zone: str) -> None:
    moment = read_moment(text)
    assert moment is not None
    assert (moment.ticks[0], moment.offset, moment.zone) == (micros(2016, 7, 1, 2, 30), offset, zone)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("01/02/1949", (None, micros(1949, 2, 1), micros(1949, 1, 2))),
        ("13/01/1949 06:00", (None, micros(1949, 1, 13, 6), None)),
        ("1.13.49", (None, None, micros(2049, 1, 13))),
        ("26.11.28", (micros(2026, 11, 28), micros(2028, 11, 26), None)),
    ],
)
def test_an_order_that_only_a_column_tells(text: str, expected: tuple[int | None, ...]) -> None:
    moment = read_moment(text)
    assert moment is not None
    assert (moment.ticks, moment.fixed) == (expected, False)


@pytest.mark.parametrize(
    "text",
    [
        "", "soon", "1960", "-1.5", "20160701", "9.8975", "2016-13-01", "2016-02-30", "31/02/2016", "2026-11-28 25:00",
        "2026-11-28 10:60", "2026-11-28 13:00 PM", "2026-11-28 10:00 EST", "10:00", "1/2", "1.2.3", "0000-01-01",
        "2016-07-01T02:30:00+25:00", "9" * 400, "2026Q5",
    ],
)  # fmt: skip
def test_what_is_no_time(text: str) -> None:
    assert read_moment(text) is None


def test_python_times() -> None:
    assert Moment.of(datetime(2026, 1, 1, 9, tzinfo=UTC)).offset == 0
    seoul = Moment.of(datetime(2026, 1, 1, 9, tzinfo=ZoneInfo("Asia/Seoul")))
    assert (seoul.ticks[0], seoul.offset, seoul.zone) == (micros(2026, 1, 1, 9), 32400, "Asia/Seoul")


@given(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)))
def test_iso_times_are_read_to_the_microsecond(moment: datetime) -> None:
    found = read_moment(moment.isoformat(" "))
    assert found is not None
    assert EPOCH + timedelta(microseconds=found.ticks[0] or 0) == moment


@given(st.dates(date(1970, 1, 1), date(2068, 12, 31)), st.sampled_from(["/", "-", ". "]))
def test_a_date_is_among_its_readings(day: date, mark: str) -> None:
    expected = (day - EPOCH.date()).days * 24 * HOUR
    for order, parts in enumerate((f"{day:%y %m %d}", f"{day:%d %m %Y}", f"{day:%m %d %Y}")):
        found = read_moment(parts.replace(" ", mark))
        assert found is not None
        assert found.ticks[order] == expected


@given(st.text(max_size=30))
def test_any_cell_is_a_time_or_none(text: str) -> None:
    found = read_moment(text)
    assert found is None or any(tick is not None for tick in found.ticks)


@pytest.mark.parametrize(
    ("text", "hours"),
    [("18.00.00", 18), ("7", 7), ("24", 24), ("24:00", 24), ("오후 3시", 15), ("3:00 PM", 15), ("0:30", 0.5)],
)
def test_times_of_a_day(text: str, hours: float) -> None:
    assert read_clock(text) == hours * HOUR


@pytest.mark.parametrize("text", ["25", "10:00Z", "1:75", "-3", "x", ""])
def test_what_is_no_time_of_a_day(text: str) -> None:
    assert read_clock(text) is None
