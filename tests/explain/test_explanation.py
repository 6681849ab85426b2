"""Explanations: parts that fit each other, numbers that are finite."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from gyeol import DataError
from gyeol.explain.explanation import Attention, Attribution, Explanation, LayerTrace, Reading

from .rendering.examples import of_frames, of_image, of_series, of_sound, of_text, of_translation, trace


def test_completeness_is_a_share_of_what_is_explained() -> None:
    why = Attribution("integrated gradients", "log-odds of x", np.array([1.0, 0.5]), 1.0, 3.0)
    assert why.error == pytest.approx(0.25)
    assert Attribution("exact", "y", [2.0], 0, 2).error == 0


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_refused_wherever_they_are(wrong: float) -> None:
    with pytest.raises(DataError, match="occlusion: values: has a NaN or an infinite"):
        Attribution("occlusion", "x", [1.0, wrong], 0.0, 1.0)
    with pytest.raises(DataError, match="start"):
        Attribution("occlusion", "x", [1.0], wrong, 1.0)
    with pytest.raises(DataError, match="'summary': weights"):
        Attention("summary", ["a"], [[1.0, wrong]])
    with pytest.raises(DataError, match="gates 'forget'"):
        LayerTrace("r", 0, "forward", "lstm", {"forget": [[wrong]]}, {"hidden": [[0.0]]})
    with pytest.raises(DataError, match="gradients 'cell'"):
        LayerTrace("r", 0, "forward", "lstm", {}, {"cell": [[0.0]]}, {"cell": [wrong]})
    with pytest.raises(DataError, match="reading: probabilities"):
        Reading([1], [[wrong]], ["a"])
    with pytest.raises(DataError, match="probabilities"):
        replace(of_text(), probabilities={"a": wrong})
    with pytest.raises(DataError, match="prediction"):
        replace(of_text(), prediction=wrong)
    with pytest.raises(DataError, match="values"):
        replace(of_series(2), values=np.array([[0.0], [wrong]]))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Attention("a", ["x"], [[0.5, 0.4]]), "each row sums to 1"),
        (lambda: Attention("a", ["x"], [[1.5, -0.5]]), "expected shares"),
        (lambda: Attention("a", ["x", "y"], [[1.0]]), r"got shape \(1, 1\), expected \(2, any\)"),
        (lambda: Attention("a", "xy", [[1.0]]), "got str, expected a sequence"),
        (lambda: Attention("a", [3], [[1.0]]), "number 0 is int"),  # type: ignore[list-item]
        (lambda: LayerTrace("r", 0, "up", "rnn", {}, {"hidden": [[0.0]]}), "expected forward or reverse"),  # type: ignore[arg-type]
        (lambda: LayerTrace("r", 0, "forward", "rnn", {}, {}), "expected states"),
        (lambda: LayerTrace("r", 0, "forward", "rnn", {"update": [[1.0, 2.0]]}, {"hidden": [[0.0]]}), r"\(1, 2\)"),
        (lambda: LayerTrace("r", 0, "forward", "rnn", {}, {"hidden": [[0.0]]}, {"hidden": [1.0, 2.0]}), "gradients"),
        (lambda: Reading([2, 1], [[1.0], [1.0]], ["a"]), "rising"),
        (lambda: Reading([], np.zeros((0, 1)), ["a"]), "rising"),
        (lambda: Attribution("exact", "x", ["a"], 0.0, 1.0), "expected an array of numbers"),  # type: ignore[arg-type]
        (lambda: Attribution("exact", "x", torch.ones(1, requires_grad=True), 0, 1), "detach"),  # type: ignore[arg-type]
    ],
)
def test_parts_that_cannot_be(make: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        make()


@pytest.mark.parametrize(
    ("make", "changes", "message"),
    [
        (of_text, {"kind": "smell"}, "expected one of text, series"),
        (of_text, {"tokens": []}, "there are none"),
        (of_text, {"spans": [(0, 1)]}, "got 1, expected 7"),
        (of_text, {"text": "x"}, "in a text of 1 characters"),
        (of_text, {"attributions": [Attribution("exact", "x", [1.0], 0, 1)]}, r"expected \(7\)"),
        (of_text, {"attention": [Attention("a", ["x"], [[1.0]])]}, r"expected \(any, 7\)"),
        (of_text, {"layers": [trace(8, 2)]}, "8 steps, expected at most the 7 of the input"),
        (of_text, {"reading": Reading([8], [[1.0]], ["a"])}, "step 8 of an input with 7"),
        (of_translation, {"layers": [trace(5, 2, "decoder")]}, "or, of a decoder, the 4 of the output"),
        (of_series, {"values": np.zeros((59, 2))}, r"expected \(60, any\)"),
        (of_series, {"values": None}, "values"),
        (of_series, {"values": np.full((60, 2), 1e308)}, "too large to be drawn"),
        (of_sound, {"values": np.zeros((3, 0))}, "nothing to show"),
        (of_frames, {"values": np.zeros((2, 4, 4, 3))}, "expected uint8"),
        (of_image, {"values": np.zeros((2, 4, 4, 3), np.uint8)}, r"expected \(1, any, any, 3\)"),
        (of_image, {"tokens": ["a", "b"], "attention": []}, "as many rows as columns"),
    ],
)
def test_parts_that_do_not_fit(make: Any, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        replace(make(), **changes)


def test_whose_steps_a_layer_walks_over() -> None:
    seen = of_translation()
    assert [seen.axis(layer) for layer in seen.layers] == ["input", "input", "output"]
    aligned = replace(of_text(layers=1), output=["x"] * 7)
    assert {aligned.axis(layer) for layer in aligned.layers} == {"input"}
    assert aligned.layers[1].label == "recurrent 1 reverse"


def test_it_is_short_where_it_is_printed_and_cannot_be_changed() -> None:
    seen = of_text()
    assert repr(seen) == "Explanation(task='classify', kind='text', prediction='긍정', 7 steps)"
    assert isinstance(seen.tokens, tuple)
    with pytest.raises(AttributeError):
        seen.text = ""  # type: ignore[misc]
    numbers = Explanation("regress-text", "text", np.float32(3.5), ["a"])
    assert numbers.to_dict()["prediction"] == 3.5
