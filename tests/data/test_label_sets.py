"""Several labels in one field: when a column holds them, and when a class is only called so."""

from __future__ import annotations

import pytest

from gyeol.data.label_sets import means_several, separated


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
