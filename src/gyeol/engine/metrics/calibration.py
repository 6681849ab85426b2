"""How sure a classifier may be: one number, learned on examples that it was not trained on."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["log_softmax", "temperature"]

_BOUNDS = (-4.0, 6.0)  # of its logarithm


def log_softmax(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Turn rows of scores (N, C) into logarithms of probabilities."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    logs: npt.NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return logs


def temperature(scores: npt.NDArray[np.float64], truth: npt.NDArray[np.int64]) -> float:
    """Find what scores must be divided by for the truth to be most probable (Guo et al. 2017, section 4.2).

    The truth is smoothed as Platt 1999 has it, as if there were one example more of each class: a few examples, all of
    them right, shall not make a model sure of everything.

    Parameters
    ----------
    scores : float array, shape (N, C)
        Logarithms of probabilities, not necessarily normalised.
    truth : int array, shape (N,)
        The class of each row.

    Examples
    --------
    Three rows of three classes: the truth counts 2/3, and the scores of 4 must be those of log(4).

    >>> found = temperature(np.array([[4.0, 0, 0], [0, 4.0, 0], [4.0, 0, 0]]), np.array([0, 1, 0]))
    >>> round(4 / found, 3), round(float(np.log(4)), 3)
    (1.386, 1.386)
    """
    from scipy.optimize import minimize_scalar

    count, classes = scores.shape
    share = classes / (count + classes)

    def loss(logarithm: float) -> float:
        logs = log_softmax(scores / np.exp(logarithm))
        return -float((1 - share) * logs[np.arange(count), truth].mean() + share * logs.mean())

    return float(np.exp(minimize_scalar(loss, bounds=_BOUNDS, method="bounded").x))
