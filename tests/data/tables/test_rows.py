"""Lines become rows: tabs as they stand, CSV as Python reads it, and one open quote costs one row."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol.data.tables.lines import MAX_LINE
from gyeol.data.tables.rows import MAX_BREAKS, BadRow, csv_rows, plain_rows, tsv_rows

cell = st.text(st.sampled_from('ab 가,;"\n\t'), max_size=6)


def numbered(text: str) -> list[tuple[int, str]]:
    lines = text.split("\n")
    return list(enumerate(lines[:-1] if lines[-1] == "" else lines, start=1))


@given(st.lists(st.lists(cell, min_size=2, max_size=4), max_size=8))
@settings(max_examples=150)
def test_csv_that_python_wrote_comes_back_with_its_lines(rows: list[list[str]]) -> None:
    stream, begins = io.StringIO(newline=""), []
    for row in rows:
        begins.append(stream.getvalue().count("\n") + 1)
        csv.writer(stream, lineterminator="\n").writerow(row)
    assert list(csv_rows(iter(numbered(stream.getvalue())))) == list(zip(begins, rows, strict=True))


@given(st.text(st.sampled_from('ab,"\n\r'), max_size=30))
@settings(max_examples=300)
def test_whatever_a_line_holds_the_rows_after_it_are_read(text: str) -> None:
    """Lines are read in order, none twice as the beginning of a row, and a good last line survives."""
    lines = numbered(text)
    rows = list(csv_rows(iter([*lines, (len(lines) + 1, "x,y")])))
    begins = [row.line if isinstance(row, BadRow) else row[0] for row in rows]
    assert begins == sorted(set(begins))
    good = [row for row in rows if not isinstance(row, BadRow)]
    assert good
    assert good[-1][1][-1].split("\n")[-1].endswith("y") or '"' in text


@given(st.lists(st.text(st.sampled_from("ab,가"), max_size=4), min_size=1, max_size=6))
def test_an_open_quote_costs_its_own_row_only(texts: list[str]) -> None:
    lines = [(1, "a,b"), (2, '"open,c'), *((i, f"{text},z") for i, text in enumerate(texts, start=3))]
    rows = list(csv_rows(iter(lines)))
    assert rows[0] == (1, ["a", "b"])
    assert rows[1] == BadRow(2, "a quote opened here is not closed before the file ends", "fields")
    assert rows[2:] == [(i, line.split(",")) for i, line in lines[2:]]


@pytest.mark.parametrize(("breaks", "whole"), [(MAX_BREAKS - 1, True), (MAX_BREAKS + 1, False)])
def test_a_row_holds_so_many_lines_and_no_more(breaks: int, whole: bool) -> None:
    text = '"' + "a\n" * breaks + '",z\nb,c\n'
    rows = list(csv_rows(iter(numbered(text))))
    assert isinstance(rows[0], BadRow) is not whole
    assert ["b", "c"] in [row[1] for row in rows if not isinstance(row, BadRow)]


@given(st.lists(st.lists(st.text(st.sampled_from('ab 가,"'), max_size=6), min_size=1, max_size=4), max_size=6))
@settings(max_examples=150)
def test_tabs_split_and_quotes_are_characters(rows: list[list[str]]) -> None:
    def written(field: str) -> str:  # as a spreadsheet does where it must
        quoted = len(field) > 1 and field[0] == field[-1] == '"'
        return '"' + field.replace('"', '""') + '"' if quoted else field

    lines = [(i, "\t".join(map(written, row))) for i, row in enumerate(rows, start=1)]
    assert list(tsv_rows(iter(lines))) == list(enumerate(rows, start=1))


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ('"a"', "a"),
        ('"a ""b"" c"', 'a "b" c'),
        ('""', ""),
        ('"', '"'),
        ('"a" or "b"', '"a" or "b"'),
        ('"a', '"a'),
        ('a"b', 'a"b'),
        ('""""', '"'),
        ('"""', '"""'),
    ],
)
def test_only_what_a_spreadsheet_quoted_is_unwrapped(field: str, expected: str) -> None:
    assert list(tsv_rows(iter([(7, f"{field}\tz\r")]))) == [(7, [expected, "z"])]


def test_plain_lines_and_lines_that_are_too_long() -> None:
    lines = [(1, "a\tb\r"), (2, ""), (3, "x" * (MAX_LINE + 1))]
    assert list(plain_rows(iter(lines)))[:2] == [(1, ["a\tb"]), (2, [""])]
    for rows in (plain_rows, tsv_rows):
        [bad] = [row for row in rows(iter(lines)) if isinstance(row, BadRow)]
        assert (bad.line, bad.kind) == (3, "long")
