"""Why a series goes on as it does: leaving a step out is forecasting with the window's level in its place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gyeol import DataError, Forecaster, ParameterError
from gyeol.explain.attribution.path import adds_up

T = np.arange(160)
WAVES = np.stack([10 + np.sin(T / 3), 100 * np.cos(T / 5)], axis=1)
QUICK: dict[str, Any] = {
    "horizon": 6, "lookback": 20, "segment": 5, "hidden_size": 8, "epochs": 1, "batch_size": 32, "threads": 1,
    "learning_rate": 0.01, "season": 6,
}  # fmt: skip


@pytest.mark.parametrize(
    ("normalisation", "decoder"), [("last", "direct"), ("revin", "autoregressive"), (None, "direct")]
)
def test_every_step_of_the_window_is_explained(normalisation: Any, decoder: str) -> None:
    model = Forecaster(**QUICK, normalisation=normalisation, decoder=decoder).fit(WAVES)
    found = model.explain(WAVES, target=1, position=4)
    first, second = found.attributions
    assert first.target == "the forecast of step 4 (from 0) of channel 1"
    assert found.prediction == model.predict(WAVES).tolist()
    assert first.total == pytest.approx(model.predict(WAVES)[4, 1], abs=1e-4)
    assert adds_up(first)
    assert found.tokens[0] == "-20"
    assert found.tokens[-1] == "-1"
    assert found.values is not None
    np.testing.assert_array_equal(found.values[:, 0], WAVES[-20:, 1])
    if normalisation == "last":
        assert second.values[-1] == 0
    (layer,) = found.layers
    assert layer.states["hidden"].shape == (20, 8)
    assert all((layer.states["hidden"][5 * n : 5 * n + 5] == layer.states["hidden"][5 * n]).all() for n in range(4))
    assert (layer.gradients["hidden"] > 0).all()
    level = {"last": WAVES[-1, 1], None: model.inputs_.scale.mean[1]}
    for n in (0, 7, 18) if normalisation in level else ():
        without = WAVES.copy()
        without[n - 20, 1] = level[normalisation]
        assert second.values[n] == pytest.approx(first.total - model.predict(without)[4, 1], abs=1e-3)


def test_a_flat_series_with_holes_and_covariates() -> None:
    series, known = WAVES[:, 0].copy(), np.append(T, T[-1] + 1 + np.arange(6)) % 7 / 7.0
    series[5::9] = np.nan
    model = Forecaster(**QUICK).fit(series, known[:160])
    found = model.explain(series, known)
    assert found.prediction == model.predict(series, known).tolist()
    assert found.attributions[0].total == pytest.approx(found.prediction[0], abs=1e-5)
    assert found.attributions[0].target == "the forecast of step 0 (the first)"
    assert adds_up(found.attributions[0])
    assert any("3 of 20 values are missing" in note for note in found.notes)
    assert "covariates stay as they are" in found.notes
    with pytest.raises(DataError, match="give them, too"):
        model.explain(series)


def test_what_cannot_be_explained_is_refused_as_predict_does() -> None:
    model = Forecaster(**QUICK).fit(WAVES)
    bad: list[Any] = [WAVES[:5], np.full((30, 2), np.nan), np.full((30, 2), np.inf), np.zeros((30, 3)), "1 2", None, []]
    for one in bad:
        with pytest.raises(DataError) as predicted:
            model.predict(one)
        with pytest.raises(DataError) as explained:
            model.explain(one)
        assert str(explained.value) == str(predicted.value)
    with pytest.raises(DataError, match="one is explained"):
        model.explain([WAVES, WAVES])
    for wrong in ({"target": 2}, {"target": "x"}, {"position": 6}, {"position": -1}):
        with pytest.raises(ParameterError, match="expected 0 to"):
            model.explain(WAVES, **wrong)
    with pytest.raises(ParameterError, match="not a whole number"):
        model.explain(WAVES, position=True)
