"""How sure a figure is: confidence intervals by resampling the examples. SciPy resamples.

Efron 1979; for the difference of two models on the same examples, Koehn 2004 (Statistical significance tests for
machine translation evaluation, section 4).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gyeol.engine.metrics.outcomes import Outcomes

__all__ = ["Interval", "difference", "intervals", "resamples_for"]

Floats = npt.NDArray[Any]
_MOST = 1000  # resamples
_FEWEST = 200
_DRAWS = 200_000_000  # examples drawn in all, at most, where that leaves the fewest resamples
_AT_ONCE = 4_000_000  # numbers in memory: resamples times examples


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure, and the interval in which 95 of 100 such samples of examples would have it.

    Parameters
    ----------
    value, low, high : float
    p_value : float, optional
        Of a difference: how probable one at least as large, in either direction, would be if there were none.
    """

    value: float
    low: float
    high: float
    p_value: float | None = None


def resamples_for(count: int) -> int:
    """Return how many times so many examples, or steps of them, are resampled: 1,000, and fewer of very many.

    Examples
    --------
    >>> resamples_for(5_000), resamples_for(500_000), resamples_for(50_000_000)
    (1000, 400, 200)
    """
    return max(_FEWEST, min(_MOST, _DRAWS // max(1, count)))


def intervals(outcomes: Outcomes, *, seed: int = 0) -> dict[str, Interval]:
    """Return every figure with its interval.

    Parameters
    ----------
    outcomes : Outcomes
        Of N examples; memory is bounded whatever N is.
    seed : int

    Examples
    --------
    Of 100 answers 80 are right; the standard error of such a share is 0.04.

    >>> right = np.repeat([1.0, 0.0], [80, 20])
    >>> sums = {"right": right, "count": np.ones(100), "loss": np.zeros(100)}
    >>> outcomes = Outcomes("classes", sums, right, np.ones(100, int), [""] * 100, [""] * 100)
    >>> found = intervals(outcomes)["accuracy"]
    >>> found.value, 0.70 < found.low < 0.74, 0.86 < found.high < 0.90
    (0.8, True, True)
    """
    return _resampled(outcomes.figures, len(outcomes), seed, outcomes.size, paired=False)


def difference(one: Outcomes, other: Outcomes, *, seed: int = 0) -> dict[str, Interval]:
    """Return, by every figure, how much another model has more than one on the same examples, resampled together.

    Parameters
    ----------
    one, other : Outcomes
        Of the same N examples in the same order, and of the same kind.
    seed : int
    """

    def figures(weights: Floats | None) -> dict[str, Floats]:
        first, second = one.figures(weights), other.figures(weights)
        return {name: second[name] - value for name, value in first.items() if name in second}

    return _resampled(figures, len(one), seed, one.size, paired=True)


def _resampled(
    figures: Callable[[Floats | None], dict[str, Floats]], count: int, seed: int, size: int, *, paired: bool
) -> dict[str, Interval]:
    exact = {name: float(values[0]) for name, values in figures(None).items()}
    if count < 2:
        return {name: Interval(value, value, value) for name, value in exact.items()}
    from scipy.stats import bootstrap

    def statistic(rows: npt.NDArray[np.int64], axis: int = -1) -> Floats:
        drawn = np.atleast_2d(rows)
        offsets = np.arange(len(drawn))[:, None] * count
        weights = np.bincount((drawn + offsets).ravel(), minlength=drawn.shape[0] * count).reshape(-1, count)
        found = np.stack(list(figures(weights.astype(np.float64)).values()))
        return found if rows.ndim > 1 else found[:, 0]

    drawn = bootstrap(
        (np.arange(count),), statistic, n_resamples=resamples_for(size), batch=max(1, _AT_ONCE // count),
        vectorized=True, method="percentile", random_state=np.random.default_rng(seed),
    )  # fmt: skip
    spread = np.atleast_2d(drawn.bootstrap_distribution)
    bounds = zip(*(np.atleast_1d(side) for side in drawn.confidence_interval), strict=True)
    found = {}
    for (name, value), (low, high), values in zip(exact.items(), bounds, spread, strict=True):
        # Of a share of resamples nothing below one in their number can be said, hence the 1 (Davison and Hinkley 1997).
        tail = (1 + min(int((values <= 0).sum()), int((values >= 0).sum()))) / (1 + len(values))
        found[name] = Interval(value, float(low), float(high), min(1.0, 2 * tail) if paired else None)
    return found
