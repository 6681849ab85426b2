"""Several labels a text: how they are handed over, what is refused, and the numbers that they become."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from gyeol import DataError
from gyeol.tasks.text.label_sets import LabelSets, checked_indicator, checked_sets, holds_sets, numbered_sets, sets_of


def test_sets_become_numbers_of_sorted_classes() -> None:
    classes, sets = checked_sets([["부정", "가"], {"긍정"}, (), ["가", "가"]], 4)
    assert classes.tolist() == ["가", "긍정", "부정"]
    assert sets.indicator().astype(int).tolist() == [[1, 0, 1], [0, 1, 0], [0, 0, 0], [1, 0, 0]]
    assert sets.counts().tolist() == [2, 1, 1]
    assert sets.rarest().tolist() == [2, 1, 3, 0]  # the third has none
    some = sets.take(np.array([3, 0, 0]))
    assert some.indicator().astype(int).tolist() == [[1, 0, 0], [1, 0, 1], [1, 0, 1]]
    assert sets.indicator(np.array([1])).tolist() == [[False, True, False]]
    assert sets.take(np.arange(4)).fingerprint() == sets.fingerprint() != some.fingerprint()


@pytest.mark.parametrize(
    ("y", "several"),
    [
        ([["a"], ["b"]], True),
        ([None, {"a"}], True),
        ([(), ("a",)], True),
        (np.array([["a"], ["b", "c"]], dtype=object), True),
        (np.eye(3), True),
        (csr_array(np.eye(3)), True),
        (["a|b", "c"], False),
        (np.array([["a"], ["b"]]), False),
        ([1, 2], False),
        ("ab", False),
        (None, False),
    ],
    ids=str,
)
def test_what_holds_sets(y: Any, several: bool) -> None:
    assert holds_sets(y) is several


@pytest.mark.parametrize("form", [np.array, lambda rows: csr_array(np.array(rows)), list])
def test_a_matrix_of_0_and_1(form: Any) -> None:
    found = checked_indicator(form([[1, 0, 1], [0, 0, 0]]), 2)
    assert found is not None
    assert found[0].tolist() == [0, 1, 2]
    assert found[1].tolist() == [[True, False, True], [False, False, False]]


@pytest.mark.parametrize("sets", [[[3, 4], [1, 0]], [["0", "1"], ["1", "0"]], [[1, 0], [1]], [[1.5, 0], [1, 0]]])
def test_lists_that_are_no_matrix(sets: Any) -> None:
    assert checked_indicator(sets, 2) is None


def test_strings_are_split() -> None:
    assert sets_of(["긍정|액션", " 부정 "], 2) == [["긍정", "액션"], ["부정"]]
    assert sets_of(["a", ""], 2, none=True) == [["a"], []]


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([["a"], None], "labels of text 1 are None"),
        ([["a"], ["b", None]], "text 1: label 1 is missing"),
        ([["a"], ["b", ""]], "text 1: label 1 is missing"),
        ([["a"], ["b", float("nan")]], "text 1: label"),
        ([["a"], [2]], "labels are of two kinds"),
        ([["a"], [["b"]]], "holds a list"),
        ([["a"], ["b"], ["c"]], "got 2 texts and labels of 3"),
        ([["a"], ["a"]], "one class only, 'a'"),
        ([[], []], "no text has a label"),
        (["a", "|"], "text 1 has no label"),
        (7, "got int where a list of labels was expected"),
    ],
    ids=str,
)
def test_what_cannot_be_used(y: Any, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        checked_sets(y, 2)
    assert len(str(caught.value).splitlines()) == 1


def test_a_column_of_texts_is_none_of_labels() -> None:
    with pytest.raises(DataError, match="no two of the 42 labels are alike"):
        checked_sets([[f"a{i}", f"b{i}"] for i in range(21)], 21)


@pytest.mark.parametrize("y", [np.array([[0, 2], [1, 0]]), np.array([["a", "b"], ["b", "c"]]), np.ones((3, 2))])
def test_a_matrix_that_cannot_be_used(y: Any) -> None:
    with pytest.raises(DataError, match=r"not all 0 or 1|2 texts and 3 rows"):
        checked_indicator(y, 2)


def test_a_label_never_seen_is_named_with_its_text() -> None:
    with pytest.raises(DataError, match="text 1: label 0: 'c' was never seen in training; known are: 'a', 'b'"):
        numbered_sets([["a"], ["c"]], np.array(["a", "b"]))
    assert len(LabelSets.of([], 2)) == 0
