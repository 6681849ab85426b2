"""One row walked again by the reference implementation, every state kept, and the loss's gradient by each of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from gyeol.kernels.cells.cell import Cell, State, Weights, checked_activations, checked_step, project

__all__ = ["Replayed", "Upstream", "replay", "state_names"]

_STATES = {"h": "hidden", "c": "cell", "n": "normaliser", "m": "stabiliser"}


class Upstream(NamedTuple):
    """The gradient of a loss that comes to a row from above.

    Attributes
    ----------
    outputs : Tensor of shape (T, P), or None
        By the outputs, in the order of the walk.
    last : sequence of Tensor of shape (1, H), or None
        By each part of the state after the last step.
    """

    outputs: Tensor | None
    last: Sequence[Tensor | None]


class Replayed(NamedTuple):
    """What happened at every step, in the order of the walk: tensors (T, H) by name."""

    gates: dict[str, Tensor]
    states: dict[str, Tensor]
    gradients: dict[str, Tensor]


def state_names(cell: Cell) -> list[str]:
    """Name the parts of a cell's state: hidden, cell; those of a custom cell as it names them.

    Examples
    --------
    >>> from gyeol.kernels.cells.table import CELLS
    >>> state_names(CELLS["lstm"])
    ['hidden', 'cell']
    """
    return [_STATES.get(name, name) for name in cell.states]


def replay(cell: Cell, x: Tensor, first: State, weights: Weights, upstream: Upstream | None = None) -> Replayed:
    """Walk one row from its first step to its last, and back where a gradient comes from above.

    Only what a state needs of the one before is computed step by step; projections and gates of all steps are
    computed at once.

    Parameters
    ----------
    cell : Cell
    x : Tensor, shape (T, D)
    first : tuple of Tensor, each (1, H)
        The state before the first step.
    weights : Weights
    upstream : Upstream, optional
        Without it there are no gradients.
    """
    weights = Weights(*(None if part is None else part.detach() for part in weights))  # type: ignore[arg-type]
    device, dtype = weights.w_ih.device.type, weights.w_ih.dtype
    with torch.inference_mode(False), torch.autocast(device, enabled=False):
        with torch.no_grad():
            u = project(x.to(dtype), weights)
            first = tuple(part.to(dtype).clone() for part in first)  # not tensors of inference mode
        with torch.set_grad_enabled(upstream is not None):
            states = _states(cell, u, tuple(part.requires_grad_(upstream is not None) for part in first), weights)
        gradients = {} if upstream is None else _gradients(cell, states, upstream)
        with torch.no_grad():
            every = [torch.cat(parts) for parts in zip(*states, strict=True)]
            before = tuple(torch.cat([one, part[:-1]]) for one, part in zip(first, every, strict=True))
            gates = checked_activations(cell, u, before, weights)
    return Replayed(gates, dict(zip(state_names(cell), every, strict=True)), gradients)


def _states(cell: Cell, u: Tensor, state: State, weights: Weights) -> list[State]:
    """Take all steps, u (T, G*H); return the state after each."""
    states: list[State] = []
    for u_t in torch.split(u, 1):
        state = cell.step(u_t, state, weights) if states else checked_step(cell.step, u_t, state, weights)
        states.append(state)
    return states


def _gradients(cell: Cell, states: list[State], upstream: Upstream) -> dict[str, Tensor]:
    """Find the gradient by every part of every state: what comes from above, and through all later steps."""
    ends = [state[0] for state in states]
    came = [torch.zeros_like(end) for end in ends]
    if upstream.outputs is not None:
        came = list(torch.split(upstream.outputs.to(ends[0]), 1))
    for part, last in enumerate(upstream.last):
        if last is not None:
            ends.append(states[-1][part])
            came.append(last.to(ends[0]))
    flat = [part for state in states for part in state]
    known = [part for part in flat if part.requires_grad]  # all, but for a custom cell's part without a past
    pairs = [(end, grad) for end, grad in zip(ends, came, strict=True) if end.requires_grad]
    found: Iterator[Tensor] = iter(())
    if pairs:
        roots, grads = zip(*pairs, strict=True)
        found = iter(torch.autograd.grad(roots, known, grads, materialize_grads=True))
    slopes = [next(found) if part.requires_grad else torch.zeros_like(part) for part in flat]
    return {name: torch.cat(slopes[part :: len(cell.states)]) for part, name in enumerate(state_names(cell))}
