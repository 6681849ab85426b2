"""Many to one, of numbers: a numeric sequence of one or many channels becomes a number."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from torch import nn

from gyeol import engine
from gyeol.data.number_format import rounded
from gyeol.parameters import Rule
from gyeol.tasks.checks import checked_numbers
from gyeol.tasks.number_scores import mean_and_spread, number_loss, numbers_of, restored_scale, standard_loss
from gyeol.tasks.series.base import SERIES_RULES, Batch, Series, SeriesEstimator, flat
from gyeol.tasks.sklearn_base import RegressorMixin

__all__ = ["SeriesRegressor"]


class SeriesRegressor(RegressorMixin, SeriesEstimator):  # type: ignore[misc]
    """Learn a number for each numeric sequence, by the squared error, as `SeriesClassifier` learns labels.

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
        Stop after so many epochs without a lower validation error.
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
    rules: ClassVar[dict[str, Rule]] = SERIES_RULES

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

    @property
    def _width(self) -> int:
        return 1

    def _checked(self, X: Any, y: Any) -> tuple[list[Series], npt.NDArray[np.float64]]:
        series = self._checked_series(X, reset=True)
        return series, checked_numbers(flat(y), len(series), "sequence")

    def _checked_validation(self, X: Any, y: Any) -> tuple[list[Series], npt.NDArray[np.float64]]:
        series = self._checked_series(X, reset=False)
        return series, checked_numbers(flat(y), len(series), "sequence")

    def _fit_targets(self, y: npt.NDArray[np.float64]) -> None:
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

    def evaluate(self, X: Any, y: Any) -> dict[str, Any]:
        """Return the figures on sequences with their numbers.

        ``mse`` and ``mae``, the mean squared and absolute error; ``r2``, the share of the targets' variance that is
        explained; ``pearson`` and ``spearman``, the correlations of numbers and of ranks (these three are 0 where
        there is no variance); ``count``.
        """
        self._ready()
        series, targets = self._checked_validation(X, y)
        return engine.regression(targets, np.concatenate(list(self._stream(series))))

    def describe_data(self) -> dict[str, str]:
        """What the model card says of the sequences and their numbers."""
        mean, spread = (rounded([number], digits=4)[0] for number in (self.mean_, self.scale_))
        return {**super().describe_data(), "targets": f"mean {mean}, spread {spread}"}

    def _state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        learned, inputs = super()._state()
        return {**learned, "mean": self.mean_, "scale": self.scale_}, inputs

    def _restore(self, learned: dict[str, Any], inputs: dict[str, Any]) -> None:
        super()._restore(learned, inputs)
        self.mean_, self.scale_ = restored_scale(learned)
