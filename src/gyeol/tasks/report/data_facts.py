"""What a report says of the examples that a model was measured on: how many, how long, which classes, which twice."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gyeol.engine.metrics.outcomes import Outcomes

__all__ = ["data_facts", "input_digest", "length_unit", "overlap"]

_UNITS = {"steps": "steps", "numbers": "numbers", "transcripts": "seconds", "captions": "words", "forecasts": "steps"}
_CLASSES = 40  # listed


def length_unit(outcomes: Outcomes, reads: str) -> str:
    """Name what the lengths of examples are counted in."""
    if outcomes.kind in ("transcripts", "captions", "forecasts"):
        return _UNITS[outcomes.kind]
    if outcomes.kind == "corrections":
        return "characters"
    return "tokens" if reads == "tokens" else "steps"


def data_facts(outcomes: Outcomes, X: Any, reads: str, trained: dict[str, int] | None) -> dict[str, Any]:
    """Count the examples, their lengths, classes and duplicates.

    Parameters
    ----------
    outcomes : Outcomes
    X : sequence
        The inputs.
    reads : str
        What the model reads: `Hooks.reads`.
    trained : dict of str to int, optional
        How many examples of each class the training had.

    Returns
    -------
    dict
        ``count``; ``lengths`` (min, median, mean, p95, max, unit); ``classes`` (name, count, trained), where there are
        some; ``duplicates`` (inputs that came before), ``conflicting`` (of those, with another truth), None where
        inputs are too unlike to compare.
    """
    lengths = np.asarray(outcomes.lengths, dtype=np.float64)
    found: dict[str, Any] = {"count": len(outcomes)}
    if outcomes.kind == "forecasts":
        found["lengths"] = _lengths(np.array([len(one) for one in X], dtype=np.float64), "steps")
        return {**found, "count": len(X), "blocks": len(outcomes)}
    found["lengths"] = _lengths(lengths, length_unit(outcomes, reads))
    if outcomes.decisions is not None:
        found["classes"] = _classes(outcomes, trained)
    found |= _duplicates(X, outcomes.truth)
    return found


def _lengths(lengths: Any, unit: str) -> dict[str, Any]:
    return {
        "min": float(lengths.min()),
        "median": float(np.median(lengths)),
        "mean": float(lengths.mean()),
        "p95": float(np.percentile(lengths, 95)),
        "max": float(lengths.max()),
        "unit": unit,
    }


def _classes(outcomes: Outcomes, trained: dict[str, int] | None) -> list[dict[str, Any]]:
    decisions = outcomes.decisions
    assert decisions is not None
    if outcomes.kind == "label sets":
        counts: dict[str, int] = {}
        for labels in outcomes.truth:
            for label in labels:
                counts[label] = counts.get(label, 0) + 1
    else:
        numbers = np.bincount(decisions.truth, minlength=len(decisions.names))
        counts = dict(zip(decisions.names, numbers.tolist(), strict=True))
    order = sorted(counts, key=lambda name: -counts[name])[:_CLASSES]
    trained = trained or {}
    return [
        {"name": name, "count": counts[name], **({"trained": int(trained[name])} if name in trained else {})}
        for name in order
    ]


def input_digest(value: Any) -> bytes | None:
    """Return a hash by which the same inputs are known; None for what cannot be compared.

    Examples
    --------
    >>> input_digest("가") == input_digest("가"), input_digest(np.zeros(2)) == input_digest(np.zeros(3))
    (True, False)
    """
    if isinstance(value, Path):
        value = str(value)
    if isinstance(value, str):
        content = value.encode("utf-8", "surrogatepass")
    elif isinstance(value, np.ndarray) and value.dtype != object:
        content = repr(value.shape).encode() + np.ascontiguousarray(value).tobytes()
    elif isinstance(value, (list, tuple)) and all(isinstance(part, (str, tuple)) for part in value):
        content = repr(value).encode("utf-8", "surrogatepass")
    elif type(value).__str__ is not object.__str__:  # type: ignore[comparison-overlap]
        # Pictures and clips say which file they are, or hash their numbers.
        content = str(value).encode("utf-8", "surrogatepass")
    else:
        return None
    return hashlib.blake2b(content, digest_size=8).digest()


def _duplicates(X: Iterable[Any], truth: Sequence[Any]) -> dict[str, Any]:
    seen: dict[bytes, int] = {}
    duplicates = conflicting = 0
    for place, value in enumerate(X):
        digest = input_digest(value)
        if digest is None:
            return {"duplicates": None, "conflicting": None}
        first = seen.setdefault(digest, place)
        if first != place:
            duplicates += 1
            conflicting += truth[first] != truth[place]
    return {"duplicates": duplicates, "conflicting": int(conflicting)}


def overlap(X: Iterable[Any], training: Iterable[Any]) -> int:
    """Count the inputs that a training had, too.

    Examples
    --------
    >>> overlap(["a", "b", "b"], ["b", "c"])
    2
    """
    known = {input_digest(value) for value in training} - {None}
    return sum(input_digest(value) in known for value in X)
