"""Many to one, of numbers: a numeric sequence of one or many channels becomes a class. Heartbeats, sensors."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from torch import nn

from gyeol import engine
from gyeol.parameters import Rule
from gyeol.tasks.checks import (
    checked_classes,
    checked_labels,
    class_weights,
    labels_from_state,
    labels_to_state,
    numbered,
)
from gyeol.tasks.class_scores import class_figures, class_loss, class_report, probabilities_of, weights_rule
from gyeol.tasks.series.base import SERIES_RULES, Batch, Series, SeriesEstimator, flat
from gyeol.tasks.sklearn_base import ClassifierMixin

__all__ = ["SeriesClassifier"]


class SeriesClassifier(ClassifierMixin, SeriesEstimator):  # type: ignore[misc]
    """Classify numeric sequences with a recurrent network.

    Parameters
    ----------
    cell : str or class
        ``"rnn"``, ``"lstm"``, ``"gru"`` (the course's, reset before the product), ``"gru_after"`` (PyTorch's),
        ``"lstm_norm"``, or a cell of your own.
    hidden_size, num_layers, bidirectional
        The recurrent net: units a direction, layers, both directions or one.
    attention : {"global", None}
        Weigh the states of all steps by a learned query; None for ``pooling`` alone.
    dropout : float
        Share of values dropped between layers.
    batch_size, epochs, learning_rate, weight_decay, clip_norm
        Adam; the learning rate falls to zero over the epochs along a half cosine.
    patience : int
        Stop after so many epochs without a better validation accuracy.
    validation_fraction, averaging, time_limit
        Share held back for that; decay of the moving average of the weights that is kept (0: none); seconds.
    precision : {"auto", "float32", "float64", "bfloat16"}
        Of the arithmetic; ``"auto"`` and ``"bfloat16"`` train with recurrent products in bfloat16 where there are such.
    threads : int, optional
        Cores to use; all by default.
    random_state : int
        Same seed, machine and threads: the same bits.
    verbose : bool
        Show a progress bar.
    pooling : str, optional
        ``"last"``, ``"mean"``, ``"max"``, or several joined by ``+``: what stands beside the attention's view.
    frame : int, optional
        So many successive values make one step: long sequences are read faster, and states need not last as long. By
        default so many that the longest sequence of the training has 64 steps at most.
    noise : float
        Spread of the random numbers added to the values in training, in standard deviations of each channel.
    warp : float
        Share by which time runs faster or slower here and there in training; ends stay where they are.
    memory : int, optional
        Begin with gates that keep a state for up to so many steps, as far as the net shall look back (chrono
        initialisation: Tallec and Ollivier 2018).
    class_weight : {None, "balanced"} or dict
        Weight of each class in the loss.

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
    rules: ClassVar[dict[str, Rule]] = {**SERIES_RULES, "class_weight": weights_rule}

    def __init__(
        self,
        *,
        cell: Any = "lstm",
        hidden_size: int = 64,
        num_layers: int = 1,
        bidirectional: bool = True,
        attention: str | None = "global",
        dropout: float = 0.3,
        batch_size: int = 32,
        epochs: int = 40,
        learning_rate: float = 0.005,
        weight_decay: float = 0.0,
        clip_norm: float = 5.0,
        patience: int = 15,
        validation_fraction: float = 0.1,
        averaging: float = 0.99,
        time_limit: float | None = None,
        precision: str = "auto",
        threads: int | None = None,
        random_state: int | None = 0,
        verbose: bool = False,
        pooling: str | None = "mean+max",
        frame: int | None = None,
        noise: float = 0.0,
        warp: float = 0.0,
        memory: int | None = None,
        class_weight: Any = None,
    ) -> None:
        self.cell = cell
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bidirectional = bidirectional
        self.attention = attention
        self.dropout = dropout
        self.batch_size = batch_size
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.clip_norm = clip_norm
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.averaging = averaging
        self.time_limit = time_limit
        self.precision = precision
        self.threads = threads
        self.random_state = random_state
        self.verbose = verbose
        self.pooling = pooling
        self.frame = frame
        self.noise = noise
        self.warp = warp
        self.memory = memory
        self.class_weight = class_weight

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

    def _fit_targets(self, y: npt.NDArray[np.int64]) -> None:
        self._weights = class_weights(self.class_weight, self.classes_, y, self._sample_weight)

    def _settings(self) -> engine.Settings:
        # Who weighs the classes wants the epoch that is best by those weights.
        monitor = self.monitor if self._weights is None else "weighted_accuracy"
        return dataclasses.replace(super()._settings(), monitor=monitor)

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

    def describe_data(self) -> dict[str, str]:
        """What the model card says of the sequences and their labels."""
        classes = ", ".join(f"{name}: {count:,}" for name, count in self.counts_.items())
        return {**super().describe_data(), "classes": classes}

    def _state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        learned, inputs = super()._state()
        return {**learned, **labels_to_state(self.classes_), "counts": self.counts_}, inputs

    def _restore(self, learned: dict[str, Any], inputs: dict[str, Any]) -> None:
        super()._restore(learned, inputs)
        self.classes_ = labels_from_state(learned)
        self.counts_ = {str(name): int(count) for name, count in learned["counts"].items()}
