"""The cross entropy of a linear layer over a large vocabulary, without ever holding all its logits."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from gyeol.errors import DataError, ParameterError
from gyeol.kernels.native import bfloat16_available
from gyeol.kernels.precision.choices import Subject, choose

__all__ = ["linear_cross_entropy"]

_LOGITS = 1 << 22  # in memory at a time: 16 MB of them
_ROUNDED = 1 << 25  # of them as bfloat16, 64 MB: every block adds V x H numbers to a gradient, so that few are better
_ROWS = 32  # of a product in bfloat16: oneDNN compiles one for every new number of rows
_FEW = 512  # words: with fewer, rounding costs more than the products gain
_WORK = 1 << 31  # operations of a race ...
_LEAST, _MOST = 64, 1024  # ... and its tokens


def linear_cross_entropy(
    hidden: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    targets: Tensor,
    *,
    ignore_index: int = -100,
    precision: str = "float32",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Return the mean of ``-log softmax(W h + b)[target]``, as ``F.cross_entropy(F.linear(h, W, b), targets)``.

    The logits of a block of tokens at a time are computed, turned into their gradient in place, and discarded: memory
    grows with N and V, not with N * V. The result is the same; with ``precision="bfloat16"`` the factors of a product
    are rounded to eight bits, and so are the logits.

    Parameters
    ----------
    hidden : Tensor, shape (N, H)
    weight : Tensor, shape (V, H)
    bias : Tensor of shape (V,), or None
    targets : Tensor of int64, shape (N,)
        Each in 0..V-1, or `ignore_index`.
    ignore_index : int
        Tokens with this target do not count.
    precision : {"float32", "bfloat16", "auto"}
        How the products are computed, where the processor multiplies bfloat16 and the vocabulary is no small one;
        "auto" takes what is the fastest for these sizes here, by a measurement (`gyeol.kernels.precision`).
    label_smoothing : float
        Share of the target's weight that all words have alike (Szegedy et al. 2016, section 7).

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
    possible = (
        precision != "float32"
        and bfloat16_available()
        and V >= _FEW
        and hidden.dtype == torch.float32
        and hidden.device.type == "cpu"
        and len(hidden) > 0
    )
    grad = torch.is_grad_enabled() and (hidden.requires_grad or weight.requires_grad)
    rounded = possible and (precision == "bfloat16" or _faster_rounded(len(hidden), H, V, grad))
    function: Any = _Rounded if rounded else _Exact
    loss: Tensor = function.apply(hidden, weight, bias, targets, counted, torch.is_grad_enabled())
    if not label_smoothing:
        return loss
    # The smoothed part is -log p averaged over all words: it differs from the loss by the target's logit minus the mean
    # logit, which is the logit of the mean weights.
    real = targets[counted]
    above = (hidden[counted] * (weight[real] - weight.mean(0))).sum(1)
    if bias is not None:
        above = above + bias[real] - bias.mean()
    return loss + label_smoothing * above.mean()


def _faster_rounded(N: int, H: int, V: int, grad: bool) -> bool:
    """Whether a softmax of N tokens is faster in bfloat16 here; tokens and words by classes, since both may vary."""
    words = 1 << V.bit_length() - 1
    words += words // 2 if 5 * words < 4 * V else 0
    tokens = 1 << max(0, round(math.log2(N)))
    tokens = min(tokens, _MOST, max(_LEAST, 1 << max(1, _WORK // (6 * words * H)).bit_length() - 1))
    passes = "forward and backward" if grad else "forward"
    subject = Subject(f"softmax {H} to {words}", f"{tokens} tokens, {passes}", torch.get_num_threads())
    return choose(subject, ("float32", "bfloat16"), partial(_calls, tokens, H, words, grad)) == "bfloat16"


def _calls(N: int, H: int, V: int, grad: bool) -> dict[str, Callable[[], object]]:
    """Make a softmax of this size, and what either arithmetic does with it."""
    draw = torch.Generator().manual_seed(0)
    with torch.inference_mode(False):
        hidden, weight = (
            torch.rand(rows, H, generator=draw, dtype=torch.float32, device="cpu").sub_(0.5).requires_grad_(grad)
            for rows in (N, V)
        )
        bias = torch.zeros(V, dtype=torch.float32, device="cpu", requires_grad=grad)
        targets = torch.arange(N, device="cpu") * 7 % V
        counted = torch.ones(N, dtype=torch.bool, device="cpu")

    def run(function: Any) -> None:
        with torch.inference_mode(False), torch.set_grad_enabled(grad), torch.autocast("cpu", enabled=False):
            loss = function.apply(hidden, weight, bias, targets, counted, grad)
            if grad:
                torch.autograd.grad(loss, (hidden, weight, bias))

    return {"float32": partial(run, _Exact), "bfloat16": partial(run, _Rounded)}


class _Exact(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor | None, targets: Tensor, counted: Tensor, grad: bool
    ) -> Tensor:
        needed = [grad and ctx.needs_input_grad[i] for i in range(3)]
        d_hidden = torch.empty_like(hidden) if needed[0] else None
        d_weight = torch.zeros_like(weight) if needed[1] else None
        d_bias = torch.zeros_like(bias) if needed[2] and bias is not None else None
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
            if not any(needed):
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
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        return _scaled(ctx, grad)


class _Rounded(torch.autograd.Function):
    """The same in bfloat16. The bias is two more columns of the weights, so that its rounding is not felt."""

    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor | None, targets: Tensor, counted: Tensor, grad: bool
    ) -> Tensor:
        (V, H), N = weight.shape, len(hidden)
        blocks = max(1, math.ceil(N * V / _ROUNDED))
        step = math.ceil(N / blocks / _ROWS) * _ROWS  # the same for all blocks, and few numbers of rows altogether
        rows_padded = math.ceil(N / step) * step
        h = hidden.new_zeros(rows_padded, H + 2, dtype=torch.bfloat16)
        w = weight.new_empty(V, H + 2, dtype=torch.bfloat16)
        h[:N, :H], h[:N, H:] = hidden, 1.0
        w[:, :H] = weight
        w[:, H] = 0.0 if bias is None else bias
        w[:, H + 1] = 0.0 if bias is None else bias - w[:, H]
        d_h, d_w = torch.empty_like(h), torch.zeros(V, H + 2)
        total = hidden.new_zeros(())
        for first in range(0, N, step):
            here = torch.arange(first, min(N, first + step))
            target, real = targets[here].clamp(min=0), counted[here]
            some = slice(first, first + step)
            logits = torch.mm(h[some], w.T)
            shares = torch.softmax(logits, dim=1, out=logits)
            rows = here - first
            chosen = shares[rows, target]
            total -= chosen.float().clamp(min=torch.finfo(torch.float32).tiny).log()[real].sum()
            shares[rows, target] = chosen - 1.0
            shares[rows[~real]] = 0.0
            shares[len(rows) :] = 0.0
            if grad and (ctx.needs_input_grad[0]):
                torch.mm(shares, w, out=d_h[some])
            if grad and (ctx.needs_input_grad[1] or ctx.needs_input_grad[2]):
                d_w += torch.mm(shares.T, h[some])
        share = 1.0 / counted.sum()
        d_w *= share
        ctx.save_for_backward(
            d_h[:N, :H].float() * share if ctx.needs_input_grad[0] else None,
            d_w[:, :H] if ctx.needs_input_grad[1] else None,
            d_w[:, H] if ctx.needs_input_grad[2] else None,
        )
        return total * share

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        return _scaled(ctx, grad)


def _scaled(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
    if torch.is_grad_enabled():
        raise ParameterError(
            "linear_cross_entropy has no second derivatives; take torch.nn.functional.cross_entropy of all logits"
        )
    return *(None if d is None else d * grad for d in ctx.saved_tensors), None, None, None
