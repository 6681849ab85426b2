"""Parts of a picture: lines of text, shaded words, cells of colours, curves; each knows how high it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gyeol.explain.drawing.fonts import Pen
from gyeol.explain.drawing.sheet import put_curve, put_pixels

__all__ = [
    "COLOURS", "EDGE", "FAINT", "INK", "PAPER", "WIDTH", "Panel", "cells", "curves", "line", "matrix", "names_below",
    "shades", "words",
]  # fmt: skip

#: Pixels of a picture across, and of its margins.
WIDTH, EDGE = 1000, 24
INK, FAINT, PAPER = "#1c1f23", "#62686f", "#ffffff"
COLOURS = ("#1f66b0", "#b34700", "#1d7a3a", "#6f42b5", "#c0272d", "#0b7480")
_FOR, _AGAINST = np.array([31, 102, 176]), np.array([190, 75, 0])
_GRID = np.array([225, 228, 232, 255], np.uint8)
_LINE, _LETTERS = 30, 14.0  # pixels of a line of words, points of its letters
_LINES = 40


@dataclass(frozen=True, slots=True)
class Panel:
    """A part of a picture: its height in pixels, and what draws it, given its upper edge counted from below."""

    height: int
    draw: Callable[[float], None]


def shades(values: npt.NDArray[Any], most: float, *, strength: float = 1.0) -> npt.NDArray[np.uint8]:
    """Colour numbers: white at zero, blue above, orange below.

    Returns
    -------
    array of uint8, shape (..., 4)

    Examples
    --------
    >>> shades(np.array([0.0, 1.0, -1.0]), 1.0).tolist()
    [[255, 255, 255, 255], [31, 102, 176, 255], [190, 75, 0, 255]]
    """
    share = (values.astype(np.float64) / (most or 1.0)).clip(-1, 1)[..., None]
    tone = np.where(share < 0, _AGAINST, _FOR)
    colours = 255 + (tone - 255) * np.abs(share) * strength
    opaque = np.full((*values.shape, 1), 255.0)
    return np.concatenate([colours, opaque], axis=-1).round().astype(np.uint8)


def line(pen: Pen, text: str, points: float, colour: str = INK, *, height: int | None = None) -> Panel:
    """Write a line, smaller where it would be too wide."""
    wide = pen.size(text, points)[0]
    fit = points * min(1.0, (WIDTH - 2 * EDGE) / max(1.0, wide))
    high = height or int(points * 2)

    def draw(top: float) -> None:
        pen.write_along(text, (EDGE, top - 0.72 * high), fit, colour)

    return Panel(high, draw)


def words(figure: Any, pen: Pen, pieces: Sequence[tuple[str, float]]) -> Panel:
    """Write a text in lines, each piece on a ground that tells its value: blue for, orange against."""
    most = max((abs(value) for _, value in pieces), default=0.0)
    space = pen.size("a a", _LETTERS)[0] - pen.size("aa", _LETTERS)[0]
    placed: list[tuple[float, int, str, float]] = []
    x, row = 0.0, 0
    for piece, value in pieces:
        if not piece.strip():
            x += space
            continue
        wide = pen.size(piece, _LETTERS)[0] + 6
        if x and x + wide > WIDTH - 2 * EDGE:
            x, row = 0.0, row + 1
        if row == _LINES:
            placed.append((x, row, "…", 0.0))
            break
        placed.append((x, row, piece, value))
        x += wide

    def draw(top: float) -> None:
        for at, number, piece, value in placed:
            low = top - (number + 1) * _LINE
            fit = min(1.0, (WIDTH - 2 * EDGE) / (pen.size(piece, _LETTERS)[0] + 6))
            wide = max(1, int(fit * pen.size(piece, _LETTERS)[0] + 6))
            ground = np.full((_LINE - 6, wide), value)
            if value:
                colours = shades(ground, most, strength=0.5)
                underline = shades(ground[-2:], abs(value))
                if value < 0:  # dotted, so that nothing hangs on telling colours apart
                    underline[:, 3::6] = underline[:, 4::6] = 255
                colours[-2:] = underline
                put_pixels(figure, colours, (int(EDGE + at), int(low)))
            pen.write_along(piece, (EDGE + at + 3, low + 7), _LETTERS * fit, INK)

    return Panel((row + 1) * _LINE + 4, draw)


def cells(
    figure: Any, colours: npt.NDArray[np.uint8], height: int, *, x: int = EDGE, width: int = WIDTH - 2 * EDGE
) -> Panel:
    """Draw a matrix of colours (rows, columns, 4), stretched to a height and a width, with a frame."""

    def draw(top: float) -> None:
        rows = np.arange(height) * colours.shape[0] // height
        columns = np.arange(width) * colours.shape[1] // width
        pixels = colours[rows][:, columns].copy()
        pixels[[0, -1]] = pixels[:, [0, -1]] = _GRID
        put_pixels(figure, pixels, (x, int(top) - height))

    return Panel(height, draw)


def curves(
    figure: Any,
    pen: Pen,
    lines: Sequence[tuple[str, npt.NDArray[Any], npt.NDArray[Any]]],
    *,
    low: float,
    high: float,
    ends: tuple[str, str],
    height: int = 130,
    steps: Sequence[str] = (),
) -> Panel:
    """Draw curves with their names beneath.

    Parameters
    ----------
    lines : sequence of (str, array, array)
        A name, places from 0 to 1, and values.
    low, high : float
        The values at the lower and the upper edge.
    ends : (str, str)
        How these are written.
    steps : sequence of str
        Names below, where these fit.
    """
    wide = WIDTH - 2 * EDGE
    names, x, row = [], 0.0, 0
    for name, _, _ in lines:
        size = pen.size(f"— {name}", 9.0)[0]
        if x and x + size > wide:
            x, row = 0.0, row + 1
        names.append((f"— {name}", EDGE + x, row, min(1.0, wide / max(size, 1.0))))
        x += size + 16
    below = names_below(pen, steps) if steps else Panel(0, lambda _: None)

    def draw(top: float) -> None:
        frame = np.full((height, wide, 4), 255, np.uint8)
        frame[[0, -1]] = frame[:, [0, -1]] = _GRID
        put_pixels(figure, frame, (EDGE, int(top) - height))
        span = high - low or 1.0
        for number, (_, places, values) in enumerate(lines):
            colour = COLOURS[number % len(COLOURS)]
            heights = top - height + 18 + (height - 36) * (np.asarray(values, np.float64) - low) / span
            across = EDGE + wide * np.asarray(places, np.float64)
            if len(across) == 1:
                across, heights = np.array([EDGE, EDGE + wide]), heights.repeat(2)
            put_curve(figure, across, heights, colour, width=1.5, dashed=number >= len(COLOURS))
            name, x, down, fit = names[number]
            pen.write_along(name, (x, top - height - below.height - 17 - 16 * down), 9.0 * fit, colour)
        for text, y in ((ends[1], top - 13), (ends[0], top - height + 5)):
            pen.write_along(text, (EDGE + 5, y), 8.0, FAINT)

        below.draw(top - height)

    return Panel(height + below.height + 26 + 16 * row, draw)


def names_below(pen: Pen, names: Sequence[str], *, x: int = EDGE, width: int = WIDTH - 2 * EDGE) -> Panel:
    """Write the names of steps below what shows them, where all of them fit."""
    room = width / len(names)
    fits = room > 8 and all(pen.size(name, 8.0)[0] <= room - 2 for name in names)

    def draw(top: float) -> None:
        for number, name in enumerate(names):
            wide = pen.size(name, 8.0)[0]
            pen.write_along(name, (x + (number + 0.5) * room - wide / 2, top - 11), 8.0, FAINT)

    return Panel(16, draw) if fits else Panel(0, lambda _: None)


def matrix(figure: Any, pen: Pen, rows: Sequence[str], columns: Sequence[str], weights: npt.NDArray[Any]) -> Panel:
    """Draw weights (rows, columns) with the names of the rows on their left, and of the columns below."""
    side = max(3, min(20, 400 // len(rows)))
    named = side >= 11
    left = int(min(200, max(pen.size(row, 8.5)[0] for row in rows))) + 8 if named else 0
    x, width = EDGE + left, WIDTH - 2 * EDGE - left
    ground = cells(figure, shades(weights, float(weights.max())), side * len(rows), x=x, width=width)
    below = names_below(pen, columns, x=x, width=width)

    def draw(top: float) -> None:
        ground.draw(top)
        below.draw(top - ground.height)
        for number, row in enumerate(rows if named else ()):
            wide = pen.size(row, 8.5)[0]
            fit = min(1.0, 200 / max(wide, 1.0))
            pen.write_along(row, (x - 6 - fit * wide, top - (number + 0.5) * side - 4), 8.5 * fit, INK)

    return Panel(ground.height + below.height + 8, draw)
