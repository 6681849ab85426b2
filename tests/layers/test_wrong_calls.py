"""What does not fit is refused before a kernel sees it, in words; and what only lies oddly in memory is served."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

from gyeol.errors import DataError
from gyeol.kernels import native_available
from gyeol.layers import GRU, LSTM, RNN, Recurrent

LAYERS: dict[str, tuple[type[Recurrent], dict[str, str]]] = {
    "rnn": (RNN, {}),
    "rnn_relu": (RNN, {"nonlinearity": "relu"}),
    "lstm": (LSTM, {}),
    "gru_after": (GRU, {}),
    "gru_before": (GRU, {"reset": "before"}),
}
every_layer = pytest.mark.parametrize("name", LAYERS)
drawn = given(
    lengths=st.lists(st.integers(1, 5), min_size=1, max_size=4),
    extra=st.integers(0, 2),
    D=st.integers(1, 5),
    H=st.integers(1, 20),
    num_layers=st.integers(1, 2),
    bidirectional=st.booleans(),
    batch_first=st.booleans(),
    seed=st.integers(0, 2**31),
)


class Call:
    """A layer and a call of it that fits."""

    def __init__(
        self, name: str, lengths: list[int], extra: int, D: int, H: int, num_layers: int, bidirectional: bool,
        batch_first: bool, seed: int,
    ) -> None:  # fmt: skip
        torch.manual_seed(seed)
        build, settings_ = LAYERS[name]
        self.layer = build(
            D, H, num_layers=num_layers, bidirectional=bidirectional, batch_first=batch_first, **settings_
        )
        self.B, self.T, self.D, self.lengths = len(lengths), max(lengths) + extra, D, lengths
        self.x = torch.randn((self.B, self.T, D) if batch_first else (self.T, self.B, D))
        shape = (num_layers * self.layer.num_directions, self.B, H)
        self.state = [torch.randn(shape) for _ in range(2 if name == "lstm" else 1)]
        assert not native_available() or self.layer._route(self.x, 1.0, True) == "native"

    def run(self, **changes: Any) -> tuple[Tensor, tuple[Tensor, ...]]:
        given_ = {"x": self.x, "lengths": self.lengths, "state": self.state} | changes
        state = given_.pop("state")
        if isinstance(state, list):
            state = tuple(state) if len(state) == 2 else state[0]
        output, last = self.layer(state=state, **given_)
        return output, last if isinstance(last, tuple) else (last,)


Wrong = Callable[[Call], tuple[dict[str, Any], str, str]]
# How to spoil a call, what the message says came, and what it says was expected.
WRONG: dict[str, Wrong] = {
    "float64": lambda c: ({"x": c.x.double()}, "torch.float64", "torch.float32"),
    "float16": lambda c: ({"x": c.x.half()}, "torch.float16", "torch.float32"),
    "int64": lambda c: ({"x": c.x.long()}, "torch.int64", "torch.float32"),
    "complex": lambda c: ({"x": c.x.to(torch.complex64)}, "torch.complex64", "torch.float32"),
    "two dimensions, of a state of three": lambda c: ({"x": c.x[0]}, str(tuple(c.x[0].shape)), "D)"),
    "four dimensions": lambda c: ({"x": c.x.unsqueeze(0)}, str(tuple(c.x.unsqueeze(0).shape)), "D)"),
    "no tensor": lambda c: ({"x": c.x.tolist()}, "list", "D)"),
    "a feature too many": lambda c: ({"x": torch.zeros(*c.x.shape[:2], c.D + 1)}, str(c.D + 1), f"input_size={c.D}"),
    "no steps": lambda c: ({"x": c.x[:, :0] if c.layer.batch_first else c.x[:0]}, f"{c.B} rows of 0", "1 or more"),
    "a length of 0": lambda c: ({"lengths": [*c.lengths[1:], 0]}, f"row {c.B - 1} is 0", f"1..{c.T}"),
    "a length below 0": lambda c: ({"lengths": torch.tensor([-3, *c.lengths[1:]])}, "row 0 is -3", f"1..{c.T}"),
    "a length over T": lambda c: ({"lengths": [c.T + 1, *c.lengths[1:]]}, f"row 0 is {c.T + 1}", f"1..{c.T}"),
    "too many lengths": lambda c: ({"lengths": [*c.lengths, 1]}, f"({c.B + 1},)", f"{c.B} rows"),
    "lengths of two dimensions": lambda c: ({"lengths": [c.lengths]}, f"(1, {c.B})", f"{c.B} rows"),
    "a NaN among lengths": lambda c: ({"lengths": [float("nan"), *c.lengths[1:]]}, "torch.float32", "whole numbers"),
    "lengths of floats": lambda c: ({"lengths": torch.tensor(c.lengths) + 0.5}, "torch.float32", "whole numbers"),
    "lengths of bools": lambda c: ({"lengths": [True] * c.B}, "torch.bool", "whole numbers"),
    "a state of other rows": lambda c: (
        {"state": [s[:, :1].expand(-1, c.B + 1, -1) for s in c.state]},
        f"{c.B + 1}", str(tuple(c.state[0].shape)),
    ),
    "a state of two dimensions": lambda c: (
        {"state": [s[0] for s in c.state]}, str(tuple(c.state[0][0].shape)), str(tuple(c.state[0].shape)),
    ),
    "a state of float64": lambda c: ({"state": [s.double() for s in c.state]}, "torch.float64", "torch.float32"),
    "a state part too many": lambda c: ({"state": (*c.state, c.state[0])}, str(len(c.state) + 1), "h"),
    "an input elsewhere": lambda c: ({"x": c.x.to("meta")}, "meta", "cpu"),
    "a state elsewhere": lambda c: ({"state": [s.to("meta") for s in c.state]}, "meta", "cpu"),
    "lengths elsewhere": lambda c: ({"lengths": torch.tensor(c.lengths, device="meta")}, "meta", "cpu"),
    "a sparse input": lambda c: ({"x": c.x.to_sparse()}, "torch.sparse_coo", "dense"),
    "lengths of text": lambda c: ({"lengths": ["a"] * c.B}, "'a'", "whole numbers"),
    "lengths of None": lambda c: ({"lengths": [None] * c.B}, "None", "whole numbers"),
    "a length beyond int64": lambda c: ({"lengths": [2**70, *c.lengths[1:]]}, str(2**70), "whole numbers"),
    "no state parts": lambda c: ({"state": ()}, "0", "h"),
}  # fmt: skip


@pytest.mark.parametrize("kind", WRONG)
@every_layer
@drawn
@settings(max_examples=6, phases=[Phase.generate])  # what fails is not made smaller: the shapes are small
def test_a_wrong_call_says_what_came_and_what_was_expected(name: str, kind: str, **shape: Any) -> None:
    call = Call(name, **shape)
    changes, came, expected = WRONG[kind](call)
    with pytest.raises(DataError) as caught:
        call.run(**changes)
    told = str(caught.value)
    assert came in told
    assert f"expected {expected}" in told or ("expected" in told and expected in told.split("expected")[1])
    assert "\n" not in told
    assert call.run()[0].isfinite().all()  # and a right call after it is served


@every_layer
@pytest.mark.parametrize("sizes", [[2, 2, 2], [2, 3], [3, 2, 1]], ids=str)
def test_a_packed_sequence_whose_sizes_do_not_fit_is_refused(name: str, sizes: list[int]) -> None:
    layer = LAYERS[name][0](3, 4, **LAYERS[name][1])
    with pytest.raises(DataError, match=r"expected .*5"):
        layer(PackedSequence(torch.zeros(5, 3), torch.tensor(sizes)))


def test_packed_data_of_another_type_are_refused() -> None:
    packed = pack_padded_sequence(torch.zeros(4, 2, 3, dtype=torch.float64), torch.tensor([4, 2]))
    with pytest.raises(DataError, match=r"the input is torch\.float64, expected the weights' torch\.float32"):
        LSTM(3, 4)(packed)


def turned(t: Tensor) -> Tensor:
    """The same numbers, the last two dimensions swapped in memory."""
    return t.transpose(-1, -2).contiguous().transpose(-1, -2)


def spread(t: Tensor) -> Tensor:
    """The same numbers, every second one in memory, with NaN in between."""
    wide = torch.full((*t.shape[:-1], 2 * t.shape[-1]), torch.nan)
    wide[..., ::2] = t
    return wide[..., ::2]


def behind(t: Tensor) -> Tensor:
    """The same numbers, rows swapped in memory and one float behind where memory begins."""
    swapped = t.transpose(0, 1)
    return torch.cat([torch.zeros(1), swapped.flatten()])[1:].view(swapped.shape).transpose(0, 1)


@every_layer
@pytest.mark.parametrize("lie", [turned, spread, behind])
@drawn
@settings(max_examples=12)
def test_what_lies_oddly_in_memory_gives_the_same(name: str, lie: Callable[[Tensor], Tensor], **shape: Any) -> None:
    call = Call(name, **shape)
    aim = torch.randn(1)
    results = []
    for change in (Tensor.contiguous, lie):
        x, state = (change(call.x).detach().requires_grad_(), [change(s).detach().requires_grad_() for s in call.state])
        for key, parameter in list(call.layer.named_parameters()):
            setattr(call.layer, key, nn.Parameter(change(parameter.detach()) if parameter.dim() == 2 else parameter))
        lengths = torch.tensor(call.lengths).repeat_interleave(2)[::2]
        output, last = call.run(x=x, state=state, lengths=lengths)
        loss = (output * aim).square().sum() + sum(part.sum() for part in last)
        # Gradients by outputs that are turned in memory come so into the backward walk.
        output.register_hook(lambda grad: turned(grad) if lie is turned else grad)
        grads = torch.autograd.grad(loss, [x, *state, *call.layer.parameters()])
        results.append([output, *last, *grads])
    for a, b in zip(*results, strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)
