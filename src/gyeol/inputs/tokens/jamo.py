"""Hangul syllables taken apart into jamo and put together again (Unicode standard, section 3.12).

The 11,172 syllables are numbered ``(initial * 21 + medial) * 28 + final`` from U+AC00. The parts are *conjoining*
jamo, which say at which place of the syllable they stand, so that nothing is lost: ``"각"`` is U+1100 U+1161 U+11A8
and a lone ``"ㅋ"`` (a compatibility jamo, as people type it) stays what it is.
"""

from __future__ import annotations

__all__ = ["FINALS", "INITIALS", "MEDIALS", "compose", "decompose", "is_hangul", "parts"]

FIRST_SYLLABLE, LAST_SYLLABLE = 0xAC00, 0xD7A3
INITIALS = [chr(0x1100 + i) for i in range(19)]
MEDIALS = [chr(0x1161 + i) for i in range(21)]
FINALS = ["", *(chr(0x11A8 + i) for i in range(27))]


def parts(syllable: str) -> tuple[int, int, int] | None:
    """Number a syllable's initial (0-18), medial (0-20) and final (0-27, 0 for none); None for any other character.

    Examples
    --------
    >>> parts("각"), parts("가"), parts("ㅋ")
    ((0, 0, 1), (0, 0, 0), None)
    """
    code = ord(syllable) - FIRST_SYLLABLE
    if not 0 <= code <= LAST_SYLLABLE - FIRST_SYLLABLE:
        return None
    return code // 588, code % 588 // 28, code % 28


def is_hangul(char: str) -> bool:
    """Whether a character is a syllable, or a jamo that forms one with others, those of old Hangul included."""
    return "\uac00" <= char <= "\ud7fb" or "\u1100" <= char <= "\u11ff" or "\ua960" <= char <= "\ua97c"


def decompose(syllable: str) -> list[str]:
    """Take one character apart: two or three jamo for a Hangul syllable, the character itself for all else.

    Examples
    --------
    >>> [f"{ord(j):X}" for j in decompose("각")]
    ['1100', '1161', '11A8']
    >>> decompose("a")
    ['a']
    """
    numbers = parts(syllable)
    if numbers is None:
        return [syllable]
    initial, medial, final = numbers
    jamo = [INITIALS[initial], MEDIALS[medial]]
    return [*jamo, FINALS[final]] if final else jamo


def compose(jamo: str) -> str:
    """Put conjoining jamo together into syllables; whatever forms none stays as it is.

    Examples
    --------
    >>> compose("".join(j for c in "값없다 ㅋㅋ!" for j in decompose(c)))
    '값없다 ㅋㅋ!'
    """
    out: list[str] = []
    i, count = 0, len(jamo)
    while i < count:
        initial = ord(jamo[i]) - 0x1100
        medial = ord(jamo[i + 1]) - 0x1161 if i + 1 < count else -1
        if 0 <= initial < 19 and 0 <= medial < 21:
            final = ord(jamo[i + 2]) - 0x11A7 if i + 2 < count else 0
            final = final if 0 < final < 28 else 0
            out.append(chr(FIRST_SYLLABLE + (initial * 21 + medial) * 28 + final))
            i += 3 if final else 2
        else:
            out.append(jamo[i])
            i += 1
    return "".join(out)
