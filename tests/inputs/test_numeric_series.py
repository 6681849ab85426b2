"""Numeric sequences on their way into a network: checked, scaled, put into batches."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gyeol.errors import DataError, ModelError
from gyeol.inputs.numeric_series import SeriesInput, checked_series

NAN = math.nan


@pytest.mark.parametrize(
    ("X", "shapes"),
    [
        (np.ones((2, 3)), [(3, 1), (3, 1)]),
        (np.ones((2, 3, 4), dtype=np.float32), [(3, 4), (3, 4)]),
        (np.array([[1, 2, NAN], [NAN, NAN, 3]]), [(2, 1), (3, 1)]),
        ([np.ones(2), np.ones(5)], [(2, 1), (5, 1)]),
        ([np.array([1, 2, NAN])], [(3, 1)]),  # in a list nothing fills up
        ([[1, 2], [3, None, True]], [(2, 1), (3, 1)]),
        (([[1, 2], [3, 4]], [[5, 6]]), [(2, 2), (1, 2)]),
        (np.array([np.ones(2), np.ones(3)], dtype=object), [(2, 1), (3, 1)]),
        pytest.param((row for row in [[1], [2, 3]]), [(1, 1), (2, 1)], id="a generator"),
    ],
    ids=str,
)
def test_the_forms_that_people_have(X: Any, shapes: list[tuple[int, int]]) -> None:
    found = checked_series(X)
    assert [one.shape for one in found] == shapes
    assert all(one.dtype == np.float64 for one in found)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ("abc", "got str where numeric sequences were expected"),
        (3, "got int where"),
        ({"a": [1]}, "got dict where"),
        (np.ones(3), r"an array of shape \(3,\)"),
        (np.ones((1, 1, 1, 1)), r"an array of shape \(1, 1, 1, 1\)"),
        ([], "the list is empty"),
        ([1, 2], r"sequence 0 has shape \(\)"),
        ([[1], []], r"sequence 1 has no steps, shape \(0, 1\)"),
        ([np.ones((3, 0))], "sequence 0 has no steps"),
        ([["a", "b"]], r"sequence 0 is \['a', 'b'\]; an array"),
        ([[1, [2]]], "an array of numbers, .*was expected"),
        ([[1j]], "an array of numbers, .*was expected"),
        ([np.array(["2020-01-01"], dtype="datetime64[D]")], "an array of numbers, .*was expected"),
        ([[1], [NAN, NAN]], "sequence 1 holds no value, NaN only"),
        (np.array([[1.0, 2], [NAN, NAN]]), "sequence 1 holds no value"),
        ([[1], [2, math.inf]], "sequence 1 holds inf at step 1, channel 0"),
        ([np.ones((2, 2)), np.ones((2, 3))], "sequence 1 has 3 channels, sequence 0 has 2"),
        ([[10**400]], "an array of numbers, .*was expected"),
    ],
)
def test_what_is_no_sequence_is_named(X: Any, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        checked_series(X)
    assert "\n" not in str(caught.value)


def test_channels_are_scaled_by_what_training_held() -> None:
    train = [np.array([[0.0, 5.0], [2.0, NAN]]), np.array([[4.0, 5.0]])]
    inputs = SeriesInput().fit(train)
    np.testing.assert_allclose(inputs.mean, [2.0, 5.0])
    np.testing.assert_allclose(inputs.scale, [math.sqrt(8 / 3), 1.0])  # the second stays the same
    assert (inputs.gaps, inputs.width) == ([1], 3)
    rows = inputs.encode([*train, np.array([[NAN, 6.0]])])
    np.testing.assert_allclose(rows[0], [[-2 / math.sqrt(8 / 3), 0, 0], [0, 0, 1]], rtol=1e-6)
    np.testing.assert_allclose(rows[2], [[0, 1, 0]])  # missing where training had none: the mean, unmarked
    batch = inputs.batch(rows, np.array([2, 0]))
    assert batch.values.shape == (2, 2, 3)
    assert batch.lengths.tolist() == [1, 2]
    assert not batch.values[0, 1].any()
    assert len(batch) == 2


@given(
    st.lists(
        arrays.arrays(np.float64, st.tuples(st.integers(1, 9), st.just(2)), elements=st.floats(-1e6, 1e6)),
        min_size=1, max_size=6,
    ),
    st.integers(1, 5),
)  # fmt: skip
def test_frames_hold_every_value_once(series: list[Any], frame: int) -> None:
    inputs, plain = SeriesInput(frame=frame).fit(series), SeriesInput().fit(series)
    rows, single = inputs.encode(series), plain.encode(series)
    batch = inputs.batch(rows, np.arange(len(series)))
    assert batch.lengths.tolist() == inputs.lengths(rows).tolist() == [math.ceil(len(one) / frame) for one in series]
    for number, one in enumerate(series):
        values = batch.values[number].reshape(-1, 2).numpy()
        np.testing.assert_array_equal(values[: len(one)], single[number])
        assert not values[len(one) :].any()
    everything = np.concatenate([np.asarray(single[n]) for n in range(len(series))])
    assert np.abs(everything.mean(0)).max() < 1e-3
    assert np.isfinite(everything).all()


@given(arrays.arrays(np.float64, (5, 1), elements=st.floats(allow_nan=False, allow_infinity=False)))
def test_extreme_numbers_come_in_finite(values: Any) -> None:
    inputs = SeriesInput().fit([values])
    assert np.isfinite(inputs.scale).all()
    assert (inputs.scale > 0).all()
    assert np.isfinite(np.asarray(inputs.encode([values, -values, values * 0 + 1e308]).values)).all()


def test_a_channel_without_values_and_one_too_many() -> None:
    with pytest.raises(DataError, match="channel 1 holds no value in any sequence"):
        SeriesInput().fit([np.array([[1.0, NAN]]), np.array([[2.0, NAN]])])
    inputs = SeriesInput().fit([np.ones((2, 2))])
    with pytest.raises(DataError, match="sequence 1 has 1 channels, the model reads 2"):
        inputs.encode([np.ones((2, 2)), np.ones((2, 1))])


def test_noise_ends_where_sequences_do_and_spares_marks() -> None:
    inputs = SeriesInput(frame=2).fit([np.array([[1.0, NAN], [2.0, 7.0]])])
    rows = inputs.encode([np.ones((400, 2)), np.ones((3, 2))])
    plain, noisy = (inputs.batch(rows, np.array([0, 1]), noise=noise).values.view(2, 400, 3) for noise in (0.0, 0.5))
    change = noisy - plain
    assert float(change[0, :, :2].std()) == pytest.approx(0.5, rel=0.1)
    assert change[1, :3, :2].all()
    assert not change[1, 3:].any()
    assert not change[..., 2].any()


def test_time_is_warped_and_ends_stay() -> None:
    inputs = SeriesInput().fit([np.arange(50.0)[:, None]])
    rows = inputs.encode([np.arange(50.0)[:, None], np.arange(20.0)[:, None], np.ones((1, 1))])
    which = np.array([0, 1, 2])
    plain, warped = (inputs.batch(rows, which, warp=warp).values.squeeze(2) for warp in (0.0, 0.3))
    assert warped.shape == plain.shape
    for number, length in enumerate((50, 20, 1)):
        own = warped[number, :length]
        torch.testing.assert_close(own[[0, -1]], plain[number, [0, length - 1]])
        assert (own.diff() > 0).all()  # time never goes back
        assert not warped[number, length:].any()
    assert float((warped - plain).abs().max()) > 0.1
    assert torch.equal(inputs.batch(rows, which, warp=1e-12).lengths, inputs.batch(rows, which).lengths)


def test_state() -> None:
    inputs = SeriesInput(frame=3).fit([np.array([[1.0, NAN], [2.0, 7.0]])])
    again = SeriesInput.restored(inputs.state())
    assert again.state() == inputs.state()
    assert again.width == 9


@pytest.mark.parametrize(
    "change",
    [
        {"mean": []}, {"mean": [NAN, 0]}, {"mean": [1]}, {"mean": "x"}, {"scale": [0, 1]}, {"scale": [1, math.inf]},
        {"gaps": [2]}, {"gaps": [1, 0]}, {"gaps": [True]}, {"gaps": None}, {"frame": 0}, {"frame": True},
        {"frame": 2.0}, {"mean": [[1, 2]], "scale": [[1, 2]]},
    ],
    ids=str,
)  # fmt: skip
def test_damaged_state(change: dict[str, Any]) -> None:
    state = SeriesInput().fit([np.array([[1.0, NAN], [2.0, 7.0]])]).state()
    with pytest.raises(ModelError, match=r"tokenizer\.json does not describe numeric sequences"):
        SeriesInput.restored({**state, **change})
