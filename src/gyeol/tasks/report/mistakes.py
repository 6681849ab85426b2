"""The worst mistakes of a model: those it was surest of, or that are farthest off, with their explanation."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gyeol.data.media.images import Picture, jpeg_bytes
from gyeol.engine.metrics.figure_kinds import FIGURES, LOWER
from gyeol.engine.metrics.outcomes import Outcomes
from gyeol.errors import GyeolError
from gyeol.tasks.report.data_facts import input_digest

if TYPE_CHECKING:
    from gyeol.explain.explanation import Explanation
    from gyeol.tasks.base import Estimator

__all__ = ["shown_input", "worst_mistakes", "worst_rows"]

_LONGEST = 600  # characters of a text
_POINTS = 200  # of a series
_CHANNELS = 3
_PIXELS = 96
_TRIED = 20  # times as many as are shown, for some may be the same
_FEWEST = 3  # tokens of a line whose loss says something


def worst_rows(outcomes: Outcomes, count: int) -> list[int]:
    """Return the numbers of the worst examples, the worst first; none is right.

    Examples
    --------
    >>> right = np.array([1.0, 0, 0])
    >>> sure = np.array([0.9, 0.6, 0.8])
    >>> worst_rows(Outcomes("classes", {}, right, np.ones(3, int), "aaa", "abb", sure), 5)
    [2, 1]
    """
    kind = FIGURES[outcomes.kind].score
    scores = np.asarray(outcomes.scores, dtype=np.float64)
    if outcomes.kind == "forecasts":
        return []
    if kind in LOWER:
        wrong = scores > 0
        badness = scores
        if outcomes.kind == "tokens":
            wrong &= np.asarray(outcomes.lengths) >= _FEWEST
    else:
        wrong = scores < (100.0 if kind == "chrf" else 1.0)
        badness = -scores
    sure = np.zeros(len(scores)) if outcomes.confidence is None else np.asarray(outcomes.confidence)
    if kind == "right":
        badness = sure
    rows = np.flatnonzero(wrong)
    order = np.lexsort((rows, -sure[rows], -badness[rows]))
    return [int(row) for row in rows[order][:count]]


def worst_mistakes(
    model: Estimator, outcomes: Outcomes, X: Any, *, count: int = 10, lines: Any = (), explained: bool = True
) -> list[dict[str, Any]]:
    """Show the worst mistakes.

    Returns
    -------
    list of dict
        ``input`` (a text, or a name), ``truth``, ``answer``, ``score``, ``length``; ``confidence``, ``line`` where
        they are known; ``series`` (channels of numbers) or ``image`` (a data address) of what is no text; ``pieces``
        (text, contribution), ``shares`` (by step, of a series) and ``target`` where the model explains itself.
    """
    found: list[dict[str, Any]] = []
    seen: set[Any] = set()
    for row in worst_rows(outcomes, _TRIED * count):
        key = input_digest(X[row]) or row
        if len(found) == count or key in seen:  # the same input is shown once
            continue
        seen.add(key)
        one: dict[str, Any] = {
            **shown_input(X[row]), "truth": outcomes.truth[row], "answer": outcomes.answers[row],
            "score": float(outcomes.scores[row]), "length": float(outcomes.lengths[row]),
        }  # fmt: skip
        if outcomes.confidence is not None:
            one["confidence"] = float(outcomes.confidence[row])
        if len(lines) == len(outcomes):
            one["line"] = int(lines[row])
        if explained:
            one |= _explained(model, X[row])
        found.append(one)
    return found


def shown_input(value: Any) -> dict[str, Any]:
    """Show an input: its text or name, its numbers, a small picture.

    Examples
    --------
    >>> shown_input(["a", "b"]), shown_input(np.array([1.0, np.nan]))
    ({'input': 'a b'}, {'input': '', 'series': [[1.0, None]]})
    """
    if isinstance(value, (list, tuple)) and all(isinstance(part, (str, tuple)) for part in value):
        value = " ".join(part if isinstance(part, str) else part[0] for part in value)
    if isinstance(value, str):
        return {"input": value if len(value) <= _LONGEST else f"{value[: _LONGEST - 1]}…"}
    if isinstance(value, Picture):
        return _picture(value)
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiu" and 1 <= value.ndim <= 2:
        return {"input": "", "series": _thinned(value)}
    return {"input": Path(str(getattr(value, "path", value if isinstance(value, Path) else ""))).name}


def _picture(value: Picture) -> dict[str, Any]:
    name = value.source.name if isinstance(value.source, Path) else ""
    try:
        pixels = value.load(_PIXELS)
    except (GyeolError, ValueError):  # ready features are no picture
        return {"input": name}
    if pixels.dtype != np.uint8 or pixels.shape[-1] != 3:
        return {"input": name}
    return {"input": name, "image": f"data:image/jpeg;base64,{base64.b64encode(jpeg_bytes(pixels)).decode()}"}


def _thinned(values: npt.NDArray[Any]) -> list[list[float | None]]:
    table = values.reshape(len(values), -1)[:: max(1, -(-len(values) // _POINTS)), :_CHANNELS]
    return [[float(number) if np.isfinite(number) else None for number in column] for column in table.T]


def _explained(model: Estimator, value: Any) -> dict[str, Any]:
    """Ask a model to explain one answer; nothing where it cannot."""
    explain = getattr(model, "explain", None)
    if explain is None:
        return {}
    try:
        seen = explain(value)
    except GyeolError:
        return {}
    if hasattr(seen, "runs"):  # `gyeol.explain.TokenExplanation`
        return {"pieces": [[piece, own] for piece, own in seen.runs()], "target": f"{seen.unit} {seen.prediction}"}
    attributions = getattr(seen, "attributions", ())
    if not attributions or not hasattr(seen, "tokens"):
        return {}
    return _pieces(seen)


def _pieces(seen: Explanation) -> dict[str, Any]:
    own = seen.attributions[0]
    values = [float(value) for value in own.values]
    found: dict[str, Any] = {"target": own.target, "method": own.method}
    if seen.kind != "text":
        step = max(1, -(-len(values) // _POINTS))
        return {**found, "shares": values[::step]}
    if not seen.text or len(seen.spans) != len(values):
        return {**found, "pieces": [[f"{token} ", value] for token, value in zip(seen.tokens, values, strict=False)]}
    pieces: list[list[Any]] = []
    at = 0
    for (start, end), value in sorted(zip(seen.spans, values, strict=True)):
        if start > at:
            pieces.append([seen.text[at:start], 0.0])
        if end > max(at, start):
            pieces.append([seen.text[max(at, start) : end], value])
        elif pieces:  # a token within the last one, such as a letter of a syllable
            pieces[-1][1] += value
        at = max(at, end)
    if at < len(seen.text):
        pieces.append([seen.text[at:], 0.0])
    return {**found, "pieces": _within(pieces)}


def _within(pieces: list[list[Any]]) -> list[list[Any]]:
    kept: list[list[Any]] = []
    room = _LONGEST
    for text, value in pieces:
        if len(text) > room:
            return [*kept, [f"{text[:room]}…", value]]
        kept.append([text, value])
        room -= len(text)
    return kept
