"""Scores of several labels a text: the loss, the threshold above which each label is given, the figures."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from gyeol import engine
from gyeol.tasks.sample_weights import mean_loss

__all__ = ["chosen", "positive_weights", "set_figures", "set_loss", "set_report", "thresholds_of"]

_LABEL = 10  # a label's own threshold counts as much as the common one where so many texts have the label
_COMMON = 100  # the common one counts as much as a half where there are so many labels
_BOUNDS = (0.001, 0.999)

Matrix = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


def set_loss(logits: Tensor, sets: Tensor, weights: Floats | None, examples: Tensor | None) -> engine.StepLoss:
    """Return the binary cross entropy of logits (B, K) with an indicator of the labels (B, K), the mean over both.

    ``weights`` (K,) are those of a label where it is given, ``examples`` (B,) those of the texts.
    """
    targets = sets.to(logits.dtype)
    own = None if weights is None else torch.as_tensor(weights, dtype=logits.dtype)
    right = int(((logits.detach() > 0) == sets).all(1).sum())
    if examples is None:
        return engine.StepLoss(F.binary_cross_entropy_with_logits(logits, targets, pos_weight=own), right)
    losses = F.binary_cross_entropy_with_logits(logits, targets, pos_weight=own, reduction="none")
    return engine.StepLoss(mean_loss(losses.mean(1), examples), right)


def positive_weights(which: Any, classes: npt.NDArray[Any], counts: npt.NDArray[np.int64], texts: int) -> Floats | None:
    """Return what a label's loss is multiplied by where a text has it.

    ``"balanced"``: as much as makes the texts with a label weigh what those without it do. A dict: the user's own, 1
    for classes that it does not name.

    Raises
    ------
    ParameterError
        As `class_weights`.
    """
    from gyeol.tasks.checks import own_weights

    if which is None:
        return None
    if isinstance(which, str):
        return np.asarray((texts - counts).clip(1) / counts.clip(1), dtype=np.float64)
    return own_weights(which, classes)


def thresholds_of(probabilities: Floats, truth: Matrix) -> Floats:
    """Choose for each label the probability from which on it is given, so that its F1 is the highest.

    Where few texts have a label, its own best threshold says little. It is drawn to the one that is best for all labels
    together (the highest micro F1), the more the fewer there are, and that one to a half where there are few of any.

    Parameters
    ----------
    probabilities : float array, shape (N, K)
    truth : bool array, shape (N, K)

    Returns
    -------
    float array, shape (K,)

    Examples
    --------
    >>> p = np.repeat([[0.9, 0.3], [0.8, 0.1], [0.2, 0.3], [0.1, 0.1]], 100, axis=0)
    >>> thresholds_of(p, p > 0.25).round(1).tolist()
    [0.5, 0.2]
    """
    counts = truth.sum(0)
    total = int(counts.sum())
    common = (total * _best(probabilities.ravel(), truth.ravel()) + _COMMON * 0.5) / (total + _COMMON)
    own = np.array([_best(p, t) if t.any() else common for p, t in zip(probabilities.T, truth.T, strict=True)])
    drawn: Floats = (counts * own + _LABEL * common) / (counts + _LABEL)
    return drawn.clip(*_BOUNDS)


def _best(probabilities: Floats, truth: Matrix) -> float:
    """Return the threshold of the highest F1: half-way between the last text that gets the label and the next."""
    positives = int(truth.sum())
    if not positives:
        return 0.5
    order = np.argsort(-probabilities, kind="stable")
    ordered = np.append(probabilities[order], 0.0)
    f1 = 2 * np.cumsum(truth[order]) / (np.arange(1, len(truth) + 1) + positives)
    f1[ordered[:-1] == ordered[1:]] = -1.0  # equal ones cannot be told apart
    last = int(f1.argmax())
    return float(ordered[last] + ordered[last + 1]) / 2


def chosen(probabilities: Floats, thresholds: Floats, *, none: bool) -> Matrix:
    """Say which labels each text gets (N, K): those above their thresholds; unless ``none`` may be, at least one."""
    found: Matrix = probabilities >= thresholds
    if not none:
        bare = np.flatnonzero(~found.any(1))
        found[bare, probabilities[bare].argmax(1)] = True
    return found


def set_figures(probabilities: Floats, truth: Matrix, *, none: bool) -> dict[str, float]:
    """Return the figures of a validation part on which the thresholds are chosen, too.

    So that they are not flattered, each half is judged by the thresholds that the other half gives.
    """
    half = np.random.default_rng(0).permutation(len(truth)) % 2 == 0
    found = np.zeros_like(truth)
    for own, other in ((half, ~half), (~half, half)):
        if own.any():
            given = thresholds_of(probabilities[other], truth[other]) if other.any() else np.full(truth.shape[1], 0.5)
            found[own] = chosen(probabilities[own], given, none=none)
    figures = engine.label_sets(truth, found, list(range(truth.shape[1])))
    kept = ("micro_f1", "macro_f1", "accuracy")
    return {**{name: figures[name] for name in kept}, "loss": _loss(probabilities, truth)}


def set_report(
    probabilities: Floats, truth: Matrix, thresholds: Floats, classes: list[Any], *, none: bool
) -> dict[str, Any]:
    """Return what `engine.label_sets` does, each label's threshold, and the loss."""
    figures = engine.label_sets(truth, chosen(probabilities, thresholds, none=none), classes)
    for own, threshold in zip(figures["per_class"].values(), thresholds.tolist(), strict=True):
        own["threshold"] = threshold
    return {**figures, "loss": _loss(probabilities, truth)}


def _loss(probabilities: Floats, truth: Matrix) -> float:
    return float(-np.log(np.maximum(np.where(truth, probabilities, 1 - probabilities), 1e-12)).mean())
