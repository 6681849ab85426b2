"""Outcomes of answers that are numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gyeol.engine.metrics.outcomes import Outcomes

__all__ = ["number_outcomes"]

Floats = npt.NDArray[Any]


def number_outcomes(found: Floats, truth: Floats, lengths: npt.NDArray[np.int64], *, middle: float) -> Outcomes:
    """Compare numbers (N,) with the true ones (N,).

    Parameters
    ----------
    found, truth : arrays, shape (N,)
    lengths : int array, shape (N,)
    middle : float
        What both are measured from, so that squares of large numbers lose no digits: the mean of the training.

    Examples
    --------
    >>> found = number_outcomes(np.array([1.0, 2, 3, 6]), np.array([1.0, 2, 3, 4]), np.ones(4, int), middle=2.0)
    >>> {name: round(float(value[0]), 2) for name, value in found.figures().items()}
    {'mse': 1.0, 'mae': 0.5, 'r2': 0.2, 'pearson': 0.96}
    """
    t, p = truth - middle, found - middle
    errors = found - truth
    sums = {
        "t": t, "p": p, "tt": t * t, "pp": p * p, "tp": t * p, "square": errors**2, "absolute": np.abs(errors)
    }  # fmt: skip
    return Outcomes("numbers", sums, np.abs(errors), lengths, truth.tolist(), found.tolist())
