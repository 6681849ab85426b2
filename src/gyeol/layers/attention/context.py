"""Where to look: pure functions of (query, keys, values, mask) to (context, weights).

Shapes: B rows, Q queries a row, T steps, K key size. A query of shape (B, K) is one query a row, and the results then
have no Q. The mask is True at real steps; padding gets a weight of exactly 0, and the weights of a query sum to 1.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from gyeol.errors import DataError
from gyeol.layers.attention.score import Score, weigh
from gyeol.layers.attention.scores import find_score

__all__ = ["attend"]


def attend(
    query: Tensor,
    keys: Tensor,
    values: Tensor,
    mask: Tensor | None = None,
    *,
    score: str | type[Score] | Callable[..., Tensor] = "dot",
    **weights: Tensor,
) -> tuple[Tensor, Tensor]:
    """Look at `values` through `keys`: a weighted mean for each query (Bahdanau et al. 2015, eq. 5-6).

    Parameters
    ----------
    query : Tensor, shape (B, Q, K) or (B, K)
    keys : Tensor, shape (B, T, K)
    values : Tensor, shape (B, T, V)
    mask : Tensor of bool, shape (B, T), optional
        True at real steps; all of them by default. Padding has no influence on the result.
    score : str, Score, class or callable
        A name in `SCORES`, or a function ``(query (B, Q, K), keys (B, T, K), **weights) -> (B, Q, T)``.
    **weights : Tensor
        The weights in the score's formula: see `gyeol.layers.attention.scores`.

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
    formula = find_score(score)
    _check_shapes(query, keys, values, mask)
    single = query.dim() == 2
    if mask is not None:
        padding = ~mask.unsqueeze(-1)
        keys, values = keys.masked_fill(padding, 0), values.masked_fill(padding, 0)  # 0 * NaN would be NaN
    scores = formula(query.unsqueeze(1) if single else query, keys, **weights)
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
