"""What the estimators of numeric sequences share: what they take, how they scale it, the network that reads it."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch

from gyeol.errors import DataError, ModelError
from gyeol.explain.attribution.inquiry import Inquiry
from gyeol.inputs.numeric_series import SeriesBatch, SeriesInput, checked_series
from gyeol.parameters import fraction, positive, whole
from gyeol.tasks.base import Encoded
from gyeol.tasks.hyperparameters import DirectionParameters, SummaryParameters, estimator, hyperparameter
from gyeol.tasks.sample_weights import WeightedEstimator, Weights
from gyeol.tasks.series.inquiry import series_inquiry
from gyeol.tasks.series.net import SeriesNet
from gyeol.tasks.verdicts import Verdict, no_position

__all__ = ["Series", "SeriesEstimator", "flat"]

_STEPS = 64  # of the longest sequence, by default
Series = npt.NDArray[np.float64]
Batch = tuple[SeriesBatch, Any, torch.Tensor | None]  # inputs, targets, the weights of the examples if they have some


@estimator
@dataclass(kw_only=True, eq=False, repr=False)
class SeriesEstimator(SummaryParameters, DirectionParameters, WeightedEstimator):
    """The base of `SeriesClassifier` and `SeriesRegressor`."""

    usage: ClassVar[str] = "gyeol predict {} --file FILE"
    reads: ClassVar[str] = "numbers"

    hidden_size: int = 64
    epochs: int = 40
    learning_rate: float = 0.005
    patience: int = 15
    frame: int | None = hyperparameter(
        None,
        whole(1, 1 << 16, none=True),
        "So many successive values make one step: long sequences are read faster, and states need not last as long. "
        "By default so many that the longest sequence of the training has 64 steps at most.",
    )
    noise: float = hyperparameter(
        0.0,
        positive(zero=True),
        "Standard deviation of the noise added to the values in training, in standard deviations of each channel.",
    )
    warp: float = hyperparameter(
        0.0, fraction(), "Share by which time runs faster or slower here and there in training; the ends stay in place."
    )
    memory: int | None = hyperparameter(
        None,
        whole(3, none=True),
        "Initialize the gates to keep a state for up to so many steps, as far as the net has to look back (chrono "
        "initialization: Tallec and Ollivier 2018).",
    )

    net_: SeriesNet = field(init=False)
    inputs_: SeriesInput = field(init=False)
    lengths_: tuple[int, int] = field(init=False)

    @property
    @abstractmethod
    def _width(self) -> int:
        """How many numbers the network gives for a sequence."""

    def _checked_series(self, X: Any, *, reset: bool) -> list[Series]:
        """Check sequences; tables, whose rows are sequences of one channel, as scikit-learn checks tables."""
        if reset:
            for name in ("n_features_in_", "feature_names_in_"):
                self.__dict__.pop(name, None)
        if _is_table(X):
            try:
                from sklearn.utils.validation import validate_data

                X = validate_data(self, X, reset=reset, ensure_all_finite=False)
            except ValueError as error:
                hint = "; give other lengths as a list of arrays" if "is expecting" in str(error) else ""
                raise DataError(" ".join(str(error).split()) + hint) from error
        return checked_series(X)

    def _fit_inputs(self, X: list[Series], y: Any) -> None:
        self.lengths_ = min(map(len, X)), max(map(len, X))
        self.inputs_ = SeriesInput(frame=int(self.frame or math.ceil(self.lengths_[1] / _STEPS))).fit(X)

    def _encode(self, X: list[Series], y: npt.NDArray[Any] | None) -> Encoded:
        return self._encoded(X, y)

    def _encode_training(self, X: list[Series], y: npt.NDArray[Any]) -> Encoded:
        return self._encoded(X, y, self._sample_weight, noise=float(self.noise), warp=float(self.warp))

    def _encoded(
        self, X: list[Series], y: npt.NDArray[Any] | None, weights: Weights | None = None, **variation: float
    ) -> Encoded:
        inputs, rows = self.inputs_, self.inputs_.encode(X)

        def batch(which: npt.NDArray[np.int64]) -> Batch:
            targets = None if y is None else torch.from_numpy(y[which])
            examples = None if weights is None else torch.from_numpy(weights[which])
            return inputs.batch(rows, which, **variation), targets, examples

        return Encoded(inputs.lengths(rows), batch)

    def _build(self) -> SeriesNet:
        return SeriesNet(
            self.inputs_.width,
            self._width,
            **self._layers(),
            bidirectional=bool(self.bidirectional),
            attention=self.attention is not None,
            poolings=self.pooling.split("+") if self.pooling else [],
            memory=None if self.memory is None else int(self.memory),
        )

    @abstractmethod
    def _verdict(self, one: Series, target: Any) -> Verdict:
        """Predict for one sequence, and say what the network's outputs for it mean."""

    def _inquiry(self, x: Any, target: Any, position: int | None) -> Inquiry:
        no_position(position)
        (one,) = self._checked_series([x], reset=False)
        names = getattr(self, "feature_names_in_", None)
        verdict = self._verdict(one, target)
        return series_inquiry(self.task, self.inputs_, one, verdict, None if names is None else list(map(str, names)))

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that values may be missing."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def describe_data(self) -> dict[str, str]:
        """Describe the sequences for the model card."""
        shortest, longest = self.lengths_
        steps = f"{shortest:,}" if shortest == longest else f"{shortest:,} to {longest:,}"
        gaps = f", values missing in {len(self.inputs_.gaps)}" if self.inputs_.gaps else ""
        frame = f", {self.inputs_.frame} to a step" if self.inputs_.frame > 1 else ""
        return {"sequences": f"of {steps} values{frame}, {self.inputs_.channels} channel(s){gaps}"}

    def _state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        names = getattr(self, "feature_names_in_", None)
        learned = {
            "lengths": list(self.lengths_),
            "features": getattr(self, "n_features_in_", None),
            "names": None if names is None else [str(name) for name in names],
        }
        return learned, self.inputs_.state()

    def _restore(self, learned: dict[str, Any], inputs: dict[str, Any]) -> None:
        self.inputs_ = SeriesInput.restored(inputs)
        shortest, longest = learned["lengths"]
        if self.frame not in (None, self.inputs_.frame) or not 0 < int(shortest) <= int(longest):
            raise ModelError("the sequences' lengths are damaged")
        self.lengths_ = int(shortest), int(longest)
        if learned["features"] is not None:
            self.n_features_in_ = int(learned["features"])
        if learned["names"] is not None:
            self.feature_names_in_ = np.array([str(name) for name in learned["names"]], dtype=object)


def _is_table(X: Any) -> bool:
    """Whether something is a table, or should be one: not a list of arrays or of unequal lists, nor with channels."""
    if isinstance(X, (list, tuple)):
        rows = all(isinstance(row, (list, tuple)) for row in X)
        return rows and len(set(map(len, X))) == 1 and not any(isinstance(cell, (list, tuple)) for cell in X[0])
    shape: tuple[int, ...] | None = getattr(X, "shape", None)
    if shape is None:
        return hasattr(X, "__array__")
    return len(shape) != 3 and not (len(shape) == 1 and getattr(X, "dtype", None) == np.dtype(object))


def lengths_of(series: list[Series]) -> npt.NDArray[np.int64]:
    """Return how many steps each of several sequences has, (N,)."""
    return np.array([len(one) for one in series], dtype=np.int64)


def flat(y: Any) -> Any:
    """Take what can become an array for one, and a column for what it holds, with scikit-learn's warning."""
    if hasattr(y, "__array__") and not hasattr(y, "shape"):
        y = np.asarray(y)
    shape: tuple[int, ...] = getattr(y, "shape", ())
    if len(shape) != 2 or shape[1] != 1:
        return y
    from sklearn.utils.validation import column_or_1d

    return column_or_1d(y, warn=True)
