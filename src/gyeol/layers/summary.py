"""Summaries: one vector for a sequence, from attention with a learned query and from poolings side by side."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gyeol.errors import DataError, ParameterError, closest
from gyeol.kernels.native import bfloat16_available
from gyeol.kernels.packing import Packing
from gyeol.kernels.pooling import last_of, pool, softmax
from gyeol.kernels.precision.choices import Subject, choose
from gyeol.kernels.second_order import differentiable_gradients
from gyeol.layers.attention.context import attend
from gyeol.layers.pooling import POOLINGS

__all__ = ["AttentionPooling", "Summary"]

_ROWS = 256  # of a product in bfloat16: oneDNN compiles one for every new number of rows
_TINY = 4_000_000  # operations: what is gained is less than what a call costs
_MOST = 4096  # tokens of a race


@final
class AttentionPooling(nn.Module):
    """One vector for a sequence: a learned query looks at every step (Yang et al. 2016, eq. 5-7).

    ``u_t = tanh(W h_t + b)``, ``alpha_t = softmax_t(u_t . u_w)``, ``s = sum_t alpha_t h_t``.

    Parameters
    ----------
    input_size : int
        H, the size of h_t.
    attention_size : int, optional
        The size of u_t; `input_size` by default.
    precision : {"float32", "high", "bfloat16", "auto", "high-train", "bfloat16-train"}
        Of the scores' products, as in `Recurrent`: "bfloat16" rounds their factors, and "auto" takes what a measurement
        finds fastest here; "high" is float32.

    Examples
    --------
    >>> context, weights = AttentionPooling(8)(torch.zeros(2, 5, 8))
    >>> context.shape, weights.shape
    (torch.Size([2, 8]), torch.Size([2, 5]))
    """

    def __init__(self, input_size: int, attention_size: int | None = None, *, precision: str = "float32") -> None:
        super().__init__()
        self.precision = precision
        attention_size = input_size if attention_size is None else attention_size
        self.project = nn.Linear(input_size, attention_size)
        self.query = nn.Parameter(torch.empty(attention_size))
        nn.init.normal_(self.query, std=1 / math.sqrt(attention_size))

    def scores(self, *parts: Tensor) -> Tensor:
        """Score vectors (..., H), or their parts (..., H_1), (..., H_2), ...: ``u_w . tanh(W h + b)``."""
        if self._rounded(parts):
            scores: Tensor = _RoundedScores.apply(self.project.weight, self.project.bias, self.query, *parts)  # type: ignore[no-untyped-call]
            return scores
        hidden: Tensor = self.project.bias
        start = 0
        for part in parts:
            hidden = hidden + F.linear(part, self.project.weight[:, start : start + part.shape[-1]])
            start += part.shape[-1]
        return torch.tanh(hidden) @ self.query

    def _rounded(self, parts: Sequence[Tensor]) -> bool:
        """Whether to round the factors; a prediction is in float32 unless "bfloat16" was asked for."""
        element = self.precision.partition("-")[0]
        if element not in ("bfloat16", "auto") or not (self.training or self.precision == "bfloat16"):
            return False
        if not (bfloat16_available() and _packed_float32(parts)):
            return False
        if element == "bfloat16":
            return True
        grad = torch.is_grad_enabled() and (self.query.requires_grad or any(p.requires_grad for p in parts))
        return _faster_rounded(len(parts[0]), self.project.out_features, self.project.in_features, grad)

    def forward(self, outputs: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Pool a batch.

        Parameters
        ----------
        outputs : Tensor, shape (B, T, H)
        mask : Tensor of bool, shape (B, T), optional
            True at real steps; all of them by default.

        Returns
        -------
        context : Tensor, shape (B, H)
        weights : Tensor, shape (B, T)

        Raises
        ------
        DataError
            A shape does not fit, or a row has nothing to look at.
        """
        if outputs.dim() != 3 or outputs.shape[-1] != self.project.in_features:
            expected = f"(B, T, {self.project.in_features})"
            raise DataError(f"the outputs have shape {tuple(outputs.shape)}, expected {expected}")
        if mask is not None and mask.shape == outputs.shape[:2]:
            outputs = outputs.masked_fill(~mask.unsqueeze(-1), 0)
        query = self.query.expand(len(outputs), -1)
        return attend(query, torch.tanh(self.project(outputs)), outputs, mask)


