"""Elman's cell, with tanh and with a rectifier."""

from __future__ import annotations

import torch
from torch import Tensor

from gyeol.kernels.cells.cell import Cell, State, Weights

__all__ = ["CELL", "RELU", "relu_step", "step"]


def step(u: Tensor, state: State, weights: Weights) -> State:
    """Elman's cell: ``h_t = tanh(W h_{t-1} + U x_t + b)`` (Elman 1990).

    Parameters
    ----------
    u : Tensor, shape (B, H)
    state : tuple of h, shape (B, H)
    weights : Weights
    """
    (h,) = state
    return (torch.tanh(u + weights.hidden(h)),)


def relu_step(u: Tensor, state: State, weights: Weights) -> State:
    """Elman's cell with a rectifier: ``h_t = max(0, W h_{t-1} + U x_t + b)`` (Le, Jaitly and Hinton 2015).

    Parameters
    ----------
    u : Tensor, shape (B, H)
    state : tuple of h, shape (B, H)
    weights : Weights
    """
    (h,) = state
    return (torch.relu(u + weights.hidden(h)),)


CELL = Cell("rnn", 1, step, fused="rnn_tanh", native="rnn_tanh")

#: Not in the table, for no estimator takes it: `gyeol.layers.RNN(nonlinearity="relu")` does.
RELU = Cell("rnn (relu)", 1, relu_step, fused="rnn_relu", native="rnn_relu")
