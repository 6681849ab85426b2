"""What is said beside an accuracy: the majority's share, the macro F1, and what a high accuracy may hide."""

from __future__ import annotations

import pytest

from gyeol.cli.answers.figures import accuracy_text, class_counts, class_warnings, majority


@pytest.mark.parametrize(
    ("counts", "expected"),
    [({"a": 1, "b": 3}, ("b", 0.75)), ({"a": 2, "b": 2}, ("a", 0.5)), ({0: 7}, ("0", 1.0))],
)
def test_the_majority(counts: dict[str, int], expected: tuple[str, float]) -> None:
    assert majority(counts) == expected


def test_an_accuracy_stands_beside_what_the_majority_reaches() -> None:
    told = accuracy_text(0.93, {"긍정": 17, "부정": 183}, 0.61)
    assert told == "accuracy 93.00 % (always '부정': 91.50 %)   macro F1 0.6100"
    assert "macro F1" not in accuracy_text(0.5, {"a": 1, "b": 1})


def test_a_model_that_is_no_better_than_the_majority_is_called_so() -> None:
    counts = {"긍정": 5, "부정": 95, "중립": 0}
    found = class_warnings(0.95, counts, {"긍정": 0, "부정": 100, "중립": 0})
    assert found == [
        "the model is no better than always answering '부정' (95.00 %)",
        "never predicted: '긍정' (5 examples)",
    ]
    assert class_warnings(0.96, counts, {"긍정": 1, "부정": 99}) == []
    assert len(class_warnings(0.9, counts)) == 1
    many = {f"c{n}": 2 for n in range(9)}
    assert class_warnings(1.0, many, {})[0].endswith(" and 4 more")


def test_figures_of_a_classifier_give_both_counts() -> None:
    figures = {"per_class": {"a": {"count": 3}, "b": {"count": 1}}, "confusion": [[2, 1], [0, 1]]}
    assert class_counts(figures) == ({"a": 3, "b": 1}, {"a": 2, "b": 2})
