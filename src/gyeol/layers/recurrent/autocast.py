"""What a layer computes and returns under ``torch.autocast``."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

__all__ = ["autocast_type", "cast_results"]


def autocast_type(x: Tensor) -> torch.dtype | None:
    """Return what PyTorch casts products to at the moment; None where it does not (and never float64)."""
    kind = x.device.type
    if kind == "meta" or not torch.is_autocast_enabled(kind) or x.dtype == torch.float64:
        return None
    return torch.get_autocast_dtype(kind)


def cast_results(results: tuple[Tensor, Any], dtype: torch.dtype | None) -> tuple[Tensor, Any]:
    """Under autocast, return outputs and state in its type, as PyTorch's layers do."""
    output, state = results
    if dtype is None:
        return results
    if isinstance(state, tuple):
        return output.to(dtype), tuple(part.to(dtype) for part in state)
    return output.to(dtype), None if state is None else state.to(dtype)
