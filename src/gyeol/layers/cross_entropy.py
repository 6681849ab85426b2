"""The cross entropy of a linear layer over a large vocabulary, without ever holding all its logits."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from gyeol.errors import DataError

__all__ = ["linear_cross_entropy"]

_LOGITS = 1 << 22  # held at a time: 16 MB of them


def linear_cross_entropy(
    hidden: Tensor, weight: Tensor, bias: Tensor | None, targets: Tensor, *, ignore_index: int = -100
) -> Tensor:
    """Return the mean of ``-log softmax(W h + b)[target]``, as ``F.cross_entropy(F.linear(h, W, b), targets)``.

    The logits of some tokens at a time are computed, turned into their gradient where they lie, and forgotten: memory
    grows with N and V, not with N * V. What is handed back are the same numbers.

    Parameters
    ----------
    hidden : Tensor, shape (N, H)
    weight : Tensor, shape (V, H)
    bias : Tensor of shape (V,), or None
    targets : Tensor of int64, shape (N,)
        Each in 0..V-1, or `ignore_index`.
    ignore_index : int
        Tokens with this target do not count.

    Returns
    -------
    Tensor
        A scalar; NaN where no token counts, as PyTorch's.

    Raises
    ------
    DataError
        A shape does not fit, or a target is no class.

    Examples
    --------
    >>> loss = linear_cross_entropy(torch.zeros(3, 2), torch.zeros(4, 2), None, torch.tensor([0, 1, 3]))
    >>> round(float(loss.exp()), 4)
    4.0
    """
    V, H = weight.shape
    if hidden.dim() != 2 or hidden.shape[1] != H or targets.shape != hidden.shape[:1]:
        came = f"{tuple(hidden.shape)} and {tuple(targets.shape)}"
        raise DataError(f"hidden states and targets have shapes {came}, expected (N, {H}) and (N,)")
    counted = targets != ignore_index
    wrong = counted & ((targets < 0) | (targets >= V))
    if bool(wrong.any()):
        token = int(wrong.nonzero()[0])
        raise DataError(f"the target of token {token} is {int(targets[token])}, expected 0..{V - 1} or {ignore_index}")
    loss: Tensor = _LinearCrossEntropy.apply(hidden, weight, bias, targets, counted, torch.is_grad_enabled())  # type: ignore[no-untyped-call]
    return loss


class _LinearCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor | None, targets: Tensor, counted: Tensor, grad: bool
    ) -> Tensor:
        wanted = [grad and ctx.needs_input_grad[i] for i in range(3)]
        d_hidden = torch.empty_like(hidden) if wanted[0] else None
        d_weight = torch.zeros_like(weight) if wanted[1] else None
        d_bias = torch.zeros_like(bias) if wanted[2] and bias is not None else None
        count = counted.sum()
        share = (1.0 / count).to(hidden.dtype)
        total = hidden.new_zeros(())
        step = max(1, min(len(hidden), _LOGITS // weight.shape[0]))
        memory = hidden.new_empty(step, weight.shape[0])  # one for all blocks: fresh pages cost as much as a product
        for first in range(0, len(hidden), step):
            some = slice(first, first + step)
            h, real = hidden[some], counted[some]
            target = targets[some].clamp(min=0).unsqueeze(1)
            logits = torch.mm(h, weight.T, out=memory[: len(h)])
            if bias is not None:
                logits += bias
            most, chosen = logits.amax(dim=1, keepdim=True), logits.gather(1, target)
            shares = torch.softmax(logits, dim=1, out=logits)
            # The log of the sum, by the largest share, which is never too small for its logarithm.
            scale = most - shares.amax(dim=1, keepdim=True).log()
            total += ((scale - chosen).squeeze(1) * real).sum()
            if not any(wanted):
                continue
            d_logits = shares.mul_((share * real).unsqueeze(1))
            d_logits.scatter_add_(1, target, (-share * real).to(d_logits.dtype).unsqueeze(1))
            if d_hidden is not None:
                torch.mm(d_logits, weight, out=d_hidden[some])
            if d_weight is not None:
                d_weight.addmm_(d_logits.T, h)
            if d_bias is not None:
                d_bias += d_logits.sum(0)
        ctx.save_for_backward(d_hidden, d_weight, d_bias)
        return total * share

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        return *(None if d is None else d * grad for d in ctx.saved_tensors), None, None, None
