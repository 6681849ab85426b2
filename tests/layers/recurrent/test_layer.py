"""Recurrent layers against torch.nn's, against themselves row by row, and against hostile input."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from gyeol.errors import DataError, ParameterError
from gyeol.layers import CELLS, GRU, LSTM, RNN, Recurrent

PAIRS: dict[str, tuple[type[Recurrent], type[nn.Module], dict[str, str]]] = {
    "rnn_tanh": (RNN, nn.RNN, {}),
    "rnn_relu": (RNN, nn.RNN, {"nonlinearity": "relu"}),
    "lstm": (LSTM, nn.LSTM, {}),
    "gru": (GRU, nn.GRU, {}),
}
SHAPES: list[dict[str, Any]] = [
    {},
    {"num_layers": 3},
    {"bidirectional": True},
    {"num_layers": 2, "bidirectional": True, "bias": False},
    {"num_layers": 2, "bidirectional": True, "batch_first": True},
]


def pair(name: str, shape: dict[str, Any], D: int = 5, H: int = 7) -> tuple[Recurrent, Any]:
    """Build our layer and torch's with equal weights."""
    ours, theirs, extra = PAIRS[name]
    mine, other = ours(D, H, **shape, **extra), theirs(D, H, **shape, **extra)
    mine.load_state_dict(other.state_dict())
    return mine, other


def parts(state: Any) -> tuple[Tensor, ...]:
    return state if isinstance(state, tuple) else (state,)


def draw_state(layer: Recurrent, B: int, dtype: torch.dtype = torch.float32) -> Any:
    shape = (layer.num_layers * layer.num_directions, B, layer.hidden_size)
    cell = layer.cell
    drawn = [torch.randn(shape, dtype=dtype) for _ in range(cell.free_states)]
    state = (*drawn, *(torch.zeros(shape, dtype=dtype) for _ in cell.states[len(drawn) :]))
    return state if cell.has_memory else state[0]


def close(a: Tensor, b: Tensor) -> None:
    torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("grad", [True, False])
@pytest.mark.parametrize("with_state", [True, False])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", PAIRS)
def test_equals_torch_where_lengths_are_equal(name: str, shape: dict[str, Any], with_state: bool, grad: bool) -> None:
    mine, other = pair(name, shape)
    x = torch.randn((4, 6, 5) if shape.get("batch_first") else (6, 4, 5))
    state = draw_state(mine, 4) if with_state else None
    with torch.set_grad_enabled(grad):
        out, last = mine(x, state)
        expected, expected_last = other(x, state)
    close(out, expected)
    for a, b in zip(parts(last), parts(expected_last), strict=True):
        close(a, b)
    if grad:
        out.square().sum().backward()
        expected.square().sum().backward()
        for (key, p), q in zip(mine.named_parameters(), other.parameters(), strict=True):
            assert p.grad is not None, key
            close(p.grad, q.grad)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", PAIRS)
def test_state_dict_and_initial_values_are_torch_s(name: str, shape: dict[str, Any]) -> None:
    ours, theirs, extra = PAIRS[name]
    torch.manual_seed(3)
    mine = ours(5, 7, **shape, **extra)
    torch.manual_seed(3)
    other = theirs(5, 7, **shape, **extra)
    assert list(mine.state_dict()) == list(other.state_dict())
    for a, b in zip(mine.state_dict().values(), other.state_dict().values(), strict=True):
        assert torch.equal(a, b)
    other.load_state_dict(ours(5, 7, **shape, **extra).state_dict())


def test_the_positional_arguments_are_torch_s() -> None:
    assert RNN(3, 4, 2, "relu", False, True, 0.1, True).state_dict().keys() == (
        nn.RNN(3, 4, 2, "relu", False, True, 0.1, True).state_dict().keys()
    )
    for ours, theirs in [(LSTM, nn.LSTM), (GRU, nn.GRU)]:
        mine, other = ours(3, 4, 2, False, True, 0.1, True), theirs(3, 4, 2, False, True, 0.1, True)
        assert mine.state_dict().keys() == other.state_dict().keys()
        assert (mine.batch_first, mine.dropout, mine.bias) == (other.batch_first, other.dropout, other.bias)


