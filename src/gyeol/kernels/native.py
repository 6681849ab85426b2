"""The Python side of the native kernels: load them if they were built, and call them with tensors."""

from __future__ import annotations

import importlib
from typing import Any

import torch  # before _native: the kernels run on the OpenMP runtime that torch has loaded (see CMakeLists.txt)
from torch import Tensor

from gyeol.kernels.reference import State, Weights

__all__ = ["describe", "instruction_sets", "lstm", "native_available"]

_native: Any
try:
    _native, _reason = importlib.import_module("gyeol.kernels._native"), ""
except ModuleNotFoundError:
    _native, _reason = None, "no compiler at install"
except ImportError as error:  # built, but not for this machine or not with this torch
    _native, _reason = None, f"the native kernels do not load: {error}"

_NAMES = {"avx512": "AVX-512", "avx2": "AVX2", "portable": "portable"}


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


def lstm(
    x: Tensor,
    lengths: Tensor,
    state: State,
    weights: Weights,
    *,
    reverse: bool = False,
    instruction_set: str | None = None,
) -> tuple[Tensor, State]:
    """Walk an LSTM over a padded batch in C++: what ``reference.walk(lstm_step, ...)`` returns, without gradients.

    Parameters
    ----------
    x : Tensor, shape (B, T, D)
        float32 on the CPU, like every tensor here but `lengths`.
    lengths : Tensor, shape (B,)
        Each in 1..T, int64.
    state : tuple of h and c, each (B, H)
    weights : Weights
    reverse : bool
        Walk each row from its own last element to its first.
    instruction_set : str, optional
        One of `instruction_sets`; the best by default.

    Returns
    -------
    outputs : Tensor, shape (B, T, H)
        Zeros at padding.
    state : tuple of h and c, each (B, H)

    Raises
    ------
    ValueError, TypeError
        A shape, a length or a type does not fit; nothing was computed.
    """
    B, T, D = x.shape
    H = weights.w_hh.shape[1]
    by_rank, order = lengths.sort(descending=True, stable=True)
    longest, shortest = int(by_rank[0]), int(by_rank[-1])
    outputs = x.new_empty(B * T, H) if shortest == T else x.new_zeros(B * T, H)
    h_0, c_0 = (part.detach()[order] for part in state)
    h_n, c_n = torch.empty_like(h_0), torch.empty_like(c_0)
    w_ih, w_hh, b_ih, b_hh = (None if w is None else w.detach().contiguous() for w in weights)
    _native.lstm_forward(
        x=x.detach().reshape(B * T, D).contiguous(),
        lengths=by_rank,
        row_offset=order * T,
        time_offset=torch.arange(longest),
        reverse=reverse,
        w_ih=w_ih,
        w_hh=w_hh,
        b_ih=b_ih,
        b_hh=b_hh,
        h_0=h_0,
        c_0=c_0,
        y=outputs,
        h_n=h_n,
        c_n=c_n,
        threads=torch.get_num_threads(),
        instruction_set=instruction_set or instruction_sets()[0],
    )
    home = order.argsort()
    return outputs.view(B, T, H), (h_n[home], c_n[home])
