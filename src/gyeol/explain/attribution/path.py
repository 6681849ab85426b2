"""Attributions: what each step of an input adds to a score, by integrated gradients and by occlusion.

A score is asked of many copies of one input at once, each with numbers by which its steps' vectors are multiplied
(`gyeol.layers.StepScale`): 1 is the input as it is, 0 an input of zeros. M copies, T steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gyeol.explain.explanation import Attribution

__all__ = ["Score", "adds_up", "clenshaw_curtis", "groups_of", "integrated_gradients", "occlusion"]

#: Scales (M, T) to the score of each copy (M,).
Score = Callable[[Tensor], Tensor]

_COMPLETE = 0.005  # of the difference of the score, which all shares must add up to: half of what is promised
_EXACT = 0.01  # of the shares, regardless of their signs: what is off on all pieces together
_ORDER = 6  # intervals of Clenshaw and Curtis's rule on a piece of the path
_MOST, _LEAST, _READ = 200, 48, 1 << 16  # points of the path at most: fewer the more steps are read at each
_TOKENS = 1 << 15  # steps that are read in all while some are left out
_FEWEST = 16  # groups of them


def integrated_gradients(score: Score, steps: int, target: str, *, rows: int) -> Attribution:
    """Integrate the gradient of a score along the straight path from vectors of zeros (Sundararajan et al. 2017).

    Along it every vector is multiplied by the same number, alpha, so that a step's share is the mean over alpha of the
    score's derivative by that step's number. On any piece of the path the shares must add up to the difference of the
    score at its ends: pieces where they do not (a maximum changes its place there) are halved, until what is off comes
    to less than 0.5 % of the whole difference, and piece by piece to less than 1 % of all shares.

    Parameters
    ----------
    score : callable
    steps : int
        T.
    target : str
        Which score it is.
    rows : int
        Copies asked at once.
    """
    path, most = _Path(score, steps, rows), max(_LEAST, min(_MOST, _READ // max(1, steps)))
    pieces = path.pieces([(0.0, 1.0)])
    while True:
        shares = np.sum([piece.shares for piece in pieces], axis=0)
        found = Attribution("integrated gradients", target, shares, path.score_at(0.0), path.score_at(1.0))
        exact = sum(piece.off for piece in pieces) <= max(_EXACT * float(np.abs(shares).sum()), _rounding(found))
        if (exact and adds_up(found, _COMPLETE)) or path.points >= most:
            return found
        bad = max(piece.off for piece in pieces) / 4
        halves = [half for piece in pieces if piece.off >= bad for half in piece.halves()]
        pieces = [piece for piece in pieces if piece.off < bad] + path.pieces(halves)


def adds_up(found: Attribution, share: float = 0.01) -> bool:
    """Whether attributions add up to the difference of the score, but for a share of it or for rounding."""
    gap = found.total - found.start
    # Shares that cancel out add up to nothing that a part of it could be asked of.
    allowed = max(share * abs(gap), 1e-5 * float(np.abs(found.values).sum()), _rounding(found))
    return abs(float(found.values.sum()) - gap) <= allowed


def _rounding(found: Attribution) -> float:
    return 1e-6 * max(abs(found.start), abs(found.total))


@dataclass(frozen=True, slots=True)
class _Piece:
    """What the steps add between two points of the path, and by how much that misses the difference of the score."""

    ends: tuple[float, float]
    shares: npt.NDArray[np.float64]
    off: float

    def halves(self) -> list[tuple[float, float]]:
        first, last = self.ends
        middle = first + (last - first) / 2
        return [(first, middle), (middle, last)]


class _Path:
    """Scores and their derivatives at points of the path, each of which is asked for once."""

    def __init__(self, score: Score, steps: int, rows: int) -> None:
        self.score, self.steps, self.rows = score, steps, rows
        self._known: dict[float, tuple[float, npt.NDArray[np.float64]]] = {}
        self._weights = clenshaw_curtis(_ORDER)
        self._nodes = [(1 - math.cos(math.pi * k / _ORDER)) / 2 for k in range(_ORDER + 1)]
        self._nodes[_ORDER // 2] = 0.5

    @property
    def points(self) -> int:
        return len(self._known)

    def score_at(self, alpha: float) -> float:
        return self._known[alpha][0]

    def pieces(self, ends: Sequence[tuple[float, float]]) -> list[_Piece]:
        places = [[first + (last - first) * node for node in self._nodes] for first, last in ends]
        for own, (_, last) in zip(places, ends, strict=True):
            own[-1] = last
        self._ask(sorted({alpha for own in places for alpha in own} - self._known.keys()))
        found = []
        for own, (first, last) in zip(places, ends, strict=True):
            shares = (last - first) * (self._weights @ np.stack([self._known[alpha][1] for alpha in own]))
            difference = self._known[last][0] - self._known[first][0]
            found.append(_Piece((first, last), shares, abs(float(shares.sum()) - difference)))
        return found

    def _ask(self, alphas: list[float]) -> None:
        for at in range(0, len(alphas), self.rows):
            some = torch.tensor(alphas[at : at + self.rows], dtype=torch.float64)
            scales = some[:, None].repeat(1, self.steps).requires_grad_()
            values = self.score(scales)
            (slopes,) = torch.autograd.grad(values.sum(), scales)
            found = zip(values.detach().double().tolist(), slopes.double().numpy(), strict=True)
            self._known.update(zip(some.tolist(), found, strict=True))


def clenshaw_curtis(intervals: int) -> npt.NDArray[np.float64]:
    """Return the weights of the nodes ``(1 - cos(pi k / n)) / 2``, k = 0..n, for a mean over 0..1; n is even.

    Examples
    --------
    >>> clenshaw_curtis(2).round(4).tolist()
    [0.1667, 0.6667, 0.1667]
    """
    k, j = np.arange(intervals + 1), np.arange(1, intervals // 2 + 1)
    inner = np.where(j == intervals // 2, 1.0, 2.0) / (4 * j**2 - 1)
    weights = 1 - np.cos(2 * np.pi * np.outer(k, j) / intervals) @ inner
    weights[[0, -1]] /= 2
    found: npt.NDArray[np.float64] = weights / intervals
    return found


def occlusion(score: Score, steps: int, target: str, *, rows: int) -> Attribution:
    """Subtract from a score the score without each step's vector (Zeiler and Fergus 2014; Li, Monroe, Jurafsky 2016).

    Neighbours of a long input are left out together (`groups_of`), and share what that takes away evenly.

    Parameters
    ----------
    score, steps, target, rows
        As for `integrated_gradients`.
    """
    groups = groups_of(steps)
    sizes = [len(group) for group in groups]
    member = np.repeat(np.arange(len(groups)), sizes)
    scales = torch.ones(len(groups) + 2, steps, dtype=torch.float64)  # the input as it is, and zeros, are the last two
    scales[torch.from_numpy(member), torch.arange(steps)] = 0.0
    scales[-1] = 0.0
    with torch.no_grad():
        scores = torch.cat([score(some) for some in torch.split(scales, rows)]).double().numpy()
    total, start = float(scores[-2]), float(scores[-1])
    lost = (total - scores[:-2]) / np.array(sizes)
    return Attribution("occlusion", target, lost[member], start, total)


def groups_of(steps: int) -> list[npt.NDArray[np.int64]]:
    """Return the steps that are left out together: each alone, or neighbours where there are too many.

    Examples
    --------
    >>> [group.tolist() for group in groups_of(2)], len(groups_of(1000))
    ([[0], [1]], 32)
    """
    count = steps if steps * steps <= _TOKENS else max(_FEWEST, _TOKENS // steps)
    return [group for group in np.array_split(np.arange(steps), count) if len(group)]
