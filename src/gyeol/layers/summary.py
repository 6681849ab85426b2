"""Summaries: one vector for a sequence, from attention with a learned query and from poolings side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gyeol.errors import DataError, ParameterError, closest
from gyeol.kernels.packing import Packing
from gyeol.kernels.pooling import last_of, pool, softmax
from gyeol.layers.attention.context import attend
from gyeol.layers.pooling import POOLINGS

__all__ = ["AttentionPooling", "Summary"]


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

    Examples
    --------
    >>> context, weights = AttentionPooling(8)(torch.zeros(2, 5, 8))
    >>> context.shape, weights.shape
    (torch.Size([2, 8]), torch.Size([2, 5]))
    """

    def __init__(self, input_size: int, attention_size: int | None = None) -> None:
        super().__init__()
        attention_size = input_size if attention_size is None else attention_size
        self.project = nn.Linear(input_size, attention_size)
        self.query = nn.Parameter(torch.empty(attention_size))
        nn.init.normal_(self.query, std=1 / math.sqrt(attention_size))

    def scores(self, *parts: Tensor) -> Tensor:
        """Score vectors (..., H), or their parts (..., H_1), (..., H_2), ...: ``u_w . tanh(W h + b)``."""
        hidden: Tensor = self.project.bias
        start = 0
        for part in parts:
            hidden = hidden + F.linear(part, self.project.weight[:, start : start + part.shape[-1]])
            start += part.shape[-1]
        return torch.tanh(hidden) @ self.query

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
    ) -> None:
        super().__init__()
        if not attention and not poolings:
            raise ParameterError("neither attention nor a pooling is set: nothing would reach the next layer")
        unknown = next((name for name in poolings if name not in POOLINGS), None)
        if unknown is not None:
            raise ParameterError(f"pooling={unknown!r} is not known{closest(unknown, POOLINGS)}")
        width = input_size + beside_size
        self.attention = AttentionPooling(width, min(width, 64)) if attention else None
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
