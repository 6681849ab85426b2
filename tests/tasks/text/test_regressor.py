"""`TextRegressor`: a number for each text."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import pearsonr, spearmanr

from gyeol import DataError, ModelError, ParameterError, TextRegressor, load
from gyeol.inputs import FEATURES
from gyeol.tasks.number_scores import LOSSES, number_loss, standard_loss
from gyeol.tasks.text.ridge_baseline import ridge_baseline

WORDS = {"최고다": 10.0, "좋아요": 8.0, "그저 그래요": 5.0, "별로다": 3.0, "최악이다": 1.0}
TEXTS = [f"{word} {i}" for i in range(20) for word in WORDS]
RATINGS = np.array([value for _ in range(20) for value in WORDS.values()])


@pytest.fixture(scope="module")
def settings(small: dict[str, Any]) -> dict[str, Any]:
    return {**small, "epochs": 10, "learning_rate": 0.03, "dropout": 0.1, "averaging": 0.9}


@pytest.fixture(scope="module")
def ratings(settings: dict[str, Any]) -> TextRegressor:
    return TextRegressor(**settings).fit(TEXTS, RATINGS)


def test_it_learns_and_is_measured(ratings: TextRegressor) -> None:
    found = ratings.predict(TEXTS)
    assert found.shape == (100,)
    assert found.dtype == np.float64
    figures = ratings.evaluate(TEXTS, RATINGS)
    assert figures["mae"] < 1.0
    assert figures["mse"] == pytest.approx(np.mean((found - RATINGS) ** 2))
    assert figures["r2"] == pytest.approx(ratings.score(TEXTS, RATINGS))
    assert figures["pearson"] == pytest.approx(pearsonr(RATINGS, found).statistic)
    assert figures["spearman"] == pytest.approx(spearmanr(RATINGS, found).statistic)
    assert figures["count"] == 100
    assert {"valid_mse", "valid_mae", "valid_pearson", "valid_spearman", "valid_r2"} <= set(ratings.metrics_)
    best = min(record["valid_loss"] for record in ratings.history_.records)
    assert ratings.metrics_["valid_loss"] == best == pytest.approx(ratings.metrics_["valid_mse"] / ratings.scale_**2)


@pytest.mark.parametrize("features", [None, *FEATURES])
@pytest.mark.parametrize("loss", ["mse", "huber"])
def test_it_is_saved_and_loaded(settings: dict[str, Any], features: str | None, loss: str, tmp_path: Path) -> None:
    model = TextRegressor(**{**settings, "epochs": 2}, features=features, loss=loss).fit(TEXTS, RATINGS)
    model.save(tmp_path / "m")
    again = load(tmp_path / "m")
    assert isinstance(again, TextRegressor)
    assert np.array_equal(again.predict(TEXTS), model.predict(TEXTS))
    assert again.range_ == (1.0, 10.0)
    assert "1 to 10, mean" in (tmp_path / "m" / "README.md").read_text("utf-8")


def test_the_unit_of_the_numbers_does_not_matter(settings: dict[str, Any]) -> None:
    quick = {**settings, "epochs": 2, "precision": "float64"}
    plain = TextRegressor(**quick).fit(TEXTS, RATINGS).predict(TEXTS)
    won = TextRegressor(**quick).fit(TEXTS, 1e6 * RATINGS + 5e8).predict(TEXTS)
    np.testing.assert_allclose((won - 5e8) / 1e6, plain, rtol=1e-6)


def test_an_outlier_costs_less_by_huber() -> None:
    outputs, targets = torch.tensor([[0.5], [0.0]]), torch.tensor([10.0, 13.0])  # errors of half a spread, and of three
    costs = {kind: float(number_loss(outputs, targets, 10.0, 1.0, None, kind).loss) for kind in LOSSES}
    assert costs == {"mse": (0.25 + 9) / 2, "huber": (0.125 + 2.5) / 2}
    for kind, cost in costs.items():  # figures agree with what is trained
        assert standard_loss(np.array([5.0, -30.0]), 10.0, kind) == pytest.approx(cost)


@pytest.mark.parametrize("y", [RATINGS.astype(int), RATINGS.astype(np.float32), RATINGS.tolist()])
def test_what_numbers_may_come_as(settings: dict[str, Any], y: Any) -> None:
    assert TextRegressor(**{**settings, "epochs": 1}).fit(TEXTS, y).mean_ == pytest.approx(5.4, abs=0.3)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "requires y to be passed.*one number a text"),
        ([5.0] * 100, "every target is 5: there is nothing to learn"),
        ([*RATINGS[:-1], math.nan], "target 99 is nan"),
        ([*RATINGS[:-1], math.inf], "target 99 is inf"),
        ([*RATINGS[:-1], 1e200], r"target 99 is 1e\+200: too large"),
        (["a"] * 100, "a list of numbers was expected"),
        (RATINGS[:7], "got 100 texts and 7 targets"),
        (np.ones((100, 2)), r"targets of shape \(100, 2\)"),
    ],
    ids=str,
)
def test_numbers_that_cannot_be_used(settings: dict[str, Any], y: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        TextRegressor(**settings).fit(TEXTS, y)


def test_settings_that_cannot_be(settings: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match="loss='mae' is not known"):
        TextRegressor(**settings, loss="mae").fit(TEXTS, RATINGS)
    with pytest.raises(DataError, match="text 1 is empty"):
        TextRegressor(**settings).fit(["a", ""], [1.0, 2.0])


def test_no_variance_no_correlation(ratings: TextRegressor) -> None:
    figures = ratings.evaluate(["좋아요"] * 3, [8.0, 8.0, 8.0])
    assert (figures["r2"], figures["pearson"], figures["spearman"]) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("change", [{"scale": 0.0}, {"scale": math.inf}, {"mean": math.nan}], ids=str)
def test_damaged_models_are_refused(ratings: TextRegressor, change: dict[str, Any]) -> None:
    learned, inputs = ratings._state()
    with pytest.raises(ModelError, match="the targets' mean or scale is damaged"):
        TextRegressor()._restore({**learned, **change}, inputs)


def test_the_baseline_takes_weights() -> None:
    plain = ridge_baseline((TEXTS, RATINGS), (TEXTS, RATINGS))
    assert plain["pearson"] > 0.9
    only = ridge_baseline((TEXTS, RATINGS), (TEXTS, RATINGS), np.where(RATINGS > 7, 1.0, 1e-9))
    assert only["mse"] > plain["mse"]
