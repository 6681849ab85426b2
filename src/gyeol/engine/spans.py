"""Stretches of tokens that tags mark, and how well they are found."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Span", "follows", "marks_spans", "span_figures", "spans_of"]

# O, or a letter that says where in a span a token stands and, behind - or _, what the span is.
_MARK = re.compile(r"O|([BIESLU])(?:[-_](.+))?")


class Span(NamedTuple):
    """Tokens ``start`` to ``end - 1``, and what they are ("" where the tags do not say)."""

    start: int
    end: int
    kind: str


def _parts(tag: str) -> tuple[str, str | None]:
    found = _MARK.fullmatch(tag)
    if found is None or found[1] is None:
        return "O", None
    return {"L": "E", "U": "S"}.get(found[1], found[1]), found[2]


def marks_spans(tags: Iterable[str]) -> bool:
    """Whether tags mark spans: all are O, or B, I, E, S (L, U) with or without a kind, and some begin one.

    Examples
    --------
    >>> marks_spans(["O", "B-PER", "I-PER"]), marks_spans(["NOUN", "O"]), marks_spans(["B_PS", "I", "O"])
    (True, False, True)
    """
    known = set(tags)
    return bool(known) and all(_MARK.fullmatch(tag) for tag in known) and any(_parts(tag)[0] in "BS" for tag in known)


def spans_of(tags: Sequence[str]) -> list[Span]:
    """Find the spans, as conlleval does: one begins where none is open, or another kind was, whatever its mark.

    An I or E without a kind goes on with what is open.

    Examples
    --------
    >>> spans_of(["B-PER", "I-PER", "O", "I-LOC", "B_PS", "I"])
    [Span(start=0, end=2, kind='PER'), Span(start=3, end=4, kind='LOC'), Span(start=4, end=6, kind='PS')]
    """
    found: list[Span] = []
    start, kind = -1, ""
    for place, tag in enumerate(chain(tags, ["O"])):
        mark, own = _parts(tag)
        goes_on = mark in "IE" and start >= 0 and own in (None, kind)
        if start >= 0 and not goes_on:
            found.append(Span(start, place, kind))
            start = -1
        if mark != "O" and start < 0:
            start, kind = place, own or ""
        if mark in "ES" and start >= 0:
            found.append(Span(start, place + 1, kind))
            start = -1
    return found


def follows(tags: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Tell which tag may follow which: (Y + 1, Y), the last row telling which may come first.

    Where tags mark spans, what goes on must have something of its kind to go on from; elsewhere all may.
    """
    allowed = np.ones((len(tags) + 1, len(tags)), dtype=bool)
    if not marks_spans(tags):
        return allowed
    parts = [_parts(tag) for tag in tags]
    ends = {kind for mark, kind in parts if mark in "ES"}
    for b, (mark, kind) in enumerate(parts):
        if mark not in "IE":
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
