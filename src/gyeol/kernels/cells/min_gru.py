"""minGRU: a gated recurrent unit whose gate and candidate do not read the past, so that all steps are found at once."""

from __future__ import annotations

import torch
from torch import Tensor

from gyeol.kernels.cells.cell import Cell, State, Weights

__all__ = ["CELL", "activations", "linear", "step"]


def activations(u: Tensor, state: State, weights: Weights) -> dict[str, Tensor]:
    """Return z and n of a step, each (B, H), by name; see `step`."""
    z, n = u.chunk(2, dim=-1)
    return {"update": torch.sigmoid(z), "candidate": n}


def step(u: Tensor, state: State, weights: Weights) -> State:
    """Take a step (Feng et al. 2024, "Were RNNs all we needed?", section 3.1.3; not the log-space form of appendix B).

    ``z = sigmoid(W x_t + b)``, ``n = W x_t + b``, ``h_t = (1 - z) * h_{t-1} + z * n``: z = 1 takes the new.

    Parameters
    ----------
    u : Tensor, shape (B, 2H)
        Gates z, n.
    state : tuple of h, shape (B, H)
    weights : Weights
        Without a hidden product.
    """
    z, n = activations(u, state, weights).values()
    return ((1 - z) * state[0] + z * n,)


def linear(u: Tensor) -> tuple[Tensor, Tensor]:
    """Return a and b (..., H) of the same step as ``h_t = a * h_{t-1} + b``, from u (..., 2H)."""
    z, n = u.chunk(2, dim=-1)
    z = torch.sigmoid(z)
    return 1 - z, z * n


CELL = Cell("min_gru", 2, step, hidden_product=False, linear=linear, keeping=((0, -1.0),), activations=activations)
