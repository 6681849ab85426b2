"""Many to one, of numbers: a text becomes a number. Ratings, prices, degrees of what people say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from gyeol import engine
from gyeol.engine.metrics.outcomes import Outcomes
from gyeol.errors import DataError
from gyeol.parameters import choice
from gyeol.tasks.checks import checked_numbers, checked_texts
from gyeol.tasks.hyperparameters import estimator, hyperparameter
from gyeol.tasks.number_scores import (
    LOSSES,
    mean_and_spread,
    number_loss,
    numbers_of,
    restored_scale,
    standard_loss,
)
from gyeol.tasks.outcomes.numbers import number_outcomes
from gyeol.tasks.series.base import flat
from gyeol.tasks.sklearn_base import RegressorMixin
from gyeol.tasks.text.base import Batch, TextEstimator
from gyeol.tasks.verdicts import Verdict, of_number

__all__ = ["TextRegressor"]


@estimator
@dataclass(kw_only=True, eq=False, repr=False)
class TextRegressor(RegressorMixin, TextEstimator):  # type: ignore[misc]
    """Predict a number for each text: what `TextClassifier` is for numbers.

    Attributes
    ----------
    net_ : nn.Module
        The trained network.
    mean_, scale_ : float
        Mean and spread of the targets of the training.
    range_ : tuple of float
        The least and the greatest of them.
    history_, metrics_
        Figures by epoch, and those of the epoch that was kept.
    overlap_ : dict or None
        How much of the vocabulary, and of the texts, ``vectors`` knew.

    Examples
    --------
    >>> texts = ["정말 좋아요", "너무 좋다", "그저 그래요", "그냥 그렇다", "정말 싫어요", "너무 싫다"] * 8
    >>> model = TextRegressor(hidden_size=16, embedding_size=16, epochs=12, learning_rate=0.02)
    >>> model = model.fit(texts, [9, 10, 5, 6, 1, 2] * 8)
    >>> good, bad = model.predict(["아주 좋아요", "아주 싫어요"])
    >>> bool(good > bad)
    True
    """

    task: ClassVar[str] = "regress-text"
    monitor: ClassVar[str] = "loss"
    loss: str = hyperparameter(
        "mse",
        choice(tuple(LOSSES)),
        '``"mse"``, the squared error; or ``"huber"``, which outliers affect less: the absolute error where it is '
        "more than a standard deviation of the targets (Huber 1964).",
    )

    @property
    def _output_size(self) -> int:
        return 1

    def _checked(self, X: Any, y: Any) -> tuple[list[str], npt.NDArray[np.float64]]:
        texts, numbers = self._checked_validation(X, y)
        least, greatest = float(numbers.min()), float(numbers.max())
        if least == greatest:
            if len(texts) == 1:
                raise DataError("got 1 sample: there is nothing to learn from one text")
            raise DataError(f"every target is {least:g}: there is nothing to learn from numbers that are all the same")
        self.range_ = least, greatest
        return texts, numbers

    def _checked_validation(self, X: Any, y: Any) -> tuple[list[str], npt.NDArray[np.float64]]:
        texts = checked_texts(X)
        return texts, checked_numbers(flat(y), len(texts))

    def _fit_inputs(self, X: list[str], y: npt.NDArray[np.float64]) -> None:
        super()._fit_inputs(X, y)
        self.mean_, self.scale_ = mean_and_spread(y, self._sample_weight)

    def _targets(self, y: npt.NDArray[np.float64], which: npt.NDArray[np.int64]) -> Tensor:
        return torch.from_numpy(y[which])

    def _loss(self, net: nn.Module, batch: Batch) -> engine.StepLoss:
        assert batch[1] is not None
        return number_loss(net(batch[0])[0], batch[1], self.mean_, self.scale_, batch[2], str(self.loss))

    def _decode(self, net: nn.Module, batch: Batch) -> npt.NDArray[np.generic]:
        return numbers_of(net(batch[0])[0], self.mean_, self.scale_)

    def _score(self, outputs: npt.NDArray[Any], y: npt.NDArray[np.float64]) -> dict[str, float]:
        figures = engine.regression(y, outputs)
        kept = {name: figures[name] for name in ("mse", "mae", "r2", "pearson", "spearman")}
        return {"loss": standard_loss(outputs - y, self.scale_, str(self.loss)), **kept}

    def predict(self, X: Any) -> npt.NDArray[np.float64]:
        """Return a number for every text, shape (N,).

        Raises
        ------
        NotFittedError, DataError
            Before `fit`; for what is no list of texts.
        """
        self._ready()
        return np.concatenate(list(self._stream(checked_texts(X))))

    def _verdict(self, text: str, target: Any) -> Verdict:
        return of_number(float(self.predict([text])[0]), self.mean_, self.scale_, target)

    def evaluate(self, X: Any, y: Any) -> dict[str, Any]:
        """Return the figures on texts with their numbers: mse, mae, r2, pearson, spearman, count.

        ``r2`` is the share of the variance of the numbers that is explained; ``pearson`` and ``spearman`` are the
        correlations of numbers and of ranks. These three are 0 where there is no variance.
        """
        texts, targets = self._checked_validation(X, y)
        return engine.regression(targets, self.predict(texts))

    def outcomes(self, X: Any, y: Any = None) -> Outcomes:
        """Return what became of every example; see `gyeol.engine.metrics.outcomes`."""
        self._ready()
        texts, targets = self._checked_validation(X, y)
        with self._session():
            encoded = self._encode(texts, None)
            found: Any = self._outputs(encoded)
        return number_outcomes(found, targets, encoded.lengths, middle=self.mean_)

    def describe_data(self) -> dict[str, str]:
        """Describe the targets, for the model card."""
        least, greatest = self.range_
        targets = f"{least:g} to {greatest:g}, mean {self.mean_:.4g}, spread {self.scale_:.4g}"
        return {"targets": targets, **super().describe_data()}

    def _state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        learned, inputs = super()._state()
        return {**learned, "mean": self.mean_, "scale": self.scale_, "range": list(self.range_)}, inputs

    def _restore(self, learned: dict[str, Any], inputs: dict[str, Any]) -> None:
        self.mean_, self.scale_ = restored_scale(learned)
        least, greatest = map(float, learned["range"])
        self.range_ = least, greatest
        super()._restore(learned, inputs)
