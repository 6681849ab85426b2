"""One step at a time gives what the whole walk gives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from gyeol.errors import DataError, ParameterError
from gyeol.kernels import native
from gyeol.kernels.cells import rnn
from gyeol.kernels.cells.cell import Weights, project
from gyeol.layers import CELLS, GRU, LSTM, RNN, Recurrent, Stepper

#: How far from the whole walk, in float32, a few steps may end.
WITHIN = {"float32": 1e-5, "bfloat16": 0.02, "int8": 0.05}
HAVE = {"float32": True, "bfloat16": native.steps_in("bfloat16"), "int8": native.int8_available()}
WEIGHTS = [weights for weights, have in HAVE.items() if have]
STEPPED = {cell.name for cell in native.CELLS.values() if cell.steps}  # kernels
QUANTISED = {name: cell for name, cell in {**CELLS, "relu": rnn.RELU}.items() if cell.native in STEPPED}
needs_int8 = pytest.mark.skipif(not native.int8_available(), reason=f"kernels: {native.describe()}")


@pytest.fixture(params=native.instruction_sets() or [""])
def each_set(request: pytest.FixtureRequest) -> Iterator[None]:
    before = native.use_instruction_set(request.param) if request.param else ""
    yield
    if before:
        native.use_instruction_set(before)


def parts(state: Any) -> tuple[torch.Tensor, ...]:
    return state if isinstance(state, tuple) else (state,)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("batch_size", [1, 3, 8, 64])
@pytest.mark.parametrize("cell", CELLS)
def test_steps_are_the_walk(cell: str, batch_size: int, weights: str, bias: bool) -> None:
    layer, x = Recurrent(cell, 7, 21, num_layers=2, bias=bias), torch.randn(6, batch_size, 7)
    if CELLS[cell].has_norm:  # the reference steps: in float64, where dividing by a small spread does no harm
        layer, x = layer.double(), x.double()
    with torch.no_grad():
        expected, end = layer(x)
    stepper = layer.stepper(batch_size, weights=weights)
    within = {"atol": WITHIN[weights], "rtol": WITHIN[weights]}
    for _ in range(2):
        got = torch.stack([stepper(x_t).clone() for x_t in x])
        torch.testing.assert_close(got, expected, **within)
        for a, b in zip(parts(stepper.state), parts(end), strict=True):
            torch.testing.assert_close(a, b, **within)
        stepper.reset()


@pytest.mark.parametrize("cell", CELLS)
def test_without_kernels_the_reference_steps(cell: str, monkeypatch: pytest.MonkeyPatch) -> None:
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


@pytest.mark.parametrize("weights", WEIGHTS)
def test_rows_begin_anew_one_by_one_and_the_state_may_be_written(weights: str) -> None:
    stepper = LSTM(3, 4).stepper(3, weights=weights)
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


@pytest.mark.parametrize("weights", WEIGHTS)
def test_it_keeps_the_weights_it_was_made_with_and_takes_no_memory(weights: str) -> None:
    layer = LSTM(3, 4)
    stepper = layer.stepper(weights=weights)
    before = stepper(np.ones((1, 3), np.float32)).clone()
    with torch.no_grad():
        layer.weight_hh_l0.zero_()
        layer.weight_ih_l0.zero_()
    stepper.reset()
    after = stepper(np.ones((1, 3), np.float32))
    assert torch.equal(after, before)
    if native.native_available():  # the reference implementation makes new tensors
        assert stepper(np.ones((1, 3), np.float32)).data_ptr() == after.data_ptr()


def quantised(rows: np.ndarray[Any, Any]) -> tuple[Any, Any]:
    """Whole numbers from -127 to 127, and each row's scale, by the very operations of cpp/products/quad.hpp."""
    most = np.abs(rows).max(1, keepdims=True)
    scale = np.where(most > 0, most / np.float32(127), np.float32(1))
    inverse = np.where(most > 0, np.float32(127) / np.where(most > 0, most, np.float32(1)), np.float32(0))
    return np.rint(rows * inverse).astype(np.int64), scale


