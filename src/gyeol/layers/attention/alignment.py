"""Where a decoder looks: attention over all of the source, or over a window of it (Luong, Pham and Manning 2015)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, nn

from gyeol.errors import ParameterError, closest
from gyeol.layers.attention.score import Score, weigh
from gyeol.layers.attention.scores import find_score

__all__ = ["SCOPES", "Alignment", "Source", "window_around", "window_monotonic"]

#: Which steps of the source a query may look at: all; those around its own number; those around where it thinks it is.
SCOPES = ("global", "local-m", "local-p")


@dataclass(frozen=True, slots=True)
class Source:
    """Where attention may look: ``keys`` as the score prepared them, ``values`` (B, T, V), ``lengths`` (B,)."""

    keys: Tensor
    values: Tensor
    lengths: Tensor

    def take(self, rows: Tensor) -> Source:
        """Return the given rows of the batch."""
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
    score : str, Score or class
        A name of `SCORES`, a `Score` or a class derived from it. What it learns becomes parameters of this module.
    scope : {"global", "local-m", "local-p"}
        In "local-p" the weights of equation 10 are made to sum to 1.
    size : int, optional
        Hidden units of the score and of the predicted place; ``query_size`` by default.
    window : int
        D: how far a local scope reaches on either side.
    longest : int
        The longest source, for scores whose weights depend on it: "location" gives no weight to steps beyond it,
        and a local window beyond it is weighed evenly.

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
        score: str | type[Score] | Score = "additive",
        scope: str = "global",
        size: int | None = None,
        window: int = 10,
        longest: int = 200,
    ) -> None:
        super().__init__()
        if scope not in SCOPES:
            raise ParameterError(f"scope={scope!r} is not a scope{closest(str(scope), SCOPES)}")
        if window < 1:
            raise ParameterError(f"window={window}: expected 1 step or more")
        self.score, self.scope, self.window = find_score(score), scope, window
        A = size or query_size
        learned = self.score.create(query_size, value_size, size=A, longest=longest)
        for name, part in learned.items():
            if not isinstance(part, (nn.Module, nn.Parameter)):
                raise ParameterError(
                    f"{type(self.score).__name__} learns {name!r}, which is no Module and no Parameter"
                )
            if name == "place" or hasattr(self, name):
                raise ParameterError(f"{type(self.score).__name__} learns {name!r}: rename it, an Alignment has one")
            setattr(self, name, part)
        self._learned = tuple(learned)
        if scope == "local-p":
            self.place = nn.Sequential(nn.Linear(query_size, A), nn.Tanh(), nn.Linear(A, 1, bias=False))

    @property
    def learned(self) -> dict[str, Any]:
        """What the score learns, by name."""
        return {name: getattr(self, name) for name in self._learned}

    def prepare(self, values: Tensor, lengths: Tensor) -> Source:
        """Project a source (B, T, V) once for all queries."""
        return Source(self.score.prepare(values, self.learned), values, lengths)

    def forward(self, query: Tensor, source: Source, steps: Tensor) -> tuple[Tensor, Tensor]:
        """Return what each query finds, and where.

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
        scores = self.score.compare(query, source.keys, source.lengths, self.learned)
        if scores.shape != (*query.shape[:2], T):
            expected = f"{(*query.shape[:2], T)}: queries and steps of each row"
            raise ParameterError(
                f"{type(self.score).__name__} returned shape {tuple(scores.shape)}, expected {expected}"
            )
        if self.scope == "local-m":
            mask = window_monotonic(steps, source.lengths, T, self.window)
        elif self.scope == "local-p":
            centre = torch.sigmoid(self.place(query)).squeeze(2) * (source.lengths - 1)[:, None]
            near = window_around(centre, source.lengths, T, self.window)
            scores, mask = scores + near.masked_fill(near == -math.inf, 0.0), near > -math.inf
        if self.scope != "global":  # a window past what the score knows ("location" past `longest`) is weighed evenly
            scores = scores.masked_fill(~(mask & (scores > -math.inf)).any(2, keepdim=True), 0.0)
        weights = weigh(scores, mask)
        return weights @ source.values, weights