@pytest.mark.parametrize("grad", [True, False])
@pytest.mark.parametrize("need_state", [True, False])
@pytest.mark.parametrize("in_order", [True, False])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", PAIRS)
def test_ragged_equals_torch_packed(
    name: str, shape: dict[str, Any], in_order: bool, need_state: bool, grad: bool
) -> None:
    mine, other = pair(name, shape)
    first = bool(shape.get("batch_first"))
    lengths = [6, 4, 4, 1] if in_order else [2, 6, 1, 4]
    x = torch.randn((4, 6, 5) if first else (6, 4, 5))
    packed = pack_padded_sequence(x, torch.tensor(lengths), batch_first=first, enforce_sorted=in_order)
    state = draw_state(mine, 4)
    with torch.set_grad_enabled(grad):
        expected, expected_last = other(packed, state)
        from_packed, packed_last = mine(packed, state, need_state=need_state)
        out, last = mine(x, state, lengths, need_state=need_state)
    close(from_packed.data, expected.data)
    assert torch.equal(from_packed.batch_sizes, expected.batch_sizes)
    padded, _ = pad_packed_sequence(expected, batch_first=first)
    close(out, padded)
    assert torch.equal(out == 0, padded == 0) or name == "rnn_relu"
    assert (expected.sorted_indices is None) == (from_packed.sorted_indices is None)
    if not need_state:
        assert last is None
        assert packed_last is None
        return
    for a, b, c in zip(parts(last), parts(packed_last), parts(expected_last), strict=True):
        close(a, c)
        close(b, c)
    if grad:
        (out.square().sum() + parts(last)[-1].sum()).backward()
        (expected.data.square().sum() + parts(expected_last)[-1].sum()).backward()
        for p, q in zip(mine.parameters(), other.parameters(), strict=True):
            close(p.grad, q.grad)


@given(
    cell=st.sampled_from(list(CELLS)),
    lengths=st.lists(st.integers(1, 6), min_size=1, max_size=5),
    extra=st.integers(0, 2),
    D=st.integers(1, 5),
    H=st.integers(1, 6),
    num_layers=st.integers(1, 2),
    bidirectional=st.booleans(),
    need_state=st.booleans(),
    seed=st.integers(0, 2**31),
)
@settings(deadline=None, max_examples=120)
def test_a_padded_batch_equals_its_rows_one_by_one(
    cell: str, lengths: list[int], extra: int, D: int, H: int, num_layers: int, bidirectional: bool, need_state: bool,
    seed: int,
) -> None:  # fmt: skip
    torch.manual_seed(seed)
    # Where a norm divides by a small spread float32 is not that exact.
    dtype = torch.float64 if CELLS[cell].has_norm else torch.float32
    layer = Recurrent(cell, D, H, num_layers=num_layers, bidirectional=bidirectional, batch_first=True, dtype=dtype)
    alone = copy.deepcopy(layer)
    B, T = len(lengths), max(lengths) + extra
    x = torch.randn(B, T, D, requires_grad=True, dtype=dtype)
    x_alone = x.detach().clone().requires_grad_()
    state = draw_state(layer, B, dtype)
    aim = torch.randn(B, T, H * layer.num_directions, dtype=dtype)
    out, last = layer(x, state, lengths, need_state=need_state)
    loss = (out * aim).sum()
    loss_alone = torch.zeros(())
    for b, n in enumerate(lengths):
        own = tuple(part[:, b : b + 1] for part in parts(state))
        out_b, last_b = alone(x_alone[b : b + 1, :n], own if len(own) > 1 else own[0])
        close(out[b, :n], out_b[0])
        assert torch.equal(out[b, n:], torch.zeros_like(out[b, n:]))
        loss_alone = loss_alone + (out_b[0] * aim[b, :n]).sum()
        if need_state:
            for whole, one in zip(parts(last), parts(last_b), strict=True):
                close(whole[:, b], one[:, 0])
                loss_alone = loss_alone + one.square().sum()
    if need_state:
        loss = loss + sum(part.square().sum() for part in parts(last))
    loss.backward()
    loss_alone.backward()
    close(x.grad, x_alone.grad)
    for p, q in zip(layer.parameters(), alone.parameters(), strict=True):
        close(p.grad, q.grad)


