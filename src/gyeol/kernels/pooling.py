"""One vector for each row out of packed tokens, in one pass over them: natively, or by a reference in plain PyTorch."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from gyeol.kernels import native
from gyeol.kernels.packing import Packing
from gyeol.kernels.second_order import differentiable_gradients, padded_by_time

__all__ = ["last_of", "pool", "pool_ranked", "pool_reference", "softmax"]


def softmax(scores: Tensor, packing: Packing) -> Tensor:
    """Turn the tokens' scores (N,) into weights (N,) that sum to 1 in each row (Bahdanau et al. 2015, eq. 6).

    Examples
    --------
    >>> packing = Packing.of(torch.tensor([1, 3]), 3)
    >>> softmax(torch.zeros(4), packing).tolist()[1]
    1.0
    """
    padded = packing.scatter(scores.unsqueeze(1), fill=-math.inf).squeeze(2)
    return packing.gather(torch.softmax(padded, dim=1).unsqueeze(2)).squeeze(1)


def pool(
    x: Tensor, packing: Packing, *, weights: Tensor | None = None, mean: bool = False, most: bool = False
) -> Tensor:
    """Pool each row's tokens: their sum by `weights`, their mean, their maximum, side by side.

    Parameters
    ----------
    x : Tensor, shape (N, K)
    packing : Packing
    weights : Tensor of shape (N,), optional
        Adds the weighted sum to the result.
    mean, most : bool
        Add the mean, and the largest value of each column.

    Returns
    -------
    Tensor, shape (B, views * K)
        The rows in the order before packing.
    """
    if not native.native_available() or x.dtype != torch.float32 or x.device.type != "cpu":
        return pool_reference(x, packing, weights=weights, mean=mean, most=most)
    ranked: Tensor = _Pool.apply(x, weights, packing.lengths, mean, most)  # type: ignore[no-untyped-call]
    return packing.unrank(ranked.unsqueeze(0)).squeeze(0)


def pool_reference(
    x: Tensor, packing: Packing, *, weights: Tensor | None = None, mean: bool = False, most: bool = False
) -> Tensor:
    """Do what `pool` does, readably: the native kernel is tested against it, and it serves where there is none."""
    views = []
    padded = packing.scatter(x)
    if weights is not None:
        views.append((packing.scatter(weights.unsqueeze(1)) * padded).sum(1))
    if mean:
        lengths = packing.unrank(packing.lengths.view(1, -1, 1)).squeeze(0)
        views.append(padded.sum(1) / lengths.to(x))
    if most:
        views.append(packing.scatter(x, fill=-math.inf).max(1).values)
    return torch.cat(views, 1)


def last_of(x: Tensor, packing: Packing, *, directions: int = 1) -> Tensor:
    """Return the last output of each direction: each row's last token of x (N, K); of the reverse half, its first."""
    B = len(packing.lengths)
    offsets = torch.cat([packing.lengths.new_zeros(1), packing.counts().cumsum(0)])
    last = x.index_select(0, (offsets[packing.lengths - 1] + torch.arange(B)).to(x.device))
    if directions == 2:
        half = x.shape[1] // 2
        last = torch.cat([last[:, :half], x[:B, half:]], dim=1)
    return packing.unrank(last.unsqueeze(0)).squeeze(0)


def pool_ranked(x: Tensor, weights: Tensor | None, lengths: Tensor, mean: bool, most: bool) -> Tensor:
    """Pool rows ranked by ``lengths`` (B,), as `pool` does, by operations that can be differentiated again."""
    padded, _ = padded_by_time(x, lengths)
    views = []
    if weights is not None:
        views.append((padded_by_time(weights.unsqueeze(1), lengths)[0] * padded).sum(1))
    if mean:
        views.append(padded.sum(1) / lengths.unsqueeze(1).to(x))
    if most:
        views.append(padded_by_time(x, lengths, -math.inf)[0].max(1).values)
    return torch.cat(views, 1)


class _Pool(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weights: Tensor | None, lengths: Tensor, mean: bool, most: bool) -> Tensor:
        B, K = len(lengths), x.shape[1]
        out = x.new_empty(B, K * ((weights is not None) + mean + most))
        at = torch.empty(B, K, dtype=torch.int32) if most else None
        native.pool_forward(
            x.contiguous(), lengths, None if weights is None else weights.contiguous(), mean, most, out, at
        )
        ctx.save_for_backward(x, weights, at)
        ctx.lengths, ctx.mean, ctx.most = lengths, mean, most
        return out

    @staticmethod
    def backward(ctx: Any, dout: Tensor) -> tuple[Tensor | None, ...]:
        x, weights, at = ctx.saved_tensors
        if torch.is_grad_enabled():
            found = differentiable_gradients(
                lambda x, weights: [pool_ranked(x, weights, ctx.lengths, ctx.mean, ctx.most)],
                [x, weights],
                ctx.needs_input_grad[:2],
                [dout],
            )
            return *found, None, None, None
        x, weights = x.contiguous(), None if weights is None else weights.contiguous()
        dx, dweights = torch.empty_like(x), None if weights is None else torch.empty_like(weights)
        native.pool_backward(x, ctx.lengths, weights, ctx.mean, ctx.most, dout.contiguous(), at, dx, dweights)
        return dx, dweights, None, None, None
