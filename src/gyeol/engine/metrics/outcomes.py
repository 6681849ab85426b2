"""What became of every example: enough to count each figure again over any of them, and to find the worst.

A figure of merit is a function of sums over examples (hits, losses, matching n-grams), so that it can be counted over
resampled examples (`gyeol.engine.metrics.bootstrap`) without asking the model again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from gyeol.engine.metrics.figure_kinds import FIGURES

__all__ = ["Decisions", "Outcomes", "Profile"]

Floats = npt.NDArray[Any]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Decisions:
    """Choices among classes: one an example, a token or a step.

    Parameters
    ----------
    names : sequence of str
        The C classes.
    truth, answers : int arrays, shape (M,)
        Class numbers.
    confidence : array, shape (M,)
        The probability of each answer; NaN where there is none.
    owners : int array, shape (M,)
        To which example each choice belongs.
    """

    names: Sequence[str]
    truth: Numbers
    answers: Numbers
    confidence: Floats
    owners: Numbers

    @property
    def right(self) -> npt.NDArray[np.bool_]:
        """Whether each is right, shape (M,)."""
        return np.asarray(self.truth == self.answers)

    def confusion(self, weights: Floats | None = None) -> Floats:
        """Count true (rows) and chosen (columns) classes, shape (C, C); by weights of the choices (M,), if given."""
        count = len(self.names)
        cells = np.bincount(self.truth * count + self.answers, weights=weights, minlength=count * count)
        return cells.reshape(count, count)


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """A mean that runs along something inside the examples: the error by horizon, the loss by place in a line.

    Parameters
    ----------
    places : sequence of str
        What stands at the axis, such as ``"1"`` or ``"2-3"``.
    counts, totals : arrays, shape (len(places),)
        How many values there are at each, and their sum.
    """

    places: Sequence[str]
    counts: Floats
    totals: Floats

    @property
    def means(self) -> Floats:
        """The mean at each place; 0 where nothing is."""
        return np.asarray(self.totals / np.maximum(self.counts, 1e-12))

    def plus(self, other: Profile) -> Profile:
        """Add what others showed at the same places."""
        return replace(self, counts=self.counts + other.counts, totals=self.totals + other.totals)


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """What a model answered on N examples whose truth is known.

    Parameters
    ----------
    kind : str
        As in `gyeol.engine.metrics.figure_kinds.FIGURES`.
    sums : mapping of str to array, shape (N,) or (N, K)
        What each example adds to what the figures of this kind are counted from.
    scores : array, shape (N,)
        How good or bad each answer is, as ``FIGURES[kind].score`` says.
    lengths : int array, shape (N,)
        Of the inputs, as the model reads them.
    truth, answers : sequences of length N
        As a person reads them.
    confidence : array, shape (N,), optional
        The probability of each answer.
    decisions : Decisions, optional
        Where examples, or their steps, belong to classes.
    profiles : mapping of str to Profile
    keys : sequence, optional
        What names each example, where several models may not see the same ones.
    """

    kind: str
    sums: Mapping[str, Floats]
    scores: Floats
    lengths: Numbers
    truth: Sequence[Any]
    answers: Sequence[Any]
    confidence: Floats | None = None
    decisions: Decisions | None = None
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    keys: Sequence[Any] | None = None

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def size(self) -> int:
        """How much is counted: examples, or decisions where there are more."""
        return len(self) if self.decisions is None else max(len(self), len(self.decisions.owners))

    def figures(self, weights: Floats | None = None) -> dict[str, Floats]:
        """Count the figures of merit over the examples, each as often as its weight says.

        Parameters
        ----------
        weights : array, shape (B, N), optional
            B ways to weigh; by default one, in which each counts once.

        Returns
        -------
        dict of str to array, shape (B,)
            In order of importance: the first is the one that models are compared by.
        """
        own = np.ones((1, len(self))) if weights is None else weights
        sums = {name: own @ np.asarray(values, dtype=np.float64) for name, values in self.sums.items()}
        figures = dict(FIGURES[self.kind].count({**sums, "examples": own.sum(1)}))
        if self.decisions is not None and FIGURES[self.kind].macro_f1:
            owners, count = self.decisions.owners, self.decisions.confusion
            f1 = np.array([_macro_f1(count(row[owners])) for row in own])
            first = next(iter(figures))
            figures = {first: figures.pop(first), "macro_f1": f1, **figures}
        return figures

    def take(self, rows: Numbers) -> Outcomes:
        """Take some examples, in the order given; profiles, which are sums over all, are left out."""
        decisions = self.decisions
        if decisions is not None:
            order = np.argsort(decisions.owners, kind="stable")
            starts = np.searchsorted(decisions.owners[order], np.arange(len(self) + 1))
            found = [order[starts[row] : starts[row + 1]] for row in rows.tolist()]
            which = np.concatenate(found) if found else np.zeros(0, dtype=np.int64)
            decisions = Decisions(
                decisions.names, decisions.truth[which], decisions.answers[which], decisions.confidence[which],
                np.repeat(np.arange(len(rows)), [len(one) for one in found]),
            )  # fmt: skip
        return Outcomes(
            self.kind, {name: values[rows] for name, values in self.sums.items()}, self.scores[rows],
            self.lengths[rows], [self.truth[row] for row in rows], [self.answers[row] for row in rows],
            None if self.confidence is None else self.confidence[rows], decisions,
            keys=None if self.keys is None else [self.keys[row] for row in rows],
        )  # fmt: skip

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Outcomes:
        """Put the outcomes of parts of the examples together, in order."""
        first = parts[0]
        if len(parts) == 1:
            return first
        ends = np.cumsum([0, *(len(part) for part in parts)])
        profiles = dict(first.profiles)
        for part in parts[1:]:
            profiles = {name: own.plus(part.profiles[name]) for name, own in profiles.items()}

        def stacked(of: Callable[[Outcomes], Any]) -> Any:
            return np.concatenate([of(part) for part in parts])

        decisions = None
        if first.decisions is not None:
            of_parts = [part.decisions for part in parts if part.decisions is not None]
            decisions = Decisions(
                first.decisions.names,
                np.concatenate([one.truth for one in of_parts]),
                np.concatenate([one.answers for one in of_parts]),
                np.concatenate([one.confidence for one in of_parts]),
                np.concatenate([one.owners + start for one, start in zip(of_parts, ends[:-1], strict=True)]),
            )
        return Outcomes(
            first.kind,
            {name: np.concatenate([part.sums[name] for part in parts]) for name in first.sums},
            stacked(lambda part: part.scores),
            stacked(lambda part: part.lengths),
            [one for part in parts for one in part.truth],
            [one for part in parts for one in part.answers],
            None if first.confidence is None else stacked(lambda part: part.confidence),
            decisions,
            profiles,
            None if first.keys is None else [key for part in parts for key in part.keys or ()],
        )


def _macro_f1(confusion: Floats) -> float:
    """Return the mean F1 of the classes that are true or chosen anywhere, of a confusion matrix."""
    both, sizes = np.diag(confusion), confusion.sum(0) + confusion.sum(1)
    seen = sizes > 0
    return float(np.mean(2 * both[seen] / sizes[seen])) if seen.any() else 0.0
