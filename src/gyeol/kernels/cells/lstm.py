"""Long short-term memory."""

from __future__ import annotations

import torch
from torch import Tensor

from gyeol.kernels.cells.cell import Cell, State, Weights

__all__ = ["CELL", "step"]


def step(u: Tensor, state: State, weights: Weights) -> State:
    """Long short-term memory, with a forget gate (Hochreiter and Schmidhuber 1997; Gers et al. 2000).

    ``i, f, o = sigmoid(W·[h_{t-1}, x_t] + b)``, ``g = tanh(W·[h_{t-1}, x_t] + b)``,
    ``c_t = f * c_{t-1} + i * g``, ``h_t = o * tanh(c_t)``.

    Parameters
    ----------
    u : Tensor, shape (B, 4H)
    state : tuple of h and c, each (B, H)
    weights : Weights
    """
    h, c = state
    i, f, g, o = (u + weights.hidden(h)).chunk(4, dim=-1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


#: Gates i and f: a state lasts where nothing is taken and all is kept.
_KEEPING = ((0, -1.0), (1, 1.0))

CELL = Cell("lstm", 4, step, has_memory=True, fused="lstm", native="lstm", keeping=_KEEPING)
