"""``sample_weight`` in `fit`: rows repeated, rows left out, and what cannot be a weight."""

from __future__ import annotations

import inspect
import math
from copy import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gyeol import DataError, ModelError, SeriesClassifier, SeriesRegressor, TextClassifier, TextRegressor
from gyeol.tasks import TASKS
from gyeol.tasks.sample_weights import WeightedEstimator

TEXTS = ["정말 좋아요", "다시 보고 싶다", "진짜 재밌네", "정말 싫어요", "돈이 아깝다", "별로였다"] * 2
SERIES = [np.sin(np.arange(6.0) * n) + n for n in range(12)]
CLASSES = ["a", "a", "a", "b", "b", "b"] * 2
SETS = [["a"], ["a", "c"], ["c"], ["b"], ["b", "c"], ["b"]] * 2
NUMBERS = np.array([9.0, 8, 10, 2, 1, 3] * 2)
TIMES = np.array([1, 2, 1, 3, 1, 1, 2, 1, 1, 1, 4, 1])
WHOLE: dict[str, Any] = {
    "hidden_size": 5, "epochs": 3, "batch_size": 99, "dropout": 0.0, "precision": "float64", "threads": 1,
    "learning_rate": 0.02, "validation_fraction": 0.0, "averaging": 0.0,
}  # fmt: skip
TEXT: dict[str, Any] = {**WHOLE, "embedding_size": 4, "tokenizer": "syllable", "ngrams": 1}
CASES: dict[str, tuple[Any, Any, Any]] = {
    "one label": (TextClassifier(**TEXT), TEXTS, CLASSES),
    "one label, weighted": (TextClassifier(**TEXT, class_weight="balanced"), TEXTS, CLASSES),
    "several labels": (TextClassifier(**TEXT), TEXTS, SETS),
    "tfidf": (TextClassifier(**TEXT, features="bow"), TEXTS, CLASSES),
    "number": (TextRegressor(**TEXT), TEXTS, NUMBERS),
    "number, huber": (TextRegressor(**TEXT, loss="huber"), TEXTS, NUMBERS),
    "series": (SeriesClassifier(**WHOLE), SERIES, CLASSES),
    "series, number": (SeriesRegressor(**WHOLE), SERIES, NUMBERS),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> tuple[Any, Any, Any]:
    return CASES[request.param]


def times(values: Any, counts: Any) -> list[Any]:
    return [value for value, count in zip(values, counts, strict=True) for _ in range(count)]


def loss_of(model: Any, X: Any, y: Any, weights: Any) -> Any:
    """The loss of one batch of everything, and the gradients it gives."""
    X, y = model._checked_validation(X, y)
    model._sample_weight = None if weights is None else weights / weights.mean()
    learned = copy(model)
    learned._fit_inputs(X, y)
    for name in ("mean_", "scale_", "_weights"):  # not the inputs, which the network does not know
        if hasattr(learned, name):
            setattr(model, name, getattr(learned, name))
    rows = np.arange(len(X))
    loss = model._loss(model.net_, model._encode_training(X, y).batch(rows)).loss
    model.net_.zero_grad()
    loss.backward()
    del model._sample_weight
    grads = [p.grad.to_dense() for p in model.net_.parameters() if p.grad is not None]
    return loss.detach(), [grad.clone() for grad in grads]


def test_whole_weights_are_repeated_rows(case: tuple[Any, Any, Any]) -> None:
    """In the loss of one batch of everything, in all gradients, and in what is learned of the targets."""
    model, X, y = case
    model.fit(X, y)
    repeated, gradients = loss_of(model, times(X, TIMES), times(y, TIMES), None)
    weighted, others = loss_of(model, X, y, TIMES.astype(float))
    assert torch.allclose(repeated, weighted, rtol=1e-12, atol=0)
    for one, other in zip(gradients, others, strict=True):
        assert torch.allclose(one, other, rtol=1e-9, atol=1e-12)
    plain, _ = loss_of(model, X, y, None)
    assert not torch.allclose(plain, weighted, rtol=1e-3)


def test_equal_weights_change_nothing_but_rounding(case: tuple[Any, Any, Any]) -> None:
    model, X, y = case
    plain = [p.clone() for p in model.fit(X, y).net_.parameters()]
    for one, other in zip(plain, model.fit(X, y, np.full(len(X), 7.0)).net_.parameters(), strict=True):
        assert torch.allclose(one, other, rtol=1e-6, atol=1e-9)
    assert "_sample_weight" not in vars(model)


def test_a_weight_of_0_leaves_an_example_out_to_the_last_bit(case: tuple[Any, Any, Any]) -> None:
    model, X, y = case
    weights = np.array([0.0, 2, 1, 1, 1, 1, 0, 1, 1, 3, 1, 1])
    kept = np.flatnonzero(weights)
    some = [p.clone() for p in model.fit(X, y, sample_weight=weights).net_.parameters()]
    assert model.about_["examples"] == 10
    model.fit([X[i] for i in kept], [y[i] for i in kept], sample_weight=weights[kept])
    assert all(torch.equal(one, other) for one, other in zip(some, model.net_.parameters(), strict=True))


@pytest.mark.parametrize("form", [list, tuple, lambda w: np.array(w, dtype=np.float32), lambda w: [str(x) for x in w]])
def test_what_weights_may_come_as(form: Any) -> None:
    TextRegressor(**{**TEXT, "epochs": 1}).fit(TEXTS, NUMBERS, sample_weight=form([1.0, 2.0] * 6))


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([0.0] * 12, "every sample_weight is zero"),
        ([1.0] * 11 + [-1.0], "the weight of example 11 is -1.0"),
        ([math.nan] + [1.0] * 11, "the weight of example 0 is nan"),
        ([math.inf] + [1.0] * 11, "the weight of example 0 is inf"),
        ([1.0] * 11, "got 12 examples and 11 weights"),
        (np.ones((12, 2)), r"shape \(12, 2\)"),
        (["a"] * 12, "a list of numbers was expected"),
        ([1.0] + [0.0] * 11, "one class only|got 1 sample"),
    ],
    ids=str,
)
def test_what_cannot_be_a_weight(weights: Any, message: str) -> None:
    for model, y in ((TextClassifier(**TEXT), CLASSES), (TextRegressor(**TEXT), NUMBERS)):
        with pytest.raises(DataError, match=message):
            model.fit(TEXTS, y, sample_weight=weights)
        assert not hasattr(model, "net_")


