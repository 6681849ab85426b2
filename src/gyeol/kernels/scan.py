"""The parallel scan: all steps of a linear recurrence in a number of operations that grows with the logarithm of T.

Steps ``h_t = a_t * h_{t-1} + b_t`` compose: two in a row are one with ``a_2 * a_1`` and ``a_2 * b_1 + b_2`` (Blelloch
1990). On a CPU, where steps of many numbers are as fast one by one, those are taken so, with the same gradients.
Nothing is divided and no logarithm taken, so that with a from 0 to 1 nothing can overflow: products that are too
small become 0, as they do step by step.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from gyeol.kernels.cells.cell import Coefficients, State, Weights, checked_coefficients, project

__all__ = ["scan", "turn_around", "walk_linear"]

_SHORT = 16  # steps that are taken one by one
_WIDE = 1024  # numbers a step, from which on a CPU is faster one by one: one pass over memory instead of several


def walk_linear(
    linear: Coefficients, x: Tensor, lengths: Tensor | None, state: State, weights: Weights, *, reverse: bool = False
) -> tuple[Tensor, State]:
    """Walk a linear cell over a padded batch, all steps at once: what `gyeol.kernels.reference.walk` does step by step.

    Parameters
    ----------
    linear : callable
        The cell's, see `gyeol.kernels.cells.cell.Cell`.
    x, lengths, state, weights, reverse
        As for `gyeol.kernels.reference.walk`.

    Returns
    -------
    outputs : Tensor, shape (B, T, H)
        Zeros at padding.
    state : tuple of h, shape (B, H)
        After each row's own last step.
    """
    B, T, D = x.shape
    ragged = lengths is not None and bool((lengths < T).any())
    if lengths is not None and ragged:
        real = (torch.arange(T, device=x.device)[:, None] < lengths).unsqueeze(2)  # (T, B, 1)
        x = x.masked_fill(~real.transpose(0, 1), 0)  # a NaN in the padding would reach the weights: 0 * NaN is NaN
    if reverse:
        x = turn_around(x, lengths if ragged else None)
    u = project(x.transpose(0, 1).reshape(T * B, D), weights).view(T, B, -1)
    a, b = (part.to(state[0].dtype) for part in checked_coefficients(linear, u, state[0]))
    if ragged:  # at padding h stays as it is
        a, b = a.masked_fill(~real, 1), b.masked_fill(~real, 0)
    h = scan(a, b, state[0])
    outputs = (h.masked_fill(~real, 0) if ragged else h).transpose(0, 1)
    return turn_around(outputs, lengths if ragged else None) if reverse else outputs, (h[-1],)


def turn_around(x: Tensor, lengths: Tensor | None) -> Tensor:
    """Turn each row of x (B, T, D) around within its own length (all T by default); padding stays where it is."""
    if lengths is None:
        return x.flip(1)
    t = torch.arange(x.shape[1], device=x.device)
    turned = torch.where(t < lengths[:, None], lengths[:, None] - 1 - t, t)
    return x.gather(1, turned.unsqueeze(-1).expand_as(x))


def scan(a: Tensor, b: Tensor, h_0: Tensor) -> Tensor:
    """Return all h of ``h_t = a_t * h_{t-1} + b_t``.

    Parameters
    ----------
    a, b : Tensor, shape (T, ...)
    h_0 : Tensor, shape (...)

    Returns
    -------
    Tensor, shape (T, ...)

    Examples
    --------
    >>> half = torch.full((3,), 0.5)
    >>> scan(half, torch.ones(3), torch.tensor(2.0)).tolist()
    [2.0, 2.0, 2.0]
    """
    h: Tensor = _Scan.apply(a, b, h_0)  # type: ignore[no-untyped-call]
    return h


class _Scan(torch.autograd.Function):
    """The gradient of a scan is one from the last step to the first: ``g_t = dh_t + a_{t+1} * g_{t+1}``."""

    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor, h_0: Tensor) -> Tensor:
        h = _all_steps(a, torch.cat([(b[:1] + a[:1] * h_0), b[1:]]))
        ctx.save_for_backward(a, h, h_0)
        return h

    @staticmethod
    def backward(ctx: Any, dh: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        a, h, h_0 = ctx.saved_tensors
        later = torch.cat([torch.zeros_like(a[:1]), a[1:].flip(0)])
        g = scan(later, dh.flip(0), torch.zeros_like(h_0)).flip(0)
        before = torch.cat([h_0.unsqueeze(0), h[:-1]])
        return g * before, g, a[0] * g[0]


def _all_steps(a: Tensor, b: Tensor) -> Tensor:
    """Return all h (T, ...) from h_0 = 0: every second one by a scan of half as many steps, the others from these."""
    T = len(a)
    h = torch.empty_like(b)
    if T <= _SHORT or (b.device.type == "cpu" and b[0].numel() >= _WIDE):
        h[0] = b[0]
        for t in range(1, T):
            torch.addcmul(b[t], a[t], h[t - 1], out=h[t])
        return h
    pairs = T // 2 * 2
    later_a, later_b = a[1:pairs:2], b[1:pairs:2]
    odd = _all_steps(later_a * a[:pairs:2], torch.addcmul(later_b, later_a, b[:pairs:2]))
    h[1:pairs:2] = odd
    h[0] = b[0]
    h[2::2] = torch.addcmul(b[2::2], a[2::2], odd[: (T - 1) // 2])
    return h
