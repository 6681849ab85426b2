"""Gradients that can be differentiated again, where the forward pass was native: by the reference implementation.

A native backward pass gives numbers, of which PyTorch knows no derivative. Where it is asked for one
(``create_graph=True``), the gradient is taken of the reference implementation instead, at the same inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from gyeol.kernels.reference import places_by_time

__all__ = ["differentiable_gradients", "padded_by_time"]


def differentiable_gradients(
    function: Callable[..., Sequence[Tensor | None]],
    inputs: Sequence[Tensor | None],
    needed: Sequence[bool],
    upstream: Sequence[Tensor | None],
) -> list[Tensor | None]:
    """Return the gradients of a function as functions of its inputs and of the upstream gradients.

    Parameters
    ----------
    function : callable of (*inputs)
        Computes the outputs, by operations that PyTorch can differentiate; None where there is none.
    inputs : sequence of Tensor or None
    needed : sequence of bool
        Of which inputs.
    upstream : sequence of Tensor or None
        The gradients with respect to the outputs.
    """
    with torch.enable_grad(), torch.autocast("cpu", enabled=False):
        # Through views of their own: an input may have been computed from another, and that path is not the function's.
        own = [None if t is None else t.view_as(t) for t in inputs]
        wanted = [t if need else None for t, need in zip(own, needed, strict=True)]
        outputs = function(*own)
        pairs = [(out, g) for out, g in zip(outputs, upstream, strict=True) if out is not None and g is not None]
        found = iter(
            torch.autograd.grad(
                [out for out, _ in pairs],
                [t for t in wanted if t is not None],
                [g for _, g in pairs],
                create_graph=True,
                allow_unused=True,
            )
        )
    return [None if t is None else next(found) for t in wanted]


def padded_by_time(x: Tensor, lengths: Tensor, fill: float = 0.0) -> tuple[Tensor, Tensor]:
    """Lay packed tokens (N, D) of rows ranked by length out as (B, T, D).

    Returns
    -------
    padded : Tensor, shape (B, T, D)
        ``fill`` where there is no token.
    at : int64 Tensor, shape (N,)
        Where each token is in the padded batch seen as (B * T, D).
    """
    B, T = len(lengths), int(lengths[0])
    at = places_by_time(lengths, T).at
    return x.new_full((B * T, x.shape[1]), fill).index_copy(0, at, x).view(B, T, -1), at
