"""A layer of packed weights walks as the layer does, under every instruction set."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol import DataError, ParameterError
from gyeol.kernels import native
from gyeol.kernels.packing import Packing
from gyeol.layers import CELLS, Recurrent
from gyeol.layers.recurrent.packed import PackedRecurrent

built = pytest.mark.skipif(not native.native_available(), reason="the native kernels were not built")


def parts(state: Any) -> list[torch.Tensor]:
    return list(state) if isinstance(state, tuple) else [state]


@pytest.mark.usefixtures("instructions")
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("threads", [1, 3])
@settings(max_examples=5)
@given(
    lengths=st.lists(st.integers(1, 4), min_size=1, max_size=5),
    both=st.booleans(),
    bias=st.booleans(),
    given_state=st.booleans(),
)
def test_it_walks_as_the_layer(
    cell: str, threads: int, lengths: list[int], both: bool, bias: bool, given_state: bool
) -> None:
    torch.manual_seed(len(lengths))
    torch.set_num_threads(threads)
    layer = Recurrent(cell, 3, 18, bidirectional=both, bias=bias)
    packing = Packing.of(torch.tensor(lengths), 4)
    x = torch.randn(sum(lengths), 3)
    drawn = [torch.randn(1 + both, len(lengths), 18) for _ in layer.cell.states]
    state = None if not given_state else tuple(drawn) if layer.cell.has_memory else drawn[0]
    with torch.no_grad():
        expected, last = layer.run_packed(x, packing, state)
    packed = PackedRecurrent(layer)
    for _ in range(2):  # nothing is left of the first walk
        got, after = packed(x, packing, state)
        np.testing.assert_allclose(got, expected, atol=1e-6)
        for ours, theirs in zip(parts(after), parts(last), strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-6)


@built
def test_no_bit_depends_on_the_threads() -> None:
    layer, packing = Recurrent("lstm", 40, 70, bidirectional=True), Packing.of(torch.tensor([6, 9, 2]), 9)
    x, answers = torch.randn(17, 40), []
    packed = PackedRecurrent(layer)
    for threads in (1, 2, 5):
        torch.set_num_threads(threads)
        answers += [packed(x, packing)[0] for _ in range(10)]
    assert all(torch.equal(answer, answers[0]) for answer in answers)


def test_wrong_calls() -> None:
    with pytest.raises(ParameterError, match="one layer is packed"):
        PackedRecurrent(Recurrent("gru", 3, 4, num_layers=2))
    packed, packing = PackedRecurrent(Recurrent("gru", 3, 4)), Packing.of(torch.tensor([2]), 2)
    for x, state in ((torch.zeros(2, 4), None), (torch.zeros(2, 3), torch.zeros(1, 2, 4))):
        with pytest.raises(DataError):
            packed(x, packing, state)


@built
def test_the_native_layer_checks_what_it_is_given() -> None:
    layer = Recurrent("lstm", 3, 4)
    of = native.packed_layer("lstm", "float32", layer.weights_of(0))
    h, y = np.zeros((1, 1, 4), np.float32), np.zeros((2, 4), np.float32)
    right: list[Any] = [np.array([2]), np.zeros((2, 3), np.float32), h, h, y, h.copy(), h.copy(), 1]
    of.walk(*right)
    for place, wrong in (
        (0, np.array([3])), (0, np.array([0])), (1, np.zeros((2, 2), np.float32)), (2, h[:, :, :3].copy()), (3, None),
        (4, y[:1].copy()), (6, None), (7, 0),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=r"."):
            of.walk(*right[:place], wrong, *right[place + 1 :])
    with pytest.raises(ValueError, match="int8"):
        native.packed_layer("lstm", "int8", layer.weights_of(0))