@pytest.mark.parametrize("grad", [True, False])
@pytest.mark.parametrize("need_state", [True, False])
@pytest.mark.parametrize("cell", CELLS)
def test_nan_in_one_row_stays_in_that_row(cell: str, need_state: bool, grad: bool) -> None:
    layer = Recurrent(cell, 4, 6, num_layers=2, bidirectional=True, batch_first=True)
    x = torch.randn(5, 4, 4)
    lengths = [4, 3, 1, 4, 2]
    with torch.set_grad_enabled(grad):
        clean, _ = layer(x, lengths=lengths, need_state=need_state)
        x[1, 1] = torch.nan
        dirty, _ = layer(x, lengths=lengths, need_state=need_state)
    assert dirty[1, :3].isnan().any(-1).all()
    others = [0, 2, 3, 4]
    close(dirty[others], clean[others])
    assert torch.equal(dirty[1, 3:], torch.zeros_like(dirty[1, 3:]))


@pytest.mark.parametrize("need_state", [True, False])
@pytest.mark.parametrize("cell", CELLS)
def test_padding_reaches_no_gradient(cell: str, need_state: bool) -> None:
    layer = Recurrent(cell, 3, 4, bidirectional=True, batch_first=True)
    x = torch.randn(2, 5, 3)
    grads = []
    for fill in (0.0, torch.nan):
        x[0, 2:] = fill
        layer.zero_grad()
        layer(x, lengths=[2, 5], need_state=need_state)[0].sum().backward()
        grads.append([p.grad.clone() for p in layer.parameters()])  # type: ignore[union-attr]
    for a, b in zip(*grads, strict=True):
        assert torch.equal(a, b)


def test_state_carries_a_sequence_across_calls() -> None:
    for cell in CELLS:
        layer = Recurrent(cell, 3, 4, num_layers=2, batch_first=True)
        x = torch.randn(2, 6, 3)
        whole, end = layer(x)
        first, state = layer(x[:, :2])
        second, state = layer(x[:, 2:], state)
        close(torch.cat([first, second], 1), whole)
        for a, b in zip(parts(state), parts(end), strict=True):
            close(a, b)


@pytest.mark.parametrize("cell", CELLS)
def test_dropout_stands_between_layers_and_in_training_only(cell: str) -> None:
    plain = Recurrent(cell, 3, 8, num_layers=2, batch_first=True)
    layer = Recurrent(cell, 3, 8, num_layers=2, batch_first=True, dropout=1.0)
    layer.load_state_dict(plain.state_dict())
    x = torch.randn(2, 5, 3)
    close(layer.eval()(x)[0], plain(x)[0])
    out, _ = layer.train()(x)
    assert torch.equal(out, layer(torch.randn(2, 5, 3))[0])  # nothing of x passes to the second layer
    assert out.any()  # and what the last layer gives is not dropped
    single = Recurrent(cell, 3, 8, batch_first=True, dropout=1.0)
    close(single.train()(x)[0], single.eval()(x)[0])  # the input of the first layer is not dropped either


