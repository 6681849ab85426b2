"""Outcomes of tagged sentences: of each tag, and of the spans that they mark."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gyeol.engine.metrics.outcomes import Decisions, Outcomes
from gyeol.engine.metrics.spans import spans_of

__all__ = ["tag_outcomes"]

_OTHER = "?"  # a tag that training never saw


def tag_outcomes(
    found: Sequence[Sequence[str]], truth: Sequence[Sequence[str]], losses: Sequence[float], classes: Sequence[str], *,
    spans: bool,
) -> Outcomes:  # fmt: skip
    """Compare the tags of each sentence with the true ones.

    Parameters
    ----------
    found, truth : sequences of sequences of str
    losses : sequence of float
        Nats of each sentence; NaN where a true tag is unknown to the model.
    classes : sequence of str
    spans : bool
        Whether tags mark spans; a span counts where start, end and kind are the same.

    Examples
    --------
    >>> outcomes = tag_outcomes([["B-A", "O"]], [["B-A", "B-A"]], [0.5], ["B-A", "O"], spans=True)
    >>> {name: float(value[0]) for name, value in outcomes.figures().items() if name in ("recall", "accuracy")}
    {'recall': 0.5, 'accuracy': 0.5}
    """
    names = [*classes, _OTHER]
    numbers = {name: n for n, name in enumerate(classes)}
    lengths = np.array([len(row) for row in truth], dtype=np.int64)
    owners = np.repeat(np.arange(len(truth)), lengths)
    sides = [
        np.array([numbers.get(tag, len(classes)) for row in rows for tag in row], dtype=np.int64)
        for rows in (truth, found)
    ]
    decisions = Decisions(names, sides[0], sides[1], np.full(len(owners), np.nan), owners)
    right = np.bincount(owners, weights=decisions.right, minlength=len(truth))
    loss, known = np.array(losses, dtype=np.float64), ~np.isnan(losses)
    sums = {
        "right": right, "count": lengths.astype(np.float64), "loss": np.where(known, loss, 0.0),
        "known": np.where(known, lengths, 0).astype(np.float64),
    }  # fmt: skip
    if spans:
        pairs = [({*spans_of(mine)}, {*spans_of(right)}) for mine, right in zip(found, truth, strict=True)]
        counts = [(len(mine), len(wanted), len(mine & wanted)) for mine, wanted in pairs]
        columns = np.array(counts, dtype=np.float64).reshape(-1, 3).T
        sums |= dict(zip(("found", "wanted", "both"), columns, strict=True))
    shown = [list(row) for row in truth], [list(row) for row in found]
    return Outcomes("tags", sums, right / lengths, lengths, *shown, None, decisions)
