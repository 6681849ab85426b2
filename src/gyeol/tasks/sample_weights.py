"""Examples that count for more or less than one: ``sample_weight`` in `fit`.

The loss is weighted. Validation figures are not: they count every example once, as `evaluate` does.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gyeol.errors import DataError
from gyeol.tasks.base import Estimator
from gyeol.tasks.training.examples import Weights

__all__ = ["WeightedEstimator", "Weights", "checked_weights", "mean_loss"]


class WeightedEstimator(Estimator):
    """The base of the estimators whose examples may have weights."""

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None, **training: Any) -> Self:
        """Train on examples. Where that fails, the estimator is what it was before.

        Parameters
        ----------
        X, y : sequences of the same length
            Inputs and targets.
        sample_weight : sequence of float, shape (N,), optional
            How much each example counts in the loss: 2 is as if it were there twice; one of 0 is left out altogether.
            Only their ratios matter. Validation figures count each example once.
        **training
            ``validation``, ``checkpoint``, ``resume``, ``progress`` and whatever else `Estimator.fit` takes.

        Raises
        ------
        ParameterError, DataError, SaveError, ModelError
            As `Estimator.fit`; and for weights that are no numbers of 0 or more, or all 0.
        """
        if sample_weight is None:
            return super().fit(X, y, **training)
        weights = checked_weights(sample_weight, X)
        kept = np.flatnonzero(weights)
        if len(kept) < len(weights):
            X, y, weights = _rows(X, kept), _rows(y, kept), weights[kept]
        self._sample_weight = weights
        try:
            return super().fit(X, y, **training)
        finally:
            del self._sample_weight


def checked_weights(sample_weight: Any, X: Any) -> Weights:
    """Return the weights of examples as an array, shape (N,).

    Raises
    ------
    DataError
        For what are no numbers of 0 or more, one for each example; and where all of them are 0.
    """
    try:
        weights = np.asarray(sample_weight, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise DataError(f"sample_weight is {sample_weight!r:.60}; a list of numbers was expected") from None
    if weights.ndim != 1:
        raise DataError(f"sample_weight has shape {weights.shape}; expected one number an example, shape (N,)")
    shape = getattr(X, "shape", None)
    count = shape[0] if shape else len(X) if hasattr(X, "__len__") else len(weights)
    if len(weights) != count:
        raise DataError(f"got {count} examples and {len(weights)} weights; there must be one weight an example")
    wrong = ~(np.isfinite(weights) & (weights >= 0))
    if wrong.any():
        place = int(wrong.argmax())
        raise DataError(f"the weight of example {place} is {weights[place]}; a number of 0 or more was expected")
    if not weights.any():
        raise DataError("every sample_weight is zero: there is no example to learn from")
    largest = float(weights.max())
    return weights / largest


def mean_loss(losses: Tensor, weights: Tensor) -> Tensor:
    """Return the mean of the losses of a batch (B,), each by its weight (B,), whose mean over all examples is 1."""
    return (losses * weights.to(losses.dtype)).mean()


def _rows(values: Any, kept: npt.NDArray[np.int64]) -> Any:
    """Take some rows of whatever examples and targets come as."""
    if values is None or not hasattr(values, "__len__"):
        return values
    if hasattr(values, "iloc"):
        return values.iloc[kept]
    if isinstance(values, (np.ndarray, torch.Tensor)) or hasattr(values, "tocsr"):
        return (values.tocsr() if hasattr(values, "tocsr") else values)[kept]
    return [values[int(row)] for row in kept]
