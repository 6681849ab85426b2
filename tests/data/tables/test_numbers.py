"""Numbers as people write them: each reading, what decides between two, and what is asked about."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gyeol import DataError
from gyeol.data.number_format import exact, rounded
from gyeol.data.tables.number_cells import NumberFormat, as_number, readings
from gyeol.data.tables.numbers import NumberColumn, read_numbers, settle
from gyeol.errors import ParameterError


def where(line: int) -> str:
    return f"file, line {line}"


@pytest.mark.parametrize(
    ("text", "point", "comma"),
    [
        ("12", 12.0, 12.0),
        ("1,234", 1234.0, 1.234),
        ("1.234", 1.234, 1234.0),
        ("0,512", None, 0.512),
        ("12,5", None, 12.5),
        ("1.234,56", None, 1234.56),
        ("1 234,56", None, 1234.56),
        ("1\u00a0234,56", None, 1234.56),
        ("1\u202f234.5", 1234.5, None),
        ("1'234.56", 1234.56, None),
        ("1\u2019234", 1234.0, 1234.0),
        ("1,234,587,881", 1234587881.0, None),
        ("12,34,567.8", 1234567.8, None),
        ("1.5E+3", 1500.0, None),
        ("1,5e3", None, 1500.0),
        ("\u22125", -5.0, -5.0),
        ("１２３．５", 123.5, None),
        ("(1,234.5)", -1234.5, None),
        ("-$5.25", -5.25, None),
        ("₩ 1,234,567", 1234567.0, None),
        ("1,234,567원", 1234567.0, None),
        ("12.5%", 12.5, None),
        ("1_000", None, None),
        ("0x1f", None, None),
        ("10²", None, None),
        ("5-", None, None),
        ("3억", None, None),
        ("1/2", None, None),
        ("", None, None),
    ],
)
def test_each_cell_both_ways(text: str, point: float | None, comma: float | None) -> None:
    assert readings(text) == (point, comma)


@given(st.floats(-1e12, 1e12), st.sampled_from([(".", ","), (",", "."), (",", " "), (".", "'"), (",", "\u202f")]))
def test_what_is_written_in_a_style_is_read_in_it(number: float, marks: tuple[str, str]) -> None:
    text = f"{number:,.2f}".replace(",", "_").replace(".", marks[0]).replace("_", marks[1])
    assert readings(text)[0 if marks[0] == "." else 1] == round(number, 2)


@given(st.text(max_size=20))
def test_any_cell_is_a_number_or_none(text: str) -> None:
    for value in readings(text):
        assert value is None or isinstance(value, float)


@pytest.mark.parametrize(
    ("cells", "separator", "expected"),
    [
        (["9,897", "10,672", "0,512"], "\t", [9.897, 10.672, 0.512]),
        (["9,897", "10,67"], "\t", [9.897, 10.67]),
        (["9,897", "10,672"], ";", [9.897, 10.672]),
        (["9,897", "10,672"], ",", [9897.0, 10672.0]),
        (["1,234", "12,5"], ",", [1.234, 12.5]),
        (["1,234", "1,234,587,881", "5"], "\t", [1234.0, 1234587881.0, 5.0]),
        (["1,234", "1,234,567"], ";", [1234.0, 1234567.0]),
        (["1.234", "5.678"], "\t", [1.234, 5.678]),
        (["1.234", "5.678,5"], "\t", [1234.0, 5678.5]),
        (["1.234", "0.5"], ";", [1.234, 0.5]),
        (["1.234", "1.234.567"], "\t", [1234.0, 1234567.0]),
        (["₩1,234", "2,000,000원", "3"], None, [1234.0, 2000000.0, 3.0]),
        ([1.5, 2, True], None, [1.5, 2.0, 1.0]),
    ],
)
def test_the_column_decides(cells: list[object], separator: str | None, expected: list[float]) -> None:
    assert read_numbers(cells, "y", where, separator=separator).tolist() == expected


@pytest.mark.parametrize(
    ("cells", "separator"),
    [(["1,234", "5,678"], "\t"), (["1,234", "980", "12"], None), (["1.234", "5.678"], ";"), (["1,234", "5.678"], "\t")],
)
def test_what_nothing_decides_is_asked_about(cells: list[str], separator: str | None) -> None:
    with pytest.raises(DataError, match=r"line 1: '1.234' in column 'y' may be .*: say --decimal \. or --decimal ,"):
        read_numbers(cells, "y", where, separator=separator)
    point = read_numbers(cells[:1], "y", where, given=NumberFormat("."))
    comma = read_numbers(cells[:1], "y", where, given=NumberFormat(","))
    assert sorted([*point, *comma]) == [1.234, 1234.0]
    assert read_numbers(cells[:1], "y", where, separator=separator, remembered=",") == comma


@pytest.mark.parametrize(
    ("cells", "given", "message"),
    [
        (
            ["12,5", "1", "12.5"],
            NumberFormat(),
            "line 3: column 'y' has two .*: '12.5' here, and '12,5' in line 1",
        ),
        (["1,234.5", "1.234,5"], NumberFormat(), "line 2: column 'y' has two decimal marks"),
        (["12.5"], NumberFormat(","), "line 1: '12.5' in column 'y' is not a number; , is the decimal mark"),
        (["1,5"], NumberFormat("."), "line 1: '1,5' in column 'y' is not a number"),
        (["12%", "12"], NumberFormat(), "line 2: '12' in column 'y' is of another unit than '12%' in line 1"),
        (["$12", "€3"], NumberFormat(), "line 2: '€3' in column 'y' is of another unit"),
        (["1", "*"], NumberFormat(), r"line 2: '\*' in column 'y' is not a number; .*--missing"),
    ],
)
def test_what_contradicts_itself_is_refused(cells: list[str], given: NumberFormat, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_numbers(cells, "y", where, given=given)


def test_missing_values() -> None:
    cells = ["1", "?", "NaN", "#N/A", "-999", "-999.0", "*", ""]
    found = read_numbers(cells, "y", where, given=NumberFormat(missing=["-999", "*"]))
    np.testing.assert_array_equal(found, [1.0] + [math.nan] * 7)
    assert as_number("?") is not None
    assert as_number("?", NumberFormat()) is not None
    assert as_number("soon") is None
    with pytest.raises(ParameterError, match="--decimal ';'"):
        NumberFormat(";")


def test_columns_of_a_file_agree() -> None:
    columns = [NumberColumn(name, NumberFormat(), where) for name in "ab"]
    for line, cells in enumerate([("9,897", "1,5"), ("1,234", "2")], 1):
        for column, cell in zip(columns, cells, strict=True):
            column.add(cell, line)
    assert settle(columns, "\t") == ","
    assert columns[0].values().tolist() == [9.897, 1.234]
    assert columns[0].describe() == "a comma is the decimal mark in column 'a', as in the other columns"
    assert columns[1].describe() == "a comma is the decimal mark in column 'b', as 1,5 in line 1 shows"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_files_get_every_digit(number: float) -> None:
    assert float(exact(number)) == number


def test_screens_get_those_that_say_something() -> None:
    assert rounded([1234587881.4, 1234601234.6]) == ["1234587881", "1234601235"]
    assert rounded([1e6 + 0.001, 1e6 + 0.002]) == ["1000000.0010000", "1000000.0020000"]
    assert rounded([0.5, math.nan]) == ["0.500000", "nan"]
    assert rounded([0.0]) == ["0"]
    assert rounded([1e300]) == ["1e+300"]