def test_a_part_held_back_takes_its_weights_along() -> None:
    X, y = TEXTS * 10, CLASSES * 10
    model = TextClassifier(**{**TEXT, "validation_fraction": 0.25})
    model.fit(X, y, sample_weight=np.arange(1, 121))
    assert model.about_["examples"] == 90
    heavy = TextClassifier(**TEXT).fit(TEXTS, CLASSES, [9.0 if label == "a" else 1.0 for label in CLASSES])
    light = TextClassifier(**TEXT).fit(TEXTS, CLASSES, [1.0 if label == "a" else 9.0 for label in CLASSES])
    assert heavy.predict_proba(TEXTS)[:, 0].mean() > light.predict_proba(TEXTS)[:, 0].mean()


def test_a_training_goes_on_with_the_same_weights_only(tmp_path: Path) -> None:
    model, weights = TextClassifier(**TEXT), np.linspace(1, 2, 12)
    model.fit(TEXTS, CLASSES, weights, checkpoint=tmp_path / "c")
    first = [p.clone() for p in model.net_.parameters()]
    model.fit(TEXTS, CLASSES, weights, checkpoint=tmp_path / "c", resume=True)
    assert all(torch.equal(one, other) for one, other in zip(first, model.net_.parameters(), strict=True))
    for other in (None, weights[::-1]):
        with pytest.raises(ModelError):
            model.fit(TEXTS, CLASSES, other, checkpoint=tmp_path / "c", resume=True)


def test_which_tasks_take_weights() -> None:
    taking = {name for name, kind in TASKS.items() if "sample_weight" in inspect.signature(kind.fit).parameters}
    assert taking == {name for name, kind in TASKS.items() if issubclass(kind, WeightedEstimator)}
    assert taking == {"classify", "regress-text", "series", "regress"}
