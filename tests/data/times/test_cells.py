"""Tables of series as people write them: dates, decimal marks, frequencies."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from gyeol import DataError
from gyeol.data.tables.number_cells import NumberFormat
from gyeol.data.times.table import TimeTable, Trained, read_time_table

TIMES = [datetime(2026, 1, 1) + timedelta(hours=n) for n in range(48)]


def table(path: Path, header: str, rows: Iterable[Iterable[Any]], separator: str = ",") -> Path:
    lines = [header, *(separator.join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def labels(found: TimeTable, *after: int) -> list[str]:
    clock = found.series[0].clock
    assert clock is not None
    return [clock.label(n) for n in after]


HALVES = ("오전", "오후")
DAYS = [datetime(2026, 1, 1) + timedelta(days=n) for n in range(60)]


@pytest.mark.parametrize(
    ("separator", "name", "options", "told"),
    [
        (";", "a.csv", {}, "as semicolons separate the columns"),
        (";", "a.txt", {}, "as semicolons separate the columns"),
        ("\t", "a.tsv", {"numbers": NumberFormat(",")}, ""),
        ("\t", "a.csv", {"trained": Trained(decimal=",")}, "as in training"),
    ],
)
def test_decimal_commas(tmp_path: Path, separator: str, name: str, options: dict[str, Any], told: str) -> None:
    rows = [(time, f"{9 + n / 1000:.3f}".replace(".", ",")) for n, time in enumerate(TIMES, 1)]
    found = read_time_table(table(tmp_path / name, f"date{separator}y", rows, separator), **options)
    np.testing.assert_allclose(found.series[0].values[:, 0], 9 + np.arange(1, 49) / 1000, rtol=1e-12)
    assert (found.notes == []) if not told else found.notes[0].endswith(told)
    if name == "a.tsv":
        with pytest.raises(DataError, match=r"line 2: '9,001' in column 'y' may be 9001 or 9.001, .* say --decimal"):
            read_time_table(tmp_path / name)
        more = [*rows[:-1], (rows[-1][0], "0,512")]
        found = read_time_table(table(tmp_path / "b.tsv", "date\ty", more, separator))
        assert found.series[0].values[[0, -1], 0].tolist() == [9.001, 0.512]
        assert found.remember()["decimal_mark"] == ","


def test_decimal_commas_decide_for_the_other_columns(tmp_path: Path) -> None:
    rows = [(day.strftime("%d.%m.%Y"), "1,234", "12,5", "1.234.567,8") for day in DAYS]
    found = read_time_table(table(tmp_path / "a.tsv", "Datum\ta\tb\tc", rows, "\t"))
    assert found.series[0].values[0].tolist() == [1.234, 12.5, 1234567.8]
    assert (found.order, labels(found, 1)) == ("day first", ["2026-03-02"])
    with pytest.raises(DataError, match=r"line 2: 3 fields where 2 were expected; .*decimal comma must be quoted"):
        read_time_table(table(tmp_path / "b.csv", "date,y", [("2026-01-01", "9,897")] * 3))


def test_won_in_ten_digits(tmp_path: Path) -> None:
    rows = [(day.date(), f'"₩{1_234_500_000 + 100 * n:,}"') for n, day in enumerate(DAYS)]
    found = read_time_table(table(tmp_path / "a.csv", "날짜,매출", rows))
    np.testing.assert_array_equal(found.series[0].values[:, 0], 1_234_500_000 + 100.0 * np.arange(60))


def test_cells_that_stand_for_nothing(tmp_path: Path) -> None:
    """The form of the Air Quality data of the UCI: dates and hours apart, -200 for what is missing, empty ends."""
    times = [datetime(2004, 3, 10, 18) + timedelta(hours=n) for n in range(100)]
    rows = [(f"{t:%d/%m/%Y}", f"{t:%H.%M.%S}", "-200" if n == 7 else f"{n},5", "?", "") for n, t in enumerate(times)]
    path = table(tmp_path / "a.csv", "Date;Time;CO(GT);NMHC;", [*rows, ("", "", "", "", "")], ";")
    given = NumberFormat(missing=["-200"])
    found = read_time_table(path, targets=["CO(GT)"], numbers=given)
    assert (found.times, found.time, found.order) == (["Date", "Time"], "Date Time", "day first")
    assert np.flatnonzero(np.isnan(found.series[0].values[:, 0])).tolist() == [7]
    assert labels(found, 1) == ["2004-03-14 22:00"]
    assert read_time_table(path, targets=["CO(GT)"]).series[0].values[7, 0] == -200


@pytest.mark.parametrize(
    ("header", "row", "time"),
    [
        ("No,year,month,day,hour,pm", lambda n, t: (n + 1, t.year, t.month, t.day, t.hour, n), "year month day hour"),
        ("년,월,일,시,y", lambda n, t: (t.year, t.month, t.day, t.hour, n), "년 월 일 시"),
        ("일자,시간,y", lambda n, t: (f"{t:%Y%m%d}", t.hour + 1, n), "일자 시간"),
        ("date,time,y", lambda n, t: (f"{t:%m/%d/%Y}", f"{t:%I:%M %p}", n), "date time"),
        ("일시,y", lambda n, t: (f"{t:%Y/%m/%d} {HALVES[t.hour // 12]} {(t.hour - 1) % 12 + 1}:00", n), "일시"),
        ("ts,y", lambda n, t: (f"{t:%Y%m%d%H}", n), "ts"),
        ("date,y", lambda n, t: (f"{t:%d-%b-%y %H:%M}", n), "date"),
    ],
)  # fmt: skip
def test_hours_as_people_write_them(
    tmp_path: Path, header: str, row: Callable[[int, datetime], tuple[Any, ...]], time: str
) -> None:
    times = [datetime(2025, 12, 30) + timedelta(hours=n) for n in range(100)]
    time_option = {"time": "ts"} if header.startswith("ts") else {}
    found = read_time_table(table(tmp_path / "a.csv", header, [row(n, t) for n, t in enumerate(times)]), **time_option)
    assert (found.time, found.frequency) == (time, "hourly")
    shift = 1 if "시간" in header else 0
    assert labels(found, 1) == [f"{times[-1] + timedelta(hours=1 + shift):%Y-%m-%d %H:%M}"]
    assert found.series[0].values[:, -1].tolist() == list(range(100))


def test_which_part_of_a_date_comes_first(tmp_path: Path) -> None:
    proof = table(tmp_path / "a.csv", "date,y", [(f"{day:%d/%m/%Y}", n) for n, day in enumerate(DAYS)])
    assert (read_time_table(proof).order, labels(read_time_table(proof), 0)) == ("day first", ["2026-03-01"])
    with pytest.raises(DataError, match=r"line 13: '13/01/2026' in column 'date' is not a time with the month first"):
        read_time_table(
            table(tmp_path / "z.csv", "date,y", [(f"{d:%d/%m/%Y}", 1.5) for d in DAYS[1:]]), day_first=False
        )
    even = table(tmp_path / "b.csv", "date,y", [(f"{n:02}/01/2026", n) for n in range(1, 13)])
    with pytest.raises(DataError, match=r"b.csv: the times .*'01/01/2026'.* \(2026-01-02 or 2026-02-01\): say --day"):
        read_time_table(even)
    assert labels(read_time_table(even, day_first=True), 1) == ["2026-01-13"]
    assert labels(read_time_table(even, day_first=False), 1) == ["2027-01-01"]
    assert read_time_table(even, trained=Trained(order="month first")).order == "month first"
    rising = [(f"{month:02}/{day:02}/2026", day) for month in range(1, 13) for day in (1, 5)]
    assert read_time_table(table(tmp_path / "c.csv", "date,y", rising)).order == "month first"
    korean = [(f"{day:%y.%m.%d}", 1.5) for day in DAYS]
    assert read_time_table(table(tmp_path / "d.csv", "date,y", korean)).order == "year first"


@pytest.mark.parametrize("size", [1, 10**3, 10**6, 10**9])
def test_epochs(tmp_path: Path, size: int) -> None:
    rows = [((1_767_225_600 + 3600 * n) * size, n) for n in range(50)]
    found = read_time_table(table(tmp_path / "a.csv", "date,y", rows))
    unit = {1: "seconds", 10**3: "milliseconds", 10**6: "microseconds", 10**9: "nanoseconds"}[size]
    assert found.describe() == f"times: date (epoch {unit}, in UTC); frequency: hourly; zone +00:00"
    assert labels(found, 1) == ["2026-01-03 02:00+00:00"]
    seoul = read_time_table(tmp_path / "a.csv", zone="Asia/Seoul")
    assert labels(seoul, 1) == ["2026-01-03 11:00+09:00"]


def test_numbers_of_a_spreadsheet_are_no_dates(tmp_path: Path) -> None:
    found = read_time_table(table(tmp_path / "a.csv", "date,y", [(46023 + n, n) for n in range(50)]))
    assert "look like a spreadsheet's days (46023 would be 2026-01-01)" in found.notes[0]
    assert labels(found, 1) == ["46073"]


def test_frequencies_and_what_a_model_remembers(tmp_path: Path) -> None:
    business = [day for day in DAYS if day.weekday() < 5 and day != DAYS[20]]
    found = read_time_table(table(tmp_path / "a.csv", "date,y", [(day.date(), 1.5) for day in business]))
    assert found.describe() == "times: date; frequency: business days (Mon-Fri)"
    assert labels(found, 0, 1) == ["2026-02-27", "2026-03-02"]
    assert found.notes == ["1 gap(s) in the times: 1 steps of 1 business day have no row and count as missing"]
    trained = Trained.remembered(found.remember())
    week = table(tmp_path / "b.csv", "date,y", [(day.date(), 1.5) for day in business[:4]])
    assert labels(read_time_table(week), 1) == ["2026-01-07"]
    assert read_time_table(week, trained=trained).notes == []
    five = table(tmp_path / "c.csv", "date,y", [(day.date(), 1.5) for day in business[-5:]])
    assert (labels(read_time_table(five), 1), labels(read_time_table(five, trained=trained), 1)) == (
        ["2026-02-28"], ["2026-03-02"],
    )  # fmt: skip
    daily = read_time_table(table(tmp_path / "d.csv", "date,y", [(day, 1.5) for day in DAYS]), trained=trained)
    assert "the times are daily, and those of the training were business days (Mon-Fri)" in daily.notes[0]
    thirtieth = [datetime(2024, month, min(30, 29 if month == 2 else 30)) for month in range(1, 13)]
    found = read_time_table(table(tmp_path / "e.csv", "date,y", [(day.date(), 1.5) for day in thirtieth]))
    assert (found.frequency, labels(found, 1, 2)) == ("monthly (day 30, or the last)", ["2025-01-30", "2025-02-28"])


def test_the_latest_row_first(tmp_path: Path) -> None:
    rows = [(time, n / 4) for n, time in enumerate(TIMES)]
    found = read_time_table(table(tmp_path / "a.csv", "date,y", rows[::-1]))
    assert found.notes == ["the latest rows come first: read from the end"]
    np.testing.assert_array_equal(found.series[0].values[:, 0], np.arange(48) / 4)
    assert labels(found, 1) == ["2026-01-03 00:00"]


@pytest.mark.parametrize(
    ("pattern", "told", "following"),
    [("%Y%m", "YYYYMM", "2006-01"), ("%y%m%d", "YYMMDD", "2026-03-02"), ("%Y%m%d", "", "2026-03-02")],
)
def test_plain_digits(tmp_path: Path, pattern: str, told: str, following: str) -> None:
    months = [datetime(2001 + n // 12, n % 12 + 1, 1) for n in range(60)]
    times = months if told == "YYYYMM" else DAYS
    found = read_time_table(table(tmp_path / "a.csv", "date,y", [(f"{time:{pattern}}", 1.5) for time in times]))
    assert (found.order, labels(found, 1)) == (told, [following])


def test_six_digits_that_could_be_either(tmp_path: Path) -> None:
    days = [datetime(2020, 1, 1) + timedelta(days=n) for n in range(12)]  # 200101 to 200112: months of 2001, too
    found = read_time_table(table(tmp_path / "a.csv", "date,y", [(f"{day:%y%m%d}", 1.5) for day in days]))
    assert found.order == "YYYYMM"
    days = [datetime(2020, 1, 1) + timedelta(days=n) for n in range(13)]
    found = read_time_table(table(tmp_path / "b.csv", "date,y", [(f"{day:%y%m%d}", 1.5) for day in days]))
    assert (found.order, labels(found, 1)) == ("YYMMDD", ["2020-01-14"])


def test_signs_of_per_cent(tmp_path: Path) -> None:
    found = read_time_table(
        table(tmp_path / "a.csv", "date,y", [(day.date(), f"{n / 2}%") for n, day in enumerate(DAYS)])
    )
    assert found.series[0].values[3, 0] == 1.5
    assert found.notes == ["column 'y' is in per cent: the signs are left out, 50% is 50"]


def test_numbers_and_dates_of_parquet_files(tmp_path: Path) -> None:
    frame = pl.DataFrame({"date": [day.date() for day in DAYS], "y": [Decimal(f"{n}.125") for n in range(60)]})
    frame.write_parquet(tmp_path / "a.parquet")
    found = read_time_table(tmp_path / "a.parquet")
    assert found.series[0].values[:2, 0].tolist() == [0.125, 1.125]
    assert (found.frequency, labels(found, 1)) == ("daily", ["2026-03-02"])
