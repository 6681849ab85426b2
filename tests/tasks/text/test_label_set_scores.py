"""Thresholds and figures of several labels a text, against scikit-learn and by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.metrics import f1_score

from gyeol import ParameterError, engine
from gyeol.tasks.text.label_set_scores import chosen, positive_weights, set_figures, set_loss, set_report, thresholds_of


def sample(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of four labels, the last of them rare, and what is true: noisy, and badly calibrated."""
    random = np.random.default_rng(seed)
    truth = random.random((count, 4)) < [0.5, 0.3, 0.1, 0.004]
    scores = 2.0 * truth + random.normal(0, 1, truth.shape) - [1.0, 3.0, -1.0, 1.0]
    return 1 / (1 + np.exp(-scores)), truth


def test_a_threshold_is_the_one_of_the_highest_f1() -> None:
    probabilities, truth = sample(20_000)
    found = thresholds_of(probabilities, truth)
    for label in range(3):
        f1 = [f1_score(truth[:, label], probabilities[:, label] >= t) for t in np.linspace(0.02, 0.98, 97)]
        own = f1_score(truth[:, label], probabilities[:, label] >= found[label])
        assert own >= max(f1) - 0.003
    assert not np.allclose(found[:3], 0.5, atol=0.05)  # a half would be wrong for each


def test_a_rare_label_s_threshold_is_drawn_to_the_common_one() -> None:
    probabilities, truth = sample(400)
    truth[:, 3], truth[7, 3] = False, True
    probabilities[:, 3], probabilities[7, 3] = 0.001, 0.9  # alone, 0.45 would do
    common = thresholds_of(probabilities, np.where(np.arange(4) == 3, False, truth))[3]
    rare = thresholds_of(probabilities, truth)[3]
    assert abs(rare - common) < abs(rare - 0.45) or abs(common - 0.45) < 0.05
    few = thresholds_of(probabilities[:6], truth[:6])
    assert np.abs(few - 0.5).max() < 0.2  # of six texts next to nothing is learned


def test_labels_given() -> None:
    probabilities = np.array([[0.6, 0.3], [0.2, 0.3], [0.1, 0.0]])
    thresholds = np.array([0.5, 0.4])
    assert chosen(probabilities, thresholds, none=True).astype(int).tolist() == [[1, 0], [0, 0], [0, 0]]
    assert chosen(probabilities, thresholds, none=False).astype(int).tolist() == [[1, 0], [0, 1], [1, 0]]


def test_figures_are_scikit_learn_s() -> None:
    probabilities, truth = sample(500)
    found = probabilities >= 0.5
    figures = engine.label_sets(truth, found, ["a", "b", "c", "d"])
    for average in ("micro", "macro"):
        assert figures[f"{average}_f1"] == pytest.approx(f1_score(truth, found, average=average, zero_division=0.0))
    assert figures["accuracy"] == figures["subset_accuracy"] == (truth == found).all(1).mean()
    assert figures["per_class"]["a"]["count"] == truth[:, 0].sum()
    assert figures["per_class"]["a"]["predicted"] == found[:, 0].sum()
    none = engine.label_sets(np.zeros((2, 2), bool), np.zeros((2, 2), bool), ["a", "b"])
    assert (none["micro_f1"], none["macro_f1"], none["accuracy"]) == (0.0, 0.0, 1.0)


def test_validation_figures_are_not_flattered_by_their_own_thresholds() -> None:
    """Of pure noise, the thresholds of a half say nothing of the other."""
    random = np.random.default_rng(1)
    probabilities, truth = random.random((60, 8)), random.random((60, 8)) < 0.3
    flattered = set_report(probabilities, truth, thresholds_of(probabilities, truth), list("abcdefgh"), none=True)
    assert set_figures(probabilities, truth, none=True)["micro_f1"] < flattered["micro_f1"]
    assert flattered["per_class"]["a"]["threshold"] == thresholds_of(probabilities, truth)[0]


def test_the_loss_is_the_binary_cross_entropy_and_weights_are_repetitions() -> None:
    logits, sets = torch.randn(6, 3, dtype=torch.float64), torch.rand(6, 3) < 0.5
    plain = set_loss(logits, sets, None, None).loss
    p = torch.sigmoid(logits)
    assert torch.allclose(plain, -torch.where(sets, p, 1 - p).log().mean())
    times = torch.tensor([1, 3, 2, 1, 1, 4])
    repeated = set_loss(logits.repeat_interleave(times, 0), sets.repeat_interleave(times, 0), None, None).loss
    weighted = set_loss(logits, sets, None, times / times.double().mean()).loss
    assert torch.allclose(repeated, weighted, rtol=1e-12, atol=0)
    own = np.array([2.0, 1.0, 1.0])
    assert set_loss(logits, sets, own, None).loss > plain


def test_weights_of_labels() -> None:
    classes, counts = np.array(["a", "b"]), np.array([1, 3])
    assert positive_weights(None, classes, counts, 4) is None
    assert positive_weights("balanced", classes, counts, 4).tolist() == [3.0, 1 / 3]  # type: ignore[union-attr]
    assert positive_weights({"b": 5}, classes, counts, 4).tolist() == [1.0, 5.0]  # type: ignore[union-attr]
    with pytest.raises(ParameterError, match="'c', which is no label here"):
        positive_weights({"c": 5}, classes, counts, 4)
