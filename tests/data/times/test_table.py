"""Series in tables: columns found, gaps filled, what is wrong named with its line."""

from __future__ import annotations

import gzip
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from gyeol import DataError
from gyeol.data.synthetic.hourly_load import COLUMNS, hourly_load, write_load
from gyeol.data.times import columns
from gyeol.data.times.table import read_time_table

TIMES = [datetime(2026, 1, 1) + timedelta(hours=n) for n in range(48)]
ROWS = [(time.isoformat(" "), n / 4, 100 - n, n % 2) for n, time in enumerate(TIMES)]


def written(path: Path, rows: list[Any], header: str = "date,load,heat,holiday") -> Path:
    separator = "\t" if path.name.endswith("tsv") else ","
    lines = [header.replace(",", separator), *(separator.join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_columns_are_found(tmp_path: Path, name: str) -> None:
    table = read_time_table(written(tmp_path / name, ROWS))
    assert (table.time, table.names, table.known, table.notes) == ("date", ["load", "heat", "holiday"], [], [])
    (one,) = table.series
    np.testing.assert_array_equal(one.values[:, 0], np.arange(48) / 4)
    assert one.clock is not None
    assert one.clock.label(1) == "2026-01-03 00:00"
    named = read_time_table(tmp_path / name, targets=["heat"], covariates=["holiday"], time="date")
    assert (named.names, named.known) == (["heat"], ["holiday"])
    known = named.series[0].known(0, calendar=True)
    assert known is not None
    assert known.shape == (48, 8)


def test_parquet_and_gzip_say_the_same(tmp_path: Path) -> None:
    expected = read_time_table(written(tmp_path / "a.csv", ROWS))
    with gzip.open(tmp_path / "b.csv.gz", "wb") as stream:
        stream.write((tmp_path / "a.csv").read_bytes())
    columns = dict(zip(("load", "heat", "holiday"), zip(*(row[1:] for row in ROWS), strict=True), strict=True))
    pl.DataFrame({"date": TIMES, **columns}).write_parquet(tmp_path / "c.parquet")
    for name in ("b.csv.gz", "c.parquet"):
        table = read_time_table(tmp_path / name)
        assert (table.time, table.names) == (expected.time, expected.names)
        np.testing.assert_array_equal(table.series[0].values, expected.series[0].values)
        assert table.series[0].clock == expected.series[0].clock


def test_missing_cells_and_missing_rows(tmp_path: Path) -> None:
    rows = [(time, "NA" if n == 3 else load, heat) for n, (time, load, heat, _) in enumerate(ROWS)]
    table = read_time_table(written(tmp_path / "a.csv", rows[:10] + rows[15:], "date,load,heat"))
    (one,) = table.series
    assert len(one.values) == 48
    assert np.flatnonzero(np.isnan(one.values[:, 0])).tolist() == [3, 10, 11, 12, 13, 14]
    assert table.notes == [
        "column 'load' has missing values written as 'NA' (1)",
        "1 gap(s) in the times: 5 steps of 1 h have no row and count as missing",
    ]


def test_what_counts_as_missing_is_told(tmp_path: Path) -> None:
    marks = {3: "?", 5: "-", 8: "?", 9: ""}
    rows = [(time, marks.get(n, load), heat) for n, (time, load, heat, _) in enumerate(ROWS)]
    table = read_time_table(written(tmp_path / "a.csv", rows, "date,load,heat"))
    assert np.flatnonzero(np.isnan(table.series[0].values[:, 0])).tolist() == [3, 5, 8, 9]
    assert table.notes == ["column 'load' has missing values written as '?' (2), '-' (1)"]


def test_uneven_times_are_told(tmp_path: Path) -> None:
    rows = [list(row) for row in ROWS]
    rows[5][0] = "2026-01-01 05:10:00"
    table = read_time_table(written(tmp_path / "a.csv", rows))
    assert len(table.series[0].values) == 48
    assert "2 interval(s) are no whole number of steps of 1 h, the first before line 7" in table.notes[0]


def test_rows_at_the_end_say_what_is_known(tmp_path: Path) -> None:
    rows = [(*row[:1], row[1] if n < 40 else "", row[3]) for n, row in enumerate(ROWS)]
    table = read_time_table(written(tmp_path / "a.csv", rows, "date,load,holiday"), covariates=["holiday"])
    (one,) = table.series
    assert len(one.values) == 40
    assert one.clock is not None
    assert one.clock.label(0) == ROWS[39][0][:16]
    known = one.known(8, calendar=False)
    assert known is not None
    assert known[:, 0].tolist() == [row[3] for row in ROWS]
    with pytest.raises(DataError, match="covariates of 9 steps after the last value are needed, and the table has 8"):
        one.known(9, calendar=False)


def test_many_series_one_under_another(tmp_path: Path) -> None:
    rows = [(shop, time, load + bias) for time, load, *_ in ROWS for shop, bias in (("강남", 0), ("b", 10))]
    path = written(tmp_path / "a.csv", rows, "shop,date,sales")
    table = read_time_table(path, series="shop")
    assert [one.name for one in table.series] == ["강남", "b"]
    assert table.names == ["sales"]
    for one, bias in zip(table.series, (0, 10), strict=True):
        np.testing.assert_array_equal(one.values[:, 0], np.arange(48) / 4 + bias)
    found = read_time_table(path, targets=["sales"])
    assert (found.ids, [one.name for one in found.series]) == ("shop", ["강남", "b"])
    assert found.notes == ["times occur more than once, but only once in each 'shop': 2 series (--series shop)"]
    with pytest.raises(DataError, match=r"line 3: the time 2026-01-01 occurs twice.*name --series COL"):
        read_time_table(written(tmp_path / "b.csv", [row[1:] for row in rows], "date,sales"))


def test_without_times_every_row_is_a_step(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1.5\n2.5\n3.5\n")
    table = read_time_table(tmp_path / "a.csv")
    assert (table.time, table.names, table.series[0].clock) == (None, ["1"], None)
    assert table.series[0].values[:, 0].tolist() == [1.5, 2.5, 3.5]
    with pytest.raises(DataError, match="a calendar needs a column of times"):
        table.series[0].known(0, calendar=True)


def test_encodings_thousands_and_text(tmp_path: Path) -> None:
    lines = ["일시,사용량,메모", *(f'2026년 1월 {day}일,"1,{day:03d}.5",맑음' for day in range(1, 20))]
    (tmp_path / "a.csv").write_bytes("\r\n".join(lines).encode("cp949"))
    table = read_time_table(tmp_path / "a.csv")
    assert (table.time, table.names) == ("일시", ["사용량"])
    assert table.notes == ["left out, as they hold text: 메모"]
    assert table.series[0].values[2, 0] == 1003.5


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({(4, 1): "much"}, {}, r"line 6: 'much' in column 'load' is not a number"),
        ({(4, 1): "inf"}, {}, r"line 6: column 'load' is infinite"),
        ({(4, 1): "1e999"}, {}, r"line 6: column 'load' is infinite"),
        ({(4, 0): "01/02/2026"}, {"time": "date"}, r"line 6: '01/02/2026' in column 'date' is written in another"),
        ({(4, 0): "7"}, {}, r"line 6: '7' in column 'date' is not a time like those before"),
        ({(4, 0): ROWS[3][0]}, {}, r"line 6: the time 2026-01-01 03:00 occurs twice"),
        ({(4, 0): ROWS[2][0]}, {}, r"line 6: the time 2026-01-01 02:00 comes after a later one"),
        ({(47, 0): "2027-01-01 00:00"}, {}, r"line 49: a gap of 8,714 steps of 1 h before it"),
        ({(4, 3): ""}, {"covariates": ["holiday"]}, r"line 6: the covariate 'holiday' is missing"),
        ({}, {"targets": ["lood"]}, r"no column 'lood' \(--target\); did you mean 'load'"),
        ({}, {"time": "when"}, r"no column 'when' \(--time\)"),
        ({}, {"targets": ["load", "load"]}, r"column 'load' cannot be two things at once"),
        ({}, {"targets": ["load"], "covariates": ["load"]}, r"column 'load' cannot be two things at once"),
        ({}, {"series": "shop"}, r"no column 'shop' \(--series\)"),
    ],
)
def test_what_is_wrong_is_named(
    tmp_path: Path, change: dict[tuple[int, int], str], options: dict[str, Any], message: str
) -> None:
    rows = [list(row) for row in ROWS]
    for (row, column), cell in change.items():
        rows[row][column] = cell
    with pytest.raises(DataError, match=message):
        read_time_table(written(tmp_path / "a.csv", rows), **options)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", b"\n\n", "nothing but white space"),
        ("a.csv", b"date,load\n", "has a header and no rows"),
        ("a.csv", b"date,load\n2026-01-01,1\n2026-01-02\n", "line 3: 1 field where 2 were expected"),
        ("a.csv", b"date,load\n2026-01-01,\n2026-01-02,\n", "the table has no value at all"),
        ("a.csv", b"date,load,b\n2026-01-01,1,\n2026-01-02,2,\n", "column 'b' has no value at all"),
        ("a.csv", b"a,b\nx,y\n", "no column of numbers to forecast; its columns: a, b"),
        ("a.csv", b"\x00\x01", "not a text file"),
        ("a.json", b"[]", "series are read from .csv, .tsv and .parquet files"),
        ("a.parquet", b"PAR1", "not a whole parquet file"),
    ],
)
def test_files_that_hold_no_series(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_time_table(tmp_path / name)


def test_a_table_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "MOST", 100)
    pl.DataFrame({"a": [1.0] * 60, "b": [1.0] * 60}).write_parquet(tmp_path / "a.parquet")
    monkeypatch.setattr(columns, "_parquet_rows", None)  # its header alone is looked at
    with pytest.raises(DataError, match=r"holds 120 cells, more than 100"):
        read_time_table(tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r"holds more than 100 numbers"):
        read_time_table(written(tmp_path / "a.csv", ROWS))


