"""Long short-term memory."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from gyeol.errors import ParameterError
from gyeol.kernels.cells.cell import Cell, State, Weights

__all__ = ["CELL", "PROJECTED", "activations", "projected_step", "step"]


def activations(u: Tensor, state: State, weights: Weights) -> dict[str, Tensor]:
    """Return the gates i, f, g and o of a step, each (B, H), by name; see `step`."""
    i, f, g, o = (u + weights.hidden(state[0])).chunk(4, dim=-1)
    return {
        "input": torch.sigmoid(i), "forget": torch.sigmoid(f), "candidate": torch.tanh(g), "output": torch.sigmoid(o),
    }  # fmt: skip


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
    i, f, g, o = activations(u, state, weights).values()
    c = f * state[1] + i * g
    return o * torch.tanh(c), c


def projected_step(u: Tensor, state: State, weights: Weights) -> State:
    """Long short-term memory with a projection (Sak, Senior and Beaufays 2014): ``h_t = W_hr (o * tanh(c_t))``.

    Parameters
    ----------
    u : Tensor, shape (B, 4H)
    state : tuple of h, shape (B, P), and c, shape (B, H)
    weights : Weights
        With `w_hr` (P, H), and `w_hh` (4H, P).
    """
    if weights.w_hr is None:
        raise ParameterError("the projected LSTM needs the weights' w_hr (P, H)")
    h, c = step(u, state, weights)
    return F.linear(h, weights.w_hr), c


#: Gates i and f: a state lasts where nothing is taken and all is kept.
_KEEPING = ((0, -1.0), (1, 1.0))

CELL = Cell("lstm", 4, step, has_memory=True, fused="lstm", native="lstm", keeping=_KEEPING, activations=activations)

#: Not in the table, for no estimator takes it: `gyeol.layers.LSTM(proj_size=P)` does.
PROJECTED = Cell(
    "lstm (projected)", 4, projected_step, fused="lstm", has_memory=True, keeping=_KEEPING, projects=True,
    activations=activations,
)  # fmt: skip
