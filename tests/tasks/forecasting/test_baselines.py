"""The linear forecast is the least-squares one, seasons are found, the naive forecast repeats them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from gyeol.inputs.windows import WindowInput, Windows
from gyeol.tasks.forecasting.baselines import (
    LinearForecast,
    find_season,
    moving_average,
    seasonal_error,
    seasonal_naive,
    solve_linear,
)


def prepared(series: Any, lookback: int, horizon: int) -> tuple[WindowInput, Windows]:
    windows = Windows.cut([np.asarray(series, dtype=np.float64).reshape(len(series), -1)], None, lookback=lookback,
                          horizon=horizon)  # fmt: skip
    return WindowInput().fit(windows), windows


def test_it_is_the_least_squares_solution() -> None:
    rng = np.random.default_rng(0)
    series = rng.normal(size=(900, 2)).cumsum(0) * 0.1 + np.sin(np.arange(900)[:, None] / 3)
    inputs, windows = prepared(series, 12, 4)
    batch = inputs.batch(windows, np.arange(len(windows)), torch.float64)
    found = solve_linear(inputs, windows)(batch.history.float()).double()
    design = np.hstack([batch.history.numpy(), np.ones((len(batch.history), 1))])
    weights = np.linalg.lstsq(design, batch.future.numpy(), rcond=None)[0]
    least = float(np.square(batch.future.numpy() - design @ weights).mean())
    assert float((batch.future - found).square().mean()) == pytest.approx(least, rel=0.01)


def test_trend_and_rest_have_maps_of_their_own() -> None:
    made = LinearForecast(50, 3)
    made.trend.fill_(1 / 50)
    level = torch.full((2, 50), 4.0)
    torch.testing.assert_close(made(level), torch.full((2, 3), 4.0))
    made.trend.zero_()
    made.rest.fill_(1.0)
    torch.testing.assert_close(made(level), torch.zeros(2, 3), atol=1e-4, rtol=0)


def test_the_moving_average() -> None:
    x = torch.randn(3, 60)
    padded = np.pad(x.numpy(), ((0, 0), (12, 12)), mode="edge")
    expected = np.stack([np.convolve(row, np.full(25, 1 / 25), mode="valid") for row in padded])
    np.testing.assert_allclose(moving_average(x).numpy(), expected, atol=1e-6)


def test_missing_outcomes_teach_nothing() -> None:
    rng = np.random.default_rng(1)
    series = np.sin(np.arange(600) / 4) + 0.01 * rng.normal(size=600)
    series[rng.random(600) < 0.05] = np.nan
    inputs, windows = prepared(series, 24, 2)
    made = solve_linear(inputs, windows)
    batch = inputs.batch(windows, np.arange(len(windows)))
    error = (made(batch.history) - batch.future).abs() * batch.real
    assert float(error.sum() / batch.real.sum()) < 0.15


@pytest.mark.parametrize("season", [5, 7, 24])
def test_the_season_is_found(season: int) -> None:
    rng = np.random.default_rng(2)
    t = np.arange(600)
    series = np.stack([np.sin(2 * np.pi * t / season), np.cos(2 * np.pi * t / season)], 1)
    inputs, windows = prepared(series + 0.3 * rng.normal(size=series.shape), 60, 10)
    assert find_season(inputs, windows, 60) == season


def test_a_longer_season_is_found_where_it_says_more() -> None:
    t = np.arange(24 * 7 * 6)
    week = np.where(t // 24 % 7 < 5, 1.0, 0.0)
    inputs, windows = prepared(week * (2 + np.sin(2 * np.pi * t / 24)), 200, 24)
    assert find_season(inputs, windows, 200) == 168


def test_a_slow_swing_does_not_drag_the_season_along() -> None:
    rng = np.random.default_rng(5)
    slow = np.convolve(rng.normal(size=3200).cumsum(), np.ones(201) / 201, mode="valid")
    inputs, windows = prepared(slow / slow.std() * 3 + np.sin(2 * np.pi * np.arange(3000) / 24), 200, 24)
    assert find_season(inputs, windows, 200) == 24


@pytest.mark.parametrize("season", [4, 7, 12])
@pytest.mark.parametrize("slope", [1.0, -3.0])
def test_a_trend_does_not_hide_the_season(season: int, slope: float) -> None:
    t = np.arange(200)
    shape = np.random.default_rng(6).normal(size=season)
    noise = 0.3 * np.random.default_rng(7).normal(size=200)
    inputs, windows = prepared(slope * t + 10 * (shape / shape.std())[t % season] + noise, 40, 4)
    assert find_season(inputs, windows, 40) == season


def test_noise_and_trends_have_no_season() -> None:
    rng = np.random.default_rng(3)
    for series in (rng.normal(size=500), np.arange(500.0), rng.normal(size=500).cumsum()):
        inputs, windows = prepared(series, 50, 5)
        assert find_season(inputs, windows, 50) == 1


def test_the_naive_forecast_and_its_error() -> None:
    history = torch.arange(20.0).view(2, 10)
    assert seasonal_naive(history, 3, 7).tolist() == [[7, 8, 9] * 2 + [7], [17, 18, 19] * 2 + [17]]
    assert seasonal_naive(history, 1, 2).tolist() == [[9, 9], [19, 19]]
    series = np.arange(50.0)
    inputs, windows = prepared(series, 10, 5)
    error = seasonal_error(inputs, windows, 4)
    np.testing.assert_allclose(error, 4 / series.std())
