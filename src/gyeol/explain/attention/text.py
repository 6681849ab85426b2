"""An attention as lines for a terminal: a matrix of shades, and what each word mostly looked at."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from gyeol.data.text_width import cut_to_width, text_width
from gyeol.explain.attention.labels import full_scale, in_korean, most_looked_at, token_label

__all__ = ["NARROWEST", "render_text", "wrapped"]

#: Columns of the narrowest terminal that is supported.
NARROWEST = 20

_ROWS = 64  # target words shown; more is no longer read but scrolled over
_WIDEST, _TALLEST = 14, 8  # columns of a source word across; characters of one that is upright
_LONGEST = 40  # characters of any word
_BLOCKS, _BOUNDS = "·░▒▓█", (0.05, 0.25, 0.5, 0.75)
# From grey to red: the stronger, the more visible, on a dark ground as on a light one.
_COLOURS, _COLOUR_BOUNDS = (244, 137, 136, 172, 208, 202, 196), (0.05, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9)
_PAINT = re.compile("\x1b\\[[0-9;]*m")
_REST_KO = "일부만 보임: 입력 {0:,}개 중 {1:,}–{2:,}번째, 출력 {3:,}개 중 {4:,}개. 그림(PNG)과 HTML에는 모두 있음"
_REST_EN = "a part is shown: source words {1:,}–{2:,} of {0:,}, target words {4:,} of {3:,}; PNG and HTML show all"


def render_text(
    source: Sequence[str],
    target: Sequence[str],
    weights: npt.NDArray[np.float64],
    title: str,
    *,
    width: int,
    color: bool,
    korean: bool | None = None,
) -> str:
    """Lay a matrix out; see `gyeol.explain.AttentionMap.to_text`.

    Parameters
    ----------
    source, target : sequence of str
    weights : array of float64, shape (target, source)
    title : str
    width : int
        Columns, `NARROWEST` or more.
    color : bool
    korean : bool, optional
        The language; by default that of the words.
    """
    words = [token_label(token, _LONGEST) for token in source]
    rows = [token_label(token, _LONGEST) for token in target[:_ROWS]]
    margin = min(max(map(text_width, rows)), 20, width // 3)
    room = width - margin - 1
    scale = full_scale(weights)
    shown = weights[: len(rows)]
    first, count, cells, gap, head, legend = _columns(words, shown, room)
    lines = [cut_to_width(token_label(title, 200), width), ""] if title else []
    lines += [" " * (margin + 1) + line for line in head]
    for word, row in zip(rows, shown[:, first : first + count] / scale, strict=True):
        name = _filled(cut_to_width(word, margin), margin)
        lines.append(f"{name} {gap.join(_cell(share, cell, color) for share, cell in zip(row, cells, strict=True))}")
    korean = in_korean(source, target) if korean is None else korean
    if len(rows) < len(target) or count < len(words):
        rest = (_REST_KO if korean else _REST_EN).format(len(words), first + 1, first + count, len(target), len(rows))
        lines += ["", *wrapped(rest.split(" "), width, " ")]
    lines += ["", *wrapped(legend, width), *wrapped(_key(scale, color), width), ""]
    # A word that occurs twice is distinguished by its number.
    numbered = bool(legend)
    names = [
        f"({place}) {word}" if numbered or words.count(word) > 1 else word for place, word in enumerate(words, start=1)
    ]
    for word, row in zip(rows, shown, strict=True):
        begin = f"{_filled(cut_to_width(word, margin), margin)} ← "
        lines.append(begin + _looks(row, names, width - text_width(begin)))
    return "\n".join(line.rstrip() for line in lines)


def _columns(
    words: list[str], shown: npt.NDArray[np.float64], room: int
) -> tuple[int, int, list[int], str, list[str], list[str]]:
    """Choose the layout of the source words by the space there is.

    Returns
    -------
    first, count : int
        Which of them are shown.
    cells : list of int
        How wide the column of each is.
    gap : str
        What separates two.
    head : list of str
        The lines above the matrix.
    legend : list of str
        Numbers and words, if those lines contain numbers.
    """
    cells = [max(2, min(text_width(word), _WIDEST)) for word in words]
    if sum(cells) + len(cells) - 1 <= room:
        across = [_filled(cut_to_width(word, cell), cell) for word, cell in zip(words, cells, strict=True)]
        return 0, len(words), cells, " ", [" ".join(across)], []
    if 3 * len(words) - 1 <= room:
        upright = [_upright(word) for word in words]
        deep = max(map(len, upright))
        upright = [[""] * (deep - len(word)) + word for word in upright]
        head = [" ".join(_filled(letter, 2) for letter in line) for line in zip(*upright, strict=True)]
        return 0, len(words), [2] * len(words), " ", head, []
    cell = 2 if 2 * len(words) <= room else 1
    count = min(len(words), room // cell)
    # Of the parts that fit, the one that was looked at most; the first of several.
    looked = np.concatenate([[0.0], np.cumsum(shown.sum(axis=0))])
    first = int((looked[count:] - looked[:-count]).round(9).argmax())
    numbers = range(first + 1, first + count + 1)
    head = [
        "".join(_filled(_digit(number, power, number == numbers[0]), cell) for number in numbers)
        for power in range(len(str(numbers[-1])) - 1, -1, -1)
    ]
    return first, count, [cell] * count, "", head, [f"{number} {words[number - 1]}" for number in numbers]


def _digit(number: int, power: int, always: bool) -> str:
    """Return a digit of a number that is upright; above the last one, only with every tenth number."""
    if power == 0 or ((always or number % 10 == 0) and number >= 10**power):
        return str(number // 10**power % 10)
    return ""


def _upright(word: str) -> list[str]:
    """Split a word into characters, each with its combining marks."""
    letters: list[str] = []
    for c in word:
        if letters and not text_width(c):
            letters[-1] += c
        else:
            letters.append(c)
    return letters if len(letters) <= _TALLEST else [*letters[: _TALLEST - 1], "⋮"]


def _filled(text: str, width: int) -> str:
    return text + " " * (width - text_width(text))


def _cell(share: float, width: int, color: bool) -> str:
    """Shade a cell by its share of the full scale."""
    if color:
        level = int(np.searchsorted(_COLOUR_BOUNDS, share + 1e-9))
        return f"\x1b[48;5;{_COLOURS[level - 1]}m{' ' * width}\x1b[0m" if level else " " * width
    level = int(np.searchsorted(_BOUNDS, share + 1e-9))
    return _BLOCKS[level] * width if level else _filled(_BLOCKS[0], width)


def _key(scale: float, color: bool) -> list[str]:
    """Say what the shades mean."""
    bounds = _COLOUR_BOUNDS if color else _BOUNDS
    parts = []
    for low, high in zip(bounds, (*bounds[1:], 1.0), strict=True):
        share = f"{_short(100 * low * scale)}–{_short(100 * high * scale)} %"
        parts.append(f"{_cell(low, 2 if color else 1, color)} {share}")
    return parts


def _short(number: float) -> str:
    return f"{number:.0f}" if number >= 10 else f"{number:.2g}"


def _looks(row: npt.NDArray[np.float64], names: list[str], room: int) -> str:
    """Name what a word mostly looked at, as far as it fits."""
    text = ""
    for place in most_looked_at(row):
        share = f" {100 * row[place]:.0f} %"
        if not text:
            text = cut_to_width(names[place], room - len(share)) + share
        elif text_width(text) + 2 + text_width(names[place]) + len(share) <= room:
            text += f"  {names[place]}{share}"  # a comma is a word too
        else:
            break
    return text


def wrapped(parts: Iterable[str], width: int, gap: str = "  ") -> list[str]:
    """Put parts beside each other, as many as fit on a line."""
    lines: list[str] = []
    taken = 0
    for part in parts:
        size = text_width(_PAINT.sub("", part))
        if lines and taken + len(gap) + size <= width:
            lines[-1] += gap + part
            taken += len(gap) + size
        else:
            lines.append(cut_to_width(part, width) if size == text_width(part) else part)
            taken = size
    return lines
