"""sLSTM: an LSTM with exponential gates, whose memory is a weighted mean of what it has read."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from gyeol.kernels.cells.cell import Cell, State, Weights

__all__ = ["CELL", "activations", "step"]


def _gates(u: Tensor, state: State, weights: Weights) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Compute i and f divided by ``exp(m_t)``, g, o, and m_t."""
    h, _, n, m = state
    i, f, g, o = (u + weights.hidden(h)).chunk(4, dim=-1)
    log_f = torch.where(n == 0, -torch.inf, F.logsigmoid(f) + m)
    m = torch.maximum(log_f, i)
    return torch.exp(i - m), torch.exp(log_f - m), torch.tanh(g), torch.sigmoid(o), m


def activations(u: Tensor, state: State, weights: Weights) -> dict[str, Tensor]:
    """Return the gates of a step, each (B, H), by name; input and forget as the paper's equations 16 and 17 have them.

    They are divided by ``exp(m_t)``, as c and n are stored: the larger of the two is 1.
    """
    i, f, g, o, _ = _gates(u, state, weights)
    return {"input": i, "forget": f, "candidate": g, "output": o}


def step(u: Tensor, state: State, weights: Weights) -> State:
    """Take a step (Beck et al. 2024, xLSTM, equations 8 to 17, of one head, with a sigmoid as the forget gate).

    ``i = exp(W·[h_{t-1}, x_t] + b)``, ``f, o = sigmoid(...)``, ``g = tanh(...)``, ``c_t = f * c_{t-1} + i * g``,
    ``n_t = f * n_{t-1} + i``, ``h_t = o * c_t / n_t``.

    Exponentials of large numbers would overflow: c and n are stored divided by ``exp(m_t)``, with
    ``m_t = max(log f + m_{t-1}, log i)``. Where nothing has been read (n = 0) ``m_t = log i``.

    Parameters
    ----------
    u : Tensor, shape (B, 4H)
        Gates i, f, g, o.
    state : tuple of h, c, n and m, each (B, H)
    weights : Weights
    """
    _, c, n, _ = state
    i, f, g, o, m = _gates(u, state, weights)
    c = f * c + i * g
    n = f * n + i
    return o * c / n, c, n, m


CELL = Cell("s_lstm", 4, step, states=("h", "c", "n", "m"), free_states=1, keeping=((1, 1.0),), activations=activations)
