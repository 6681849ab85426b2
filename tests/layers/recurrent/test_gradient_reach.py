"""The gradient by the state so many steps back, against autograd through the cell's steps, one row at a time."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gyeol.kernels.cells.cell import State, Weights, project
from gyeol.layers import CELLS, Recurrent, recording
from gyeol.layers.recurrent.gradient_reach import gradient_reach


def by_definition(layer: Recurrent, weights: Weights, x: Tensor, end: State, distance: int) -> float:
    """Walk one row (T, D) in float64 to the state so far back, and from there as from a new beginning."""
    state: State = tuple(x.new_zeros(1, layer.hidden_size) for _ in layer.cell.states)
    with torch.no_grad():
        for x_t in x[:-distance]:
            state = layer.cell.step(project(x_t[None], weights), state, weights)
    back = state = tuple(part.requires_grad_() for part in state)
    for x_t in x[-distance:]:
        state = layer.cell.step(project(x_t[None], weights), state, weights)
    grads = torch.autograd.grad(state, back, end, materialize_grads=True)
    return float(torch.cat(grads, 1).norm() / torch.cat(list(end), 1).norm())


@settings(max_examples=8)
@given(
    lengths=st.lists(st.integers(1, 20), min_size=1, max_size=5),
    bidirectional=st.booleans(),
    ends=st.booleans(),
    double=st.booleans(),
)
@pytest.mark.parametrize("cell", CELLS)
def test_every_distance_of_every_row(
    cell: str, lengths: list[int], bidirectional: bool, ends: bool, double: bool
) -> None:
    torch.manual_seed(5)
    dtype = torch.float64 if double else torch.float32
    layer = Recurrent(cell, 4, 6, bidirectional=bidirectional, batch_first=True, dtype=dtype)
    x = torch.randn(len(lengths), max(lengths), 4, dtype=dtype)
    slopes = torch.randn(len(lengths), max(lengths), 6 * layer.num_directions, dtype=dtype)
    with recording(layer) as recorder:
        outputs, last = layer(x, lengths=lengths)
        last = last if isinstance(last, tuple) else (last,)
        loss = (outputs * slopes).sum() + (sum(part.sum() for part in last) if ends else 0)
        loss.backward()
    by_rank = sorted(range(len(lengths)), key=lambda row: -lengths[row])
    for direction, weights in enumerate(layer.weights_of(0)):
        exact = Weights(*(None if part is None else part.detach().double() for part in weights))  # type: ignore[arg-type]
        found = gradient_reach(recorder.calls[0], direction)
        expected: dict[int, list[float]] = {}
        for row in by_rank:
            real = slice(lengths[row])
            inputs = x[row, real].double()
            v = slopes[row, real, direction * 6 : direction * 6 + 6].double().sum(0, keepdim=True) + ends
            end = (v, *(torch.full_like(v, ends) for _ in layer.cell.states[1:]))
            for distance in (1, 2, 4, 8, 16):
                if distance < lengths[row]:
                    turned = inputs.flip(0) if direction else inputs
                    expected.setdefault(distance, []).append(by_definition(layer, exact, turned, end, distance))
        assert list(found) == list(expected)
        for distance, ratios in expected.items():
            torch.testing.assert_close(
                found[distance], torch.tensor(ratios, dtype=torch.float64), atol=1e-5, rtol=1e-4 if double else 1e-3
            )


def recorded(lengths: list[int], slopes: Any) -> Any:
    layer = Recurrent("rnn", 1, 1, batch_first=True)
    layer.load_state_dict(
        {
            "weight_ih_l0": torch.zeros(1, 1),
            "weight_hh_l0": torch.full((1, 1), 0.5),
            "bias_ih_l0": torch.zeros(1),
            "bias_hh_l0": torch.zeros(1),
        }
    )
    with recording(layer) as recorder:
        outputs, _ = layer(torch.zeros(len(lengths), max(lengths), 1), lengths=lengths)
        (outputs * slopes).sum().backward()
    return recorder.calls[0]


def test_a_linear_cell_by_hand() -> None:
    found = gradient_reach(recorded([9, 3, 1], torch.ones(3, 9, 1)), 0)  # h stays 0, where tanh is the identity
    assert {d: ratio.tolist() for d, ratio in found.items()} == {
        1: [0.5, 0.5], 2: [0.25, 0.25], 4: [0.0625], 8: [0.00390625],
    }  # fmt: skip


def test_rows_without_a_gradient_are_left_out() -> None:
    slopes = torch.ones(3, 9, 1)
    slopes[0] = 0
    found = gradient_reach(recorded([9, 3, 5], slopes), 0)
    assert [len(found[d]) for d in (1, 2, 4, 8)] == [2, 2, 1, 0]


def test_some_rows_are_taken_evenly_by_length() -> None:
    found = gradient_reach(recorded([2, 9, 4, 3, 7, 6], torch.ones(6, 9, 1)), 0, rows=3)  # of 9, 7, 6, 4, 3, 2
    assert [len(found[d]) for d in (1, 2, 4, 8)] == [3, 3, 2, 1]


def test_rows_of_one_step_have_no_distance() -> None:
    assert gradient_reach(recorded([1, 1], torch.ones(2, 1, 1)), 0) == {}
