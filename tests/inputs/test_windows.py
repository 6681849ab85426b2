"""Windows are cut where they are whole, filled, standardised, and never look ahead."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gyeol import ModelError
from gyeol.inputs.windows import Scale, WindowInput, Windows


def numbered(*lengths: int, channels: int = 2) -> list[np.ndarray[Any, Any]]:
    """Series whose every value is another: thousands tell the series, hundreds the channel."""
    return [
        np.arange(length, dtype=np.float64)[:, None] + 1000 * place + 100 * np.arange(channels)
        for place, length in enumerate(lengths)
    ]


@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=4), st.integers(1, 12), st.integers(1, 12), st.integers(1, 5),
    st.integers(1, 3),
)  # fmt: skip
def test_every_whole_window_and_no_other(
    lengths: list[int], lookback: int, horizon: int, stride: int, channels: int
) -> None:
    series = numbered(*lengths, channels=channels)
    windows = Windows.cut(series, None, lookback=lookback, horizon=horizon, stride=stride)
    expected = [
        one[origin - lookback : origin + horizon]
        for one in series
        for origin in range(lookback, len(one) - horizon + 1, stride)
    ]
    assert len(windows) == len(expected)
    if not expected:
        return
    inputs = WindowInput().fit(windows)
    inputs.scale = Scale(np.zeros(channels), np.ones(channels))
    batch = inputs.batch(windows, np.arange(len(windows)), torch.float64)
    both = torch.cat([batch.history, batch.future], 1).numpy()
    np.testing.assert_array_equal(both, np.concatenate([window.T for window in expected]))
    assert batch.channel.tolist() == list(range(channels)) * len(windows)
    assert bool(batch.real.all())
    assert batch.seen is None


def test_the_scale_is_that_of_the_steps_that_windows_cover() -> None:
    series = [np.random.default_rng(0).normal(5, 3, (60, 2)), np.full((5, 2), 1e9)]
    windows = Windows.cut(series, None, lookback=10, horizon=5).take(np.arange(20))
    inputs = WindowInput().fit(windows)
    covered = series[0][: 10 + 19 + 5]
    np.testing.assert_allclose(inputs.scale.mean, covered.mean(0))
    np.testing.assert_allclose(inputs.scale.deviation, covered.std(0))


def test_a_constant_channel_has_a_deviation_of_one() -> None:
    assert Scale.of(np.full((9, 1), 1e8)).deviation.tolist() == [1.0]
    assert Scale.of(np.zeros((0, 1))).mean.tolist() == [0.0]


def test_missing_values_are_filled_from_the_past_and_never_count() -> None:
    series = np.arange(12.0)[:, None] * [1, 10]
    series[:3, 0] = np.nan
    series[7:9, 1] = np.nan
    windows = Windows.cut([series], None, lookback=4, horizon=2)
    inputs = WindowInput().fit(windows)
    np.testing.assert_allclose(inputs.scale.mean, np.nanmean(series, 0))
    np.testing.assert_allclose(inputs.scale.deviation, np.nanstd(series, 0))
    assert inputs.missing
    inputs.scale = Scale(np.zeros(2), np.ones(2))
    batch = inputs.batch(windows, np.array([0, 3]))
    assert batch.history.tolist() == [[3, 3, 3, 3], [0, 10, 20, 30], [3, 4, 5, 6], [30, 40, 50, 60]]
    assert batch.future.tolist() == [[4, 5], [40, 50], [7, 8], [60, 60]]
    assert batch.seen is not None
    assert batch.seen.tolist() == [[0, 0, 0, 1], [1] * 4, [1] * 4, [1] * 4]
    assert batch.real.tolist() == [[True, True], [True, True], [True, True], [False, False]]


def test_nothing_is_forecast_where_nothing_was_seen() -> None:
    series = np.arange(10.0)[:, None].copy()
    series[:5] = np.nan
    windows = Windows.cut([series], None, lookback=3, horizon=2)
    batch = WindowInput().fit(windows).batch(windows, np.arange(len(windows)))
    # Until step 5 nothing is known: the value that fills the holes lies ahead.
    assert batch.real.any(1).tolist() == [origin > 5 for origin in windows.origins.tolist()]


@given(st.integers(0, 30), st.integers(0, 10_000))
def test_no_history_depends_on_what_comes_after(cut: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    series = rng.normal(size=(50, 1))
    series[rng.random((50, 1)) < 0.4] = np.nan
    series[0] = 1.0
    other = series.copy()
    origin = 10 + cut
    other[origin:] = rng.normal(size=(50 - origin, 1))
    histories = []
    for one in (series, other):
        windows = Windows.cut([one], None, lookback=10, horizon=5)
        inputs = WindowInput().fit(windows)
        inputs.scale, inputs.missing = Scale(np.zeros(1), np.ones(1)), True
        batch = inputs.batch(windows, np.array([cut]))
        histories.append((batch.history, batch.seen))
    assert torch.equal(histories[0][0], histories[1][0])
    assert histories[0][1] is not None
    assert histories[1][1] is not None
    assert torch.equal(histories[0][1], histories[1][1])


def test_what_comes_after_the_end() -> None:
    windows = Windows.cut(numbered(9, 20, 3), None, lookback=3, horizon=4, last=True)
    assert len(windows) == 3
    inputs = WindowInput().fit(windows)
    inputs.scale = Scale(np.zeros(2), np.ones(2))
    batch = inputs.batch(windows, np.arange(3))
    assert batch.history[:2].tolist() == [[6, 7, 8], [106, 107, 108]]
    assert not batch.real.any()


def test_covariates_stand_beside_their_steps() -> None:
    series, known = numbered(20, 15), [np.arange(20.0)[:, None], np.arange(100.0, 115)[:, None]]
    windows = Windows.cut(series, known, lookback=5, horizon=3)
    inputs = WindowInput().fit(windows)
    assert inputs.known is not None
    batch = inputs.batch(windows, np.array([0, len(windows) - 1]), torch.float64)
    assert batch.known is not None
    back = batch.known.numpy() * inputs.known.deviation + inputs.known.mean
    np.testing.assert_allclose(back[0, :, 0], np.arange(8))
    np.testing.assert_allclose(back[3, :, 0], np.arange(107, 115))


def test_windows_are_taken_thinned_and_named() -> None:
    windows = Windows.cut(numbered(40), None, lookback=5, horizon=5)
    assert len(windows.thinned(1000)) == len(windows)
    assert len(windows.thinned(7)) <= 7
    assert windows.fingerprint() == Windows.cut(numbered(40), None, lookback=5, horizon=5).fingerprint()
    assert windows.fingerprint() != windows.thinned(7).fingerprint()


def test_state_and_back() -> None:
    windows = Windows.cut(numbered(30), numbered(30, channels=3), lookback=5, horizon=5)
    inputs = WindowInput().fit(windows)
    again = WindowInput.restored(inputs.state(), 2, 3)
    assert again.state() == inputs.state()


@pytest.mark.parametrize(
    "change",
    [
        {"missing": 1}, {"scale": None}, {"scale": {"mean": [0.0], "deviation": [1.0]}}, {"known": {"mean": [0.0] * 3}},
        {"scale": {"mean": [0.0, 0.0], "deviation": [1.0, 0.0]}}, {"more": 1}, {"known": None},
        {"scale": {"mean": [0.0, float("nan")], "deviation": [1.0, 1.0]}}, {"scale": {"mean": "x", "deviation": 3}},
    ],
    ids=str,
)  # fmt: skip
def test_a_damaged_state_is_refused(change: dict[str, Any]) -> None:
    windows = Windows.cut(numbered(30), numbered(30, channels=3), lookback=5, horizon=5)
    state = WindowInput().fit(windows).state()
    with pytest.raises(ModelError, match=r"tokenizer\.json is damaged"):
        WindowInput.restored({**state, **change}, 2, 3)
