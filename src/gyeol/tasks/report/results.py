"""What a report says of a model's answers: figures with intervals, confusion, calibration, scores by length."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gyeol.engine.metrics.bootstrap import intervals, resamples_for
from gyeol.engine.metrics.calibration import calibration
from gyeol.engine.metrics.figure_kinds import FIGURES, LOWER
from gyeol.engine.metrics.outcomes import Outcomes

__all__ = ["by_length", "figures_with_intervals", "results"]

_BINS = 8  # of lengths
_MOST = 20  # classes of a matrix that is shown whole
_PAIRS = 15  # pairs of classes that are confused most, where there are more classes
_POINTS = 400  # of a scatter plot


def results(outcomes: Outcomes, *, seed: int = 0) -> dict[str, Any]:
    """Sum up outcomes.

    Returns
    -------
    dict
        ``kind``; ``figures``: name, value, low, high, better (``"higher"`` or ``"lower"``); ``resamples``; ``score``
        (what examples are scored by) and ``by_length``: low, high, count, mean, from, to; ``confusion``, ``per_class``,
        ``calibration``, ``profiles``, ``points`` where they make sense.
    """
    found: dict[str, Any] = {
        "kind": outcomes.kind,
        "figures": figures_with_intervals(outcomes, seed),
        "resamples": resamples_for(outcomes.size),
        "score": FIGURES[outcomes.kind].score,
        "by_length": by_length(outcomes),
        "profiles": {
            name: {"places": list(own.places), "counts": own.counts.tolist(), "means": own.means.tolist()}
            for name, own in outcomes.profiles.items()
        },
    }  # fmt: skip
    if outcomes.kind == "label sets":
        found["per_class"] = _labels(outcomes)
    elif outcomes.decisions is not None:
        found |= _confusion(outcomes)
    if outcomes.decisions is not None and not np.isnan(outcomes.decisions.confidence).any():
        own = calibration(outcomes.decisions.right, outcomes.decisions.confidence)
        found["calibration"] = {
            "confidence": own.confidence.tolist(), "accuracy": own.accuracy.tolist(), "counts": own.counts.tolist(),
            "error": own.error,
        }  # fmt: skip
    if outcomes.kind == "numbers":
        rows = np.random.default_rng(seed).permutation(len(outcomes))[:_POINTS]
        found["points"] = [[float(outcomes.truth[row]), float(outcomes.answers[row])] for row in sorted(rows.tolist())]
    return found


def figures_with_intervals(outcomes: Outcomes, seed: int = 0) -> list[dict[str, Any]]:
    """Return each figure: name, value, low, high, better (``"higher"`` or ``"lower"``)."""
    return [
        {
            "name": name, "value": one.value, "low": one.low, "high": one.high,
            "better": "lower" if name in LOWER else "higher",
        }
        for name, one in intervals(outcomes, seed=seed).items()
    ]  # fmt: skip


def by_length(outcomes: Outcomes) -> list[dict[str, Any]]:
    """Return the mean score of examples of like length, with the interval of 95 %: Wilson's where scores are 0 and 1.

    Examples
    --------
    >>> right = np.array([1.0, 1, 0, 0])
    >>> found = Outcomes("classes", {}, right, np.array([1, 1, 9, 9]), [""] * 4, [""] * 4)
    >>> [(one["low"], one["high"], one["count"], one["mean"]) for one in by_length(found)]
    [(1.0, 1.0, 2, 1.0), (9.0, 9.0, 2, 0.0)]
    """
    lengths = np.asarray(outcomes.lengths, dtype=np.float64)
    if not len(lengths) or lengths.min() == lengths.max():
        return []
    edges = np.unique(np.quantile(lengths, np.linspace(0, 1, _BINS + 1)[1:-1], method="lower"))
    groups = np.searchsorted(edges, lengths)  # up to and with an edge
    found = []
    for group in np.unique(groups).tolist():
        rows = groups == group
        scores = outcomes.scores[rows]
        low, high = _interval(scores, share=FIGURES[outcomes.kind].score == "right")
        found.append(
            {
                "low": float(lengths[rows].min()), "high": float(lengths[rows].max()), "count": int(rows.sum()),
                "mean": float(scores.mean()), "from": low, "to": high,
            }
        )  # fmt: skip
    return found


def _interval(scores: npt.NDArray[Any], *, share: bool) -> tuple[float, float]:
    mean, count = float(scores.mean()), len(scores)
    if share:
        from scipy.stats import binomtest

        found = binomtest(int(scores.sum()), count).proportion_ci(method="wilson")
        return float(found.low), float(found.high)
    half = 1.96 * float(scores.std(ddof=1)) / count**0.5 if count > 1 else 0.0
    return max(0.0, mean - half), mean + half  # no score is below 0


def _confusion(outcomes: Outcomes) -> dict[str, Any]:
    decisions = outcomes.decisions
    assert decisions is not None
    counts, names = decisions.confusion().astype(np.int64), list(decisions.names)
    seen = counts.sum(0) + counts.sum(1) > 0
    if outcomes.kind == "tags" and not seen[-1]:  # no tag was unknown
        counts, names, seen = counts[:-1, :-1], names[:-1], seen[:-1]
    right, support, chosen = np.diag(counts), counts.sum(1), counts.sum(0)
    per_class: list[dict[str, Any]] = [
        {
            "name": name, "count": int(support[n]), "predicted": int(chosen[n]),
            "precision": float(right[n] / chosen[n]) if chosen[n] else 0.0,
            "recall": float(right[n] / support[n]) if support[n] else 0.0,
            "f1": float(2 * right[n] / (support[n] + chosen[n])) if support[n] + chosen[n] else 0.0,
        }
        for n, name in enumerate(names)
    ]  # fmt: skip
    found: dict[str, Any] = {"per_class": sorted(per_class, key=lambda own: -own["count"])[:40]}
    if len(names) <= _MOST:
        return {**found, "confusion": {"names": names, "rows": counts.tolist()}}
    wrong = counts * (1 - np.eye(len(names), dtype=np.int64))
    order = np.argsort(-wrong, axis=None, kind="stable")[:_PAIRS]
    pairs = [divmod(int(cell), len(names)) for cell in order]
    return {
        **found,
        "confused": [
            {"truth": names[a], "answer": names[b], "count": int(wrong[a, b])} for a, b in pairs if wrong[a, b]
        ],
    }


def _labels(outcomes: Outcomes) -> list[dict[str, Any]]:
    names = list(dict.fromkeys(label for side in (outcomes.truth, outcomes.answers) for row in side for label in row))
    found: list[dict[str, Any]] = []
    for name in sorted(names):
        truth = np.array([name in row for row in outcomes.truth])
        given = np.array([name in row for row in outcomes.answers])
        both, count, chosen = int((truth & given).sum()), int(truth.sum()), int(given.sum())
        found.append(
            {
                "name": name, "count": count, "predicted": chosen, "precision": both / max(1, chosen),
                "recall": both / max(1, count), "f1": 2 * both / max(1, count + chosen),
            }
        )  # fmt: skip
    return sorted(found, key=lambda own: -int(own["count"]))[:40]
