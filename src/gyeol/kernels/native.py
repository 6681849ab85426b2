"""The Python side of the native kernels: load them if they were built, and call them with tensors."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import torch  # before _native: the kernels run on the OpenMP runtime that torch has loaded (see CMakeLists.txt)
from torch import Tensor

from gyeol.kernels.reference import Weights

__all__ = [
    "CELLS",
    "DEXTRA",
    "EXTRA",
    "backward",
    "describe",
    "forward",
    "half_available",
    "half_product",
    "instruction_sets",
    "native_available",
    "pool_backward",
    "pool_forward",
    "stepper",
    "use_instruction_set",
]

_native: Any
try:
    _native, _reason = importlib.import_module("gyeol.kernels._native"), ""
except ModuleNotFoundError:
    _native, _reason = None, "no compiler at install"
except ImportError as error:  # built, but not for this machine or not with this torch
    _native, _reason = None, f"the native kernels do not load: {error}"

_NAMES = {"avx512bf16": "AVX-512 with bfloat16", "avx512": "AVX-512", "avx2": "AVX2", "portable": "portable"}

#: The cells that have kernels, with their gates.
CELLS = {"rnn_tanh": 1, "rnn_relu": 1, "lstm": 4, "lstm_norm": 4, "gru_before": 3, "gru_after": 3}

#: Runs of H numbers a token that a cell keeps for the way back besides gates and memory, and that have gradients.
EXTRA = {"lstm_norm": 4, "gru_before": 1, "gru_after": 1}
DEXTRA = {"lstm_norm": 4, "gru_after": 1}


def native_available() -> bool:
    """Whether the kernels in C++ were built and load.

    Examples
    --------
    >>> native_available() == describe().startswith("native")
    True
    """
    return _native is not None


def describe() -> str:
    """Say in a few words which kernels serve: ``"native, AVX-512"`` or ``"python (no compiler at install)"``."""
    if _native is None:
        return f"python ({_reason})"
    return f"native, {_NAMES[instruction_sets()[0]]}"


def instruction_sets() -> list[str]:
    """List what this processor can run, best first; empty where nothing was built."""
    return [] if _native is None else list(_native.instruction_sets())


_chosen = instruction_sets()[0] if _native is not None else ""


def use_instruction_set(name: str | None = None) -> str:
    """Choose one of `instruction_sets` for all that follows (None: the best); returns the one before.

    Raises
    ------
    ValueError
        This processor does not have it.
    """
    global _chosen
    known = instruction_sets()
    if name is not None and name not in known:
        raise ValueError(f"this processor has no instruction set {name!r}; it has {', '.join(known)}")
    before, _chosen = _chosen, name or known[0]
    return before


def half_available() -> bool:
    """Whether this processor multiplies bfloat16 (AVX512-BF16)."""
    return _chosen == "avx512bf16"


def _bits(x: Tensor | None) -> Tensor | None:
    """See bfloat16 as the int16 that the kernels take."""
    return x.view(torch.int16) if x is not None and x.dtype == torch.bfloat16 else x


def forward(
    cell: str,
    half: bool,
    lengths: Tensor,
    down: bool,
    gates: Tensor,
    w_hh: Sequence[Tensor],
    bias: Tensor | None,
    norm: Tensor | None,
    h_0: Tensor,
    c_0: Tensor | None,
    y: Tensor,
    memory: Tensor | None,
    extra: Tensor | None,
    h_n: Tensor,
    c_n: Tensor | None,
) -> None:
    """Walk a layer; shapes, and what is read and written, are in ``cpp/scan.hpp``.

    Raises
    ------
    ValueError, TypeError
        A shape, a length or a type does not fit; nothing was computed.
    """
    _native.forward(
        cell, half, lengths, down, gates.detach(), [w.detach().contiguous() for w in w_hh],
        None if bias is None else bias.detach(), None if norm is None else norm.detach(), h_0.detach().contiguous(),
        None if c_0 is None else c_0.detach().contiguous(), y.detach(), memory, extra, h_n.detach(),
        None if c_n is None else c_n.detach(), torch.get_num_threads(), _chosen,
    )  # fmt: skip


def backward(
    cell: str,
    half: bool,
    lengths: Tensor,
    down: bool,
    gates: Tensor,
    w_hh: Sequence[Tensor],
    norm: Tensor | None,
    h_0: Tensor,
    c_0: Tensor | None,
    y: Tensor,
    memory: Tensor | None,
    extra: Tensor | None,
    dy: Tensor,
    dh_n: Tensor,
    dc_n: Tensor | None,
    dgates: Tensor,
    dextra: Tensor | None,
    dnorm: Tensor | None,
    previous: Tensor,
    dh_0: Tensor,
    dc_0: Tensor | None,
) -> None:
    """Walk back over a layer; see `forward`."""
    _native.backward(
        cell, half, lengths, down, gates, [w.detach().contiguous() for w in w_hh],
        None if norm is None else norm.detach(), h_0.detach().contiguous(),
        None if c_0 is None else c_0.detach().contiguous(), y.detach(), memory, extra, dy, dh_n, dc_n, _bits(dgates),
        _bits(dextra), dnorm, _bits(previous), dh_0, dc_0, torch.get_num_threads(), _chosen,
    )  # fmt: skip


def half_product(
    x: Tensor, weight: Tensor, bias: Tensor | None, out: Tensor, *, transposed: bool = False, add: bool = False
) -> None:
    """Write (or add) x W^T + b, or x W where `transposed`, into `out`: bfloat16 products, sums in float32.

    Parameters
    ----------
    x : Tensor, shape (M, K)
        bfloat16, K even.
    weight : Tensor, shape (N, K), or (K, N) where `transposed`
        float32; rounded to bfloat16 here.
    bias : Tensor of shape (N,), or None
    out : Tensor, shape (M, N)
        float32.
    """
    _native.half_product(
        _bits(x), weight.detach().contiguous(), transposed, bias, out, add, torch.get_num_threads(), _chosen
    )


def pool_forward(
    x: Tensor, lengths: Tensor, weights: Tensor | None, mean: bool, most: bool, out: Tensor, at: Tensor | None
) -> None:
    """Pool packed tokens; shapes, and what is read and written, are in ``cpp/pool.hpp``."""
    weights = None if weights is None else weights.detach()
    _native.pool_forward(x.detach(), lengths, weights, mean, most, out, at, torch.get_num_threads(), _chosen)


def pool_backward(
    x: Tensor, lengths: Tensor, weights: Tensor | None, mean: bool, most: bool, dout: Tensor, at: Tensor | None,
    dx: Tensor, dweights: Tensor | None,
) -> None:  # fmt: skip
    """Pool back; see `pool_forward`."""
    weights = None if weights is None else weights.detach()
    _native.pool_backward(
        x.detach(), lengths, weights, mean, most, dout, at, dx, dweights, torch.get_num_threads(), _chosen
    )


def stepper(cell: str, half: bool, weights: Sequence[Weights], rows: int) -> Any:
    """Make layers that take one step at a time (``cpp/step.hpp``), for `rows` rows; the weights are copied."""
    matrices = [[w.w_ih.detach().contiguous(), w.w_hh.detach().contiguous()] for w in weights]
    biases = [[b.detach().contiguous() for b in (w.b_ih, w.b_hh) if b is not None] for w in weights]
    return _native.Stepper(cell, half, matrices, biases, rows, _chosen)
