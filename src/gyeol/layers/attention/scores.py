"""The attention scores, one class each, and their table.

A new score is a class with a formula and a line in `SCORES`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gyeol.errors import ParameterError, closest
from gyeol.kernels.additive import additive_scores
from gyeol.layers.attention.score import Learned, Score
from gyeol.parameters import Rule, choice

__all__ = ["SCORES", "Additive", "Dot", "General", "Location", "ScaledDot", "find_score", "score_rule"]


class Dot(Score):
    """``q . k`` (Luong et al. 2015, section 3.1, "dot")."""

    def __call__(self, query: Tensor, keys: Tensor) -> Tensor:
        """Score query (B, Q, K) with keys (B, T, K)."""
        return query @ keys.transpose(1, 2)


class ScaledDot(Score):
    """``q . k / sqrt(K)`` (Vaswani et al. 2017, equation 1)."""

    def __call__(self, query: Tensor, keys: Tensor) -> Tensor:
        """Score query (B, Q, K) with keys (B, T, K)."""
        return query @ keys.transpose(1, 2) / math.sqrt(keys.shape[-1])


class General(Score):
    """``q^T W k`` (Luong et al. 2015, section 3.1, "general")."""

    def __call__(self, query: Tensor, keys: Tensor, *, weight: Tensor) -> Tensor:
        """Score query (B, Q, H) with keys (B, T, K) by ``weight`` (H, K)."""
        return query @ weight @ keys.transpose(1, 2)

    def create(self, query_size: int, key_size: int, *, size: int, longest: int) -> dict[str, nn.Module | nn.Parameter]:
        """Create W, which is applied to the keys, once."""
        return {"key": nn.Linear(key_size, query_size, bias=False)}

    def compare(self, query: Tensor, keys: Tensor, lengths: Tensor, learned: Learned) -> Tensor:
        """Score keys (B, T, H) to which W was applied."""
        return query @ keys.transpose(1, 2)


class Additive(Score):
    """``v^T tanh(W q + U k)`` (Bahdanau et al. 2015, appendix A.1.2; Luong's "concat").

    Where it is trained there is a bias beside W q.
    """

    def __call__(
        self, query: Tensor, keys: Tensor, *, query_weight: Tensor, key_weight: Tensor, vector: Tensor
    ) -> Tensor:
        """Score query (B, Q, H) with keys (B, T, K) by W (A, H), U (A, K) and v (A,)."""
        return additive_scores(query @ query_weight.T, keys @ key_weight.T, vector)

    def create(self, query_size: int, key_size: int, *, size: int, longest: int) -> dict[str, nn.Module | nn.Parameter]:
        """Create W with its bias, U and v, of ``size`` hidden units."""
        bound = 1 / math.sqrt(size)
        return {
            "query": nn.Linear(query_size, size),
            "key": nn.Linear(key_size, size, bias=False),
            "vector": nn.Parameter(torch.empty(size).uniform_(-bound, bound)),
        }

    def compare(self, query: Tensor, keys: Tensor, lengths: Tensor, learned: Learned) -> Tensor:
        """Score keys (B, T, A) to which U was applied."""
        return additive_scores(learned["query"](query), keys, learned["vector"], lengths)


class Location(Score):
    """``(W q)_t``: from the query alone (Luong et al. 2015, section 3.1, "location").

    Steps beyond the rows of W cannot be chosen.
    """

    def __call__(self, query: Tensor, keys: Tensor, *, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """Score the first L of T steps by query (B, Q, H), ``weight`` (L, H) and ``bias`` (L,)."""
        return self._to_steps(F.linear(query, weight, bias), keys.shape[1])

    def create(self, query_size: int, key_size: int, *, size: int, longest: int) -> dict[str, nn.Module | nn.Parameter]:
        """Create W with its bias, a row for each of ``longest`` steps."""
        return {"query": nn.Linear(query_size, longest)}

    def compare(self, query: Tensor, keys: Tensor, lengths: Tensor, learned: Learned) -> Tensor:
        """Score steps by their numbers."""
        return self._to_steps(learned["query"](query), keys.shape[1])

    @staticmethod
    def _to_steps(scores: Tensor, T: int) -> Tensor:
        return F.pad(scores[:, :, :T], (0, max(0, T - scores.shape[2])), value=-math.inf)


#: The scores by name.
SCORES: dict[str, Callable[..., Tensor]] = {
    "dot": Dot(),
    "general": General(),
    "additive": Additive(),
    "scaled_dot": ScaledDot(),
    "location": Location(),
}


class Function(Score):
    """A plain function of (query, keys) as a score."""

    def __init__(self, function: Callable[..., Tensor]) -> None:
        self.function = function

    def __call__(self, query: Tensor, keys: Tensor, **learned: Any) -> Tensor:
        return self.function(query, keys, **learned)


def find_score(which: str | type[Score] | Callable[..., Tensor]) -> Score:
    """Return a score: a name of `SCORES`, a `Score`, its class, or a function of (query, keys).

    Raises
    ------
    ParameterError
        No score has that name.
    """
    found: Any = which
    if isinstance(which, str):
        if which not in SCORES:
            raise ParameterError(f"score={which!r:.60} is not a score{closest(which, SCORES)}")
        found = SCORES[which]
    if isinstance(found, type) and issubclass(found, Score):
        found = found()
    if not callable(found):
        raise ParameterError(f"score={found!r:.60} is not a score{closest(str(found), SCORES)}")
    return found if isinstance(found, Score) else Function(found)


def score_rule() -> Rule:
    """Accept a score as estimators take it: a name of `SCORES`, a `Score` or a class derived from it."""
    return choice(SCORES, own=Score)
