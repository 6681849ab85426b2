"""Where a decoder looks: attention over all of the source, or over a window of it (Luong, Pham and Manning 2015)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gyeol.errors import ParameterError, closest
from gyeol.kernels.additive import additive_scores
from gyeol.layers.attention.scores import weigh

__all__ = ["SCOPES", "Alignment", "Source", "window_around", "window_monotonic"]

#: Which steps of the source a query may look at: all; those around its own number; those around where it thinks it is.
SCOPES = ("global", "local-m", "local-p")
_SCORES = ("dot", "scaled_dot", "general", "additive", "location")


@dataclass(frozen=True, slots=True)
class Source:
    """What is looked at: ``keys`` (B, T, K) as the score wants them, ``values`` (B, T, V), ``lengths`` (B,)."""

    keys: Tensor
    values: Tensor
    lengths: Tensor

    def take(self, rows: Tensor) -> Source:
        """Return these rows of the batch."""
        return Source(self.keys[rows], self.values[rows], self.lengths[rows])


def window_monotonic(steps: Tensor, lengths: Tensor, T: int, width: int) -> Tensor:
    """Tell which steps lie at most ``width`` from a query's own number: "local-m", p_t = t (section 3.2).

    Parameters
    ----------
    steps : int64 tensor, shape (Q,) or (B, Q)
        The numbers of the queries.
    lengths : int64 tensor, shape (B,)
        Of the sources; a query past the end of its source looks at the end.
    T : int
    width : int
        D.

    Returns
    -------
    Tensor of bool, shape (B, Q, T)
        True inside the window and the source.
    """
    centre = torch.minimum(steps.expand(len(lengths), -1), (lengths - 1)[:, None])
    place = torch.arange(T, device=lengths.device)
    near = (place - centre[:, :, None]).abs() <= width
    return near & (place < lengths[:, None, None])


def window_around(centre: Tensor, lengths: Tensor, T: int, width: int) -> Tensor:
    """Favour steps near a predicted place: "local-p", ``exp(-(s - p_t)^2 / 2 (D/2)^2)`` (equation 10), as a logarithm.

    Parameters
    ----------
    centre : Tensor, shape (B, Q)
        p_t, from 0 to the length less 1.
    lengths : int64 tensor, shape (B,)
    T : int
    width : int
        D.

    Returns
    -------
    Tensor, shape (B, Q, T)
        To be added to scores: -inf outside the window and the source.
    """
    place = torch.arange(T, device=centre.device)
    away = place - centre[:, :, None]
    outside = (away.abs() > width + 0.5) | (place >= lengths[:, None, None])
    return (-2 * away.square() / width**2).masked_fill(outside, -math.inf)


@final
class Alignment(nn.Module):
    """A decoder's attention: any score over any scope; weights sum to 1 and padding gets exactly 0.

    Parameters
    ----------
    query_size, value_size : int
        H of the decoder's states, V of the encoder's.
    score : {"dot", "scaled_dot", "general", "additive", "location"}
        Luong et al. 2015, equation 8; "additive" is Bahdanau et al. 2015 and their "concat"; the dots need H = V, or
        project the values to H first.
    scope : {"global", "local-m", "local-p"}
        In "local-p" the weights of equation 10 are made to sum to 1.
    size : int, optional
        Units of the additive score; ``query_size`` by default.
    window : int
        D: how far a local scope reaches on either side.
    longest : int
        The most source steps the score "location" tells apart; what lies beyond gets no weight.

    Examples
    --------
    >>> alignment = Alignment(4, 6, score="additive", scope="local-m", window=1)
    >>> source = alignment.prepare(torch.randn(1, 5, 6), torch.tensor([5]))
    >>> context, weights = alignment(torch.randn(1, 2, 4), source, torch.tensor([0, 3]))
    >>> context.shape, (weights[0] > 0).tolist()[1]
    (torch.Size([1, 2, 6]), [False, False, True, True, True])
    """

    def __init__(
        self,
        query_size: int,
        value_size: int,
        *,
        score: str = "additive",
        scope: str = "global",
        size: int | None = None,
        window: int = 10,
        longest: int = 200,
    ) -> None:
        super().__init__()
        if score not in _SCORES:
            raise ParameterError(f"score={score!r} is not a score{closest(str(score), _SCORES)}")
        if scope not in SCOPES:
            raise ParameterError(f"scope={scope!r} is not a scope{closest(str(scope), SCOPES)}")
        if window < 1:
            raise ParameterError(f"window={window}: expected 1 step or more")
        self.score, self.scope, self.window = score, scope, window
        A = size or query_size
        self.query: nn.Linear | None = None
        self.key: nn.Linear | None = None
        self.vector: nn.Parameter | None = None
        if score == "additive":
            self.query, self.key = nn.Linear(query_size, A), nn.Linear(value_size, A, bias=False)
            self.vector = nn.Parameter(torch.empty(A).uniform_(-1 / math.sqrt(A), 1 / math.sqrt(A)))
        elif score == "general" or (score in ("dot", "scaled_dot") and query_size != value_size):
            self.key = nn.Linear(value_size, query_size, bias=False)
        elif score == "location":
            self.query = nn.Linear(query_size, longest)
        if scope == "local-p":
            self.place = nn.Sequential(nn.Linear(query_size, A), nn.Tanh(), nn.Linear(A, 1, bias=False))

    def prepare(self, values: Tensor, lengths: Tensor) -> Source:
        """Project a source (B, T, V) once for all queries."""
        return Source(values if self.key is None else self.key(values), values, lengths)

    def forward(self, query: Tensor, source: Source, steps: Tensor) -> tuple[Tensor, Tensor]:
        """Look.

        Parameters
        ----------
        query : Tensor, shape (B, Q, H)
        source : Source
        steps : int64 tensor, shape (Q,)
            The numbers of the queries among the target's steps, from 0.

        Returns
        -------
        context : Tensor, shape (B, Q, V)
        weights : Tensor, shape (B, Q, T)
        """
        T = source.values.shape[1]
        mask = (torch.arange(T, device=query.device) < source.lengths[:, None]).unsqueeze(1)
        scores = self._scores(query, source)
        if self.scope == "local-m":
            mask = window_monotonic(steps, source.lengths, T, self.window)
        elif self.scope == "local-p":
            centre = torch.sigmoid(self.place(query)).squeeze(2) * (source.lengths - 1)[:, None]
            near = window_around(centre, source.lengths, T, self.window)
            scores, mask = scores + near.masked_fill(near == -math.inf, 0.0), near > -math.inf
        if self.score == "location" and scores.shape[2] < T:
            scores = F.pad(scores, (0, T - scores.shape[2]))
            mask = mask & (torch.arange(T, device=query.device) < self._longest())
        weights = weigh(scores, mask)
        return weights @ source.values, weights

    def _longest(self) -> int:
        assert self.query is not None
        return self.query.out_features

    def _scores(self, query: Tensor, source: Source) -> Tensor:
        keys = source.keys
        if self.score == "location":
            assert self.query is not None
            scores: Tensor = self.query(query)[:, :, : keys.shape[1]]
            return scores
        if self.score == "additive":
            assert self.query is not None
            assert self.vector is not None
            return additive_scores(self.query(query), source.keys, self.vector, source.lengths)
        scores = query @ keys.transpose(1, 2)
        return scores / math.sqrt(keys.shape[2]) if self.score == "scaled_dot" else scores
