"""Many to one, of numbers: a numeric sequence of one or many channels becomes a class. Heartbeats, sensors."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from torch import nn

from gyeol import engine
from gyeol.engine.metrics.outcomes import Outcomes
from gyeol.tasks.checks import (
    checked_classes,
    checked_labels,
    class_weights,
    labels_from_state,
    labels_to_state,
    numbered,
)
from gyeol.tasks.class_scores import class_figures, class_loss, class_report, probabilities_of, weights_rule
from gyeol.tasks.hyperparameters import estimator, hyperparameter
from gyeol.tasks.outcomes.classes import class_outcomes
from gyeol.tasks.series.base import Batch, Series, SeriesEstimator, flat, lengths_of
from gyeol.tasks.sklearn_base import ClassifierMixin
from gyeol.tasks.verdicts import Verdict, of_classes

__all__ = ["SeriesClassifier"]


@estimator
@dataclass(kw_only=True, eq=False, repr=False)
class SeriesClassifier(ClassifierMixin, SeriesEstimator):  # type: ignore[misc]
    """Classify numeric sequences with a recurrent network.

    Attributes
    ----------
    classes_ : array
        The labels, sorted.
    net_, inputs_
        The trained network; each channel's mean and spread, and which channels had missing values.
    lengths_ : tuple of int
        The shortest and the longest sequence of the training.
    n_features_in_, feature_names_in_
        Of a table (N, T): its columns, and their names where it has some.
    history_, metrics_
        Figures by epoch, and those of the epoch that was kept.

    Examples
    --------
    >>> up, down = np.linspace(0, 1, 12), np.linspace(1, 0, 9)
    >>> model = SeriesClassifier(hidden_size=8, epochs=6, learning_rate=0.03, batch_size=4)
    >>> model.fit([up, down] * 12, ["up", "down"] * 12).predict([up[3:] + 0.5]).tolist()
    ['up']
    """

    task: ClassVar[str] = "series"
    class_weight: Any = hyperparameter(
        None, weights_rule, 'Weight of each class in the loss: None, ``"balanced"``, or a dict.'
    )

    classes_: npt.NDArray[Any] = field(init=False)
    counts_: dict[str, int] = field(init=False)
    _weights: npt.NDArray[np.float64] | None = field(init=False)

    @property
    def _width(self) -> int:
        return len(self.classes_)

    def _checked(self, X: Any, y: Any) -> tuple[list[Series], npt.NDArray[np.int64]]:
        series = self._checked_series(X, reset=True)
        self.classes_, numbers, self.counts_ = checked_classes(flat(y), len(series), "sequence")
        return series, numbers

    def _checked_validation(self, X: Any, y: Any) -> tuple[list[Series], npt.NDArray[np.int64]]:
        series = self._checked_series(X, reset=False)
        return series, numbered(checked_labels(flat(y), len(series), "sequence"), self.classes_)

    def _strata(self, y: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        return y

    def _fit_inputs(self, X: list[Series], y: npt.NDArray[np.int64]) -> None:
        super()._fit_inputs(X, y)
        self._weights = class_weights(self.class_weight, self.classes_, y, self._sample_weight)

    def _settings(self) -> engine.Settings:
        # Whoever weighs the classes wants the epoch that is best by those weights.
        monitor = self.monitor if self._weights is None else "weighted_accuracy"
        return replace(super()._settings(), monitor=monitor)

    def _loss(self, net: nn.Module, batch: Batch) -> engine.StepLoss:
        return class_loss(net(batch[0])[0], batch[1], self._weights, batch[2])

    def _decode(self, net: nn.Module, batch: Batch) -> npt.NDArray[np.generic]:
        return probabilities_of(net(batch[0])[0])

    def _score(self, outputs: npt.NDArray[Any], y: npt.NDArray[np.int64]) -> dict[str, float]:
        return class_figures(outputs, y, self._weights)

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Return each class's probability for every sequence, shape (N, classes); rows sum to 1.

        Raises
        ------
        NotFittedError, DataError
            Before `fit`; for what are no sequences of the channels that were trained on.
        """
        self._ready()
        return np.concatenate(list(self._stream(self._checked_series(X, reset=False))))

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return the most probable class of every sequence, shape (N,)."""
        numbers = self.predict_proba(X).argmax(axis=1)
        return np.asarray(self.classes_[numbers])

    def _verdict(self, one: Series, target: Any) -> Verdict:
        return of_classes(list(self.classes_), self.predict_proba([one])[0], target)

    def evaluate(self, X: Any, y: Any) -> dict[str, Any]:
        """Return the figures on labelled sequences: accuracy, macro_f1, loss, count, confusion, per_class.

        Raises
        ------
        DataError
            For a label that training never saw.
        """
        self._ready()
        series, numbers = self._checked_validation(X, y)
        probabilities = np.concatenate(list(self._stream(series)))
        return class_report(probabilities, numbers, self.classes_.tolist())

    def outcomes(self, X: Any, y: Any = None) -> Outcomes:
        """Return what became of every example; see `gyeol.engine.metrics.outcomes`."""
        self._ready()
        series, numbers = self._checked_validation(X, y)
        probabilities: Any = np.concatenate(list(self._stream(series)))
        return class_outcomes(probabilities, numbers, self.classes_.tolist(), lengths_of(series))

    def describe_data(self) -> dict[str, str]:
        """Describe the sequences and their labels for the model card."""
        classes = ", ".join(f"{name}: {count:,}" for name, count in self.counts_.items())
        return {**super().describe_data(), "classes": classes}

    def _state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        learned, inputs = super()._state()
        return {**learned, **labels_to_state(self.classes_), "counts": self.counts_}, inputs

    def _restore(self, learned: dict[str, Any], inputs: dict[str, Any]) -> None:
        super()._restore(learned, inputs)
        self.classes_ = labels_from_state(learned)
        self.counts_ = {str(name): int(count) for name, count in learned["counts"].items()}
