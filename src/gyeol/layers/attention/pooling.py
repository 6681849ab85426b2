"""Attention of one learned query: a vector for a whole sequence."""

from __future__ import annotations

import math
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gyeol.errors import DataError
from gyeol.layers.attention.context import attend

__all__ = ["AttentionPooling"]


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
