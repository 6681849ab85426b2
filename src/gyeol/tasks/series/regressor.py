"""Many to one, of numbers: a numeric sequence of one or many channels becomes a number."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from torch import nn

from gyeol import engine
from gyeol.data.number_format import rounded
from gyeol.engine.metrics.outcomes import Outcomes
from gyeol.tasks.checks import checked_numbers
from gyeol.tasks.hyperparameters import estimator
from gyeol.tasks.number_scores import mean_and_spread, number_loss, numbers_of, restored_scale, standard_loss
from gyeol.tasks.outcomes.numbers import number_outcomes
from gyeol.tasks.series.base import Batch, Series, SeriesEstimator, flat, lengths_of
from gyeol.tasks.sklearn_base import RegressorMixin
from gyeol.tasks.verdicts import Verdict, of_number

__all__ = ["SeriesRegressor"]


@estimator
@dataclass(kw_only=True, eq=False, repr=False)
class SeriesRegressor(RegressorMixin, SeriesEstimator):  # type: ignore[misc]
    """Learn a number for each numeric sequence, by the squared error.

    Attributes
    ----------
    net_, inputs_
        The trained network; each channel's mean and spread, and which channels had missing values.
    mean_, scale_ : float
        Mean and spread of the targets of the training.
    lengths_ : tuple of int
        The shortest and the longest sequence of the training.
    n_features_in_, feature_names_in_
        Of a table (N, T): its columns, and their names where it has some.
    history_, metrics_
        Figures by epoch, and those of the epoch that was kept.

    Examples
    --------
    >>> slopes = np.tile(np.linspace(-1, 1, 12), 8)
    >>> model = SeriesRegressor(hidden_size=8, epochs=30, learning_rate=0.03, batch_size=8)
    >>> model = model.fit([slope * np.arange(9) for slope in slopes], slopes)
    >>> bool(abs(model.predict([0.5 * np.arange(9)])[0] - 0.5) < 0.2)
    True
    """

    task: ClassVar[str] = "regress"
    monitor: ClassVar[str] = "loss"

    mean_: float = field(init=False)
    scale_: float = field(init=False)

    @property
    def _width(self) -> int:
        return 1

    def _checked(self, X: Any, y: Any) -> tuple[list[Series], npt.NDArray[np.float64]]:
        series = self._checked_series(X, reset=True)
        return series, checked_numbers(flat(y), len(series), "sequence")

    def _checked_validation(self, X: Any, y: Any) -> tuple[list[Series], npt.NDArray[np.float64]]:
        series = self._checked_series(X, reset=False)
        return series, checked_numbers(flat(y), len(series), "sequence")

    def _fit_inputs(self, X: list[Series], y: npt.NDArray[np.float64]) -> None:
        super()._fit_inputs(X, y)
        self.mean_, self.scale_ = mean_and_spread(y, self._sample_weight)

    def _loss(self, net: nn.Module, batch: Batch) -> engine.StepLoss:
        return number_loss(net(batch[0])[0], batch[1], self.mean_, self.scale_, batch[2])

    def _decode(self, net: nn.Module, batch: Batch) -> npt.NDArray[np.generic]:
        return numbers_of(net(batch[0])[0], self.mean_, self.scale_)

    def _score(self, outputs: npt.NDArray[Any], y: npt.NDArray[np.float64]) -> dict[str, float]:
        errors = outputs - y
        mse = float((errors**2).mean())
        return {"loss": standard_loss(errors, self.scale_), "mse": mse, "mae": float(np.abs(errors).mean())}

    def predict(self, X: Any) -> npt.NDArray[np.float64]:
        """Return a number for every sequence, shape (N,).

        Raises
        ------
        NotFittedError, DataError
            Before `fit`; for what are no sequences of the channels that were trained on.
        """
        self._ready()
        return np.concatenate(list(self._stream(self._checked_series(X, reset=False))))

    def _verdict(self, one: Series, target: Any) -> Verdict:
        return of_number(float(self.predict([one])[0]), self.mean_, self.scale_, target)

    def evaluate(self, X: Any, y: Any) -> dict[str, Any]:
        """Return the figures on sequences with their numbers.

        ``mse`` and ``mae``, the mean squared and absolute error; ``r2``, the share of the targets' variance that is
        explained; ``pearson`` and ``spearman``, the correlations of numbers and of ranks (these three are 0 where
        there is no variance); ``count``.
        """
        self._ready()
        series, targets = self._checked_validation(X, y)
        return engine.regression(targets, np.concatenate(list(self._stream(series))))

    def outcomes(self, X: Any, y: Any = None) -> Outcomes:
        """Return what became of every example; see `gyeol.engine.metrics.outcomes`."""
        self._ready()
        series, targets = self._checked_validation(X, y)
        found: Any = np.concatenate(list(self._stream(series)))
        return number_outcomes(found, targets, lengths_of(series), middle=self.mean_)

    def describe_data(self) -> dict[str, str]:
        """Describe the sequences and their numbers for the model card."""
        mean, spread = (rounded([number], digits=4)[0] for number in (self.mean_, self.scale_))
        return {**super().describe_data(), "targets": f"mean {mean}, spread {spread}"}

    def _state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        learned, inputs = super()._state()
        return {**learned, "mean": self.mean_, "scale": self.scale_}, inputs

    def _restore(self, learned: dict[str, Any], inputs: dict[str, Any]) -> None:
        super()._restore(learned, inputs)
        self.mean_, self.scale_ = restored_scale(learned)
