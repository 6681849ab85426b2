"""The words of a text with what their tokens add to a verdict, and how a terminal shows it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

__all__ = ["add_by_word", "marked", "one_line", "word_values"]

# Backgrounds of the 256 colours, from strong to weak, with black letters on the strong ones: visible on dark and light.
_FOR = ("\x1b[38;5;16;48;5;39m", "\x1b[38;5;16;48;5;117m", "\x1b[4;38;5;39m")
_AGAINST = ("\x1b[38;5;16;48;5;208m", "\x1b[38;5;16;48;5;222m", "\x1b[4;38;5;208m")
_BOUNDS = (0.6, 0.3, 0.12)  # of the largest value
_RESET = "\x1b[0m"


def add_by_word(text: str, spans: Iterable[tuple[int, int]], values: Iterable[float]) -> list[tuple[str, float]]:
    """Cut a text into words and what lies between, in order, each with the sum of its tokens' values.

    A token counts for the word where it ends; one that represents a space, for the word that the space ends.

    Examples
    --------
    >>> add_by_word("a bc", [(0, 1), (2, 3), (3, 4)], [1.0, 2.0, 4.0])
    [('a', 1.0), (' ', 0.0), ('bc', 6.0)]
    """
    pieces: list[str] = []
    at = 0
    for match in re.finditer(r"\S+", text):
        if match.start() > at:
            pieces.append(text[at : match.start()])
        pieces.append(match[0])
        at = match.end()
    if at < len(text):
        pieces.append(text[at:])
    ends, place = [], 0
    for piece in pieces:
        place += len(piece)
        ends.append(place)
    sums = [0.0] * len(pieces)
    number = 0
    for (_, end), value in zip(spans, values, strict=True):
        if not sums:
            break
        while number < len(ends) - 1 and ends[number] < end:
            number += 1
        sums[number - 1 if number and pieces[number].isspace() else number] += value
    return list(zip(pieces, sums, strict=True))


def word_values(pieces: Iterable[tuple[str, float]]) -> list[tuple[str, float]]:
    """Return each word once with the sum of its values, the largest first.

    Examples
    --------
    >>> word_values([("a", 1.0), (" ", 0.0), ("b", 4.0), (" ", 0.0), ("a", 2.0)])
    [('b', 4.0), ('a', 3.0)]
    """
    sums: dict[str, float] = {}
    for word, value in pieces:
        if word.strip():
            sums[word] = sums.get(word, 0.0) + value
    return sorted(sums.items(), key=lambda pair: -pair[1])


def marked(pieces: Sequence[tuple[str, float]], *, colour: bool) -> str:
    """Write pieces with the weighty ones marked: shaded in colour; in brackets for, in parentheses against without.

    Examples
    --------
    >>> marked([("a", 1.0), (" ", 0.0), ("b", -0.5), ("c", 0.01)], colour=False)
    '[a] (b)c'
    """
    most = max((abs(value) for _, value in pieces), default=0.0) or 1.0
    shown = []
    for piece, value in pieces:
        text, share = one_line(piece), abs(value) / most
        level = next((n for n, bound in enumerate(_BOUNDS) if share > bound), None)
        if level is None or not piece.strip():
            shown.append(text)
        elif colour:
            shown.append(f"{(_FOR if value > 0 else _AGAINST)[level]}{text}{_RESET}")
        else:
            shown.append(f"[{text}]" if value > 0 else f"({text})")
    return "".join(shown)


def one_line(text: str) -> str:
    """Replace control characters, which would act on a terminal, by spaces."""
    return "".join(c if c.isprintable() else " " for c in text)
