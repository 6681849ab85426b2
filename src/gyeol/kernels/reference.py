"""The readable reference implementation: the walk of any cell over time, in plain PyTorch.

The native kernels are tested against it, and it serves where they do not reach: float64, custom cells, machines without
a compiler, on a GPU the cells that cuDNN does not have. Everything here is a pure function, differentiable, in float32
or float64. Shapes, weights and states: `gyeol.kernels.cells.cell`.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from gyeol.kernels.cells.cell import State, Step, Weights, checked_step, project

__all__ = ["Places", "places_by_time", "walk"]


class Places(NamedTuple):
    """Where the real steps of a padded batch lie, in the order in which a walk takes them.

    Attributes
    ----------
    order : Tensor, shape (B,)
        The rows by length, longest first, so that the rows still alive at a step are always the first ones.
    at : Tensor, shape (N,)
        The places in the batch seen as (B*T, ...): all rows' first step, then all rows' second, and so on.
    counts : list of int
        How many rows take each step; they sum to N.
    """

    order: Tensor
    at: Tensor
    counts: list[int]


def places_by_time(lengths: Tensor, steps: int, *, reverse: bool = False) -> Places:
    """Lay out a padded batch by time, without its padding.

    Parameters
    ----------
    lengths : Tensor, shape (B,)
        The rows' lengths, each in 1..T, int64.
    steps : int
        T, the padded length.
    reverse : bool
        Each row's first step is its own last element.

    Examples
    --------
    >>> places_by_time(torch.tensor([1, 3]), 4)
    Places(order=tensor([1, 0]), at=tensor([4, 0, 5, 6]), counts=[2, 1, 1])
    >>> places_by_time(torch.tensor([1, 3]), 4, reverse=True).at
    tensor([6, 0, 5, 4])
    """
    by_rank, order = lengths.sort(descending=True, stable=True)
    step = torch.arange(int(by_rank[0]), device=lengths.device)[:, None]
    alive = step < by_rank
    t = by_rank - 1 - step if reverse else step
    return Places(order, (t + order * steps)[alive], alive.sum(1).tolist())


def walk(
    step: Step,
    x: Tensor,
    lengths: Tensor | None,
    state: State,
    weights: Weights,
    *,
    reverse: bool = False,
) -> tuple[Tensor, State]:
    """Walk a cell over a padded batch, each row for its own length and no further.

    Padding is never read, so that it can reach neither a result nor a gradient.

    Parameters
    ----------
    step : callable
        A cell's.
    x : Tensor, shape (B, T, D)
    lengths : Tensor of shape (B,), or None
        Each in 1..T, int64; None where all are T, and no number is read.
    state : tuple of Tensor, each (B, H)
        The state before the first step.
    weights : Weights
    reverse : bool
        Walk each row from its own last element to its first.

    Returns
    -------
    outputs : Tensor, shape (B, T, H)
        h at every step, in the order of x; zeros at padding.
    state : tuple of Tensor, each (B, H)
        The state after each row's own last step (with `reverse`, after its first element).
    """
    B, T, D = x.shape
    if lengths is None:
        return _walk_even(step, x, state, weights, reverse=reverse)
    order, at, counts = places_by_time(lengths, T, reverse=reverse)
    u = project(x.reshape(B * T, D)[at], weights)
    state = tuple(part[order] for part in state)
    outputs: list[Tensor] = []
    ended: list[State] = []  # the rows that end first are first here, and last in `order`
    for u_t in torch.split(u, counts):
        alive = len(u_t)
        if alive < len(state[0]):
            ended.append(tuple(part[alive:] for part in state))
            state = tuple(part[:alive] for part in state)
        state = checked_step(step, u_t, state, weights) if not outputs else step(u_t, state, weights)
        outputs.append(state[0])
    ended.append(state)
    by_time = torch.cat(outputs)
    padded = by_time.new_zeros(B * T, by_time.shape[-1]).index_copy(0, at, by_time).view(B, T, -1)
    home = order.argsort()
    return padded, tuple(torch.cat(parts[::-1])[home] for parts in zip(*ended, strict=True))


def _walk_even(step: Step, x: Tensor, state: State, weights: Weights, *, reverse: bool) -> tuple[Tensor, State]:
    """Walk a cell over rows that are all T long: the same steps, without the places that they would be taken from."""
    B, T, D = x.shape
    u = project(x.transpose(0, 1).reshape(T * B, D), weights).view(T, B, -1)
    outputs: list[Tensor] = []
    for u_t in reversed(u.unbind(0)) if reverse else u.unbind(0):
        state = checked_step(step, u_t, state, weights) if not outputs else step(u_t, state, weights)
        outputs.append(state[0])
    return torch.stack(outputs[::-1] if reverse else outputs, 1), state
