"""The next token, sampled from a model's probabilities: from all tokens, the top k, or the smallest set of share p."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gyeol.errors import DataError, ParameterError
from gyeol.kernels import native

__all__ = ["check_sampling", "choose_token", "penalise_repetition", "sample_token"]

Scores = npt.NDArray[np.float64]

_BLOCK = 128


def check_sampling(*, temperature: float, top_k: int | None, top_p: float | None, repetition_penalty: float) -> None:
    """Refuse invalid settings.

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
    """Multiply the log probability of tokens that have occurred by the penalty (Keskar et al. 2019).

    Examples
    --------
    >>> penalise_repetition(np.array([-1.0, -2.0]), [0, 0], 1.5).tolist()
    [-1.5, -2.0]
    """
    seen = list(set(tokens))
    if penalty == 1 or not seen:
        return scores
    scores = scores.copy()
    scores[seen] *= penalty
    return scores


def sample_token(
    scores: Scores,
    draw: np.random.Generator,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> int:
    """Sample a token.

    Parameters
    ----------
    scores : float64 array, shape (V,)
        Log probabilities, -inf for what must not be drawn.
    draw : Generator
    temperature : float
        Below 1, likely tokens become likelier.
    top_k : int, optional
        Sample from the k most probable tokens only.
    top_p : float, optional
        Sample from the smallest set of tokens with this total probability (Holtzman et al. 2020, section 3.1).

    Examples
    --------
    >>> sample_token(np.log([0.1, 0.6, 0.3]), np.random.default_rng(0), top_k=1)
    1
    """
    count = len(scores)
    if top_k is None and top_p is None:  # among all: nothing has to be sorted
        order = None
        heated = scores / temperature
        shares = np.exp(heated - heated.max())
    else:
        order = _best(scores, min(top_k or count, count))
        heated = scores[order] / temperature
        shares = np.exp(heated - heated[0])
        if top_p is not None:
            count = int(np.searchsorted(np.cumsum(shares / shares.sum()), top_p)) + 1
            order, shares = order[:count], shares[:count]
    at = _drawn(shares, draw.random())
    return at if order is None else int(order[at])


def choose_token(
    scores: npt.NDArray[np.floating],
    draw: np.random.Generator,
    *,
    never: Sequence[int] = (),
    repeated: Iterable[int] = (),
    penalty: float = 1.0,
    **sampling: Any,
) -> int:
    """Sample a token as `sample_token` does, in one call of the native kernels where the scores are float32.

    Parameters
    ----------
    scores : float32 or float64 array, shape (V,)
        Log probabilities, or numbers that differ from them by a constant; not changed.
    draw : Generator
        One number is drawn.
    never : sequence of int
        Tokens that are not drawn.
    repeated, penalty
        As in `penalise_repetition`.
    **sampling
        Temperature, top_k and top_p as in `sample_token`.

    Raises
    ------
    DataError
        A score is NaN or inf.

    Examples
    --------
    >>> choose_token(np.array([0.0, 9.0, 5.0], np.float32), np.random.default_rng(0), never=[1], top_k=1)
    2
    """
    if scores.dtype == np.float32 and native.native_available():
        seen, banned = np.array(sorted(set(repeated)), np.int64), np.array(never, np.int64)
        try:
            return native.choose_token(scores, draw.random(), seen, penalty, banned, **sampling)
        except ValueError as error:
            raise DataError(f"no token can be drawn: {error}") from None
    if not np.isfinite(scores.max(initial=-np.inf)):  # NaN, too
        raise DataError("no token can be drawn: a score is NaN or inf")
    exact = scores.astype(np.float64)
    if penalty != 1:
        exact -= np.logaddexp.reduce(exact)
    exact = penalise_repetition(exact, repeated, penalty)
    exact[list(never)] = -np.inf
    return sample_token(exact, draw, **sampling)


def _drawn(shares: Scores, chance: float) -> int:
    """Find where the sum of shares passes a part of the whole: first which block of them, then which of the block."""
    sums = np.add.reduceat(shares, np.arange(0, len(shares), _BLOCK))
    block, left = _passed(sums, chance * sums.sum())
    first = block * _BLOCK
    return first + _passed(shares[first : first + _BLOCK], left)[0]


def _passed(shares: Scores, target: float) -> tuple[int, float]:
    """Find the share at which the cumulative sum passes a target, never a share of 0, and how far into it."""
    reached = np.cumsum(shares)
    at = int(np.searchsorted(reached, target, side="right"))
    if at == len(reached):  # by rounding
        at = int(np.flatnonzero(shares)[-1])
    return at, target - float(reached[at - 1] if at else 0.0)


def _best(scores: Scores, count: int) -> npt.NDArray[np.int64]:
    """Return the indices of the highest scores, in descending order; ties in order of index."""
    if 4 * count >= len(scores):
        return np.argsort(-scores, kind="stable")[:count]
    least = np.partition(scores, -count)[-count]
    some = np.flatnonzero(scores >= least)
    return some[np.argsort(-scores[some], kind="stable")][:count]
