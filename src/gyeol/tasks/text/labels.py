"""How many labels a text has, one or several: all that follows from it for `TextClassifier`, one class each."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from gyeol import engine
from gyeol.errors import DataError, ModelError
from gyeol.tasks.checks import (
    checked_classes,
    checked_labels,
    class_weights,
    labels_from_state,
    labels_to_state,
    numbered,
)
from gyeol.tasks.class_scores import class_figures, class_loss, class_report, probabilities_of
from gyeol.tasks.text.label_set_scores import chosen, positive_weights, set_figures, set_loss, set_report, thresholds_of
from gyeol.tasks.text.label_sets import LabelSets, checked_indicator, checked_sets, holds_sets, numbered_sets, sets_of

__all__ = ["LABELS", "OneLabel", "SeveralLabels", "labels_of"]

#: What ``labels=`` may be; ``"any"`` is ``"several"``, or none.
LABELS = ("auto", "one", "several", "any")

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]


def labels_of(how: str, y: Any, count: int) -> tuple[OneLabel | SeveralLabels, Any]:
    """Check the labels of texts; returns what they are, and their numbers.

    Parameters
    ----------
    how : {"auto", "one", "several", "any"}
        ``"auto"`` goes by what ``y`` holds.
    y : labels, as a user gave them
    count : int
        N, the texts.

    Raises
    ------
    DataError
        For what are no labels.
    """
    if how == "one" or (how == "auto" and not holds_sets(y)):
        classes, numbers, counts = checked_classes(y, count)
        return OneLabel(classes, counts), numbers
    matrix = checked_indicator(y, count) if holds_sets(y) else None
    if matrix is None:
        classes, sets = checked_sets(y, count, none=how == "any")
    else:
        classes, sets = matrix[0], LabelSets.of(map(np.flatnonzero, matrix[1]), matrix[1].shape[1])
    counts = {str(name): int(number) for name, number in zip(classes.tolist(), sets.counts(), strict=True)}
    none = bool((sets.numbers.lengths == 0).any())
    return SeveralLabels(classes, counts, matrix=matrix is not None, none=none or how == "any"), sets


class OneLabel:
    """One label a text: classes that exclude each other.

    Parameters
    ----------
    classes : array, shape (K,)
        The labels, sorted.
    counts : dict
        How many texts have each.
    """

    def __init__(self, classes: npt.NDArray[Any], counts: dict[str, int]) -> None:
        self.classes = classes
        self.counts = counts
        self.weights: Floats | None = None

    @property
    def monitor(self) -> str:
        """The figure that decides which epoch was the best: by the weights of the classes, if they have some."""
        return "accuracy" if self.weights is None else "weighted_accuracy"

    def numbered(self, y: Any, count: int) -> Numbers:
        """Number labels by the classes that training saw."""
        return numbered(checked_labels(y, count), self.classes)

    def strata(self, y: Numbers) -> Numbers:
        """Number the groups that a split keeps in proportion."""
        return y

    def learn(self, y: Numbers, class_weight: Any, examples: Floats | None) -> None:
        """Learn the weights of the classes, from labels to train on."""
        self.weights = class_weights(class_weight, self.classes, y, examples)

    def prepare(self, net: nn.Module) -> None:
        """Prepare a new net: nothing to do."""

    def batch(self, y: Numbers, which: Numbers) -> Tensor:
        """Take the class numbers of some texts, (B,)."""
        return torch.from_numpy(y[which])

    def loss(self, logits: Tensor, targets: Any, examples: Tensor | None) -> engine.StepLoss:
        """Return the loss of logits (B, K)."""
        return class_loss(logits, targets, self.weights, examples)

    #: Logits (B, K) to the probabilities of the classes, rows of which sum to 1.
    probabilities = staticmethod(probabilities_of)

    def thresholds(self, net: nn.Module) -> Floats | None:
        """Of one label there are none."""
        return None

    def figures(self, probabilities: Floats, y: Numbers, net: nn.Module) -> dict[str, float]:
        """Return the figures of a validation part."""
        return class_figures(probabilities, y, self.weights)

    def answers(self, probabilities: Floats, net: nn.Module) -> Any:
        """Return the most probable class of every text, shape (N,)."""
        return np.asarray(self.classes[probabilities.argmax(axis=1)])

    def report(self, probabilities: Floats, y: Numbers, net: nn.Module) -> dict[str, Any]:
        """Return all figures of labelled texts."""
        return class_report(probabilities, y, self.classes.tolist())

    def described(self) -> dict[str, str]:
        """Describe the labels, for the model card."""
        return {"classes": ", ".join(f"{name}: {count:,}" for name, count in self.counts.items())}

    def state(self) -> dict[str, Any]:
        """Return what a model folder keeps, as JSON values."""
        return {**labels_to_state(self.classes), "counts": self.counts}

    @classmethod
    def restored(cls, learned: dict[str, Any]) -> Self:
        """Take over what `state` returned; KeyError, TypeError, ValueError or ModelError where that cannot be."""
        return cls(labels_from_state(learned), _counts(learned))


class SeveralLabels:
    """Several labels a text, or none: each with a probability of its own, and a threshold above which it is given.

    The thresholds are kept in the net, as ``thresholds``, so that the best weights have their own.

    Parameters
    ----------
    classes : array, shape (K,)
        The labels, sorted.
    counts : dict
        How many texts have each.
    matrix : bool
        Whether they came as a matrix of 0 and 1, and are answered so.
    none : bool
        Whether a text may have no label; else each gets the most probable at least.
    """

    def __init__(self, classes: npt.NDArray[Any], counts: dict[str, int], *, matrix: bool, none: bool) -> None:
        self.classes = classes
        self.counts = counts
        self.matrix = matrix
        self.none = none
        self.weights: Floats | None = None
        self._log_odds: Floats | None = None

    @property
    def monitor(self) -> str:
        """The figure that decides which epoch was the best; who weighs the labels wants the mean over them."""
        return "micro_f1" if self.weights is None else "macro_f1"

    def numbered(self, y: Any, count: int) -> LabelSets:
        """Number labels by the classes that training saw."""
        matrix = checked_indicator(y, count) if self.matrix or getattr(y, "ndim", None) == 2 else None
        if matrix is None:
            return numbered_sets(sets_of(y, count, none=self.none), self.classes)
        columns, classes = matrix[1].shape[1], len(self.classes)
        if columns != classes:
            raise DataError(f"the labels have {columns} columns, and training knew {classes} classes: one a class")
        if hasattr(y, "columns") and self.classes.dtype.kind == "U" and matrix[0].tolist() != self.classes.tolist():
            raise DataError("the columns of the labels are not those of the training, in their order")
        return LabelSets.of(map(np.flatnonzero, matrix[1]), classes)

    def strata(self, y: LabelSets) -> Numbers:
        """Number the groups that a split keeps in proportion: by the rarest label of each text."""
        return y.rarest()

    def learn(self, y: LabelSets, class_weight: Any, examples: Floats | None) -> None:
        """Learn the frequency and the weight of each label, from labels to train on."""
        counts = y.counts()
        self.weights = positive_weights(class_weight, self.classes, counts, len(y))
        self._log_odds = np.log((counts + 0.5) / (len(y) - counts + 0.5))

    def prepare(self, net: Any) -> None:
        """Prepare a new net: a place for the thresholds; to begin with, labels are as probable as they are frequent."""
        net.register_buffer("thresholds", torch.full((len(self.classes),), 0.5))
        if self._log_odds is not None:
            with torch.no_grad():
                net.head.bias.copy_(torch.as_tensor(self._log_odds))
            self._log_odds = None

    def batch(self, y: LabelSets, which: Numbers) -> Tensor:
        """Take an indicator of the labels of some texts, (B, K)."""
        return torch.from_numpy(y.indicator(which))

    def loss(self, logits: Tensor, targets: Any, examples: Tensor | None) -> engine.StepLoss:
        """Return the loss of logits (B, K)."""
        return set_loss(logits, targets, self.weights, examples)

    def probabilities(self, logits: Tensor) -> Floats:
        """Return the probability of each label (B, K)."""
        found: Floats = torch.sigmoid(logits.double()).numpy()
        return found

    def thresholds(self, net: Any) -> Floats:
        """Return the probability from which on each label is given, shape (K,)."""
        found: Floats = net.thresholds.double().numpy()
        return found

    def figures(self, probabilities: Floats, y: LabelSets, net: Any) -> dict[str, float]:
        """Choose the thresholds on a validation part, and return its figures."""
        truth = y.indicator()
        net.thresholds.copy_(torch.as_tensor(thresholds_of(probabilities, truth)))
        return set_figures(probabilities, truth, none=self.none)

    def given(self, probabilities: Floats, net: nn.Module) -> npt.NDArray[np.bool_]:
        """Say which labels each text gets, (N, K)."""
        return chosen(probabilities, self.thresholds(net), none=self.none)

    def answers(self, probabilities: Floats, net: nn.Module) -> Any:
        """Return the labels of every text as lists, or as a matrix (N, K) where they came as one."""
        found = self.given(probabilities, net)
        return found.astype(np.int64) if self.matrix else [self.classes[row].tolist() for row in found]

    def report(self, probabilities: Floats, y: LabelSets, net: nn.Module) -> dict[str, Any]:
        """Return all figures of labelled texts."""
        classes = self.classes.tolist()
        return set_report(probabilities, y.indicator(), self.thresholds(net), classes, none=self.none)

    def described(self) -> dict[str, str]:
        """Describe the labels, for the model card."""
        how_many = "any number" if self.none else "one or several"
        counts = ", ".join(f"{name}: {count:,}" for name, count in self.counts.items())
        return {"labels": f"{how_many} a text; {counts}"}

    def state(self) -> dict[str, Any]:
        """Return what a model folder keeps, as JSON values."""
        several = {"matrix": self.matrix, "none": self.none}
        return {**labels_to_state(self.classes), "counts": self.counts, "several": several}

    @classmethod
    def restored(cls, learned: dict[str, Any]) -> Self:
        """Take over what `state` returned; KeyError, TypeError, ValueError or ModelError where that cannot be."""
        several = learned["several"]
        if set(several) != {"matrix", "none"} or not all(isinstance(value, bool) for value in several.values()):
            raise ModelError("config.json: what is said of the labels is damaged")
        return cls(labels_from_state(learned), _counts(learned), **several)


def _counts(learned: dict[str, Any]) -> dict[str, int]:
    return {str(name): int(count) for name, count in learned["counts"].items()}
