"""Where the keys lie: the Korean standard layout (두벌식, KS X 5002) and QWERTY, and which keys are neighbours.

Both layouts share the keys: ㅂ is on q. A jamo is typed with one key, with shift (ㄲ), or with two: ㅘ is ㅗ ㅏ.
"""

from __future__ import annotations

from functools import cache

from gyeol.inputs.tokens.jamo import FINALS, INITIALS, MEDIALS

__all__ = ["COMPATIBILITY", "keys", "neighbours", "shown"]

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_SHIFT = (0.0, 0.25, 0.75)  # how far each row stands to the right of the first, in keys
_INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_MEDIALS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
_FINALS = "ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"
_KEYS = dict(zip("ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔㅁㄴㅇㄹㅎㅗㅓㅏㅣㅋㅌㅊㅍㅠㅜㅡ", "qwertyuiopasdfghjklzxcvbnm", strict=True))
_KEYS |= dict(zip("ㅃㅉㄸㄲㅆㅒㅖ", "QWERTOP", strict=True))
_KEYS |= dict(zip("ㅘㅙㅚㅝㅞㅟㅢ", ("hk", "ho", "hl", "nj", "np", "nl", "ml"), strict=True))

#: A conjoining jamo as people write it alone: the compatibility jamo.
COMPATIBILITY: dict[str, str] = {
    **dict(zip(INITIALS, _INITIALS, strict=True)),
    **dict(zip(MEDIALS, _MEDIALS, strict=True)),
    **dict(zip(FINALS[1:], _FINALS, strict=True)),
}


def shown(units: str) -> str:
    """Write letters and conjoining jamo as people read them.

    Examples
    --------
    >>> shown("".join(INITIALS[:2]))
    'ㄱㄲ'
    """
    return "".join(COMPATIBILITY.get(unit, unit) for unit in units)


@cache
def _beside(key: str) -> frozenset[str]:
    places = {k: (row, column + _SHIFT[row]) for row, keys in enumerate(_ROWS) for column, k in enumerate(keys)}
    row, column = places[key]
    near = {k for k, (r, c) in places.items() if k != key and abs(r - row) <= 1 and abs(c - column) <= 1}
    return frozenset(near)


@cache
def neighbours(unit: str) -> tuple[str, ...]:
    """Name what a slip of one finger makes of a letter or a conjoining jamo: the next key, or shift lost or held.

    Of a jamo typed with two keys, the slip may be in either, or one of them is lost (ㅏ for ㅘ), or added.
    Only what can stand at the same place of a syllable is
    named; nothing for what is on no key.

    Examples
    --------
    >>> neighbours("a")
    ('q', 's', 'w', 'z')
    >>> shown("".join(neighbours(MEDIALS[0])))
    'ㅐㅑㅓㅘㅡㅣ'
    """
    low = unit.lower()
    if len(low) == 1 and low in "".join(_ROWS):
        return tuple(sorted(_beside(low)))
    kind = next((kind for kind in (INITIALS, MEDIALS, FINALS[1:]) if unit in kind), None)
    if kind is None:
        return ()
    own = _typed(COMPATIBILITY[unit])
    return tuple(other for other in kind if other != unit and _slip(own, _typed(COMPATIBILITY[other])))


def keys(unit: str) -> str:
    """Name the keys of a letter or a conjoining jamo, capitals for those with shift; none for what is on no key.

    Examples
    --------
    >>> keys(MEDIALS[9]), keys(INITIALS[1]), keys("a")
    ('hk', 'R', 'a')
    """
    return _typed(COMPATIBILITY[unit]) if unit in COMPATIBILITY else unit if unit.isascii() else ""


def _typed(jamo: str) -> str:
    """Keys of a compatibility jamo."""
    if jamo in _KEYS:
        return _KEYS[jamo]
    return "".join(_KEYS[key] for key in _CLUSTERS[jamo])


_DOUBLE = "ㄱㅅ ㄴㅈ ㄴㅎ ㄹㄱ ㄹㅁ ㄹㅂ ㄹㅅ ㄹㅌ ㄹㅍ ㄹㅎ ㅂㅅ"
_CLUSTERS = dict(zip("ㄳㄵㄶㄺㄻㄼㄽㄾㄿㅀㅄ", _DOUBLE.split(), strict=True))


def _slip(one: str, other: str) -> bool:
    """Whether two rows of keys differ in one: a neighbour, the same with shift, or lost."""
    if len(one) != len(other):
        return abs(len(one) - len(other)) == 1 and (one in other or other in one)
    wrong = [(a, b) for a, b in zip(one, other, strict=True) if a != b]
    if len(wrong) != 1:
        return False
    a, b = wrong[0]
    return a.lower() == b.lower() or (a.islower() and b.islower() and b in _beside(a))
