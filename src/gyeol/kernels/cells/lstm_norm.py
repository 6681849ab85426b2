"""The LSTM with layer normalisation."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from gyeol.errors import ParameterError
from gyeol.kernels.cells.cell import Cell, State, Weights

__all__ = ["CELL", "activations", "step"]


def activations(u: Tensor, state: State, weights: Weights) -> dict[str, Tensor]:
    """Return the gates i, f, g and o of a step, each (B, H), by name; see `step`."""
    norm = weights.norm
    if norm is None:
        raise ParameterError("the normalised LSTM needs the weights' norm (10, H)")
    hidden = weights._replace(b_hh=None).hidden(state[0])
    i, f, g, o = (u + F.layer_norm(hidden, u.shape[-1:], norm[4:8].flatten(), weights.b_hh)).chunk(4, dim=-1)
    return {
        "input": torch.sigmoid(i), "forget": torch.sigmoid(f), "candidate": torch.tanh(g), "output": torch.sigmoid(o),
    }  # fmt: skip


def step(u: Tensor, state: State, weights: Weights) -> State:
    """LSTM with layer normalisation (Ba, Kiros and Hinton 2016, equations 20 to 22).

    ``i, f, g, o = u + gain * norm(W h_{t-1}) + b``, with u the normalised projection (see `project`);
    ``c_t = sigmoid(f) * c_{t-1} + sigmoid(i) * tanh(g)``, ``h_t = sigmoid(o) * tanh(gain_c * norm(c_t) + shift_c)``.

    Parameters
    ----------
    u : Tensor, shape (B, 4H)
    state : tuple of h and c, each (B, H)
    weights : Weights
        The rows of its `norm` (10, H): four gains of ``W x``, four of ``W h``, gain_c, shift_c.
    """
    i, f, g, o = activations(u, state, weights).values()
    c = f * state[1] + i * g
    assert weights.norm is not None
    return o * torch.tanh(F.layer_norm(c, c.shape[-1:], weights.norm[8], weights.norm[9])), c


#: Gates i and f: a state lasts where nothing is taken and all is kept.
_KEEPING = ((0, -1.0), (1, 1.0))

CELL = Cell(
    "lstm_norm", 4, step, has_memory=True, has_norm=True, native="lstm_norm", keeping=_KEEPING, activations=activations
)
