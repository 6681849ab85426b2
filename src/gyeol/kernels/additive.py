"""The scores of additive attention, natively without the tensor of all their tanh, or in plain PyTorch."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from gyeol.kernels import native
from gyeol.kernels.second_order import differentiable_gradients

__all__ = ["additive_scores", "additive_scores_reference"]


def additive_scores(query: Tensor, keys: Tensor, vector: Tensor, lengths: Tensor | None = None) -> Tensor:
    """Return ``v^T tanh(q + k)`` for every query with every key (Bahdanau et al. 2015, appendix A.1.2).

    Parameters
    ----------
    query : Tensor, shape (B, Q, A)
    keys : Tensor, shape (B, T, A)
    vector : Tensor, shape (A,)
    lengths : int64 tensor of shape (B,), optional
        How many keys of each row are real: the scores of the others are 0. All by default.

    Returns
    -------
    Tensor, shape (B, Q, T)

    Examples
    --------
    >>> additive_scores(torch.zeros(1, 1, 2), torch.zeros(1, 3, 2), torch.ones(2)).tolist()
    [[[0.0, 0.0, 0.0]]]
    """
    parts = (query, keys, vector)
    if not native.native_available() or any(p.dtype != torch.float32 or p.device.type != "cpu" for p in parts):
        return additive_scores_reference(query, keys, vector, lengths)
    if lengths is None:
        lengths = torch.full((len(keys),), keys.shape[1])
    scores: Tensor = _Additive.apply(query, keys, vector, lengths)  # type: ignore[no-untyped-call]
    return scores


def additive_scores_reference(query: Tensor, keys: Tensor, vector: Tensor, lengths: Tensor | None = None) -> Tensor:
    """Do what `additive_scores` does, readably: the native kernel is tested against it; used where there is none."""
    scores = torch.tanh(query.unsqueeze(2) + keys.unsqueeze(1)) @ vector
    if lengths is None:
        return scores
    real = torch.arange(keys.shape[1], device=lengths.device) < lengths[:, None]
    return scores.masked_fill(~real.unsqueeze(1), 0.0)


class _Additive(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, query: Tensor, keys: Tensor, vector: Tensor, lengths: Tensor) -> Tensor:
        scores = query.new_empty(*query.shape[:2], keys.shape[1])
        native.additive_forward(query.contiguous(), keys.contiguous(), vector.contiguous(), lengths, scores)
        ctx.save_for_backward(query, keys, vector)
        ctx.lengths = lengths
        return scores

    @staticmethod
    def backward(ctx: Any, dscores: Tensor) -> tuple[Tensor | None, ...]:
        query, keys, vector = ctx.saved_tensors
        if torch.is_grad_enabled():
            found = differentiable_gradients(
                lambda q, k, v: [additive_scores_reference(q, k, v, ctx.lengths)],
                [query, keys, vector],
                ctx.needs_input_grad[:3],
                [dscores],
            )
            return *found, None
        query, keys, vector = query.contiguous(), keys.contiguous(), vector.contiguous()
        dq, dk, dv = torch.empty_like(query), torch.empty_like(keys), torch.empty_like(vector)
        native.additive_backward(query, keys, vector, ctx.lengths, dscores.contiguous(), dq, dk, dv)
        return dq, dk, dv, None
