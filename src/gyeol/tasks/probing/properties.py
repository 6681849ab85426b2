"""What a state may hold of the text read so far: a number or a yes after each token, computed from the text alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

__all__ = ["PROPERTIES", "Property"]

_PAIRS = dict(zip(")]}》〉」』】", "([{《〈「『【", strict=True))
_OPENING = frozenset(_PAIRS.values())
_SENTENCE_ENDS = frozenset(".!?。…\n")

#: Of a text and the place behind each of its tokens.
Measure = Callable[[str, Sequence[int]], list[float]]


class Property(NamedTuple):
    """What is asked of a state.

    Attributes
    ----------
    meaning : str
    measure : callable
    binary : bool
        It is a yes or no; otherwise a number.
    signs : str
        What a text must contain for there to be something to find.
    """

    meaning: str
    measure: Measure
    binary: bool
    signs: str = ""


def _positions(text: str, ends: Sequence[int]) -> list[float]:
    return [float(n + 1) for n in range(len(ends))]


def _lengths(text: str, ends: Sequence[int]) -> list[float]:
    """Count the tokens since the last sentence's end."""
    found, count, begin = [], 0, 0
    for end in ends:
        piece = text[begin:end]
        count = count + 1
        found.append(float(count))
        if any(letter in _SENTENCE_ENDS for letter in piece):
            count = 0
        begin = end
    return found


def _depths(text: str, ends: Sequence[int]) -> list[float]:
    """Count the brackets that are open; a closing one that closes nothing counts for nothing."""
    found, opened, place = [], [], 0
    for end in ends:
        for letter in text[place:end]:
            if letter in _OPENING:
                opened.append(letter)
            elif letter in _PAIRS and opened and opened[-1] == _PAIRS[letter]:
                opened.pop()
        place = max(place, end)
        found.append(float(len(opened)))
    return found


def _bracketed(text: str, ends: Sequence[int]) -> list[float]:
    return [float(depth > 0) for depth in _depths(text, ends)]


def _quoted(text: str, ends: Sequence[int]) -> list[float]:
    """Tell whether a quotation is open: between straight double quotes, or between curly ones."""
    found, open_now, place = [], False, 0
    for end in ends:
        for letter in text[place:end]:
            if letter == '"':
                open_now = not open_now
            elif letter in "“”":
                open_now = letter == "“"
        place = max(place, end)
        found.append(float(open_now))
    return found


#: What `gyeol probe --for` takes.
PROPERTIES: dict[str, Property] = {
    "position": Property("tokens since the text began", _positions, binary=False),
    "length": Property("tokens since the sentence began", _lengths, binary=False),
    "bracket": Property("whether a bracket is open", _bracketed, binary=True, signs="".join(sorted(_OPENING))),
    "depth": Property("how many brackets are open", _depths, binary=False, signs="".join(sorted(_OPENING))),
    "quotation": Property("whether a quotation is open", _quoted, binary=True, signs='"“'),
}
