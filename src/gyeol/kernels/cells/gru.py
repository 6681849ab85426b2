"""The gated recurrent unit with the reset gate before the product, as the course writes it."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from gyeol.kernels.cells.cell import Cell, State, Weights

__all__ = ["CELL", "activations", "step"]


def activations(u: Tensor, state: State, weights: Weights) -> dict[str, Tensor]:
    """Return r, z and n of a step, each (B, H), by name; see `step`."""
    (h,) = state
    H = h.shape[-1]
    assert weights.w_hh is not None
    u_rz, u_n = u[:, : 2 * H], u[:, 2 * H :]
    w_rz, w_n = weights.w_hh[: 2 * H], weights.w_hh[2 * H :]
    b_rz, b_n = (None, None) if weights.b_hh is None else (weights.b_hh[: 2 * H], weights.b_hh[2 * H :])
    r, z = torch.sigmoid(u_rz + F.linear(h, w_rz, b_rz)).chunk(2, dim=-1)
    return {"reset": r, "update": z, "candidate": torch.tanh(u_n + F.linear(r * h, w_n, b_n))}


def step(u: Tensor, state: State, weights: Weights) -> State:
    """Gated recurrent unit, the reset gate before the product, as the course writes it (Cho et al. 2014, eq. 5-8).

    ``r, z = sigmoid(W·[h_{t-1}, x_t] + b)``, ``n = tanh(W·[r * h_{t-1}, x_t] + b)``,
    ``h_t = (1 - z) * h_{t-1} + z * n``: z = 1 takes the new.

    Parameters
    ----------
    u : Tensor, shape (B, 3H)
    state : tuple of h, shape (B, H)
    weights : Weights
    """
    _, z, n = activations(u, state, weights).values()
    return ((1 - z) * state[0] + z * n,)


CELL = Cell("gru", 3, step, native="gru_before", keeping=((1, -1.0),), activations=activations)  # z takes the new
