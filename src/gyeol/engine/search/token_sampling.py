"""The next token, chosen from a model's probabilities: by chance, by chance among the likely ones, or the best."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from gyeol.errors import ParameterError

__all__ = ["check_sampling", "penalise_repetition", "sample_token"]

Scores = npt.NDArray[np.float64]

_BLOCK = 128


def check_sampling(*, temperature: float, top_k: int | None, top_p: float | None, repetition_penalty: float) -> None:
    """Refuse settings that cannot be.

    Raises
    ------
    ParameterError
        Names all that are wrong.
    """
    wrong = []
    if not 0 < temperature < np.inf:
        wrong.append(f"temperature={temperature}: must be above 0; for the most probable token each time set top_k=1")
    if top_k is not None and top_k < 1:
        wrong.append(f"top_k={top_k}: must be 1 or more, or None")
    if top_p is not None and not 0 < top_p <= 1:
        wrong.append(f"top_p={top_p}: must be a share above 0, at most 1, or None")
    if not 1 <= repetition_penalty < np.inf:
        wrong.append(f"repetition_penalty={repetition_penalty}: must be 1 (none) or more")
    if wrong:
        raise ParameterError("; ".join(wrong))


def penalise_repetition(scores: Scores, tokens: Iterable[int], penalty: float) -> Scores:
    """Make tokens less likely that were said already: their log probability times the penalty (Keskar et al. 2019).

    Examples
    --------
    >>> penalised(np.array([-1.0, -2.0]), [0, 0], 1.5).tolist()
    [-1.5, -2.0]
    """
    said = list(set(tokens))
    if penalty == 1 or not said:
        return scores
    scores = scores.copy()
    scores[said] *= penalty
    return scores


def sample_token(
    scores: Scores,
    draw: np.random.Generator,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> int:
    """Draw a token.

    Parameters
    ----------
    scores : float64 array, shape (V,)
        Log probabilities, -inf for what must not be drawn.
    draw : Generator
    temperature : float
        Below 1 what is likely becomes likelier.
    top_k : int, optional
        Among the k most probable only.
    top_p : float, optional
        Among the fewest that together have this share (Holtzman et al. 2020, section 3.1).

    Examples
    --------
    >>> sample(np.log([0.1, 0.6, 0.3]), np.random.default_rng(0), top_k=1)
    1
    """
    count = len(scores)
    if top_k is None and top_p is None:  # by chance among all: nothing need be put in order
        order = None
        heated = scores / temperature
        shares = np.exp(heated - heated.max())
    else:
        order = _best(scores, min(top_k or count, count))
        heated = scores[order] / temperature
        shares = np.exp(heated - heated[0])
        if top_p is not None:
            kept = int(np.searchsorted(np.cumsum(shares / shares.sum()), top_p)) + 1
            order, shares = order[:kept], shares[:kept]
    at = _drawn(shares, draw.random())
    return at if order is None else int(order[at])


def _drawn(shares: Scores, chance: float) -> int:
    """Find where the sum of shares passes a part of the whole: first which block of them, then which of the block."""
    sums = np.add.reduceat(shares, np.arange(0, len(shares), _BLOCK))
    block, left = _passed(sums, chance * sums.sum())
    first = block * _BLOCK
    return first + _passed(shares[first : first + _BLOCK], left)[0]


def _passed(shares: Scores, wanted: float) -> tuple[int, float]:
    """Find which share passes a sum, never one of 0, and how much of it is wanted."""
    reached = np.cumsum(shares)
    at = int(np.searchsorted(reached, wanted, side="right"))
    if at == len(reached):  # by rounding
        at = int(np.flatnonzero(shares)[-1])
    return at, wanted - float(reached[at - 1] if at else 0.0)


def _best(scores: Scores, count: int) -> npt.NDArray[np.int64]:
    """Number the highest scores, the highest first, of equal ones the first."""
    if 4 * count >= len(scores):
        return np.argsort(-scores, kind="stable")[:count]
    least = np.partition(scores, -count)[-count]
    some = np.flatnonzero(scores >= least)
    return some[np.argsort(-scores[some], kind="stable")][:count]
