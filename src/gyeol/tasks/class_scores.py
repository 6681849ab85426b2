"""Scores of classes, for every estimator whose network gives one logit a class: loss, probabilities, figures."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from gyeol import engine
from gyeol.tasks.sample_weights import mean_loss

__all__ = ["class_figures", "class_loss", "class_report", "macro_f1", "probabilities_of", "weights_rule"]


def weights_rule(value: Any) -> str:
    """Accept what `class_weights` takes."""
    return "" if isinstance(value, dict) or value in (None, "balanced") else "must be None, 'balanced' or a dict"


def class_loss(
    logits: Tensor, targets: Tensor, weights: npt.NDArray[np.float64] | None, examples: Tensor | None = None
) -> engine.StepLoss:
    """Return the cross entropy of logits (B, K) with class numbers (B,).

    By the classes' ``weights`` (K,) and those of the ``examples`` (B,), if there are any.
    """
    right = logits.detach().argmax(1) == targets
    if examples is not None:
        losses = F.cross_entropy(logits, targets, reduction="none")
        if weights is None:
            return engine.StepLoss(mean_loss(losses, examples), int(right.sum()))
        each = examples * torch.as_tensor(weights)[targets]
        return engine.StepLoss((losses * each).sum() / each.sum(), int(right.sum()))
    if weights is None:
        return engine.StepLoss(F.cross_entropy(logits, targets), int(right.sum()))
    of_classes = torch.as_tensor(weights, dtype=logits.dtype)
    share = float(of_classes[targets] @ right.to(of_classes))
    return engine.StepLoss(F.cross_entropy(logits, targets, weight=of_classes), share)  # type: ignore[arg-type]


def probabilities_of(logits: Tensor) -> npt.NDArray[np.float64]:
    """Return the softmax of logits (B, K), in float64, so that rows sum to 1 to the last bits."""
    found: npt.NDArray[np.float64] = torch.softmax(logits.double(), dim=1).numpy()
    return found


def class_figures(
    probabilities: npt.NDArray[Any], y: npt.NDArray[np.int64], weights: npt.NDArray[np.float64] | None
) -> dict[str, float]:
    """Return accuracy, macro F1, loss (nats), and by the classes' weights ``weighted_accuracy``; y: class numbers."""
    found, losses = probabilities.argmax(1), _losses(probabilities, y)
    right = found == y
    figures = {"accuracy": float(right.mean()), "macro_f1": macro_f1(y, found), "loss": float(losses.mean())}
    if weights is None:
        return figures
    each = weights[y] / weights[y].sum()
    return {**figures, "weighted_accuracy": float(each @ right), "loss": float(each @ losses)}


def macro_f1(truth: npt.NDArray[np.int64], predicted: npt.NDArray[np.int64]) -> float:
    """Return the mean F1 of the classes that are true or predicted anywhere, as `engine.classification` does.

    Examples
    --------
    >>> macro_f1(np.array([0, 0, 1, 1]), np.array([0, 0, 0, 1])).__round__(4)
    0.7333
    """
    size = int(max(truth.max(), predicted.max())) + 1
    true, found = np.bincount(truth, minlength=size), np.bincount(predicted, minlength=size)
    both = np.bincount(truth[truth == predicted], minlength=size)
    seen = true + found > 0
    return float(np.mean(2 * both[seen] / (true + found)[seen]))


def class_report(probabilities: npt.NDArray[Any], y: npt.NDArray[np.int64], classes: list[Any]) -> dict[str, Any]:
    """Return what `engine.classification` does, and the loss; y are class numbers."""
    figures = engine.classification(y, probabilities.argmax(axis=1), classes)
    return {**figures, "loss": float(_losses(probabilities, y).mean())}


def _losses(probabilities: npt.NDArray[Any], y: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    chosen: npt.NDArray[np.float64] = -np.log(np.maximum(probabilities[np.arange(len(y)), y], 1e-12))
    return chosen
