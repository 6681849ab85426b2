"""Tokens as readers see them, and which of them an attention looked at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gyeol.data.text_width import text_width
from gyeol.explain.drawing.fonts import label, mostly_hangul

__all__ = ["full_scale", "in_korean", "most_looked_at", "token_label"]

_BEGINS, _DOT = "▁", "·"  # how a subword marks that a word begins with it, and how that is shown
_END, _SPACE, _NOTHING, _NO_LETTER, _HOLDS_MARKS = "⏎", "␣", "∅", "\ufffd", "◌"
_MOST, _LEAST, _ENOUGH = 3, 0.05, 0.9


def token_label(token: str, limit: int = 24) -> str:
    r"""Name a token in one line that can be seen and that does nothing to a terminal.

    The end of a text is ``⏎``, a space ``␣``, a token of nothing ``∅``; the mark of a subword
    that begins a word is a dot.

    Examples
    --------
    >>> [token_label(token) for token in ["▁나는", "\n", " ", "", "\x1b[2J", "\u0301"]]
    ['·나는', '⏎', '␣', '∅', '[2J', '◌́']
    """
    if token == "\n":  # noqa: S105
        return _END
    text = "".join(_NO_LETTER if "\ud800" <= c <= "\udfff" else c for c in token)
    line = label(text.replace(_BEGINS, _DOT), limit)
    if not line:
        return _SPACE if token.isspace() else _NOTHING
    return line if text_width(line[0]) else _HOLDS_MARKS + line


def most_looked_at(weights: npt.NDArray[np.float64]) -> list[int]:
    """Name the few places that a row of weights (source,) mostly looks at, the first first; at least one.

    Examples
    --------
    >>> most_looked_at(np.array([0.2, 0.7, 0.06, 0.04])), most_looked_at(np.array([0.05, 0.95]))
    ([1, 0], [1])
    """
    order = np.argsort(-weights, kind="stable")[:_MOST]
    before = np.cumsum(weights[order]) - weights[order]
    kept = (weights[order] >= _LEAST) & (before < _ENOUGH - 1e-9)
    return [int(order[0]), *order[1:][kept[1:]].tolist()]


def full_scale(weights: npt.NDArray[np.float64]) -> float:
    """Return the weight that is shown in the strongest shade: 1, or the greatest if none reaches 0.5.

    Examples
    --------
    >>> full_scale(np.array([[0.3, 0.7]])), full_scale(np.full((1, 4), 0.25))
    (1.0, 0.25)
    """
    most = float(weights.max())
    return 1.0 if most >= 0.5 else most


def in_korean(*texts: Sequence[str]) -> bool:
    """Whether one of the texts is mostly Korean; captions are in Korean then."""
    return any(mostly_hangul([token for token in text if any(map(str.isalpha, token))]) for text in texts)
