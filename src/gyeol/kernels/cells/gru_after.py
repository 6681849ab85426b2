"""The gated recurrent unit with the reset gate after the product, as PyTorch computes it."""

from __future__ import annotations

import torch
from torch import Tensor

from gyeol.kernels.cells.cell import Cell, State, Weights

__all__ = ["CELL", "activations", "step"]


def activations(u: Tensor, state: State, weights: Weights) -> dict[str, Tensor]:
    """Return r, z and n of a step, each (B, H), by name; see `step`."""
    u_r, u_z, u_n = u.chunk(3, dim=-1)
    v_r, v_z, v_n = weights.hidden(state[0]).chunk(3, dim=-1)
    r, z = torch.sigmoid(u_r + v_r), torch.sigmoid(u_z + v_z)
    return {"reset": r, "update": z, "candidate": torch.tanh(u_n + r * v_n)}


def step(u: Tensor, state: State, weights: Weights) -> State:
    """Gated recurrent unit, the reset gate after the product, as PyTorch and cuDNN compute it.

    ``r, z = sigmoid(W·[h_{t-1}, x_t] + b)``, ``n = tanh(W x_t + b + r * (W h_{t-1} + b))``,
    ``h_t = (1 - z) * n + z * h_{t-1}``: z = 1 keeps the old.

    Parameters
    ----------
    u : Tensor, shape (B, 3H)
    state : tuple of h, shape (B, H)
    weights : Weights
    """
    _, z, n = activations(u, state, weights).values()
    return ((1 - z) * n + z * state[0],)


CELL = Cell(
    "gru_after", 3, step, fused="gru", native="gru_after", keeping=((1, 1.0),), activations=activations
)  # z keeps the old