@final
class Summary(nn.Module):
    """One vector for a sequence: what attention sees, and poolings of the same states beside it.

    Parameters
    ----------
    input_size : int
        H, the size of a state.
    beside_size : int
        E, the size of a second vector beside each state (0: none).
    attention : bool
        Whether a learned query attends to every step (`AttentionPooling`).
    poolings : sequence of str
        Names of `POOLINGS`.
    directions : int
        1 or 2: ``"last"`` takes the last step of each direction.
    precision : str
        Of the attention (`AttentionPooling`).

    Raises
    ------
    ParameterError
        No attention and no pooling, or an unknown pooling.

    Examples
    --------
    >>> summary, packing = Summary(8, poolings=["mean", "max"]), Packing.of(torch.tensor([5, 3]), 5)
    >>> vector, weights = summary(torch.zeros(8, 8), None, packing)
    >>> vector.shape, weights.shape
    (torch.Size([2, 24]), torch.Size([2, 5]))
    """

    def __init__(
        self,
        input_size: int,
        beside_size: int = 0,
        *,
        attention: bool = True,
        poolings: Sequence[str] = (),
        directions: int = 1,
        precision: str = "float32",
    ) -> None:
        super().__init__()
        if not attention and not poolings:
            raise ParameterError("neither attention nor a pooling is set: nothing would reach the next layer")
        unknown = next((name for name in poolings if name not in POOLINGS), None)
        if unknown is not None:
            raise ParameterError(f"pooling={unknown!r} is not known{closest(unknown, POOLINGS)}")
        width = input_size + beside_size
        self.attention = AttentionPooling(width, min(width, 64), precision=precision) if attention else None
        self.poolings = list(poolings)
        self.directions = directions
        self.output_size = width * (len(self.poolings) + bool(attention))

    def extra_repr(self) -> str:
        """Show the poolings when printed."""
        return f"poolings={self.poolings}"

    def forward(self, states: Tensor, beside: Tensor | None, packing: Packing) -> tuple[Tensor, Tensor | None]:
        """Summarise a batch of packed tokens.

        Parameters
        ----------
        states : Tensor, shape (N, H)
        beside : Tensor of shape (N, E), or None
            The second vector of each state.
        packing : Packing

        Returns
        -------
        vector : Tensor, shape (B, output_size)
            The states' attention and poolings, in the order of the settings; then those of the second vectors.
        weights : Tensor of shape (B, T), or None
            The attention's weights: rows sum to 1, padding is exactly 0.
        """
        parts = [states] if beside is None else [states, beside]
        weights = None if self.attention is None else softmax(self.attention.scores(*parts), packing)
        views = [view for part in parts for view in self._views(part, weights, packing, part is states)]
        shown = None if weights is None else packing.scatter(weights.unsqueeze(1)).squeeze(2)
        return torch.cat(views, dim=1), shown

    def _views(self, x: Tensor, weights: Tensor | None, packing: Packing, walked: bool) -> list[Tensor]:
        mean, most = "mean" in self.poolings, "max" in self.poolings
        views: dict[str, Tensor] = {}
        if weights is not None or mean or most:
            used = {"attention": weights is not None, "mean": mean, "max": most}
            found = pool(x, packing, weights=weights, mean=mean, most=most).chunk(sum(used.values()), dim=1)
            views = dict(zip([name for name, on in used.items() if on], found, strict=True))
        if "last" in self.poolings:
            views["last"] = last_of(x, packing, directions=self.directions if walked else 1)
        return [views[name] for name in (["attention"] if weights is not None else []) + self.poolings]


def _packed_float32(parts: Sequence[Tensor]) -> bool:
    return all(p.dim() == 2 and len(p) and p.dtype == torch.float32 and p.device.type == "cpu" for p in parts)


def _faster_rounded(N: int, A: int, K: int, grad: bool) -> bool:
    """Whether the scores of N vectors of K numbers are faster in bfloat16 here."""
    if 2 * N * A * K < _TINY:
        return False
    tokens = min(_MOST, 1 << round(math.log2(N)))
    passes = "forward and backward" if grad else "forward"
    subject = Subject(f"attention {K} to {A}", f"{tokens} tokens, {passes}", torch.get_num_threads())
    return choose(subject, ("float32", "bfloat16"), partial(_calls, tokens, A, K, grad)) == "bfloat16"


def _calls(N: int, A: int, K: int, grad: bool) -> dict[str, Callable[[], object]]:
    """Make attention of this size, and what either arithmetic does with it."""
    draw = torch.Generator().manual_seed(0)
    with torch.inference_mode(False):
        sizes = ((A, K), (A,), (A,), (N, K))
        inputs = [
            torch.rand(size, generator=draw, dtype=torch.float32, device="cpu").sub_(0.5).requires_grad_(grad)
            for size in sizes
        ]
        gradient = torch.ones(N, dtype=torch.float32, device="cpu")

    def run(function: Callable[..., Tensor]) -> None:
        with torch.inference_mode(False), torch.set_grad_enabled(grad), torch.autocast("cpu", enabled=False):
            scores = function(*inputs)
            if grad:
                torch.autograd.grad(scores, inputs, gradient)

    return {"float32": partial(run, _scores), "bfloat16": partial(run, _RoundedScores.apply)}


def _scores(weight: Tensor, bias: Tensor, query: Tensor, *parts: Tensor) -> Tensor:
    return torch.tanh(F.linear(torch.cat(parts, dim=1), weight, bias)) @ query


class _RoundedScores(torch.autograd.Function):
    """`_scores`, the factors of its products with the weight rounded to bfloat16; sums, tanh and query are float32."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, bias: Tensor, query: Tensor, *parts: Tensor) -> Tensor:
        N, width = len(parts[0]), weight.shape[1]
        x = weight.new_empty(-(-N // _ROWS) * _ROWS, width, dtype=torch.bfloat16)
        torch.cat([p.to(torch.bfloat16) for p in parts], dim=1, out=x[:N])
        x[N:] = 0.0
        hidden = torch.mm(x, weight.to(torch.bfloat16).T)[:N].float().add_(bias).tanh_()
        ctx.save_for_backward(weight, bias, query, x, hidden, *parts)
        return hidden @ query

    @staticmethod
    def backward(ctx: Any, d: Tensor) -> tuple[Tensor | None, ...]:
        weight, bias, query, x, hidden, *parts = ctx.saved_tensors
        if torch.is_grad_enabled():
            inputs = [weight, bias, query, *parts]
            return tuple(differentiable_gradients(lambda: [_scores(*inputs)], inputs, ctx.needs_input_grad, [d]))
        N = len(d)
        d_hidden = torch.outer(d, query).mul_(1.0 - hidden * hidden)
        rounded = x.new_zeros(len(x), len(query))
        rounded[:N] = d_hidden
        d_x = torch.mm(rounded, weight.to(torch.bfloat16))[:N]
        by_parts = torch.split(d_x, [p.shape[1] for p in parts], dim=1)
        d_weight = torch.mm(rounded.T, x).float()
        return d_weight, d_hidden.sum(0), d @ hidden, *(part.float() for part in by_parts)
