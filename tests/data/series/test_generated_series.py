"""Generated tables of series: each is read back to exactly what was written, or refused; never to other numbers."""

from __future__ import annotations

import codecs
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol import DataError
from gyeol.data.times.clock import DAY
from gyeol.data.times.table import read_time_table

EPOCH = datetime(1970, 1, 1)
DATES = [
    "%Y-%m-%d", "%Y/%m/%d", "%Y. %m. %d.", "%Y년 %m월 %d일", "%Y%m%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d.%m.%y",
    "%y.%m.%d", "%d-%b-%Y", "%b %d, %Y", "%m/%d/%y", "%d %B %Y", "%Y-%m-%dT00:00:00", "%Y-%m-%d 오전 12:00",
]  # fmt: skip
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "cp949"]


def number(value: float, places: int, decimal: str, group: str) -> str:
    text = f"{value:,.{places}f}".replace(",", "_").replace(".", decimal)
    return text.replace("_", group)


@st.composite
def tables(draw: st.DrawFn) -> tuple[bytes, list[float], list[datetime], str]:
    """Draw a table as bytes, its numbers, its days, and the ending of its name."""
    separator = draw(st.sampled_from([",", ";", "\t", "|"]))
    decimal = draw(st.sampled_from([".", ","]))
    group = draw(st.sampled_from([mark for mark in ("", ",", ".", " ", "\u00a0", "'") if mark != decimal]))
    # Whole numbers with points between thousands look like numbers of three decimal places, and are read as such.
    places = draw(st.integers(1 if group == "." else 0, 4))
    size = draw(st.sampled_from([10.0, 1e3, 1e5, 1e8]))
    values = draw(st.lists(st.floats(-size, size), min_size=6, max_size=30))
    values = [round(value, places) + 0.0 for value in values]
    step = draw(st.sampled_from([1, 1, 7]))
    begin = datetime(2001, 1, 1) + timedelta(days=draw(st.integers(0, 9000)))
    days = [begin + timedelta(days=step * n) for n in range(len(values))]
    pattern = draw(st.sampled_from(DATES))
    currency = draw(st.sampled_from(["", "", "$", "₩"]))
    encoding = draw(st.sampled_from(ENCODINGS))
    newline = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    quoted = draw(st.booleans())
    cells = [[day.strftime(pattern), currency + number(value, places, decimal, group)]
             for day, value in zip(days, values, strict=True)]  # fmt: skip
    if draw(st.booleans()):
        cells.insert(0, ["날짜", "매출"])

    def field(cell: str) -> str:
        return f'"{cell}"' if quoted or separator in cell else cell

    text = newline.join(separator.join(map(field, row)) for row in cells) + newline
    ending = draw(st.sampled_from([".csv", ".tsv", ".txt"]))
    return text.encode(encoding, "replace"), values, days, ending


@given(tables())
@settings(max_examples=120, deadline=None)
def test_what_is_written_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, drawn: tuple[bytes, list[float], list[datetime], str]
) -> None:
    content, values, days, ending = drawn
    path = tmp_path_factory.mktemp("t") / f"a{ending}"
    path.write_bytes(content)
    try:
        found = read_time_table(path)
    except DataError:
        return
    if found.time is None:
        return  # every row is a step: told
    (one,) = found.series
    observed = one.values[:, -1]
    observed = observed[~np.isnan(observed)]
    np.testing.assert_array_equal(observed, values)
    assert one.clock is not None
    assert one.clock.moment(0) == (days[-1] - EPOCH) // timedelta(microseconds=1)
    assert (one.clock.moment(0) - one.clock.moment(1 - len(one.values))) / DAY == (days[-1] - days[0]).days


def test_most_tables_are_read(tmp_path: Path) -> None:
    """Refusing all would pass above: what leaves no doubt is read."""
    days = [datetime(2026, 1, 1) + timedelta(days=n) for n in range(30)]
    read = 0
    for pattern in DATES:
        for separator, decimal in ((",", "."), (";", ","), ("\t", "."), ("\t", ","), ("|", ".")):
            mark = '"' if separator == "," else ""
            numbers = [f"{n + 0.25:.2f}".replace(".", decimal) for n in range(30)]
            rows = [f"{mark}{day:{pattern}}{mark}{separator}{text}" for day, text in zip(days, numbers, strict=True)]
            path = tmp_path / "a.csv"
            path.write_bytes(codecs.BOM_UTF8 + "\r\n".join([separator.join(("날짜", "매출")), *rows, ""]).encode())
            found = read_time_table(path)
            assert found.series[0].values[:, 0].tolist() == [n + 0.25 for n in range(30)]
            assert found.series[0].clock is not None
            assert found.series[0].clock.label(1) == "2026-01-31"
            read += 1
    assert read == 5 * len(DATES)
