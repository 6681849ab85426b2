"""The examples of a training: what is learned from, what is validated on, and how they were divided."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = [
    "NONE_HELD_BACK", "Examples", "Rows", "Weights", "held_back", "last_rows", "of_mean_one", "take", "weights_at",
]  # fmt: skip

Rows = npt.NDArray[np.int64]
Weights = npt.NDArray[np.float64]
NONE_HELD_BACK = "none: too few examples, figures are those of the training part"
_FEW = 10  # examples to validate on


@dataclass(frozen=True, slots=True)
class Examples:
    """Inputs ``X``, targets ``y`` and ``weights`` to learn from, and the ``validation`` examples (X, y).

    ``split`` describes where the latter are from; ``measured_on`` is ``"validation"``, or ``"training"`` where they are
    those to learn from.
    """

    X: Any
    y: Any
    weights: Weights | None
    validation: tuple[Any, Any]
    split: str
    measured_on: str

    def only(self, rows: Rows) -> Examples:
        """Learn from these only; they are validated on where all were."""
        X, y = take(self.X, rows), None if self.y is None else take(self.y, rows)
        validation = (X, y) if self.validation[0] is self.X else self.validation
        return replace(self, X=X, y=y, weights=weights_at(self.weights, rows), validation=validation)

    def __iter__(self) -> Iterator[Any]:
        """All that decides what is learned."""
        yield from (self.X, self.y, *self.validation)
        if self.weights is not None:
            yield self.weights


def held_back(X: Any, y: Any, weights: Weights | None, strata: Rows, parts: tuple[Rows, Rows, str]) -> Examples:
    """Divide examples into those to learn from and those to validate on, unless these are too few.

    Parameters
    ----------
    X, y, weights
        All examples.
    strata : int64 array, shape (N,)
        The group of each.
    parts : (training rows, validation rows, how)
        How they were chosen is described by the last.
    """
    kept, held, how = parts
    # A few of one class alone would choose the epoch that answers nothing but this class.
    if len(held) < _FEW and len(set(strata[held])) < min(2, len(set(strata))):
        return Examples(X, y, weights, (X, y), NONE_HELD_BACK, "training")
    split = f"{len(held):,} of {len(X):,} examples held back, {how}"
    validation = take(X, held), take(y, held)
    return Examples(take(X, kept), take(y, kept), weights_at(weights, kept), validation, split, "validation")


def last_rows(count: int, share: float, fewest: int = 1) -> tuple[Rows, Rows, str]:
    """Hold the last lines of a corpus back, unless they are fewer than ``fewest``: what `held_back` needs."""
    held = min(count - 1, math.ceil(count * share))
    first = count - held if held >= fewest else count
    return np.arange(first), np.arange(first, count), "the last lines"


def take(values: Any, rows: Rows) -> Any:
    """Take some examples: of an array, of what reads them on demand (and has `take`), of a list."""
    if isinstance(values, np.ndarray):
        return values[rows]
    return values.take(rows) if hasattr(values, "take") else [values[i] for i in rows]


def weights_at(weights: Weights | None, rows: Rows) -> Weights | None:
    """Take the weights of some examples, where there are weights."""
    return None if weights is None else weights[rows]


def of_mean_one(weights: Weights | None) -> Weights | None:
    """Scale weights to a mean of 1, where there are some."""
    return None if weights is None else weights / weights.mean()
