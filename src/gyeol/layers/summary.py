"""Summaries: one vector for a sequence, from attention with a learned query and from poolings side by side."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import final

import torch
from torch import Tensor, nn

from gyeol.errors import DataError, ParameterError, closest
from gyeol.kernels.attention import Learned, attention_pool
from gyeol.kernels.native import bfloat16_available
from gyeol.kernels.packing import Packing
from gyeol.kernels.pooling import last_of, pool
from gyeol.kernels.precision.choices import Subject, choose
from gyeol.layers.attention.context import attend
from gyeol.layers.pooling import POOLINGS

__all__ = ["AttentionPooling", "Summary"]

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

    def pool(
        self, parts: Sequence[Tensor], packing: Packing, *, mean: bool = False, most: bool = False
    ) -> tuple[Tensor, list[Tensor]]:
        """Weigh packed tokens, whose vectors come in parts (N, H_1), (N, H_2), ..., and pool each part.

        Parameters
        ----------
        parts : sequence of Tensor
        packing : Packing
        mean, most : bool
            Pool the mean and the largest values as well.

        Returns
        -------
        weights : Tensor, shape (N,)
        pooled : list of Tensor, each (B, views * H_p)
        """
        learned = Learned(self.project.weight, self.project.bias, self.query)
        element = self._element(parts, packing)
        return attention_pool(parts, packing, learned, mean=mean, most=most, element=element)

    def _element(self, parts: Sequence[Tensor], packing: Packing) -> str:
        """Say what the products are computed in; a prediction is in float32 unless "bfloat16" was asked for."""
        element = self.precision.partition("-")[0]
        if element not in ("bfloat16", "auto") or not (self.training or self.precision == "bfloat16"):
            return "float32"
        if not bfloat16_available() or parts[0].dtype != torch.float32 or parts[0].device.type != "cpu":
            return "float32"
        if element == "bfloat16":
            return element
        grad = torch.is_grad_enabled() and (self.query.requires_grad or any(p.requires_grad for p in parts))
        widths = tuple(part.shape[1] for part in parts)
        return _fastest(len(packing.lengths), len(parts[0]), len(self.query), widths, grad)

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

    def forward(
        self, states: Tensor, beside: Tensor | None, packing: Packing, *, need_weights: bool = True
    ) -> tuple[Tensor, Tensor | None]:
        """Summarise a batch of packed tokens.

        Parameters
        ----------
        states : Tensor, shape (N, H)
        beside : Tensor of shape (N, E), or None
            The second vector of each state.
        packing : Packing
        need_weights : bool
            Whether the attention's weights are requested; otherwise None comes in their place.

        Returns
        -------
        vector : Tensor, shape (B, output_size)
            The states' attention and poolings, in the order of the settings; then those of the second vectors.
        weights : Tensor of shape (B, T), or None
            The attention's weights: rows sum to 1, padding is exactly 0.
        """
        parts = [states] if beside is None else [states, beside]
        mean, most = "mean" in self.poolings, "max" in self.poolings
        weights: Tensor | None = None
        pooled: Sequence[Tensor | None] = [None] * len(parts)
        if self.attention is not None:
            weights, pooled = self.attention.pool(parts, packing, mean=mean, most=most)
        elif mean or most:
            pooled = [pool(part, packing, mean=mean, most=most) for part in parts]
        views = [
            view
            for part, found in zip(parts, pooled, strict=True)
            for view in self._views(part, found, packing, self.directions if part is states else 1)
        ]
        shown = None if weights is None or not need_weights else packing.scatter(weights.unsqueeze(1)).squeeze(2)
        return torch.cat(views, dim=1), shown

    def _views(self, x: Tensor, pooled: Tensor | None, packing: Packing, directions: int) -> list[Tensor]:
        """Sort what was pooled, and the last states, into the order of the settings."""
        names = (["attention"] if self.attention is not None else []) + self.poolings
        views: dict[str, Tensor] = {}
        if pooled is not None:
            found = [name for name in ("attention", "mean", "max") if name in names]
            views = dict(zip(found, pooled.chunk(len(found), dim=1), strict=True))
        if "last" in names:
            views["last"] = last_of(x, packing, directions=directions)
        return [views[name] for name in names]


def _fastest(B: int, N: int, A: int, widths: tuple[int, ...], grad: bool) -> str:
    """Say what attention over N tokens of B rows is fastest in here."""
    K = sum(widths)
    if 2 * N * A * K < _TINY:
        return "float32"
    tokens = min(_MOST, 1 << round(math.log2(N)))
    steps = max(1, min(tokens, 1 << round(math.log2(N / B))))
    passes = "forward and backward" if grad else "forward"
    subject = Subject(
        f"attention {K} to {A}", f"{tokens // steps} rows of {steps} steps, {passes}", torch.get_num_threads()
    )
    calls = partial(_calls, tokens // steps, steps, A, widths, grad)
    return choose(subject, ("float32", "bfloat16"), calls)


def _calls(B: int, T: int, A: int, widths: tuple[int, ...], grad: bool) -> dict[str, Callable[[], object]]:
    """Make attention of this size, and what either arithmetic does with it."""
    draw = torch.Generator().manual_seed(0)
    sizes = [(A, sum(widths)), (A,), (A,), *((B * T, width) for width in widths)]
    with torch.inference_mode(False):
        given = [
            torch.rand(size, generator=draw, dtype=torch.float32, device="cpu").sub_(0.5).requires_grad_(grad)
            for size in sizes
        ]
        gradient = [torch.ones(B, width, dtype=torch.float32, device="cpu") for width in widths]
    packing = Packing.even_rows(B, T)

    def run(element: str) -> None:
        with torch.inference_mode(False), torch.set_grad_enabled(grad), torch.autocast("cpu", enabled=False):
            _, pooled = attention_pool(given[3:], packing, Learned(*given[:3]), element=element)
            if grad:
                torch.autograd.grad(pooled, given, gradient)

    return {name: partial(run, name) for name in ("float32", "bfloat16")}
