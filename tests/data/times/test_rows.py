"""Words as categories, columns that name series, names in either Unicode form."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gyeol import DataError
from gyeol.data.times.table import TimeTable, Trained, read_time_table

TIMES = [datetime(2026, 1, 1) + timedelta(hours=n) for n in range(48)]
DAYS = [datetime(2026, 1, 1) + timedelta(days=n) for n in range(60)]


def table(path: Path, header: str, rows: Iterable[Iterable[Any]], separator: str = ",") -> Path:
    lines = [header, *(separator.join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def labels(found: TimeTable, *after: int) -> list[str]:
    clock = found.series[0].clock
    assert clock is not None
    return [clock.label(n) for n in after]


def test_words_become_categories(tmp_path: Path) -> None:
    weather = ["맑음", "비", "눈"]
    rows = [(time, n, weather[n % 3], "설날" if n == 40 else "", n % 2) for n, time in enumerate(TIMES)]
    path = table(tmp_path / "a.csv", "date,y,weather,holiday,on", rows)
    how: dict[str, Any] = {"targets": ["y"], "covariates": ["weather", "holiday", "on"]}
    found = read_time_table(path, **how)
    known = found.series[0].covariates
    assert known is not None
    assert known[[0, 1, 40]].tolist() == [[1, 0, 0, 0, 0], [0, 1, 0, 0, 1], [0, 1, 0, 1, 0]]
    assert found.levels == {"weather": weather, "holiday": ["설날"]}
    assert found.notes == ["categories of 'weather': 맑음, 비, 눈", "categories of 'holiday': 설날"]
    trained = Trained.remembered(found.remember())
    other = [(time, n, "우박" if n == 3 else "비", "", 1) for n, time in enumerate(TIMES)]
    found = read_time_table(table(tmp_path / "b.csv", "date,y,weather,holiday,on", other), trained=trained, **how)
    known = found.series[0].covariates
    assert known is not None
    assert known[[3, 4]].tolist() == [[0, 0, 0, 0, 1], [0, 1, 0, 0, 1]]
    assert found.notes == [
        "'우박' (1) in the covariate 'weather' never occurred in training: taken as none of its categories"
    ]
    many = [(TIMES[0] + timedelta(hours=n), n, f"w{n}") for n in range(150)]
    with pytest.raises(DataError, match=r"line 102: the covariate 'weather' has more than 100 different words"):
        read_time_table(table(tmp_path / "c.csv", "date,y,weather", many), targets=["y"], covariates=["weather"])


def test_columns_that_name_series_or_count_rows_are_not_forecast(tmp_path: Path) -> None:
    rows = [(n, 7, day.date(), n) for n, day in enumerate(DAYS)]
    found = read_time_table(table(tmp_path / "a.csv", ",store,date,y", rows))
    assert found.names == ["y"]
    assert found.notes == [
        "left out, as they count rows: 1 (--target includes them)",
        "left out, as they name series: store (--target includes them)",
    ]
    two = [(name, day.date(), n) for n, day in enumerate(DAYS) for name in ("1", "01")]
    found = read_time_table(table(tmp_path / "b.csv", "id,date,y", two))
    assert [one.name for one in found.series] == ["1", "01"]


def test_names_in_either_unicode_form(tmp_path: Path) -> None:
    header = unicodedata.normalize("NFD", "날짜,사용량,날씨")
    path = table(tmp_path / "a.csv", header, [(day.date(), n, "비") for n, day in enumerate(DAYS)])
    found = read_time_table(path, targets=["사용량"], covariates=["날씨"], time="날짜")
    assert found.levels == {unicodedata.normalize("NFD", "날씨"): ["비"]}
