"""Why one word may have been typed for another, in words."""

from __future__ import annotations

from gyeol.inputs.spelling.error_channel import to_units
from gyeol.inputs.spelling.keyboard import keys, neighbours, shown
from gyeol.inputs.tokens.jamo import FINALS

__all__ = ["reason"]

_FINALS = set(FINALS[1:])


def reason(typed: str, meant: str) -> str:
    """Say what went wrong between what was typed and what was meant.

    Examples
    --------
    >>> reason("영회", "영화"), reason("재미이다", "재미있다"), reason("wrod", "word"), reason("너무좋다", "너무 좋다")
    ('keyboard neighbour ㅚ for ㅘ', '받침 ㅆ missing', 'letters swapped: ro for or', 'space missing')
    """
    if typed.replace(" ", "") == meant.replace(" ", ""):
        return "space missing" if len(meant) > len(typed) else "space too many"
    one, other = to_units(typed), to_units(meant)
    head = 0
    while head < min(len(one), len(other)) and one[head] == other[head]:
        head += 1
    tail = 0
    while tail < min(len(one), len(other)) - head and one[-1 - tail] == other[-1 - tail]:
        tail += 1
    wrong, right = one[head : len(one) - tail], other[head : len(other) - tail]
    if len(wrong) == len(right) == 2 and wrong == right[::-1]:
        return f"letters swapped: {shown(wrong)} for {shown(right)}"
    return _named(wrong, right, one[head - 1 : head] if head else "")


def _named(wrong: str, right: str, before: str) -> str:
    """Name what was typed for what, after which unit."""
    korean = any("\u1100" <= unit <= "\u11ff" for unit in wrong + right)
    if len(wrong) + len(right) == 1:
        part, what = wrong + right, "too many" if wrong else "missing"
        if part in _FINALS:
            return f"받침 {shown(part)} {what}"
        return f"{'jamo' if korean else 'letter'} {shown(part)} {'doubled' if wrong and part == before else what}"
    if not wrong or not right:
        return f"{'jamo' if korean else 'letters'} {shown(wrong or right)} {'too many' if wrong else 'missing'}"
    name = ""
    if len(wrong) == len(right) == 1:
        finals = wrong in _FINALS and right in _FINALS
        name = "받침 " if finals else ""
        if right in neighbours(wrong):
            name = "keyboard neighbour " if len(keys(wrong)) == len(keys(right)) else "one key of two: "
    return f"{name}{shown(wrong)} for {shown(right)}"
