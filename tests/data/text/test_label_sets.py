"""Several labels in one field: when a column holds them, and when a class is only called so."""

from __future__ import annotations

import pytest

from gyeol.data.text.label_sets import means_several, other_separator, places_of_ones, separated


@pytest.mark.parametrize(
    ("fields", "several"),
    [
        (["긍정|액션", "긍정", "부정"], True),
        (["a|b", "b|c"], True),
        (["a|b", "b|a"], True),  # the same two, in another order
        ([" a | b ", "a"], True),
        (["a|", "a"], True),
        (["AC|DC", "Pop"], False),
        (["AC|DC", "R|B", "AC|DC"], False),
        (["긍정", "부정"], False),
        ([], False),
        (["|", "a"], False),
    ],
    ids=str,
)
def test_a_column_of_several(fields: list[str], several: bool) -> None:
    assert means_several(fields) is several


def test_each_label_once_without_spaces() -> None:
    assert separated("b | a|b||") == ["b", "a"]
    assert separated(" ") == separated("||") == []


@pytest.mark.parametrize(
    ("fields", "mark"),
    [
        (["a, b", "b, a", "a", "b"], ","),
        (["a;b", "b;c", "c;a"], ";"),
        (["액션/멜로", "액션", "멜로/공포", "공포"], "/"),
        (["New York, NY", "Boston, MA"], None),
        (["a, b", "a", "b"], None),  # one that may be called so
        (["a|b", "a", "b"], None),
    ],
    ids=str,
)
def test_another_mark_between_labels(fields: list[str], mark: str | None) -> None:
    assert other_separator(fields) == mark


@pytest.mark.parametrize(
    ("fields", "places"),
    [
        (["0|1|0", "1|1|0"], [["1"], ["0", "1"]]),
        (["0|0", "0|1", "1|0"], [[], ["1"], ["0"]]),
        (["0|1", "1|0"], None),
        (["0|1|0", "1|1"], None),
        (["0|2|0", "1|1|0"], None),
        (["0", "1"], None),
        ([], None),
    ],
    ids=str,
)
def test_lists_of_0_and_1(fields: list[str], places: list[list[str]] | None) -> None:
    assert places_of_ones(fields) == places
