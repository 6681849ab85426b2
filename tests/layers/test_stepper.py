"""One step at a time gives what the whole walk gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from gyeol.errors import DataError, ParameterError
from gyeol.kernels import native
from gyeol.layers import CELLS, LSTM, Recurrent, Stepper

WEIGHTS = ["float32", *(["bfloat16"] if native.half_available() else [])]


def parts(state: Any) -> tuple[torch.Tensor, ...]:
    return state if isinstance(state, tuple) else (state,)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("batch_size", [1, 3, 8, 64])
@pytest.mark.parametrize("cell", CELLS)
def test_steps_are_the_walk(cell: str, batch_size: int, weights: str, bias: bool) -> None:
    layer, x = Recurrent(cell, 7, 21, num_layers=2, bias=bias), torch.randn(6, batch_size, 7)
    if CELLS[cell].has_norm:  # the twin steps: held to itself in float64, where dividing by a small spread is no matter
        layer, x = layer.double(), x.double()
    with torch.no_grad():
        expected, end = layer(x)
    stepper = layer.stepper(batch_size, weights=weights)
    within = {"atol": 1e-5, "rtol": 1e-5} if weights == "float32" else {"atol": 0.02, "rtol": 0.02}
    for _ in range(2):
        got = torch.stack([stepper(x_t).clone() for x_t in x])
        torch.testing.assert_close(got, expected, **within)
        for a, b in zip(parts(stepper.state), parts(end), strict=True):
            torch.testing.assert_close(a, b, **within)
        stepper.reset()


@pytest.mark.parametrize("cell", CELLS)
def test_without_kernels_the_twin_steps(cell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    layer = Recurrent(cell, 4, 5, num_layers=2)
    x = torch.randn(3, 2, 4)
    fast = layer.stepper(2)
    monkeypatch.setattr(native, "native_available", lambda: False)
    slow = layer.stepper(2)
    for x_t in x:
        torch.testing.assert_close(fast(x_t), slow(x_t), atol=1e-6, rtol=1e-6)
    for a, b in zip(parts(fast.state), parts(slow.state), strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-6)
    double = Recurrent(cell, 4, 5, dtype=torch.float64).stepper()
    assert double(torch.zeros(1, 4, dtype=torch.float64)).dtype == torch.float64


@pytest.mark.parametrize("batch_first", [True, False])
def test_a_layer_steps_by_itself(batch_first: bool) -> None:
    layer = LSTM(3, 4, 2, batch_first=batch_first)
    x = torch.randn(2, 5, 3) if batch_first else torch.randn(5, 2, 3)
    expected, end = layer(x)
    state = None
    for t in range(5):
        x_t = x[:, t] if batch_first else x[t]
        output, state = layer.step(x_t, state)
        torch.testing.assert_close(output, expected[:, t] if batch_first else expected[t])
        assert not output.requires_grad
    for a, b in zip(parts(state), parts(end), strict=True):
        torch.testing.assert_close(a, b)


def test_rows_begin_anew_one_by_one_and_the_state_may_be_written() -> None:
    stepper = LSTM(3, 4).stepper(3)
    x = torch.randn(3, 3)
    first = stepper(x).clone()
    stepper(x)
    stepper.reset([1])
    again = stepper(x).clone()
    assert torch.equal(again[1], first[1])
    assert not torch.equal(again[0], first[0])
    h, c = stepper.state
    h.zero_()
    c.zero_()
    assert torch.equal(stepper(x.numpy()), first)


def test_it_keeps_the_weights_it_was_made_with_and_takes_no_memory() -> None:
    layer = LSTM(3, 4)
    stepper = layer.stepper()
    before = stepper(np.ones((1, 3), np.float32)).clone()
    with torch.no_grad():
        layer.weight_hh_l0.zero_()
        layer.weight_ih_l0.zero_()
    stepper.reset()
    after = stepper(np.ones((1, 3), np.float32))
    assert torch.equal(after, before)
    assert stepper(np.ones((1, 3), np.float32)).data_ptr() == after.data_ptr()


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ParameterError, match="both directions"):
        Stepper(LSTM(3, 4, bidirectional=True))
    with pytest.raises(ParameterError, match="batch_size=0: expected a whole number"):
        LSTM(3, 4).stepper(0)
    with pytest.raises(ParameterError, match="weights='float23' is not one; did you mean 'float32'"):
        LSTM(3, 4).stepper(weights="float23")
    with pytest.raises(DataError, match=r"a step came as \(2, 3\), expected \(1, 3\)"):
        LSTM(3, 4).stepper()(torch.zeros(2, 3))
