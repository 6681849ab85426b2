"""How many columns a text takes in a terminal, where Hangul takes two a syllable and a combining mark none."""

from __future__ import annotations

import unicodedata

__all__ = ["cut_to_width", "text_width"]

_CUT = "…"


def text_width(text: str) -> int:
    r"""Count the columns that a text takes in a terminal.

    East Asian wide characters take two (Unicode Standard Annex 11), combining marks
    none; vowels and finals of decomposed Hangul are such marks.

    Examples
    --------
    >>> text_width("결 gyeol"), text_width("\u1100\u1167\u11af"), text_width("e\u0301")
    (8, 2, 1)
    """
    return len(text) if text.isascii() else sum(map(_columns, text))


def cut_to_width(text: str, most: int) -> str:
    """Cut a text to a number of columns; an ellipsis replaces the rest.

    Examples
    --------
    >>> cut_to_width("한국어", 6), cut_to_width("한국어", 5), cut_to_width("한국어", 4), cut_to_width("a", 0)
    ('한국어', '한국…', '한…', '')
    """
    if text_width(text) <= most:
        return text
    taken = 0
    for place, c in enumerate(text):
        taken += _columns(c)
        if taken > most - 1:
            return text[:place] + _CUT if most > 0 else ""
    return text


def _columns(c: str) -> int:
    if unicodedata.east_asian_width(c) in "WF":
        return 2
    return 0 if 0x1160 <= ord(c) <= 0x11FF or unicodedata.category(c) in ("Mn", "Me", "Cf") else 1
