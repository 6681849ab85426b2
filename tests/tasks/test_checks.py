from __future__ import annotations

import json
import math
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol import DataError, ModelError, ParameterError
from gyeol.tasks.checks import checked_labels, checked_texts, class_weights, labels_from_state, labels_to_state


@pytest.mark.parametrize(
    "given",
    [
        ["가", "나"],
        ("가", "나"),
        np.array(["가", "나"]),
        np.array(["가", "나"], dtype=object),
        pl.Series(["가", "나"]),
        iter(["가", "나"]),
        {"가": 1, "나": 2}.keys(),
    ],
    ids=lambda given: type(given).__name__,
)
def test_texts_come_in_any_sequence(given: Any) -> None:
    assert checked_texts(given) == ["가", "나"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("한 문장", "got one text where a list of texts was expected: write ['한 문장']"),
        (b"bytes", "got one text"),
        (3, "got int where a list of texts"),
        (None, "got NoneType where a list of texts"),
        ([], "the list is empty"),
        (np.array([["가", "나"]]), r"shape (1, 2)"),
        (np.array("가"), r"shape ()"),
        (["가", None], "text 1 is None (NoneType), not a text"),
        (["가", math.nan], "text 1 is nan (float)"),
        (["가", 3], "text 1 is 3 (int)"),
        (["가", b"x"], "text 1 is b'x' (bytes)"),
        (["가", ""], "text 1 is empty"),
        (["가", " \t\n"], "text 1 is empty"),
        (["가", "나\ud800"], "text 1 holds half a character"),
        ([list(range(10**5))], "text 0 is [0, 1"),
    ],
)
def test_what_is_no_list_of_texts_is_refused(given: Any, expected: str) -> None:
    with pytest.raises(DataError) as caught:
        checked_texts(given)
    assert expected in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (["a", "b", "a"], "U"),
        (("a", "b", "a"), "U"),
        (np.array(["a", "b", "a"], dtype=object), "O"),
        (pl.Series(["a", "b", "a"]), "U"),
        ([1, 0, 1], "i"),
        ([True, False, True], "b"),
        (np.array([1, 0, 1], dtype=object), "i"),
        (np.array([1, 0, 1], dtype=np.uint8), "u"),
        (np.array([[1], [0], [1]]), "i"),
        ([1.0, 2.0, 1.0], "f"),
        (iter([1, 0, 1]), "i"),
    ],
)
def test_labels_come_as_one_kind(given: Any, kind: str) -> None:
    labels = checked_labels(given, 3)
    assert labels.dtype.kind == kind
    assert labels.shape == (3,)
    assert labels[0] == labels[2] != labels[1]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, "requires y to be passed, but the target y is None"),
        ("aba", "got str where a list of labels"),
        (3, "got int where a list of labels"),
        (["a", "b"], "got 3 texts and 2 labels"),
        (np.zeros((3, 2)), "shape (3, 2)"),
        ([[1], [1, 2], [3]], "label 0 is [1] (list)"),
        (["a", None, "b"], "label 1 is missing (None)"),
        (iter(["a", None, "b"]), "label 1 is missing (None)"),
        ([1.0, math.nan, 2.0], "label 1 is missing ('nan')"),
        (np.array([1.0, math.nan, 2.0]), "label 1 is missing ('nan')"),
        (np.array(["a", math.nan, "b"], dtype=object), "label 1"),
        (["a", " ", "b"], "label 1 is missing (' ')"),
        (["a", "", "b"], "label 1 is missing ('')"),
        (["a", 1, "b"], "of two kinds, 'a' and (label 1) 1"),
        ([1, "a", 2], "of two kinds, 1 and (label 1) 'a'"),
        ([b"a", b"b", b"a"], "label 0 is b'a' (bytes)"),
        ([date(2026, 1, 1)] * 3, "label 0 is datetime.date"),
        (np.array(["2026-01-01"] * 3, dtype="M8[D]").astype(object), "label 0 is datetime"),
        ([1 + 2j, 1, 2], "label 0 is (1+2j) (complex)"),
        ([0.5, 1.5, 2.5], "classes must be texts or whole numbers"),
        ([math.inf, 1.0, 2.0], "classes must be texts or whole numbers"),
        ([2**70, 1, 2], "classes must be texts or whole numbers"),
        (["a", "x" * 1001, "b"], "label 1 has 1,001 characters"),
        (["a", "\udfff", "b"], "label 1 holds half a character"),
    ],
)
def test_what_is_no_list_of_labels_is_refused(given: Any, expected: str) -> None:
    with pytest.raises(DataError) as caught:
        checked_labels(given, 3)
    assert expected in str(caught.value)
    assert "np." not in str(caught.value)


