"""Which column is which: a header is told from a row, names and numbers are found, doubts are asked about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol.data.tables.columns import INPUT_NAMES, TARGET_NAMES, Columns, find_columns, has_header
from gyeol.errors import DataError

PATH = Path("file.tsv")


def find(*rows: list[str], **named: Any) -> Columns:
    return find_columns(PATH, list(rows), **named)


def test_no_name_means_both() -> None:
    assert not set(INPUT_NAMES) & set(TARGET_NAMES)
    for names in (INPUT_NAMES, TARGET_NAMES):
        assert len(set(names)) == len(names)
        assert [name.casefold() for name in names] == list(names)


@given(st.sampled_from(INPUT_NAMES), st.sampled_from(TARGET_NAMES), st.booleans(), st.sampled_from([str.upper, str]))
@settings(max_examples=60)
def test_every_name_people_use_is_known(text: str, label: str, swapped: bool, case: Any) -> None:
    header = [case(f" {text}"), "id", case(label)]
    row = ["some words", "7", "pos"]
    columns = find(*[row[::-1] if swapped else row for row in (header, row)])
    assert columns == Columns(
        tuple(name.strip() for name in (header[::-1] if swapped else header)), True, 2 * swapped, 2 * (not swapped)
    )


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([["text", "label"]], True),
        ([["text", "label"], ["a", "b"]], True),
        ([["good", "1"], ["bad", "0"]], False),
        ([["label", "good"], ["label", "bad"], ["other", "fine"]], False),  # a label called label
        ([["a", "n"], ["b", "1"], ["c", "2"]], True),  # a word above numbers
        ([["2024", "n"], ["b", "1"], ["c", "2"]], False),  # names are no numbers
        ([["sms", "kind"], ["a", "ham"], ["b", "spam"], ["c", "ham"]], True),
        ([["d", "ham"], ["a", "ham"], ["b", "spam"], ["c", "ham"]], False),
        ([["one text"], ["another"]], False),
        ([], False),
    ],
)
def test_a_header_is_told_from_a_row(rows: list[list[str]], expected: bool) -> None:
    assert has_header(rows) is expected


def test_a_name_the_user_passes_makes_a_header_and_a_number_does_not() -> None:
    rows = [["q", "a", "x"], ["hi", "hello", "y"], ["bye", "so long", "z"]]
    assert not has_header(rows)
    assert has_header(rows, input="q")
    assert not has_header(rows, input="1")
    assert find(*rows, input="q", target="a") == Columns(("q", "a", "x"), True, 0, 1)
    assert find(*rows, input="1", target="2") == Columns(("1", "2", "3"), False, 0, 1)


def test_of_two_columns_one_tells_the_other() -> None:
    assert find(["text", "frage"], ["a", "b"]).target == 1
    assert find(["frage", "label"], ["a", "b"]).input == 0
    assert find(["pos", "one"], ["neg", "two"], ["pos", "three"]) == Columns(("1", "2"), False, 1, 0)
    assert find(["text", "frage"], ["a", "b"], need_target=False).target is None


def test_numbers_and_codes_are_no_texts() -> None:
    rows = [["번호", "후기글"], ["1", "좋다 정말"], ["2", "나쁘다"]]
    assert find(*rows, need_target=False).input == 1
    assert find(*[row[::-1] for row in rows], need_target=False).input == 0
    assert (
        find(
            ["key", "날짜", "후기글"], ["u1", "2024-01-02", "좋다"], ["u2", "2024-01-03", "나"], need_target=False
        ).input
        == 2
    )


def test_names_that_the_format_carries() -> None:
    columns = find(["a", "b"], ["c", "d"], names=["label", "text"])
    assert columns == Columns(("label", "text"), False, 1, 0)
    assert find(names=["label", "text"]) == columns


def test_a_column_without_a_name_goes_by_its_number() -> None:
    assert find(["", "text", "label"], ["1", "a", "b"], input="1").names == ("1", "text", "label")
    assert find(["", "text", "label"], ["1", "a", "b"], input="1").input == 0


@pytest.mark.parametrize(
    ("rows", "named", "word"),
    [
        ([["x", "y", "n"], ["a", "b", "1"]], {}, "which column is the text and which the label? the columns are x, y"),
        ([["text", "y", "n"], ["a", "b", "1"]], {}, "which column is the label?"),
        ([["x", "y", "label"], ["a", "b", "1"]], {}, "which column is the text?"),
        ([["text"], ["a"]], {}, "one column (text)"),
        ([["text", "label"]], {"input": "txt"}, "no column 'txt'; did you mean 'text'? Possible: text, label"),
        ([["text", "label"]], {"input": "3"}, "no column '3'"),
        ([["text", "label"]], {"input": "0"}, "no column '0'"),
        ([["text", "label"]], {"target": "text", "input": "text"}, "cannot be the text and the label at once"),
        ([["text", "text", "label"]], {"input": "text"}, "2 columns are called 'text'"),
        ([["a", "b"], ["c", "d"]], {}, "the first row is a | b"),
    ],
)
def test_doubts_are_asked_about(rows: list[list[str]], named: dict[str, Any], word: str) -> None:
    with pytest.raises(DataError) as caught:
        find(*rows, **named)
    assert word in str(caught.value)
    assert str(caught.value).startswith("file.tsv")
    assert "\n" not in str(caught.value)


cells = st.text(st.sampled_from("ab1 가"), max_size=3) | st.sampled_from(["text", "label", "1", ""])


@given(
    st.lists(st.lists(cells, min_size=1, max_size=4), min_size=1, max_size=6),
    st.none() | cells,
    st.none() | cells,
    st.booleans(),
)
@settings(max_examples=300)
def test_any_rows_are_understood_or_asked_about(
    rows: list[list[str]], input: str | None, target: str | None, need_target: bool
) -> None:
    try:
        columns = find(*rows, input=input, target=target, need_target=need_target)
    except DataError as error:
        message = str(error)
    else:
        message = "understood"
        assert columns.input != columns.target
        assert all(at is None or 0 <= at < len(columns.names) for at in (columns.input, columns.target))
        assert columns.target is not None or not need_target
    assert len(message.splitlines()) == 1
