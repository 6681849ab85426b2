"""Attention of a learned query over packed tokens, with what it pools: natively, or by a reference in plain PyTorch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from gyeol.kernels import native
from gyeol.kernels.packing import Packing
from gyeol.kernels.pooling import pool, pool_ranked, softmax
from gyeol.kernels.second_order import differentiable_gradients, padded_by_time

__all__ = ["Learned", "attention_pool", "attention_pool_reference"]


class Learned(NamedTuple):
    """What attention learns: ``weight`` (A, K) and ``bias`` (A,) of what is compared with ``query`` (A,)."""

    weight: Tensor
    bias: Tensor
    query: Tensor


def attention_pool(
    parts: Sequence[Tensor],
    packing: Packing,
    learned: Learned,
    *,
    mean: bool = False,
    most: bool = False,
    element: str = "float32",
) -> tuple[Tensor, list[Tensor]]:
    """Weigh each row's tokens, and pool their vectors by these weights: Yang et al. 2016, equations 5 to 7.

    ``u_n = tanh(W x_n + b)``, ``alpha = softmax(u_n . q)`` over each row's tokens, ``sum_n alpha_n x_n``.

    Parameters
    ----------
    parts : sequence of Tensor, each (N, K_p)
        The tokens' vectors x_n, in pieces that stand side by side.
    packing : Packing
    learned : Learned
    mean, most : bool
        Pool the mean and the largest values as well, as `gyeol.kernels.pooling.pool` does.
    element : {"float32", "bfloat16"}
        What the products with W are computed in, in kernels; the reference computes in the tensors' type.

    Returns
    -------
    weights : Tensor, shape (N,)
    pooled : list of Tensor, each (B, views * K_p)
        For each part, in the order of the rows before packing.

    Examples
    --------
    >>> packing = Packing.of(torch.tensor([2]), 2)
    >>> learned = Learned(torch.eye(1), torch.zeros(1), torch.zeros(1))
    >>> weights, (pooled,) = attention_pool([torch.tensor([[1.0], [3.0]])], packing, learned)
    >>> weights.tolist(), pooled.tolist()
    ([0.5, 0.5], [[2.0]])
    """
    served = native.native_available() and all(
        t.dtype == torch.float32 and t.device.type == "cpu" for t in (*parts, *learned)
    )
    if not served:
        return attention_pool_reference(parts, packing, learned, mean=mean, most=most)
    weights, *ranked = _Attention.apply(packing.lengths, (element, mean, most), *learned, *parts)  # type: ignore[no-untyped-call]
    return weights, [packing.unrank(views.unsqueeze(0)).squeeze(0) for views in ranked]


def attention_pool_reference(
    parts: Sequence[Tensor], packing: Packing, learned: Learned, *, mean: bool = False, most: bool = False
) -> tuple[Tensor, list[Tensor]]:
    """Do what `attention_pool` does, readably: kernels are tested against it, and it serves where there are none."""
    weights = softmax(_scores(parts, learned), packing)
    return weights, [pool(part, packing, weights=weights, mean=mean, most=most) for part in parts]


def _scores(parts: Sequence[Tensor], learned: Learned) -> Tensor:
    return torch.tanh(F.linear(torch.cat(list(parts), dim=1), learned.weight, learned.bias)) @ learned.query


def _ranked(parts: Sequence[Tensor], lengths: Tensor, learned: Learned, mean: bool, most: bool) -> list[Tensor]:
    """Compute what `_Attention` does by operations that can be differentiated again."""
    padded, at = padded_by_time(_scores(parts, learned).unsqueeze(1), lengths, -math.inf)
    weights = torch.softmax(padded, dim=1).flatten()[at]
    return [weights, *(pool_ranked(part, weights, lengths, mean, most) for part in parts)]


class _Attention(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, lengths: Tensor, how: tuple[str, bool, bool], *given: Tensor) -> tuple[Tensor, ...]:
        element, mean, most = how
        learned, parts = Learned(*(t.contiguous() for t in given[:3])), [part.contiguous() for part in given[3:]]
        B, N = len(lengths), len(parts[0])
        hidden, weights = parts[0].new_empty(N, len(learned.query)), parts[0].new_empty(N)
        native.call(
            "attention_weights", element, parts, lengths, *learned, hidden,
            weights,
        )  # fmt: skip
        pooled, places = [], []
        for x in parts:
            out = x.new_empty(B, x.shape[1] * (1 + mean + most))
            at = torch.empty(B, x.shape[1], dtype=torch.int32) if most else None
            native.pool_forward(x, lengths, weights, mean, most, out, at)
            pooled.append(out)
            places.append(at)
        ctx.save_for_backward(hidden, weights, *given)
        ctx.lengths, ctx.how, ctx.places = lengths, how, places
        ctx.set_materialize_grads(False)
        return weights, *pooled

    @staticmethod
    def backward(ctx: Any, d_weights: Tensor | None, *d_pooled: Tensor | None) -> tuple[Tensor | None, ...]:
        hidden, weights, *given = ctx.saved_tensors
        element, mean, most = ctx.how
        if torch.is_grad_enabled():
            found = differentiable_gradients(
                lambda *inputs: _ranked(inputs[3:], ctx.lengths, Learned(*inputs[:3]), mean, most),
                given,
                ctx.needs_input_grad[2:],
                [d_weights, *d_pooled],
            )
            return None, None, *found
        learned, parts = Learned(*(t.contiguous() for t in given[:3])), [part.contiguous() for part in given[3:]]
        total, by_parts = d_weights, []
        for x, out, at in zip(parts, d_pooled, ctx.places, strict=True):
            dx, shares = torch.empty_like(x), torch.empty_like(weights)
            if out is None:
                dx.zero_()
            else:
                native.pool_backward(x, ctx.lengths, weights, mean, most, out.contiguous(), at, dx, shares)
                total = shares if total is None else total + shares
            by_parts.append(dx)
        if total is None:
            total = torch.zeros_like(weights)
        by_learned = Learned(*(torch.empty_like(t) for t in learned))
        native.call(
            "attention_weights_backward", element, parts, ctx.lengths, *learned, hidden,
            weights, total.contiguous(), by_parts, True, *by_learned,
        )  # fmt: skip
        return None, None, *by_learned, *by_parts
