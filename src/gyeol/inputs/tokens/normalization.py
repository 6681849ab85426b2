"""One spelling for one text: NFC, invisible characters left out, and the way back to the original characters."""

from __future__ import annotations

import unicodedata

from gyeol.inputs.tokens.segmentation import IDEOGRAPH, KATAKANA, LOOKS, PICTURE, SPACE, TAGS, UNSPACED, compiled

__all__ = ["INVISIBLE", "compared", "is_visible", "normalize", "visible"]

# Signs that Unicode counts among the format characters and everybody sees.
_SEEN = r"\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd\U00013430-\U0001345f"
#: Characters without a shape of their own, and blanks that are no white space: the body of a class.
INVISIBLE = rf"[[\p{{Default_Ignorable_Code_Point}}\p{{Cf}}\p{{Cc}}\u2800]--[{SPACE}{_SEEN}]]"

# Scripts in which a joiner or non-joiner says how letters are written. Arabic vowel signs count as no script's.
_JOINING = (
    r"[[\p{L}\p{M}]--[\p{Latin}\p{Greek}\p{Cyrillic}\p{Armenian}\p{Georgian}\p{Hangul}"
    rf"{IDEOGRAPH}{KATAKANA}\p{{Common}}\p{{Inherited}}]]|[\u064b-\u0655\u0670]"
)
_KEPT = (
    rf"(?<={_JOINING})\u200d|(?<={_JOINING})\u200c(?={_JOINING})"
    rf"|(?<={PICTURE}{LOOKS})\u200d(?={PICTURE})"
    rf"|(?<={PICTURE}\p{{Emoji_Modifier}}?|[0-9#*])[\ufe0e\ufe0f]"
    rf"|(?<={PICTURE}{LOOKS})[{TAGS}]"
    r"|(?<=\p{Mongolian})[\u180b-\u180f]"
    r"|(?<=[\u1100-\u115e])\u1160|\u115f(?=[\u1161-\u11a7])"
)
_UNSPACED_TEXT = rf"[[\p{{L}}\p{{M}}]&&[{UNSPACED}]]"
_BLANK = rf"[\u2800\u3164\uffa0]|(?<={_UNSPACED_TEXT})\u200b|\u200b(?={_UNSPACED_TEXT})"


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
        Leave out what cannot be seen (`visible`).

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


def is_visible(text: str) -> bool:
    """Whether a text holds no character without a shape."""
    return (text.isascii() and text.isprintable()) or not compiled(INVISIBLE).search(text)


def visible(text: str) -> tuple[str, list[int] | None]:
    r"""Leave out characters without a shape: zero-width spaces, byte order marks, soft hyphens, directional marks.

    Those stay that say how their neighbours are written: joiners between Arabic or Indic letters and between
    emoji, the emoji's own selectors. A blank that Unicode counts as a letter (U+3164) becomes a space, and so does a
    zero-width space beside Thai, Lao, Khmer or Burmese, where it stands between words.

    Returns
    -------
    seen : str
    origins : list of int, or None
        Where each character of ``seen`` stands in ``text``, and ``len(text)``; None where nothing was left out.

    Examples
    --------
    >>> visible("영\u200b화"), visible("می\u200cخواهم")[1]
    (('영화', [0, 2, 3]), None)
    """
    if is_visible(text):
        return text, None
    pieces: list[str] = []
    origins: list[int] = []
    at = 0
    for found in compiled(rf"({_KEPT})|({_BLANK})|{INVISIBLE}").finditer(text):
        start, end = found.span()
        if found[1] is not None:
            continue
        pieces.append(text[at:start])
        origins.extend(range(at, start))
        if found[2] is not None:
            pieces.append(" ")
            origins.append(start)
        at = end
    if not at:
        return text, None
    pieces.append(text[at:])
    origins.extend(range(at, len(text) + 1))
    return "".join(pieces), origins