LABEL = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=3),
    st.binary(max_size=2),
    st.lists(st.integers(), max_size=2),
    st.just(np.datetime64("NaT")),
    st.just(np.float32("nan")),
    st.just(np.str_("가")),
    st.just(object()),
)


def object_array(values: list[Any]) -> Any:
    array = np.empty(len(values), dtype=object)
    for i, value in enumerate(values):
        array[i] = value
    return array


@given(st.lists(LABEL, min_size=1, max_size=4), st.sampled_from([list, object_array, iter]))
@settings(max_examples=300, deadline=None)
def test_any_labels_are_taken_or_refused_in_one_sentence(values: list[Any], form: Any) -> None:
    try:
        labels = checked_labels(form(values), len(values))
    except DataError as error:
        message = str(error)
    else:
        message = "taken"
        assert labels.shape == (len(values),)
        assert labels.tolist() == values
    assert len(message.splitlines()) == 1


def test_many_labels_of_one_length_take_little_room() -> None:
    labels = checked_labels(["긍정", "부정"] * 50_000, 100_000)
    assert labels.nbytes <= 100_000 * 8


def test_no_weights_without_a_wish() -> None:
    assert class_weights(None, np.array(["a", "b"]), np.array([0, 1, 1])) is None


def test_balanced_weights_are_inverse_to_the_frequency() -> None:
    weights = class_weights("balanced", np.array(["a", "b"]), np.array([0, 1, 1, 1]))
    assert weights is not None
    np.testing.assert_allclose(weights, [2.0, 2 / 3])


def test_own_weights_keep_their_ratio_and_have_mean_1_over_the_examples() -> None:
    numbers = np.array([0, 0, 0, 1, 2])
    weights = class_weights({"b": 6, "c": 3.0}, np.array(["a", "b", "c"]), numbers)
    assert weights is not None
    np.testing.assert_allclose(weights / weights[0], [1, 6, 3])
    np.testing.assert_allclose(weights[numbers].mean(), 1.0)


@pytest.mark.parametrize("weight", [0, -1, math.nan, math.inf, "2", None, True])
def test_a_weight_is_a_number_above_0(weight: Any) -> None:
    with pytest.raises(ParameterError, match=r"class_weight of 'a' is .* must be a number above 0"):
        class_weights({"a": weight}, np.array(["a", "b"]), np.array([0, 1]))


def test_a_weight_names_a_label_that_there_is() -> None:
    with pytest.raises(ParameterError, match="class_weight names 1, which is no label here; labels: 'a', 'b'"):
        class_weights({1: 2.0}, np.array(["a", "b"]), np.array([0, 1]))


@pytest.mark.parametrize(
    "classes",
    [
        np.array(["가", "나"]),
        np.array(["가", "나"], dtype=object),
        np.array([-1, 3]),
        np.array([1, 3], dtype=np.uint8),
        np.array([False, True]),
        np.array([1.0, 2.0]),
    ],
    ids=lambda classes: classes.dtype.str,
)
def test_labels_survive_json(classes: Any) -> None:
    back = labels_from_state(json.loads(json.dumps(labels_to_state(classes))))
    assert back.dtype.kind == classes.dtype.kind
    assert back.tolist() == classes.tolist()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)


@given(st.sampled_from(["U", "i", "u", "b", "f", "object", "x"]) | JSON, st.lists(JSON, max_size=3) | JSON)
@settings(max_examples=300, deadline=None)
def test_damaged_labels_are_a_damaged_model(kind: Any, classes: Any) -> None:
    try:
        labels = labels_from_state({"kind": kind, "classes": classes})
    except (ModelError, OverflowError):  # `load` turns the latter, a number that does not fit, into the former
        return
    assert labels.ndim == 1
    assert len(set(labels.tolist())) == len(classes)
