"""`SeriesRegressor`: a number for each numeric sequence."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gyeol import DataError, ModelError, SeriesRegressor, load
from gyeol.data.synthetic.series import adding

TINY: dict[str, Any] = {"hidden_size": 8, "epochs": 30, "learning_rate": 0.03, "batch_size": 8, "threads": 1}


def slopes(count: int, seed: int = 0) -> tuple[list[Any], Any]:
    random = np.random.default_rng(seed)
    targets = random.uniform(1000, 1006, count)  # far from zero
    series = [(t - 1003) * np.arange(int(random.integers(5, 9))) + random.normal(0, 0.05) for t in targets]
    return series, targets


def test_it_learns_saves_and_loads(tmp_path: Path) -> None:
    model = SeriesRegressor(**TINY).fit(*slopes(80))
    series, targets = slopes(40, seed=1)
    figures = model.evaluate(series, targets)
    assert figures["mse"] < 0.1
    assert figures["mse"] == pytest.approx(np.mean((model.predict(series) - targets) ** 2))
    assert figures["mae"] == pytest.approx(np.mean(np.abs(model.predict(series) - targets)))
    assert figures["r2"] == pytest.approx(model.score(series, targets))
    assert set(model.metrics_) >= {"valid_loss", "valid_mse", "valid_mae"}
    best = min(record["valid_loss"] for record in model.history_.records)
    assert model.metrics_["valid_loss"] == best
    model.save(tmp_path / "m")
    assert np.array_equal(load(tmp_path / "m").predict(series), model.predict(series))
    assert "mean 1003" in (tmp_path / "m" / "README.md").read_text("utf-8")


def test_a_memory_of_all_steps_solves_what_none_does_not() -> None:
    """The adding problem over 60 steps, in four hundred batches."""
    made, test = (list(adding(count, 60, seed)) for seed, count in enumerate((2000, 400)))
    parts = [([values for values, _ in part], np.array([float(label) for _, label in part])) for part in (made, test)]
    settings: dict[str, Any] = {
        "cell": "gru",
        "hidden_size": 32,
        "bidirectional": False,
        "attention": None,
        "pooling": "last",
        "frame": 1,
        "dropout": 0.0,
        "averaging": 0.0,
        "batch_size": 20,
        "epochs": 3,
        "learning_rate": 0.01,
        "clip_norm": 1.0,
        "threads": 1,
    }
    assert SeriesRegressor(**settings, memory=60).fit(*parts[0]).evaluate(*parts[1])["mse"] < 0.01
    plain = SeriesRegressor(**{**settings, "cell": "rnn"}, memory=60).fit(*parts[0])
    assert plain.evaluate(*parts[1])["mse"] > 0.1


def test_targets_that_are_all_the_same() -> None:
    model = SeriesRegressor(**{**TINY, "epochs": 2}).fit(
        np.random.default_rng(0).normal(size=(20, 4)), np.full(20, 3.0)
    )
    assert np.allclose(model.predict(np.zeros((3, 4))), 3.0, atol=1.0)
    assert model.evaluate(np.zeros((3, 4)), np.full(3, 3.0))["r2"] == 0.0


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "requires y to be passed.*one number a sequence"),
        ([1.0], "got 3 sequences and 1 targets; there must be one target a sequence"),
        ([1, 2, math.nan], "target 2 is nan"),
        ([1, math.inf, 2], "target 1 is inf"),
        (["a", "b", "c"], "a list of numbers was expected"),
        (np.ones((3, 2)), r"got targets of shape \(3, 2\)"),
        (3, "a list of numbers was expected"),
        ([10**400, 1, 1], "a list of numbers was expected"),
    ],
)
def test_what_is_wrong_is_named(y: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        SeriesRegressor(**TINY).fit(np.ones((3, 4)), y)


@pytest.mark.parametrize("change", [{"scale": 0.0}, {"scale": math.inf}, {"mean": math.nan}], ids=str)
def test_damaged_models_are_refused(change: dict[str, Any]) -> None:
    model = SeriesRegressor(**{**TINY, "epochs": 1}).fit(*slopes(12))
    learned, inputs = model._state()
    with pytest.raises(ModelError, match="the targets' mean or scale is damaged"):
        SeriesRegressor(**TINY)._restore({**learned, **change}, inputs)
