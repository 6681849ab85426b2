"""A layer of gyeol's and torch.nn's of the same weights; and whether they agree."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from gyeol import layers
from gyeol.kernels.native import bfloat16_available

__all__ = ["CELLS", "ONEDNN", "Trio", "assert_agree", "assert_close", "build_trio", "setting", "tensors"]

CELLS: dict[str, tuple[Callable[..., layers.Recurrent], Callable[..., nn.Module] | None]] = {
    "rnn": (layers.RNN, nn.RNN),
    "lstm": (layers.LSTM, nn.LSTM),
    "gru": (layers.GRU, nn.GRU),
    "gru_before": (partial(layers.GRU, reset="before"), None),
}

#: PyTorch's two ways on a CPU; only the better counts.
ONEDNN = {"torch": True, "torch without oneDNN": False}

_CLOSE, _HALF_CLOSE = 1e-4, 0.1  # of the largest value


class Trio(NamedTuple):
    """Layers of the same weights, inputs by time (T, B, D): gyeol's, its bfloat16 and torch.nn's, where there are such.

    ``gates`` is G.
    """

    float32: layers.Recurrent
    bfloat16: layers.Recurrent | None
    torch: Any
    gates: int

    def work(self, tokens: int, *, backward: bool) -> float:
        """Count the GFLOP of so many tokens, products only; the way back takes twice the way there."""
        H, D = self.float32.hidden_size, self.float32.input_size
        return (3 if backward else 1) * 2 * tokens * self.gates * H * (D + H) / 1e9


def build_trio(cell: str, size: int) -> Trio:
    """Make the layers of a cell, D = H = size."""
    torch.manual_seed(0)
    own, theirs = CELLS[cell]
    layer = own(size, size)
    in_bfloat16 = peer = None
    if bfloat16_available():
        in_bfloat16 = layers.Recurrent(layer.cell, size, size, precision="bfloat16")
        in_bfloat16.load_state_dict(layer.state_dict())
    if theirs is not None:
        peer = theirs(size, size)
        peer.load_state_dict(layer.state_dict())
    return Trio(layer, in_bfloat16, peer, layer.cell.gates)


@contextmanager
def setting(*, onednn: bool = True, gradients: bool = True) -> Iterator[None]:
    """Switch PyTorch's oneDNN and its gradients for a while."""
    before = torch.backends.mkldnn.enabled
    torch.backends.mkldnn.enabled = onednn  # type: ignore[assignment]  # its flags() would switch more than that
    try:
        with torch.inference_mode(not gradients):
            yield
    finally:
        torch.backends.mkldnn.enabled = before


def tensors(value: Any) -> list[Tensor]:
    """List the tensors of an answer in their order: outputs, then states."""
    if isinstance(value, Tensor):
        return [value]
    return [] if value is None else [t for part in value for t in tensors(part)]


def assert_agree(trio: Trio, walk: Callable[[Any], Any], inputs: Tensor, gradient: Tensor, what: str) -> None:
    """Compare outputs, states and gradients; without a peer the oracle is the reference implementation in float64.

    Parameters
    ----------
    walk : callable
        Runs a layer; returns outputs and states.
    wanted : Tensor
        The input, whose gradient is compared.
    gradient : Tensor
        Of the outputs: the gradient at the start of the backward pass.

    Raises
    ------
    AssertionError
        Names the case, what differs and by how much.
    """

    def everything(layer: nn.Module) -> list[Tensor]:
        answer = tensors(walk(layer))
        grads = torch.autograd.grad(answer[0], [inputs, *layer.parameters()], gradient.to(answer[0].dtype))
        return [*(t.detach() for t in answer), *grads]

    ours = everything(trio.float32)
    if trio.torch is None:
        assert_close(ours, everything(copy.deepcopy(trio.float32).double()), f"{what}, the reference implementation")
    for name, onednn in ONEDNN.items():
        if trio.torch is not None:
            with setting(onednn=onednn):
                assert_close(ours, everything(trio.torch), f"{what}, {name}")
    if trio.bfloat16 is not None:
        assert_close(everything(trio.bfloat16), ours, f"{what}, bfloat16", tolerance=_HALF_CLOSE)


def assert_close(actual: Sequence[Tensor], expected: Sequence[Tensor], what: str, *, tolerance: float = _CLOSE) -> None:
    """Compare tensors by their largest difference, as a share of the largest value (of 1 where that is less).

    Raises
    ------
    AssertionError
        They differ by more than the tolerance.
    """
    if [t.shape for t in actual] != [t.shape for t in expected]:
        raise AssertionError(f"{what}: the shapes differ, {[tuple(t.shape) for t in actual]}")
    for i, (a, b) in enumerate(zip(actual, expected, strict=True)):
        apart = float((a.double() - b.double()).abs().max() / b.abs().max().clamp_min(1))
        if not apart <= tolerance:
            raise AssertionError(f"{what}: result {i} differs by {apart:.2g}, at most {tolerance} is allowed")
