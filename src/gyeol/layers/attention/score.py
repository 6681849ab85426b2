"""What an attention score is (how well a step of the source answers a query), and how scores become weights.

Shapes: B rows, Q queries a row, T steps, H size of a query, V size of a step's vector, K size of a key.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from gyeol.errors import DataError

__all__ = ["Learned", "Score", "weigh"]

#: What a score learns, by name: layers and tensors.
Learned = Mapping[str, Any]


class Score(ABC):
    """A score is a formula, `__call__`, and, where it learns, `create`; it holds no state.

    What `create` returns is kept by the module that uses the score (`Alignment`), under the same names. One name means
    something: the layer ``key`` is applied to the source once, before any query; everything else is passed to the
    formula by name.

    Examples
    --------
    >>> import torch
    >>> class Distance(Score):
    ...     def __call__(self, query, keys):
    ...         return -torch.cdist(query, keys)
    >>> Distance()(torch.zeros(1, 1, 2), torch.tensor([[[3.0, 4.0], [6.0, 8.0]]])).tolist()
    [[[-5.0, -10.0]]]
    """

    @abstractmethod
    def __call__(self, query: Tensor, keys: Tensor, *args: Any, **learned: Any) -> Tensor:
        """Score every key for every query.

        Parameters
        ----------
        query : Tensor, shape (B, Q, K)
        keys : Tensor, shape (B, T, K)
        **learned
            What `create` returned, except ``key``.

        Returns
        -------
        Tensor, shape (B, Q, T)
            -inf at steps that the score can never choose: they get a weight of exactly 0.
        """

    def create(self, query_size: int, key_size: int, *, size: int, longest: int) -> dict[str, nn.Module | nn.Parameter]:
        """Create what the score learns: by default a projection of the keys, where the sizes differ.

        Parameters
        ----------
        query_size, key_size : int
            H and V.
        size : int
            Hidden units, for a score that has them.
        longest : int
            The longest source, for a score whose weights depend on it.
        """
        return {} if query_size == key_size else {"key": nn.Linear(key_size, query_size, bias=False)}

    def prepare(self, values: Tensor, learned: Learned) -> Tensor:
        """Turn a source (B, T, V) into keys, once for all queries."""
        keys: Tensor = learned["key"](values) if "key" in learned else values
        return keys

    def compare(self, query: Tensor, keys: Tensor, lengths: Tensor, learned: Learned) -> Tensor:
        """Score prepared keys.

        Parameters
        ----------
        query : Tensor, shape (B, Q, H)
        keys : Tensor
            What `prepare` returned.
        lengths : int64 tensor, shape (B,)
            Real steps of each row; what is beyond them is masked later and may have any finite score.
        learned : mapping
            What `create` returned.

        Returns
        -------
        Tensor, shape (B, Q, T)
        """
        return self(query, keys, **{name: part for name, part in learned.items() if name != "key"})


def weigh(scores: Tensor, mask: Tensor | None = None) -> Tensor:
    """Turn scores into weights that sum to 1 (Bahdanau et al. 2015, eq. 6; Luong et al. 2015, eq. 7).

    Parameters
    ----------
    scores : Tensor, shape (..., T)
    mask : Tensor of bool, broadcast against `scores`, optional
        True where there is something to look at. A score of -inf is masked as well.

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
    mask = mask & (scores != -math.inf)
    if not mask.any(dim=-1).all():
        raise DataError("a row of the attention mask is all padding, expected 1 or more real steps in every row")
    return torch.softmax(scores.masked_fill(~mask, -math.inf), dim=-1)