def test_the_made_up_load(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        write_load(tmp_path / name, count=500, seed=3)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert list(hourly_load(500, 4)) != list(hourly_load(500, 3))
    table = read_time_table(tmp_path / "a.csv", targets=[COLUMNS[1]], covariates=[COLUMNS[2]])
    assert (table.time, table.series[0].values.shape) == ("time", (500, 1))
    assert set(np.unique(table.series[0].covariates)) <= {0.0, 1.0}  # type: ignore[arg-type]


def test_a_first_row_that_is_no_header(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('01/02/2026,"1,000"\n14/02/2026,"2,000"\n27/02/2026,"3,000"\n')
    table = read_time_table(tmp_path / "a.csv")
    assert table.series[0].values[:, 0].tolist() == [1000.0, 2000.0, 3000.0]
    (tmp_path / "b.csv").write_text("2019,2020\n1,2\n3,4\n")
    assert len(read_time_table(tmp_path / "b.csv", header=False).series[0].values) == 3
    assert len(read_time_table(tmp_path / "b.csv", header=True).series[0].values) == 2


@pytest.mark.parametrize(("names", "form"), [("year,week,y", "{},{},{}"), ("연도,주차,매출", "{}년,{}주차,{}")])
def test_years_and_weeks_in_columns_of_their_own(tmp_path: Path, names: str, form: str) -> None:
    rows = [form.format(2024 + n // 52, n % 52 + 1, n) for n in range(60)]
    (tmp_path / "a.csv").write_text("\n".join([names, *rows]))
    table = read_time_table(tmp_path / "a.csv")
    assert (table.frequency, table.names) == ("weekly (Mon)", [names.rpartition(",")[2]])
    assert table.series[0].clock is not None
    assert table.series[0].clock.label(1) == "2025-W09"


def test_what_stands_above_the_header(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "Sales\nUnits: EUR\n\ndate,y\n" + "".join(f"2026-01-{n:02},{n}\n" for n in range(1, 15))
    )
    table = read_time_table(tmp_path / "a.csv")
    assert (table.names, len(table.series[0].values)) == (["y"], 14)
    assert table.notes == ["a.csv: line 1, 2 above the header left out (Sales)"]
