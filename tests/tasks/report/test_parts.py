"""What a report says of data and of mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gyeol.engine.metrics.outcomes import Outcomes
from gyeol.errors import DataError, ParameterError
from gyeol.explain.explanation import Attribution, Explanation
from gyeol.tasks.outcomes.classes import class_outcomes
from gyeol.tasks.report.comparison import aligned_outcomes, check_comparable
from gyeol.tasks.report.data_facts import data_facts, input_digest, overlap
from gyeol.tasks.report.mistakes import shown_input, worst_mistakes, worst_rows
from gyeol.tasks.report.results import by_length, results


def outcomes(count: int = 6) -> Outcomes:
    p = np.full((count, 2), 0.5)
    p[:, 0] += np.linspace(-0.4, 0.4, count)
    p[:, 1] = 1 - p[:, 0]
    return class_outcomes(p, np.zeros(count, dtype=np.int64), ["긍정", "부정"], np.arange(1, count + 1))


def test_duplicates_with_another_truth() -> None:
    found = outcomes(4)
    texts = ["a", "b", "a", "a"]
    shifted = Outcomes("classes", found.sums, found.scores, found.lengths, ["x", "x", "x", "y"], found.answers)
    facts = data_facts(shifted, texts, "tokens", None)
    assert (facts["duplicates"], facts["conflicting"]) == (2, 1)
    assert facts["lengths"]["median"] == 2.5
    assert data_facts(found, [object()] * 4, "tokens", None)["duplicates"] is None


def test_classes_beside_those_of_the_training() -> None:
    facts = data_facts(outcomes(), ["t"] * 6, "tokens", {"긍정": 10, "부정": 3})
    assert facts["classes"] == [
        {"name": "긍정", "count": 6, "trained": 10},
        {"name": "부정", "count": 0, "trained": 3},
    ]


def test_inputs_are_known_again() -> None:
    assert input_digest(Path("a.wav")) == input_digest("a.wav")
    assert input_digest(["a", "b"]) != input_digest(["ab"])
    assert overlap([np.zeros(2), np.ones(2)], [np.ones(2)]) == 1
    assert overlap([object()], [object()]) == 0


def test_the_surest_mistakes_come_first_and_what_is_right_never() -> None:
    found = outcomes()
    rows = worst_rows(found, 10)
    assert rows == [0, 1, 2]
    far = Outcomes("numbers", {}, np.array([0.5, 3.0, 0.0]), np.ones(3, dtype=np.int64), [0.0] * 3, [0.0] * 3)
    assert worst_rows(far, 2) == [1, 0]
    chrf = Outcomes("translations", {}, np.array([90.0, 100.0, 10.0]), np.ones(3, dtype=np.int64), "aaa", "bbb")
    assert worst_rows(chrf, 5) == [2, 0]


def explained(values: list[float], spans: list[tuple[int, int]], text: str) -> Explanation:
    own = Attribution("occlusion", "log-odds of x", np.array(values), 0.0, 1.0)
    return Explanation("classify", "text", "x", ["t"] * len(values), text=text, spans=spans, attributions=[own])


class Model:
    def __init__(self, seen: Any) -> None:
        self.seen = seen

    def explain(self, x: Any) -> Any:
        if isinstance(self.seen, Exception):
            raise self.seen
        return self.seen


def pieces(seen: Any) -> Any:
    (first, *_) = worst_mistakes(Model(seen), outcomes(), ["한국 어"] * 6, count=1)  # type: ignore[arg-type]
    return first.get("pieces")


def test_pieces_are_the_text_with_what_each_part_adds() -> None:
    assert pieces(explained([1.0, -2.0], [(0, 2), (3, 4)], "한국 어")) == [["한국", 1.0], [" ", 0.0], ["어", -2.0]]


def test_tokens_within_one_letter_are_added_up() -> None:
    """Jamo: several tokens of one syllable."""
    assert pieces(explained([1.0, 0.5, 2.0], [(0, 1), (0, 1), (1, 2)], "한국")) == [["한", 1.5], ["국", 2.0]]


def test_a_model_that_cannot_explain_is_shown_without() -> None:
    assert pieces(DataError("nothing to explain")) is None
    assert pieces(object()) is None


def test_long_texts_and_sequences_are_cut() -> None:
    assert len(shown_input("가" * 5000)["input"]) == 600
    series = shown_input(np.random.default_rng(0).normal(size=(1000, 7)))["series"]
    assert len(series) == 3
    assert len(series[0]) == 200
    assert shown_input(Path("/a/b/c.wav")) == {"input": "c.wav"}


def test_by_length_without_a_difference_is_nothing() -> None:
    found = outcomes()
    same = Outcomes("classes", found.sums, found.scores, np.ones(6, dtype=np.int64), found.truth, found.answers)
    assert by_length(same) == []
    bins = by_length(found)
    assert sum(one["count"] for one in bins) == 6
    assert all(0 <= one["from"] <= one["mean"] + 1e-12 and one["mean"] - 1e-12 <= one["to"] <= 1 for one in bins)


def test_many_classes_are_shown_as_confused_pairs() -> None:
    count = 30
    truth = np.arange(count).repeat(4)
    p = np.full((len(truth), count), 1e-3)
    p[np.arange(len(truth)), (truth + (np.arange(len(truth)) % 4 == 0)) % count] = 1.0
    p /= p.sum(1, keepdims=True)
    found = results(class_outcomes(p, truth, [f"c{n}" for n in range(count)], np.ones(len(truth), dtype=np.int64)))
    assert "confusion" not in found
    assert len(found["confused"]) == 15
    assert found["confused"][0]["count"] == 1


class Named:
    def __init__(self, task: str, classes: list[str], horizon: int = 1) -> None:
        self.task, self.classes_, self.horizon = task, classes, horizon


def test_only_like_models_are_compared() -> None:
    one = Named("classify", ["a", "b"])
    check_comparable(["m", "n"], [one, Named("classify", ["b", "a"])])  # type: ignore[list-item]
    with pytest.raises(ParameterError, match="m is a model of 'fit classify' and n one of 'fit tag'"):
        check_comparable(["m", "n"], [one, Named("tag", ["a", "b"])])  # type: ignore[list-item]
    with pytest.raises(ParameterError, match="only n knows 'c'"):
        check_comparable(["m", "n"], [one, Named("classify", ["a", "b", "c"])])  # type: ignore[list-item]
    with pytest.raises(ParameterError, match="horizon is 1 in m and 2 in n"):
        check_comparable(["m", "n"], [one, Named("classify", ["a", "b"], 2)])  # type: ignore[list-item]


def test_examples_are_matched_by_their_keys() -> None:
    def keyed(keys: list[int]) -> Outcomes:
        values = np.array(keys, dtype=np.float64)
        return Outcomes(
            "forecasts", {"count": values}, values, np.ones(len(keys), dtype=np.int64), keys, keys, keys=keys
        )

    one, other = aligned_outcomes(["a", "b"], [keyed([1, 2, 3]), keyed([2, 3, 4])])
    assert one.truth == other.truth == [2, 3]
    with pytest.raises(DataError, match="no example in common"):
        aligned_outcomes(["a", "b"], [keyed([1]), keyed([2])])
    with pytest.raises(DataError, match="read the examples differently"):
        aligned_outcomes(["a", "b"], [outcomes(4), outcomes(5)])
