"""A layer of gyeol's and torch.nn's of the same weights; and whether they agree."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from gyeol import layers
from gyeol.kernels.native import bfloat16_available

__all__ = [
    "AUTOCAST",
    "CELLS",
    "FLOAT32",
    "ONEDNN",
    "Autocast",
    "Trio",
    "assert_agree",
    "assert_close",
    "automatic",
    "build_trio",
    "fastest",
    "precisions",
    "setting",
    "tensors",
    "tolerance",
]

CELLS: dict[str, tuple[Callable[..., layers.Recurrent], Callable[..., nn.Module] | None]] = {
    "rnn": (layers.RNN, nn.RNN),
    "lstm": (layers.LSTM, nn.LSTM),
    "gru": (layers.GRU, nn.GRU),
    "gru_before": (partial(layers.GRU, reset="before"), None),
}

#: PyTorch's ways on a CPU, in float32 and under autocast in bfloat16, and whether each has oneDNN: the best counts.
#: Autocast has no choice: without oneDNN PyTorch multiplies bfloat16 in a plain loop, up to 26 times as slowly.
FLOAT32 = {"torch": True, "torch-without-onednn": False}
AUTOCAST = {"autocast": True}
ONEDNN = FLOAT32 | AUTOCAST

_CLOSE, _HALF_CLOSE = 1e-4, 0.1  # of the largest value


class Autocast(nn.Module):
    """A module whose forward pass is under ``torch.autocast("cpu", torch.bfloat16)``, as one trains with it."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, *inputs: Any, **named: Any) -> Any:
        """Run the module."""
        with torch.autocast("cpu", torch.bfloat16):
            return self.module(*inputs, **named)


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

    def own(self) -> dict[str, nn.Module]:
        """Return gyeol's layers by the names they are timed under."""
        found: dict[str, nn.Module] = {"gyeol": self.float32}
        return found if self.bfloat16 is None else found | {"gyeol bfloat16": self.bfloat16}

    def peers(self, names: Collection[str] = tuple(ONEDNN)) -> dict[str, nn.Module]:
        """Return torch.nn's layer for each of these names; those in bfloat16 where gyeol has it, too."""
        if self.torch is None:
            return {}
        found = {name: self.torch for name in FLOAT32 if name in names}
        if self.bfloat16 is not None:
            found |= {name: Autocast(self.torch) for name in AUTOCAST if name in names}
        return found


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


def precisions(names: Collection[str]) -> dict[str, str]:
    """Say in which precision contestants of these names multiply.

    Examples
    --------
    >>> precisions(["gyeol", "gyeol bfloat16", "torch", "autocast-packed"])
    {'gyeol': 'float32', 'gyeol bfloat16': 'bfloat16', 'torch': 'float32', 'autocast-packed': 'autocast bfloat16'}
    """
    found = {}
    for name in names:
        own = next((kind for kind in ("bfloat16", "int8") if name.endswith(kind)), "float32")
        found[name] = "autocast bfloat16" if "autocast" in name else own
    return found


def automatic() -> str:
    """Say which precision ``precision="auto"`` trains in: what was the fastest of these for each shape here."""
    return "float32 or bfloat16, by measurement" if bfloat16_available() else "float32"


def fastest(times: dict[str, Any], names: Collection[str]) -> str | None:
    """Return which of these names was fastest of those timed; None where none was."""
    return min((name for name in names if name in times), key=lambda name: float(times[name].median), default=None)


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
    inputs : Tensor
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
    for name, peer in trio.peers().items():
        with setting(onednn=ONEDNN[name]):
            assert_close(everything(peer), ours, f"{what}, {name}", tolerance=tolerance(name))
    if trio.bfloat16 is not None:
        assert_close(everything(trio.bfloat16), ours, f"{what}, bfloat16", tolerance=tolerance("bfloat16"))


def tolerance(name: str) -> float:
    """Return how far from float32's the results of a contestant of this name may be: see `assert_close`.

    Examples
    --------
    >>> tolerance("torch"), tolerance("autocast-packed"), tolerance("gyeol bfloat16")
    (0.0001, 0.1, 0.1)
    """
    return _CLOSE if precisions([name])[name] == "float32" else _HALF_CLOSE


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
