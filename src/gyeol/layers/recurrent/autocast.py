"""What ``torch.autocast`` means for a recurrent layer: its products' type, and its results'."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

__all__ = ["autocast_of", "cast"]


def autocast_of(x: Tensor) -> torch.dtype | None:
    """Return what PyTorch casts products to at the moment; None where it does not (and never float64)."""
    kind = x.device.type
    if kind == "meta" or not torch.is_autocast_enabled(kind) or x.dtype == torch.float64:
        return None
    return torch.get_autocast_dtype(kind)


def cast(results: tuple[Tensor, Any], dtype: torch.dtype | None) -> tuple[Tensor, Any]:
    """Return outputs and state in autocast's type, as PyTorch's LSTM and GRU do; as they are where it is None."""
    output, state = results
    if dtype is None:
        return results
    if isinstance(state, tuple):
        return output.to(dtype), tuple(part.to(dtype) for part in state)
    return output.to(dtype), None if state is None else state.to(dtype)
