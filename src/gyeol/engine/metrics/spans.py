"""Stretches of tokens that tags mark, and how well they are found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from gyeol.data.tagging.schemes import Span, marks_spans, spans_of, split_tag

__all__ = ["Span", "follows", "marks_spans", "span_figures", "spans_of"]


def follows(tags: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Tell which tag may follow which: (Y + 1, Y), the last row telling which may come first.

    Where tags mark spans, what goes on must have something of its kind to go on from, if any tag begins such a span;
    elsewhere all may.
    """
    allowed = np.ones((len(tags) + 1, len(tags)), dtype=bool)
    if not marks_spans(tags):
        return allowed
    parts = [split_tag(tag) for tag in tags]
    ends = {kind for mark, kind in parts if mark in "ES"}
    begun = {kind for mark, kind in parts if mark == "B"}
    for b, (mark, kind) in enumerate(parts):
        if mark not in "IE" or not (begun if kind is None else kind in begun or None in begun):
            continue
        allowed[-1, b] = False
        for a, (before, other) in enumerate(parts):
            allowed[a, b] = before in "BI" and (kind is None or other in (None, kind))
    if ends:  # with marks of ends, what has begun must end
        for a, (before, kind) in enumerate(parts):
            if before in "BI" and any(mark in "IE" and own == kind for mark, own in parts):
                allowed[a] = [mark in "IE" and own in (None, kind) for mark, own in parts]
    if not allowed[-1].any() or not allowed[:-1].any(axis=1).all():
        return np.ones_like(allowed)  # these tags mark in a way of their own
    return allowed


def span_figures(found: Iterable[Sequence[str]], right: Iterable[Sequence[str]]) -> dict[str, object]:
    """Compare the spans of tags with those that are right: a span counts where start, end and kind are the same.

    Returns
    -------
    dict
        ``precision``, ``recall`` and ``f1`` over all spans (micro), ``spans`` (how many are right), ``per_kind``: the
        same by kind.

    Examples
    --------
    >>> span_figures([["B-A", "I-A", "O"]], [["B-A", "O", "B-B"]])["f1"]
    0.0
    """
    sums: dict[str, Counter[str]] = {name: Counter() for name in ("found", "right", "both")}
    for mine, truth in zip(found, right, strict=True):
        own, wanted = set(spans_of(mine)), set(spans_of(truth))
        for name, some in (("found", own), ("right", wanted), ("both", own & wanted)):
            sums[name].update(span.kind for span in some)
    kinds = sorted({*sums["found"], *sums["right"]})
    per_kind = {kind: _figures(*(sums[name][kind] for name in ("found", "right", "both"))) for kind in kinds}
    return {**_figures(*(sums[name].total() for name in ("found", "right", "both"))), "per_kind": per_kind}


def _figures(found: int, right: int, both: int) -> dict[str, float]:
    precision, recall = both / max(1, found), both / max(1, right)
    f1 = 2 * both / max(1, found + right)
    return {"precision": precision, "recall": recall, "f1": f1, "spans": right}