@needs_int8
@pytest.mark.usefixtures("each_set")
@pytest.mark.parametrize("batch_size", [1, 2, 5, 7, 8, 17, 64])
@pytest.mark.parametrize(("D", "H"), [(1, 1), (4, 3), (7, 21), (16, 64), (67, 130)])
def test_int8_products_are_those_of_whole_numbers(D: int, H: int, batch_size: int) -> None:
    layer = RNN(D, H, nonlinearity="relu", bias=False)
    with torch.no_grad():
        layer.weight_hh_l0[::3] = 0  # whole rows of zeros, and
        layer.weight_ih_l0[::2, : D // 2] = 0
        layer.weight_ih_l0[1::2] *= 40  # rows of different sizes
    stepper = layer.stepper(batch_size, weights="int8")
    x, h = torch.randn(batch_size, D), 5 * torch.rand(batch_size, H)
    x[-1] = 0
    h[0] *= 1000  # a state that no step leaves behind
    stepper.state[0] = h
    products = []
    for w, v in ((layer.weight_ih_l0, x), (layer.weight_hh_l0, h)):
        (q, scales), (p, own) = quantised(w.detach().numpy()), quantised(v.numpy())
        products.append((p @ q.T).astype(np.float64) * scales.T * own)
    got = stepper(x).numpy()
    assert (np.abs(got - np.maximum(sum(products), 0)) <= 1e-6 * sum(np.abs(product) for product in products)).all()


@needs_int8
@pytest.mark.usefixtures("each_set")
@pytest.mark.parametrize("sign", [1, -1])
def test_int8_takes_as_many_inputs_as_its_sums_hold(sign: int) -> None:
    for D, refused in ((131072, False), (131073, True)):
        layer = RNN(D, 1, nonlinearity="relu", bias=False)
        with torch.no_grad():
            layer.weight_ih_l0.fill_(sign)
        if refused:
            with pytest.raises(ValueError, match="int8 takes 131072 inputs or units at most"):
                layer.stepper(weights="int8")
        else:
            assert layer.stepper(weights="int8")(torch.full((1, D), float(sign))).item() == pytest.approx(D, rel=1e-6)


def on_a_grid(rows: int, columns: int, step: float) -> torch.Tensor:
    """Numbers that are quantised without loss: whole ones times a power of two, the largest of each row 127."""
    whole = torch.randint(-127, 128, (rows, columns))
    whole[:, 0] = 127
    return whole * step


@needs_int8
@pytest.mark.usefixtures("each_set")
@pytest.mark.parametrize("batch_size", [1, 3, 8, 20])
@pytest.mark.parametrize(("D", "H"), [(1, 1), (7, 21), (18, 64), (5, 81)])
@pytest.mark.parametrize("cell", QUANTISED)
def test_int8_is_the_cell_with_rounded_weights(cell: str, D: int, H: int, batch_size: int) -> None:
    layer = Recurrent(QUANTISED[cell], D, H)
    with torch.no_grad():
        layer.weight_hh_l0[::5] = 0
        if cell == "gru":
            layer.bias_ih_l0[:H] = 100  # r = 1: what is quantised then is h, which is on the grid
    w = layer.weights_of(0)[0]
    x, h = on_a_grid(batch_size, D, 1 / 64), on_a_grid(batch_size, H, 1 / 32)  # a state up to 4
    before = (h, torch.randn(batch_size, H)) if layer.cell.has_memory else (h,)
    stepper = layer.stepper(batch_size, weights="int8")
    for part, value in zip(parts(stepper.state), before, strict=True):
        part[0] = value
    q_ih, q_hh = (torch.from_numpy(np.multiply(*quantised(m.detach().numpy()))).double() for m in (w.w_ih, w.w_hh))
    assert w.b_ih is not None
    assert w.b_hh is not None
    rounded = Weights(q_ih, q_hh, w.b_ih.detach().double(), w.b_hh.detach().double())
    expected = layer.cell.step(project(x.double(), rounded), tuple(part.double() for part in before), rounded)
    stepper(x)
    for got, value in zip(parts(stepper.state), expected, strict=True):
        torch.testing.assert_close(got[0].double(), value, atol=5e-6, rtol=5e-6)


def rounding_error(w: torch.Tensor, v: torch.Tensor) -> float:
    """How far, at most, a sum over k of w v is from that of both rounded: half a scale is lost of each number."""
    scale_w, scale_v = w.abs().amax(1) / 127, v.abs().amax(1, keepdim=True) / 127
    lost = scale_v * w.abs().sum(1) + scale_w * (v.abs() + scale_v / 2).sum(1, keepdim=True)
    return lost.max().item() / 2


@needs_int8
@pytest.mark.parametrize("batch_size", [1, 3, 64])
@pytest.mark.parametrize("cell", QUANTISED)
def test_int8_loses_no_more_than_rounding_does(cell: str, batch_size: int) -> None:
    D, H = 13, 37
    layer = Recurrent(QUANTISED[cell], D, H)
    w = layer.weights_of(0)[0]
    x, h, c = torch.randn(batch_size, D), 2 * torch.rand(batch_size, H) - 1, 2 * torch.rand(batch_size, H) - 1
    exact, coarse = layer.stepper(batch_size), layer.stepper(batch_size, weights="int8")
    for stepper in (exact, coarse):
        for part, value in zip(parts(stepper.state), (h, c), strict=False):
            part[0] = value
    w_ih, w_hh = w.w_ih.detach(), w.w_hh.detach()
    e = rounding_error(w_ih, x) + rounding_error(w_hh, h)  # of all that a gate's function is given
    # A sigmoid moves by a quarter of that at most, tanh by all; h, c and the gates are within 1.
    assert w.b_hh is not None
    widest = (w_hh.abs().sum(1) + w.b_hh.detach().abs()).max().item()  # what r is multiplied with, or times what
    times = {"rnn": 1, "relu": 1, "lstm": 1.75, "gru": 1.5 + widest / 4, "gru_after": 1.5 + widest / 4}[cell]
    difference = (exact(x) - coarse(x)).abs().max().item()
    assert 0 < difference <= times * e + 1e-5
    assert times * e < 0.25


@needs_int8
@pytest.mark.usefixtures("each_set")
@pytest.mark.parametrize("num_layers", [1, 3])
@pytest.mark.parametrize("cell", [name for name in QUANTISED if name != "relu"])  # whose h itself need not stay small
def test_what_int8_loses_does_not_grow(cell: str, num_layers: int) -> None:
    layer = Recurrent(QUANTISED[cell], 24, 40, num_layers=num_layers)
    exact, coarse = layer.stepper(4), layer.stepper(4, weights="int8")
    lost = torch.stack([(exact(x) - coarse(x)).abs() for x in torch.randn(200, 4, 24)])
    assert lost[100:].mean() <= 1.2 * lost[:100].mean()
    assert lost.max() < 0.05


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
@pytest.mark.parametrize("cell", QUANTISED)
def test_what_is_not_finite_keeps_to_its_row(cell: str, wrong: float, weights: str) -> None:
    layer = Recurrent(QUANTISED[cell], 5, 18, num_layers=2)
    stepper, clean = layer.stepper(3, weights=weights), layer.stepper(3, weights=weights)
    x = torch.randn(3, 5)
    spoilt = x.clone()
    spoilt[1, 2] = wrong
    for _ in range(2):
        got, expected = stepper(spoilt), clean(x)
        assert torch.equal(got[[0, 2]], expected[[0, 2]])
        assert weights != "int8" or got[1].isnan().all()
    stepper.reset([1])
    clean.reset([1])
    assert torch.equal(stepper(x), clean(x))


@needs_int8
@pytest.mark.parametrize("batch_size", [1, 4, 9])
@pytest.mark.parametrize(("D", "H"), [(1, 1), (7, 21), (67, 130)])
def test_int8_gives_the_same_bits_under_every_instruction_set(D: int, H: int, batch_size: int) -> None:
    layer = RNN(D, H, num_layers=2, nonlinearity="relu")  # no gate function, whose last bit may differ
    with torch.no_grad():
        layer.weight_hh_l0[0] = layer.weight_hh_l0.abs().max()  # sums of pairs as large as they can be
    x = torch.randn(5, batch_size, D)
    x[3] = -x[3].abs().max()
    seen = []
    for name in native.instruction_sets():
        before = native.use_instruction_set(name)
        try:
            stepper = layer.stepper(batch_size, weights="int8")
            seen.append(torch.stack([stepper(x_t).clone() for x_t in x]))
        finally:
            native.use_instruction_set(before)
    assert all(torch.equal(steps, seen[0]) for steps in seen)


def test_without_kernels_int8_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "int8_available", lambda: False)
    with pytest.raises(ParameterError, match=r"weights='int8' needs the native kernels, not .*; use 'float32'"):
        LSTM(3, 4).stepper(weights="int8")


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ParameterError, match="both directions"):
        Stepper(LSTM(3, 4, bidirectional=True))
    with pytest.raises(ParameterError, match="batch_size=0: expected a whole number"):
        LSTM(3, 4).stepper(0)
    with pytest.raises(ParameterError, match="weights='float23' is not one; did you mean 'float32'"):
        LSTM(3, 4).stepper(weights="float23")
    for threads in (0, 1.0, True, torch.get_num_threads() + 1):
        with pytest.raises(ParameterError, match=f"threads={threads}: expected a whole number from 1 to PyTorch's"):
            Stepper(LSTM(3, 4), threads=threads)  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"a step came as \(2, 3\), expected \(1, 3\)"):
        LSTM(3, 4).stepper()(torch.zeros(2, 3))


@pytest.mark.parametrize("kind", [LSTM, GRU])
def test_one_way_of_two(kind: type[Recurrent]) -> None:
    layer = kind(3, 5, bidirectional=True)
    x = torch.randn(6, 2, 3)
    with torch.no_grad():
        whole = layer(x)[0]
    for direction in (0, 1):
        stepper = Stepper(layer, 2, direction=direction)
        steps = [stepper(x_t).clone() for x_t in (x.flip(0) if direction else x)]
        walked = torch.stack(steps[::-1] if direction else steps)
        torch.testing.assert_close(walked, whole[:, :, 5 * direction : 5 * (direction + 1)], atol=1e-6, rtol=0)


def test_a_way_that_is_none() -> None:
    for layer, direction in ((LSTM(3, 4), 1), (LSTM(3, 4, bidirectional=True), 2), (LSTM(3, 4, num_layers=2), 0)):
        with pytest.raises(ParameterError, match=f"direction={direction}: of one layer alone"):
            Stepper(layer, direction=direction)
