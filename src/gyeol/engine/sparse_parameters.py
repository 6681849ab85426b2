"""Which parameters have gradients that hold the rows of a batch only."""

from __future__ import annotations

from torch import nn

__all__ = ["sparse_parameters"]


def sparse_parameters(net: nn.Module) -> dict[int, nn.Parameter]:
    """Find, by their ``id``, the parameters whose gradients hold the rows of a batch only: those of sparse modules."""
    return {
        id(p): p
        for m in net.modules()
        if getattr(m, "sparse", False)
        for p in m.parameters(recurse=False)
        if p.requires_grad
    }
