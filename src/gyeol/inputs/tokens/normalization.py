"""One spelling for one text: Unicode NFC, and the way back to the original characters."""

from __future__ import annotations

import unicodedata

from gyeol.inputs.tokens.segmentation import is_visible, visible

__all__ = ["compared", "normalize"]


def compared(word: str) -> str:
    r"""Return a word as it is compared with others: composed (NFC), without invisible characters.

    Examples
    --------
    >>> compared("\u1100\u1161\u200b"), compared("가")
    ('가', '가')
    """
    return normalize(word, shown=True)[0] or word


def normalize(text: str, *, lowercase: bool = False, shown: bool = False) -> tuple[str, list[int] | None]:
    r"""Compose a text to NFC and say where each of its characters came from.

    Korean typed on some systems arrives decomposed (NFD): ``"각"`` as three code points. Everything after this
    function sees composed syllables.

    Parameters
    ----------
    text : str
        Any text.
    lowercase : bool
        Lower-case letters whose lower case is one character long, so that positions keep their meaning.
    shown : bool
        Leave out what cannot be seen (`gyeol.inputs.tokens.segmentation.visible`).

    Returns
    -------
    normal : str
        The composed text.
    origins : list of int, or None
        ``origins[i]`` is the index in ``text`` where that begins from which character ``i`` of ``normal`` was composed;
        it ends at the next greater entry. One further entry holds ``len(text)``. None where nothing moved.

    Examples
    --------
    >>> normalize("\u1100\u1161\u11a8!")
    ('각!', [0, 3, 4])
    >>> normalize("각!", lowercase=True)
    ('각!', None)
    """
    origins: list[int] | None = None
    if shown and not is_visible(text):
        text, composed = _composed(text)  # marks in one order: what stands beside a joiner decides
        text, origins = visible(text)
        origins = _through(composed, origins)
    normal, composed = _composed(text)
    origins = _through(origins, composed)
    if lowercase:
        normal, composed = _composed(_lower(normal))  # j and caron compose, J and caron do not
        origins = _through(origins, composed)
    return normal, origins


def _through(first: list[int] | None, then: list[int] | None) -> list[int] | None:
    """Follow positions through two changes of a text."""
    if first is None or then is None:
        return then if first is None else first
    return [first[i] for i in then]


def _composed(text: str) -> tuple[str, list[int] | None]:
    if unicodedata.is_normalized("NFC", text):
        return text, None
    pieces: list[str] = []
    origins: list[int] = []
    for start, end in _clusters(text):
        piece = unicodedata.normalize("NFC", text[start:end])
        pieces.append(piece)
        # What composition leaves alone keeps a place for every character; the others share that of their cluster.
        origins.extend(range(start, end) if piece == text[start:end] else [start] * len(piece))
    origins.append(len(text))
    return "".join(pieces), origins


def _lower(text: str) -> str:
    low = text.lower()
    if len(low) == len(text):
        return low
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def _clusters(text: str) -> list[tuple[int, int]]:
    """Cut a text where composition cannot reach across: before each character that never joins its left neighbour."""
    starts = [0] if text else []
    starts += [i for i in range(1, len(text)) if not _joins_left(text[i])]
    return list(zip(starts, [*starts[1:], len(text)], strict=True))


def _joins_left(char: str) -> bool:
    point = ord(char)
    if 0x1161 <= point <= 0x1175 or 0x11A8 <= point <= 0x11C2:  # medial vowels and final consonants
        return True
    if point == 0x16D67:  # Kirat Rai, the one other letter that composes (since Unicode 16)
        return True
    return point >= 0x300 and unicodedata.category(char).startswith("M")
