"""Figures counted again over weighed examples are those of examples that are there as often."""

from __future__ import annotations

import numpy as np
import pytest

from gyeol import engine
from gyeol.engine.metrics import segments
from gyeol.engine.metrics.bootstrap import difference, intervals
from gyeol.engine.metrics.calibration import calibration
from gyeol.engine.metrics.outcomes import Outcomes
from gyeol.engine.metrics.significance import holm, mcnemar
from gyeol.tasks.outcomes.classes import class_outcomes, label_set_outcomes, step_outcomes
from gyeol.tasks.outcomes.numbers import number_outcomes
from gyeol.tasks.outcomes.texts import correction_outcomes, translation_outcomes

CHANCE = np.random.default_rng(0)
CLASSES = ["a", "b", "c"]


def classified(count: int, seed: int = 0, better: float = 0.0) -> tuple[Outcomes, np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    truth = np.random.default_rng(9).integers(0, 3, count)
    scores = chance.normal(size=(count, 3))
    scores[np.arange(count), truth] += 1.0 + better
    p = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    return class_outcomes(p, truth, CLASSES, np.ones(count, dtype=np.int64)), p, truth


def test_weighed_classes_are_repeated_examples() -> None:
    found, p, truth = classified(60)
    weights = CHANCE.integers(0, 4, (3, 60)).astype(np.float64)
    for row, own in enumerate(weights):
        rows = np.repeat(np.arange(60), own.astype(int))
        expected = engine.classification(truth[rows], p[rows].argmax(1), CLASSES)
        for name in ("accuracy", "macro_f1"):
            assert found.figures(weights)[name][row] == pytest.approx(expected[name], rel=1e-12)


def test_weighed_label_sets_are_repeated_examples() -> None:
    p = CHANCE.random((40, 3))
    truth, given = CHANCE.random((40, 3)) > 0.6, p > 0.5
    found = label_set_outcomes(p, truth, given, CLASSES, np.ones(40, dtype=np.int64))
    weights = CHANCE.integers(0, 3, (1, 40)).astype(np.float64)
    rows = np.repeat(np.arange(40), weights[0].astype(int))
    expected = engine.label_sets(truth[rows], given[rows], CLASSES)
    counted = found.figures(weights)
    for name in ("micro_f1", "micro_precision", "micro_recall", "macro_f1", "accuracy"):
        assert counted[name][0] == pytest.approx(expected[name], rel=1e-12), name


def test_weighed_steps_count_by_sequence() -> None:
    rows = [CHANCE.dirichlet(np.ones(3), size) for size in (4, 1, 7)]
    truth = [CHANCE.integers(0, 3, len(row)) for row in rows]
    found = step_outcomes(rows, truth, CLASSES)
    weights = np.array([[2.0, 0.0, 1.0]])
    twice = [0, 0, 2]
    expected = engine.classification(
        np.concatenate([truth[n] for n in twice]), np.concatenate([rows[n].argmax(1) for n in twice]), CLASSES
    )
    for name in ("accuracy", "macro_f1"):
        assert found.figures(weights)[name][0] == pytest.approx(expected[name], rel=1e-12)
    assert found.confidence is not None
    assert found.confidence[1] == pytest.approx(rows[1].max())


def test_numbers_far_from_zero_keep_their_digits() -> None:
    truth = 1e9 + CHANCE.normal(size=200)
    answers = truth + CHANCE.normal(scale=0.1, size=200)
    found = number_outcomes(answers, truth, np.ones(200, dtype=np.int64), middle=float(truth.mean())).figures()
    expected = engine.regression(truth, answers)
    for name in ("mse", "mae", "r2", "pearson"):
        assert found[name][0] == pytest.approx(expected[name], rel=1e-6), name


def test_numbers_without_variance() -> None:
    same = np.full(5, 3.0)
    found = number_outcomes(same, same, np.ones(5, dtype=np.int64), middle=1.0).figures()
    assert {name: float(values[0]) for name, values in found.items()} == {"mse": 0, "mae": 0, "r2": 0, "pearson": 0}


def test_translations_are_sacrebleus() -> None:
    written = ["the cat sat on the mat", "a dog", "nothing like it at all", "yes"]
    wanted = ["the cat sat on a mat", "a dog barks", "something else", "yes"]
    found = translation_outcomes(written, wanted, [1.0] * 4, [3.0] * 4, np.array([4, 4, 4, 4]))
    weights = np.array([[1.0, 1, 1, 1], [2.0, 0, 1, 0]])
    for row, rows in enumerate(([0, 1, 2, 3], [0, 0, 2])):
        expected = engine.translation([written[n] for n in rows], [wanted[n] for n in rows])
        for name in ("bleu", "chrf"):
            assert found.figures(weights)[name][row] == pytest.approx(expected[name], rel=1e-9, abs=1e-9)
    assert found.scores[3] == 100.0


def test_counts_of_several_references_are_those_of_captioning() -> None:
    texts, references = ["a red circle", "the sea"], [["a blue circle", "a red circle here"], ["the sea"]]
    bleu = segments.bleu_counts(texts, references, tokenize="none").sum(0)
    chrf = segments.chrf_counts(texts, references).sum(0)
    expected = engine.captioning(texts, references)
    assert segments.bleu_of(bleu)[0] == pytest.approx(expected["bleu"])
    assert segments.chrf_of(chrf)[0] == pytest.approx(expected["chrf"])


def test_corrections_without_a_change_are_precise() -> None:
    found = correction_outcomes(["a cat"], ["a cat"], ["a cat"]).figures()
    assert float(found["precision"][0]) == float(found["recall"][0]) == 1.0
    assert float(found["f1"][0]) == 0.0  # as evaluate has it: nothing was found


def test_intervals_hold_the_figure_as_often_as_they_say() -> None:
    """Of samples of 200 from a coin of 0.7, the interval of 95 % holds 0.7 in about 95 of 100."""
    chance = np.random.default_rng(1)
    held = 0
    for _ in range(60):
        right = (chance.random(200) < 0.7).astype(np.float64)
        sums = {"right": right, "count": np.ones(200), "loss": np.zeros(200)}
        own = Outcomes("classes", sums, right, np.ones(200, dtype=np.int64), [""] * 200, [""] * 200)
        found = intervals(own)["accuracy"]
        held += found.low <= 0.7 <= found.high
    assert held >= 52


def test_a_better_model_is_found_better_and_a_like_one_is_not() -> None:
    one, like, better = (classified(800, seed, gain)[0] for seed, gain in ((1, 0.0), (2, 0.0), (3, 0.8)))
    against = difference(one, better)["accuracy"]
    assert against.low > 0
    assert against.p_value is not None
    assert against.p_value < 0.01
    same = difference(one, like)["accuracy"]
    assert same.low < 0 < same.high
    hits = [own.decisions.right for own in (one, like, better) if own.decisions is not None]
    assert mcnemar(hits[0], hits[2])[2] < 0.001
    assert mcnemar(hits[0], hits[1])[2] > 0.05
    assert mcnemar(hits[0], hits[0]) == (0, 0, 1.0)


def test_one_example_has_no_interval() -> None:
    found, _, _ = classified(1)
    assert all(own.low == own.value == own.high for own in intervals(found).values())


def test_holm_never_falls_behind_a_smaller_one() -> None:
    assert holm([0.5, 0.5]) == [1.0, 1.0]
    assert holm([0.01]) == [0.01]
    assert holm([]) == []


def test_calibration_of_answers_at_the_edges() -> None:
    found = calibration(np.array([True, False, True]), np.array([1.0, 0.0, 1.0 + 1e-12]))
    assert found.counts.tolist() == [1, 2]
    assert found.error == pytest.approx(0.0, abs=1e-9)
    sure = np.full(1000, 0.8)
    assert calibration(np.arange(1000) % 10 < 6, sure).error == pytest.approx(0.2)
