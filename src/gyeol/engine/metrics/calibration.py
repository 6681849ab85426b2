"""How sure a classifier may be: a temperature learned on examples that it was not trained on; and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Calibration", "calibration", "log_softmax", "temperature"]

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


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """How often answers are right, by how sure the model is of them.

    Parameters
    ----------
    confidence, accuracy : arrays, shape (bins,)
        The mean probability of the answers of each bin that has any, and the share that is right.
    counts : int array, shape (bins,)
    error : float
        The expected calibration error: the mean distance of the two, by how many answers each bin has.
    """

    confidence: npt.NDArray[np.float64]
    accuracy: npt.NDArray[np.float64]
    counts: npt.NDArray[np.int64]
    error: float


def calibration(right: npt.NDArray[np.bool_], confidence: npt.NDArray[Any], *, bins: int = 15) -> Calibration:
    """Compare confidence with accuracy in bins of equal width (Guo et al. 2017, equations 2 and 3); scikit-learn bins.

    Parameters
    ----------
    right : bool array, shape (M,)
        Whether each answer is right.
    confidence : array, shape (M,)
        Its probability, from 0 to 1.
    bins : int

    Examples
    --------
    Sure by 0.9 and always right, by 0.6 and right half the time: the error is (0.1 + 0.1) / 2.

    >>> found = calibration(np.array([True, True, True, False]), np.array([0.9, 0.9, 0.6, 0.6]))
    >>> found.counts.tolist(), round(found.error, 6)
    ([2, 2], 0.1)
    """
    from sklearn.calibration import calibration_curve

    sure = np.clip(np.asarray(confidence, dtype=np.float64), 0.0, 1.0)
    accuracy, mean = calibration_curve(right, sure, pos_label=True, n_bins=bins, strategy="uniform")
    edges = np.linspace(0.0, 1.0, bins + 1)
    counts = np.bincount(np.searchsorted(edges[1:-1], sure), minlength=bins)
    counts = counts[counts > 0]
    return Calibration(mean, accuracy, counts, float(np.abs(accuracy - mean) @ counts / counts.sum()))