def test_float64_is_served() -> None:
    for cell in CELLS:
        layer = Recurrent(cell, 3, 4, batch_first=True, dtype=torch.float64)
        with torch.no_grad():
            assert layer(torch.randn(2, 3, 3, dtype=torch.float64), lengths=[3, 1])[0].dtype == torch.float64


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize(
    ("x", "settings_", "message"),
    [
        (torch.zeros(3), {}, r"the input came as shape \(3,\), expected \(B, T, D\)"),
        (torch.zeros(2, 4, 3, 1), {}, r"the input came as shape \(2, 4, 3, 1\), expected \(B, T, D\)"),
        ([[1.0]], {}, r"the input came as list, expected \(B, T, D\)"),
        (torch.zeros(2, 4, 5), {}, "the input has 5 features a step, expected input_size=3"),
        (torch.zeros(2, 4, 3, dtype=torch.float64), {}, "the input is torch.float64, expected the weights'"),
        (torch.zeros(2, 4, 3, dtype=torch.int64), {}, "the input is torch.int64, expected the weights' torch.float32"),
        (torch.zeros(0, 3), {}, "the batch is empty: 1 rows of 0 steps"),
        (torch.zeros(2, 0, 3), {}, "the batch is empty: 2 rows of 0 steps"),
        (torch.zeros(2, 4, 3), {"lengths": [4]}, r"lengths have shape \(1,\), expected one for each of the 2 rows"),
        (torch.zeros(2, 4, 3), {"lengths": [[4, 4]]}, r"lengths have shape \(1, 2\), expected one for each"),
        (torch.zeros(2, 4, 3), {"lengths": [4, 0]}, "the length of row 1 is 0, expected 1..4"),
        (torch.zeros(2, 4, 3), {"lengths": [5, 1]}, "the length of row 0 is 5, expected 1..4"),
        (torch.zeros(2, 4, 3), {"lengths": [4.0, 1.0]}, "lengths are torch.float32, expected whole numbers"),
        (torch.zeros(2, 4, 3), {"lengths": [True, True]}, "lengths are torch.bool, expected whole numbers"),
        (torch.zeros(2, 4, 3), {"state": "h"}, "the state came as 1 of str, expected"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_in_one_line(cell: str, x: Any, settings_: dict[str, Any], message: str) -> None:
    layer = Recurrent(cell, 3, 4, batch_first=True)
    with pytest.raises(DataError, match=message) as caught:
        layer(x, **settings_)
    assert "\n" not in str(caught.value)


def test_a_state_that_does_not_fit_is_refused() -> None:
    x, h = torch.zeros(2, 4, 3), torch.zeros(1, 2, 4)
    lstm, gru = LSTM(3, 4, batch_first=True), GRU(3, 4, batch_first=True)
    with pytest.raises(DataError, match="expected a tuple of two tensors, h and c"):
        lstm(x, h)
    with pytest.raises(DataError, match="expected one tensor, h"):
        gru(x, (h, h))
    with pytest.raises(DataError, match=r"the state's c has shape \(1, 3, 4\), expected \(1, 2, 4\)"):
        lstm(x, (h, torch.zeros(1, 3, 4)))
    with pytest.raises(DataError, match=r"the state's h is torch\.float64, expected the input's torch\.float32"):
        gru(x, h.double())


def test_lengths_beside_a_packed_sequence_are_refused() -> None:
    packed = pack_padded_sequence(torch.zeros(3, 2, 3), torch.tensor([3, 2]))
    with pytest.raises(DataError, match="lengths came beside a PackedSequence"):
        LSTM(3, 4)(packed, lengths=[3, 2])


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Recurrent("lstn", 3, 4), "cell='lstn' is not a cell; did you mean 'lstm'"),
        (lambda: LSTM(0, 4), "input_size=0: expected a whole number of 1 or more"),
        (lambda: LSTM(3, 4.0), "hidden_size=4.0"),
        (lambda: LSTM(3, 4, True), "num_layers=True"),
        (lambda: GRU(3, 4, dropout=1.5), "dropout=1.5: expected a probability from 0 to 1"),
        (lambda: GRU(3, 4, reset="befor"), "reset='befor' is not one; did you mean 'before'"),
        (lambda: RNN(3, 4, nonlinearity="sigmoid"), "nonlinearity='sigmoid' is not one"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(build: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        build()


@pytest.mark.parametrize("cell", list(CELLS))
def test_under_autocast_a_bfloat16_input_is_read(cell: str) -> None:
    torch.manual_seed(0)
    layer = Recurrent(cell, 4, 6, bidirectional=True, batch_first=True)
    x = torch.randn(3, 5, 4).bfloat16()
    expected = layer(x.float())[0]
    with torch.autocast("cpu", torch.bfloat16):
        found = layer(x)[0]
    assert float((found.float() - expected).detach().abs().max()) < 0.1
    found.float().sum().backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in layer.parameters())
