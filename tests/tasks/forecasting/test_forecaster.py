"""Forecasters: they learn, quantiles are quantiles, what is missing does not matter, what is wrong is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol import DataError, Forecaster, ModelError, ParameterError, load
from gyeol.tasks.forecasting.figures import all_figures, measured
from gyeol.tasks.forecasting.net import pinball

T = np.arange(500.0)
RNG = np.random.default_rng(0)
WAVE = np.sin(2 * np.pi * T / 12) + 0.1 * RNG.normal(size=500)
TWO = np.stack([WAVE, 50 + 5 * np.cos(2 * np.pi * T / 12) + RNG.normal(size=500)], 1)
ROUNDED = 1e-5
TINY: dict[str, Any] = {
    "horizon": 8, "lookback": 36, "segment": 6, "hidden_size": 16, "epochs": 6, "batch_size": 32, "threads": 1,
    "learning_rate": 0.01, "dropout": 0.0, "averaging": 0.9,
}  # fmt: skip


def fitted(series: Any = TWO, covariates: Any = None, **settings: Any) -> Forecaster:
    return Forecaster(**{**TINY, **settings}).fit(series, covariates)


@pytest.fixture(scope="module")
def model() -> Forecaster:
    torch.set_num_threads(1)
    return fitted()


def test_it_learns(model: Forecaster) -> None:
    assert model.season_ == 12
    figures = model.evaluate(TWO)
    assert figures["mse"] < 0.1
    assert figures["mae"] < figures["baselines"]["seasonal_naive"]["mae"]
    assert figures["windows"] == 500 - 36 - 8 + 1
    assert 0.6 < figures["coverage"] < 0.95
    assert figures["interval"] == 0.8
    assert [own["channel"] for own in figures["per_channel"]] == [0, 1]
    assert model.score(TWO) == -figures["mase"]


def test_what_was_said_of_the_validation_part(model: Forecaster) -> None:
    best = model.history_.best
    for name in ("loss", "mse", "mae", "mase", "coverage", "linear_mse", "seasonal_naive_mae"):
        assert np.isfinite(best[f"valid_{name}"])
    assert "the end of every series" in model.about_["validation"]


def test_shapes(model: Forecaster) -> None:
    assert model.predict(TWO).shape == (8, 2)
    assert model.predict_quantiles(TWO).shape == (8, 2, 3)
    several = model.predict([TWO, TWO[:100]])
    assert [one.shape for one in several] == [(8, 2), (8, 2)]
    np.testing.assert_allclose(several[0], model.predict(TWO), atol=1e-5)
    np.testing.assert_array_equal(model.predict(TWO[100:]), model.predict(TWO))  # only the last steps are read
    flat = fitted(WAVE, epochs=1)
    assert flat.predict(WAVE).shape == (8,)
    assert flat.predict(WAVE[:, None]).shape == (8, 1)
    assert flat.predict(list(WAVE)).shape == (8,)
    assert flat.predict_quantiles(WAVE).shape == (8, 3)


def test_evaluation_is_what_forecasts_from_every_origin_are_worth(model: Forecaster) -> None:
    origins = range(36, 500 - 8 + 1, 57)
    found = np.stack([model.predict_quantiles(TWO[:origin]) for origin in origins])
    truth = np.stack([TWO[origin : origin + 8] for origin in origins])
    figures = model.evaluate(TWO, stride=57)
    scale = model.inputs_.scale
    error = (truth - found[..., 1]) / scale.deviation
    assert figures["mse"] == pytest.approx(np.square(error).mean(), rel=1e-4)
    assert figures["mae"] == pytest.approx(np.abs(error).mean(), rel=1e-4)
    assert figures["mse_raw"] == pytest.approx(np.square(truth - found[..., 1]).mean(), rel=1e-4)
    assert figures["mae_raw"] == pytest.approx(np.abs(truth - found[..., 1]).mean(), rel=1e-4)
    inside = (found[..., 0] <= truth) & (truth <= found[..., 2])
    assert figures["coverage"] == pytest.approx(inside.mean(), abs=0.01)
    naive = np.stack([TWO[origin - 12 : origin - 4] for origin in origins])
    expected = np.square((truth - naive) / scale.deviation).mean()
    assert figures["baselines"]["seasonal_naive"]["mse"] == pytest.approx(expected, rel=1e-4)


@given(st.integers(0, 10_000), st.floats(0.01, 100.0), st.floats(-1e4, 1e4))
@settings(max_examples=20)
def test_quantiles_rise_and_are_finite(model: Forecaster, seed: int, height: float, level: float) -> None:
    series = np.random.default_rng(seed).normal(size=(40, 2)) * height + level
    found = model.predict_quantiles(series)
    assert np.isfinite(found).all()
    assert (np.diff(found, axis=-1) >= 0).all()


@pytest.mark.parametrize(
    "settings",
    [
        {"decoder": "autoregressive"}, {"decoder": "autoregressive", "teacher_forcing": 0.5, "cell": "lstm"},
        {"normalisation": "revin", "num_layers": 2, "dropout": 0.2}, {"normalisation": None, "precision": "float64"},
        {"cell": "rnn", "segment": 50}, {"cell": "lstm_norm", "lookback": None, "segment": 7},
        {"quantiles": (0.5,)}, {"quantiles": [0.05, 0.25, 0.5, 0.75, 0.95], "stride": 3}, {"horizon": 1, "segment": 1},
        {"season": 4, "decoder": "autoregressive", "teacher_forcing": 0.0, "hidden_size": 7},
    ],
    ids=str,
)  # fmt: skip
def test_every_setting_trains_saves_and_loads(settings: dict[str, Any], tmp_path: Path) -> None:
    made = fitted(TWO[:200], **{"epochs": 1, **settings})
    made.save(tmp_path / "m")
    again = load(tmp_path / "m")
    assert isinstance(again, Forecaster)
    np.testing.assert_array_equal(again.predict_quantiles(TWO), made.predict_quantiles(TWO))
    assert again.evaluate(TWO) == made.evaluate(TWO)
    assert "coverage" in again.evaluate(TWO) or len(made.quantiles) == 1


def test_a_shifted_series_goes_on_shifted(model: Forecaster) -> None:
    np.testing.assert_allclose(model.predict(TWO + 1000) - 1000, model.predict(TWO), atol=2e-3)


def test_the_autoregressive_decoder_is_taught_what_it_will_be_asked() -> None:
    made = fitted(decoder="autoregressive", horizon=18, precision="float32", epochs=2)
    windows, _ = made._checked_validation(TWO, None)
    batch = made.inputs_.batch(windows, np.arange(3))
    net = made.net_.eval()
    with torch.no_grad():
        net.train()
        forced = net(batch)
        net.eval()
        own = net(batch)
    # The first segment has read the same; those after it differ by what was read in between, and by nothing else.
    torch.testing.assert_close(forced[:, :6], own[:, :6], atol=ROUNDED, rtol=0)
    assert float((forced[:, 6:] - own[:, 6:]).abs().max()) > 10 * ROUNDED
    batch.future = own[..., 1].clone()
    with torch.no_grad():
        net.train()
        torch.testing.assert_close(net(batch), own, atol=ROUNDED, rtol=0)


def test_covariates_are_known_ahead() -> None:
    rng = np.random.default_rng(4)
    sale = (rng.random(700) < 0.2).astype(float)
    series = 3 * sale + 0.1 * rng.normal(size=700)
    how: dict[str, Any] = {"horizon": 4, "lookback": 12, "segment": 4, "hidden_size": 24, "epochs": 4}
    for decoder in ("direct", "autoregressive"):
        made = fitted(series[:600], sale[:600], decoder=decoder, **how)
        assert made.evaluate(series[600:], sale[600:])["mse"] < 0.1  # without them nobody can know
        assert made.predict(series[:600], sale[:604]).shape == (4,)
    with pytest.raises(DataError, match=r"this model reads 1 covariate\(s\) beside a series"):
        made.predict(series)
    with pytest.raises(DataError, match=r"the covariates have shape \(600, 1\), expected \(604, 1\)"):
        made.predict(series[:600], sale[:600])


def test_several_series_of_different_lengths() -> None:
    series = [TWO[:200], TWO[100:350], TWO[:20]]  # the last is shorter than a window
    made = fitted(series, epochs=1)
    assert made.about_["examples"] == sum(n - round(0.1 * n) - 7 for n in (200 - 43, 250 - 43))
    assert made.evaluate(series)["windows"] == (200 - 43) + (250 - 43)
    assert len(made.predict(series[:2])) == 2
    with pytest.raises(DataError, match="history 2 has 20 steps, and this model reads 36: give more"):
        made.predict(series)


def test_missing_values() -> None:
    holes = TWO.copy()
    holes[RNG.random(TWO.shape) < 0.1] = np.nan
    holes[100:130] = np.nan
    made = fitted(holes)
    assert made.inputs_.missing
    assert made.evaluate(holes)["mse"] < 0.2
    assert np.isfinite(made.predict(holes)).all()
    # A model that never met a hole takes the last value for it.
    whole = fitted(epochs=1)
    assert not whole.inputs_.missing
    broken = TWO.copy()
    broken[-3:-1, 0] = np.nan
    filled = TWO.copy()
    filled[-3:-1, 0] = filled[-4, 0]
    np.testing.assert_array_equal(whole.predict(broken), whole.predict(filled))


def test_a_training_that_was_interrupted_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    class Watcher:
        steps = 0

        def epoch(self, *_: Any) -> None: ...
        def note(self, _: str) -> None: ...
        def step(self, *_: Any) -> None: ...
        def record(self, record: dict[str, Any]) -> None:
            self.steps += 1
            if self.steps == 1:
                raise Stop

    whole = fitted(WAVE, epochs=2)
    with pytest.raises(Stop):
        Forecaster(**{**TINY, "epochs": 2}).fit(WAVE, checkpoint=tmp_path / "keep", progress=Watcher())
    resumed = Forecaster(**{**TINY, "epochs": 2}).fit(WAVE, checkpoint=tmp_path / "keep", resume=True)
    np.testing.assert_array_equal(resumed.predict(WAVE), whole.predict(WAVE))
    with pytest.raises(ModelError, match="belongs to another training"):
        Forecaster(**{**TINY, "epochs": 2}).fit(WAVE + 1, checkpoint=tmp_path / "keep", resume=True)


def test_training_never_sees_what_it_is_validated_on() -> None:
    made = Forecaster(**TINY)
    windows, _ = made._checked([WAVE, WAVE[:100]], None)
    kept, held, _ = made._held_back(made._strata(windows))
    train, valid = windows.take(kept), windows.take(held)
    for begin in np.unique(windows.begins):
        seen = train.origins[train.begins[train.origins] == begin]
        asked = valid.origins[valid.begins[valid.origins] == begin]
        assert not len(asked) or seen.max() + 8 <= asked.min()
    assert len(set(train.origins) & set(valid.origins)) == 0


def test_the_validation_part_may_be_given() -> None:
    made = Forecaster(**{**TINY, "epochs": 1}).fit(WAVE[:400], validation=(WAVE[400 - 36 :], None))
    assert made.about_["validation"] == "given"
    np.testing.assert_allclose(made.inputs_.scale.mean, WAVE[:400].mean())


@pytest.mark.parametrize(
    ("series", "settings", "message"),
    [
        (np.ones(300), {}, "every value is 1: there is nothing to learn from a constant series"),
        (np.full(300, np.nan), {}, "channel 0 has no value at all"),
        (np.stack([WAVE, np.full(500, np.nan)], 1), {}, "channel 1 has no value at all"),
        (np.where(T == 7, np.inf, WAVE), {}, "the series is infinite at step 7, channel 0"),
        (np.where(T == 7, 1e300, WAVE), {}, r"the series is 1e\+300 at step 7, channel 0"),
        ([WAVE, TWO], {}, r"series 1 has 2 channel\(s\), and there were 1 in the series before"),
        (WAVE[:40], {}, "the longest series has 40 steps, too few for horizon=8 after lookback=36 steps"),
        (WAVE[:5], {"lookback": None}, "the longest series has 5 steps, too few for horizon=8 after some steps"),
        (WAVE, {"horizon": 1000}, "the longest series has 500 steps, too few for horizon=1000"),
        (["a", "b"], {}, "numbers were expected"),
        (np.array(["a"] * 99), {}, "numbers were expected"),
        (WAVE + 1j, {}, "numbers were expected"),
        ([], {}, "the list is empty"),
        (np.zeros((0, 2)), {}, r"came with shape \(0, 2\)"),
        (np.zeros((3, 3, 3, 3)), {}, r"shape \(3, 3, 3, 3\)"),
        (None, {}, "got NoneType where a series was expected"),
        ("abc", {}, "got str where a series was expected"),
        (7, {}, "got int where a series was expected"),
    ],
)
def test_what_is_wrong_is_named(series: Any, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        Forecaster(**{**TINY, **settings}).fit(series)


def test_a_constant_channel_among_others() -> None:
    made = fitted(np.stack([WAVE, np.full(500, 3.0)], 1), epochs=2)
    np.testing.assert_allclose(made.predict(np.stack([WAVE, np.full(500, 3.0)], 1))[:, 1], 3.0, atol=0.5)
    assert np.isfinite(made.evaluate(np.stack([WAVE, np.full(500, 3.0)], 1))["mase"])


@pytest.mark.parametrize(
    ("history", "message"),
    [
        (TWO[:20], "the history has 20 steps, and this model reads 36"),
        (WAVE, r"the series has 1 channel\(s\), and there were 2 in training"),
        (np.stack([WAVE, np.full(500, np.nan)], 1), "the history has no value in channel 1: nothing to go on from"),
        (np.where(TWO[490] == TWO, np.inf, TWO), "the series is infinite at step 490"),
    ],
)
def test_histories_that_cannot_be_continued(model: Forecaster, history: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        model.predict(history)


def test_outcomes_that_were_never_observed(model: Forecaster) -> None:
    empty = TWO.copy()
    empty[36:] = np.nan
    with pytest.raises(DataError, match="none of the outcomes to compare with was observed"):
        model.evaluate(empty)
    with pytest.raises(DataError, match="no series has the 44 steps of a window"):
        model.evaluate(TWO[:40])
    with pytest.raises(DataError, match="this model was trained without covariates"):
        model.evaluate(TWO, TWO)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"quantiles": (0.1, 0.9)}, "0.5 among them"), ({"quantiles": (0.9, 0.5)}, "in ascending order"),
        ({"quantiles": (0.5, 1.0)}, "between 0 and 1"), ({"quantiles": "0.5"}, "between 0 and 1"),
        ({"decoder": "direkt"}, "decoder='direkt' is not known; did you mean 'direct'"),
        ({"normalisation": "mean"}, "normalisation='mean' is not known"), ({"horizon": 0}, "horizon=0 must be"),
        ({"season": 40}, "season=40 is more than the lookback of 36 steps"),
    ],
)  # fmt: skip
def test_mistakes_in_settings(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        fitted(**settings)


@pytest.mark.parametrize(
    "change",
    [
        {"lookback": 0}, {"lookback": 1 << 40}, {"lookback": 35}, {"season": 99}, {"channels": 3}, {"channels": True},
        {"covariates": 1}, {"naive_error": [1.0]}, {"naive_error": [float("nan"), 1.0]}, {"naive_error": None},
    ],
    ids=str,
)  # fmt: skip
def test_damaged_models_are_refused(model: Forecaster, tmp_path: Path, change: dict[str, Any]) -> None:
    model.save(tmp_path / "m")
    path = tmp_path / "m" / "config.json"
    config = json.loads(path.read_text("utf-8"))
    config["learned"] |= change
    path.write_text(json.dumps(config))
    with pytest.raises(ModelError):
        load(tmp_path / "m")


def test_the_pinball_loss_is_least_at_the_quantile() -> None:
    outcome = torch.from_numpy(np.random.default_rng(0).normal(size=(20_001, 1)))
    grid = torch.linspace(-2, 2, 401, dtype=torch.float64)
    for level in (0.1, 0.5, 0.9):
        losses = [float(pinball(outcome, value.expand(20_001, 1, 1), torch.tensor([level])).mean()) for value in grid]
        best = float(grid[int(np.argmin(losses))])
        assert best == pytest.approx(float(np.quantile(outcome.numpy(), level)), abs=0.011)


def test_figures_are_sums_of_windows() -> None:
    made = fitted(epochs=1)
    windows, _ = made._checked_validation(TWO, None)
    batch = made.inputs_.batch(windows, np.arange(4))
    batch.real[0] = False
    found = torch.sort(torch.randn(8, 8, 3), dim=2).values
    sums = measured(batch, found, torch.tensor([0.1, 0.5, 0.9]), 1, batch.future, batch.future + 1)
    assert sums[0].abs().sum() == 0
    assert sums[:, 0].tolist() == [0] + [8] * 7
    figures = all_figures(sums.double().view(4, 2, 9).sum(0).numpy(), np.ones(2), np.ones(2), [0.1, 0.5, 0.9])
    assert figures["baselines"]["seasonal_naive"]["mse"] == 0
    assert figures["baselines"]["linear"]["mse"] == pytest.approx(1.0)
