"""Attention: where to look. Pure functions of (query, keys, values, mask) to (context, weights).

Shapes: B rows, Q queries a row, T steps, K key size, V value size. A query of shape (B, K) is one query a row, and the
results then have no Q. The mask is True where there is something to look at; padding gets a weight of exactly 0, and
the weights of a query sum to 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gyeol.errors import DataError, ParameterError, closest
from gyeol.kernels.additive import additive_scores

__all__ = [
    "SCORES",
    "AttentionPooling",
    "attend",
    "score_additive",
    "score_dot",
    "score_general",
    "score_scaled_dot",
    "weigh",
]


def score_dot(query: Tensor, keys: Tensor) -> Tensor:
    """``q . k`` (Luong et al. 2015, section 3.1, "dot").

    Parameters
    ----------
    query : Tensor, shape (B, Q, K)
    keys : Tensor, shape (B, T, K)

    Returns
    -------
    Tensor, shape (B, Q, T)
    """
    return query @ keys.transpose(1, 2)


def score_scaled_dot(query: Tensor, keys: Tensor) -> Tensor:
    """``q . k / sqrt(K)`` (Vaswani et al. 2017, eq. 1).

    Parameters
    ----------
    query : Tensor, shape (B, Q, K)
    keys : Tensor, shape (B, T, K)

    Returns
    -------
    Tensor, shape (B, Q, T)
    """
    return score_dot(query, keys) / math.sqrt(keys.shape[-1])


def score_general(query: Tensor, keys: Tensor, *, weight: Tensor) -> Tensor:
    """``q^T W k`` (Luong et al. 2015, section 3.1, "general").

    Parameters
    ----------
    query : Tensor, shape (B, Q, K')
        Its size may differ from the keys'.
    keys : Tensor, shape (B, T, K)
    weight : Tensor, shape (K', K)

    Returns
    -------
    Tensor, shape (B, Q, T)
    """
    return score_dot(query @ weight, keys)


def score_additive(query: Tensor, keys: Tensor, *, query_weight: Tensor, key_weight: Tensor, vector: Tensor) -> Tensor:
    """``v^T tanh(W q + U k)`` (Bahdanau et al. 2015, appendix A.1.2; Luong's "concat").

    Parameters
    ----------
    query : Tensor, shape (B, Q, K')
        Its size may differ from the keys'.
    keys : Tensor, shape (B, T, K)
    query_weight : Tensor, shape (A, K')
        W, to A units.
    key_weight : Tensor, shape (A, K)
        U.
    vector : Tensor, shape (A,)
        v.

    Returns
    -------
    Tensor, shape (B, Q, T)
    """
    return additive_scores(query @ query_weight.T, keys @ key_weight.T, vector)


SCORES: dict[str, Callable[..., Tensor]] = {
    "dot": score_dot,
    "general": score_general,
    "additive": score_additive,
    "scaled_dot": score_scaled_dot,
}


def weigh(scores: Tensor, mask: Tensor | None = None) -> Tensor:
    """Turn scores into weights that sum to 1 (Bahdanau et al. 2015, eq. 6; Luong et al. 2015, eq. 7).

    Parameters
    ----------
    scores : Tensor, shape (..., T)
    mask : Tensor of bool, broadcast against `scores`, optional
        True where there is something to look at.

    Raises
    ------
    DataError
        A row has nothing to look at.

    Examples
    --------
    >>> weigh(torch.zeros(1, 3), torch.tensor([[True, True, False]]))
    tensor([[0.5000, 0.5000, 0.0000]])
    """
    if mask is None:
        return torch.softmax(scores, dim=-1)
    if not mask.any(dim=-1).all():
        raise DataError("a row of the attention mask is all padding, expected 1 or more real steps in every row")
    return torch.softmax(scores.masked_fill(~mask, -math.inf), dim=-1)


def attend(
    query: Tensor,
    keys: Tensor,
    values: Tensor,
    mask: Tensor | None = None,
    *,
    score: str | Callable[..., Tensor] = "dot",
    **weights: Tensor,
) -> tuple[Tensor, Tensor]:
    """Look at `values` through `keys`: a weighted mean for each query (Bahdanau et al. 2015, eq. 5-6).

    Parameters
    ----------
    query : Tensor, shape (B, Q, K) or (B, K)
    keys : Tensor, shape (B, T, K)
    values : Tensor, shape (B, T, V)
    mask : Tensor of bool, shape (B, T), optional
        True at real steps; all of them by default. What stands in padding reaches nothing.
    score : str or callable
        A name in `SCORES`, or a function ``(query (B, Q, K), keys (B, T, K), **weights) -> (B, Q, T)``.
    **weights : Tensor
        What the score needs besides: see `score_general` and `score_additive`.

    Returns
    -------
    context : Tensor, shape (B, Q, V) or (B, V)
    weights : Tensor, shape (B, Q, T) or (B, T)

    Raises
    ------
    ParameterError
        No score has that name.
    DataError
        A shape does not fit, or a row has nothing to look at.

    Examples
    --------
    >>> context, weights = attend(torch.zeros(1, 2), torch.ones(1, 2, 2), torch.tensor([[[1.0], [3.0]]]))
    >>> context.tolist(), weights.tolist()
    ([[2.0]], [[0.5, 0.5]])
    """
    if not callable(score):
        if score not in SCORES:
            raise ParameterError(f"score={score!r} is not a score{closest(str(score), SCORES)}")
        score = SCORES[score]
    _check_shapes(query, keys, values, mask)
    single = query.dim() == 2
    if mask is not None:
        padding = ~mask.unsqueeze(-1)
        keys, values = keys.masked_fill(padding, 0), values.masked_fill(padding, 0)  # 0 * NaN would be NaN
    scores = score(query.unsqueeze(1) if single else query, keys, **weights)
    alpha = weigh(scores, None if mask is None else mask.unsqueeze(1))
    context = alpha @ values
    return (context.squeeze(1), alpha.squeeze(1)) if single else (context, alpha)


def _check_shapes(query: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None) -> None:
    if query.dim() not in (2, 3) or keys.dim() != 3 or values.dim() != 3:
        came = f"{tuple(query.shape)}, {tuple(keys.shape)}, {tuple(values.shape)}"
        raise DataError(f"query, keys, values have shapes {came}, expected (B, Q, K) or (B, K), (B, T, K), (B, T, V)")
    if not query.shape[0] == keys.shape[0] == values.shape[0]:
        came = f"{query.shape[0]}, {keys.shape[0]}, {values.shape[0]}"
        raise DataError(f"query, keys, values have {came} rows, expected the same number")
    if keys.shape[1] != values.shape[1]:
        raise DataError(f"there are {keys.shape[1]} keys and {values.shape[1]} values a row, expected as many of both")
    if mask is not None and (mask.dtype != torch.bool or mask.shape != keys.shape[:2]):
        came = f"{mask.dtype} of shape {tuple(mask.shape)}"
        raise DataError(f"the mask is {came}, expected torch.bool of shape {tuple(keys.shape[:2])}")


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
        """Score vectors (..., H), which may come in parts to be thought of side by side: ``u_w . tanh(W h + b)``."""
        hidden: Tensor = self.project.bias
        at = 0
        for part in parts:
            hidden = hidden + F.linear(part, self.project.weight[:, at : at + part.shape[-1]])
            at += part.shape[-1]
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
