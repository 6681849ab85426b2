"""Whether two models differ by more than chance. SciPy counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["holm", "mcnemar"]


def mcnemar(one: npt.NDArray[np.bool_], other: npt.NDArray[np.bool_]) -> tuple[int, int, float]:
    """Test whether two models are right equally often, by the examples where just one of them is (McNemar 1947).

    The exact test: if they are, which of the two is right there is a fair coin.

    Parameters
    ----------
    one, other : bool arrays, shape (N,)
        Whether each model is right, on the same examples.

    Returns
    -------
    only_one, only_other : int
        Where just one of the two is right.
    p_value : float
        Two-sided.

    Examples
    --------
    Of ten such examples nine speak for one: 2 (1 + 10) / 1024.

    >>> one = np.array([True] * 9 + [False] + [True] * 5)
    >>> other = np.array([False] * 9 + [True] + [True] * 5)
    >>> mcnemar(one, other)
    (9, 1, 0.021484375)
    """
    from scipy.stats import binomtest

    first, second = int((one & ~other).sum()), int((other & ~one).sum())
    if not first + second:
        return 0, 0, 1.0
    return first, second, float(binomtest(first, first + second, 0.5).pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust the p-values of several tests, so that any below 0.05 is wrong in 5 of 100 such families (Holm 1979).

    Examples
    --------
    >>> holm([0.04, 0.01, 0.03])
    [0.06, 0.03, 0.06]
    """
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    adjusted, least = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(order):
        least = max(least, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = least
    return adjusted
