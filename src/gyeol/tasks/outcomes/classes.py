"""Outcomes of answers that are classes: of an example, of each of its steps, or several an example."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gyeol.engine.metrics.outcomes import Decisions, Outcomes

__all__ = ["class_outcomes", "label_set_outcomes", "step_outcomes"]

Floats = npt.NDArray[Any]
Numbers = npt.NDArray[np.int64]
_LABELS = 64  # with more, each label's own sums take too much memory


def class_outcomes(probabilities: Floats, y: Numbers, classes: Sequence[Any], lengths: Numbers) -> Outcomes:
    """Compare probabilities (N, K) with class numbers (N,).

    Examples
    --------
    >>> found = class_outcomes(np.array([[0.9, 0.1], [0.6, 0.4]]), np.array([0, 1]), ["a", "b"], np.array([3, 4]))
    >>> found.figures()["accuracy"].tolist(), found.answers, found.confidence.tolist()
    ([0.5], ['a', 'a'], [0.9, 0.6])
    """
    steps = np.arange(len(y))
    decisions = _decided(probabilities, y, classes, steps)
    right = decisions.right.astype(np.float64)
    sums = {"right": right, "count": np.ones(len(y)), "loss": _losses(probabilities, y)}
    names = decisions.names
    return Outcomes(
        "classes", sums, right, lengths, [names[n] for n in y], [names[n] for n in decisions.answers],
        decisions.confidence, decisions,
    )  # fmt: skip


def step_outcomes(rows: Sequence[Floats], y: Sequence[Numbers], classes: Sequence[Any]) -> Outcomes:
    """Compare probabilities (T, K) of the steps of each sequence with their class numbers (T,)."""
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    owners = np.repeat(np.arange(len(rows)), lengths)
    probabilities, truth = np.concatenate(list(rows)), np.concatenate(list(y))
    decisions = _decided(probabilities, truth, classes, owners)

    def by_sequence(values: Floats) -> Floats:
        return np.bincount(owners, weights=values, minlength=len(rows))

    right = by_sequence(decisions.right.astype(np.float64))
    sums = {"right": right, "count": lengths.astype(np.float64), "loss": by_sequence(_losses(probabilities, truth))}
    ends = np.cumsum(lengths)[:-1]
    names = np.array(decisions.names, dtype=object)
    true, found = ([names[part].tolist() for part in np.split(side, ends)] for side in (truth, decisions.answers))
    mean = by_sequence(decisions.confidence) / lengths
    return Outcomes("steps", sums, right / lengths, lengths, true, found, mean, decisions)


def label_set_outcomes(
    probabilities: Floats, truth: npt.NDArray[np.bool_], given: npt.NDArray[np.bool_], classes: Sequence[Any],
    lengths: Numbers,
) -> Outcomes:  # fmt: skip
    """Compare sets of labels that were given (N, K) with the true ones (N, K)."""
    both, right = truth & given, (truth == given).all(1)
    losses = -np.log(np.maximum(np.where(truth, probabilities, 1 - probabilities), 1e-12)).mean(1)
    sums: dict[str, Floats] = {
        "both": both.sum(1).astype(np.float64), "given": given.sum(1).astype(np.float64),
        "wanted": truth.sum(1).astype(np.float64), "right": right.astype(np.float64), "loss": losses,
    }  # fmt: skip
    if len(classes) <= _LABELS:
        for name, side in (("both", both), ("given", given), ("wanted", truth)):
            sums[f"label_{name}"] = side.astype(np.float64)
    sure = np.maximum(probabilities, 1 - probabilities).ravel()
    owners = np.repeat(np.arange(len(truth)), truth.shape[1])
    answers = (probabilities >= 0.5).ravel().astype(np.int64)
    decisions = Decisions(["no", "yes"], truth.ravel().astype(np.int64), answers, sure, owners)
    names = [str(name) for name in classes]
    true, found = ([[names[n] for n in np.flatnonzero(row)] for row in side] for side in (truth, given))
    share = (truth == given).mean(1)
    return Outcomes("label sets", sums, share, lengths, true, found, None, decisions)


def _decided(probabilities: Floats, y: Numbers, classes: Sequence[Any], owners: Numbers) -> Decisions:
    answers = probabilities.argmax(axis=1)
    confidence = probabilities[np.arange(len(y)), answers]
    return Decisions([str(name) for name in classes], y, answers, confidence, owners)


def _losses(probabilities: Floats, y: Numbers) -> Floats:
    return np.asarray(-np.log(np.maximum(probabilities[np.arange(len(y)), y], 1e-12)))
