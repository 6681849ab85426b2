"""An attention as a picture: cells of whole pixels, source words above them and target words on their left."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gyeol.explain.attention.labels import full_scale, in_korean, token_label
from gyeol.explain.drawing.fonts import Pen, find_fonts, label
from gyeol.explain.drawing.sheet import DPI, new_sheet, put_pixels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_picture"]

_INK, _FAINT, _PAPER = "#1c1f23", "#62686f", "#ffffff"
# The side of a cell in pixels, by how many words the longer text has; shares are written into the larger ones.
_SIDES = ((6, 60), (12, 44), (24, 32), (60, 20), (120, 15), (math.inf, 11))
_WRITTEN, _LINED, _LETTER, _WHITE = 32, 10, 16, 0xFFFFFFFF
_LARGEST = 12_000  # pixels of the matrix either way; of still more words, cells are smaller
_EDGE, _GAP, _BAR, _FOOT = 16, 6, (180, 12), 62
_NARROWEST = 400
_FOOT_KO = ("가로: 입력 · 세로: 출력 · 한 줄의 합은 100 %", " · □는 글꼴에 없는 글자")
_FOOT_EN = ("across: source · down: target · a row sums to 100 %", " · □ is what no font here has")


def draw_picture(
    source: Sequence[str], target: Sequence[str], weights: npt.NDArray[np.float64], title: str, *, font: str | None
) -> Figure:
    """Draw a matrix on a figure of its own; see `gyeol.explain.AttentionMap.to_png`.

    Parameters
    ----------
    source, target : sequence of str
    weights : array of float64, shape (target, source)
    title : str
    font : str, optional
        A font file, or the name of an installed family.
    """
    across, down = [token_label(token) for token in source], [token_label(token) for token in target]
    heading = label(title, 120)
    foot, unknown = _FOOT_KO if in_korean(source, target) else _FOOT_EN
    fonts = find_fonts([*across, *down, heading, foot, unknown, "0123456789.%"], font)
    if set(fonts.missing) & set("".join([*across, *down, heading])):
        foot += unknown
    canvas = new_sheet(_PAPER)
    figure, pen = canvas.figure, Pen(canvas, fonts, _PAPER)
    longer = max(len(across), len(down))
    side = min(next(side for most, side in _SIDES if longer <= most), max(1, _LARGEST // longer))
    letter = min(_LETTER, max(8.0, 0.74 * side))  # pixels
    points = letter * 72 / DPI
    every = math.ceil(letter / side) if side < letter else 1  # of cells smaller than letters not all are named

    # Where all is, in pixels from the upper left corner.
    wide, high = side * len(across), side * len(down)
    widths, lengths = ([pen.size(name, points)[0] for name in names] for names in (across, down))
    angle = 0.0 if max(widths) <= side - 4 else 45.0 if side >= _WRITTEN else 90.0
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    left = _EDGE + math.ceil(max(lengths)) + _GAP
    top = (_EDGE + 30 if heading else _EDGE) + int(max(widths) * sin + letter) + _GAP
    over = max(side * (place + 0.5) + cos * width - wide for place, width in enumerate(widths)) if 0 < angle < 90 else 0
    width = max(left + wide + int(max(over, 0)) + _EDGE, _NARROWEST)
    height = top + high + _FOOT
    figure.set_size_inches(width / DPI, height / DPI)

    shares = weights / full_scale(weights)
    ramp = _ramp()
    _cells(figure, ramp[np.rint(shares * 255).astype(np.intp)], side, (left, height - top - high))
    for place in range(0, len(across), every):
        # The middle of a line of letters lies about a third of their size above its baseline.
        aside = 0.36 * letter * sin if angle else -widths[place] / 2
        start: tuple[float, float] = (left + side * (place + 0.5) + aside, height - top + _GAP)
        pen.write_along(across[place], start, points, _INK, angle=angle)
    for place in range(0, len(down), every):
        start = left - _GAP - lengths[place], height - top - side * (place + 0.5) - 0.36 * letter
        pen.write_along(down[place], start, points, _INK)
    if side >= _WRITTEN:
        _write_shares(pen, weights, shares, side, (left, height - top))
    if heading:
        fit = min(1.0, (width - 2 * _EDGE) / pen.size(heading, 15)[0])
        pen.write_along(heading, (_EDGE, height - 34), 15 * fit, _INK)
    _bar(figure, pen, ramp, full_scale(weights))
    pen.write_along(foot, (_EDGE, 12), 9.0 * min(1.0, (width - 2 * _EDGE) / pen.size(foot, 9.0)[0]), _FAINT)
    return figure


def _ramp() -> npt.NDArray[np.uint32]:
    """Give 256 colours from nearly white to dark blue, each of four bytes: red, green, blue, opaque."""
    from matplotlib import colormaps

    colours = np.ascontiguousarray(colormaps["Blues"](np.arange(256), bytes=True), dtype=np.uint8)
    return colours.view(np.uint32).ravel()


def _cells(figure: Figure, colours: npt.NDArray[np.uint32], side: int, corner: tuple[int, int]) -> None:
    """Put coloured squares on a figure, pixel by pixel, with a white line between them where there is room for one."""
    pixels = colours.repeat(side, axis=0).repeat(side, axis=1)
    if side >= _LINED:
        pixels[side - 1 : -1 : side] = pixels[:, side - 1 : -1 : side] = _WHITE
    _put(figure, pixels, corner)


def _put(figure: Figure, pixels: npt.NDArray[np.uint32], corner: tuple[int, int]) -> None:
    put_pixels(figure, np.ascontiguousarray(pixels).view(np.uint8).reshape(*pixels.shape, 4), corner)


def _write_shares(
    pen: Pen,
    weights: npt.NDArray[np.float64],
    shares: npt.NDArray[np.float64],
    side: int,
    corner: tuple[int, int],
) -> None:
    """Write per cents into cells, from one on."""
    points = 8.0 if side < 40 else 10.0
    for row, column in np.argwhere(weights >= 0.01).tolist():
        text = f"{100 * weights[row, column]:.0f}"
        wide, high = pen.size(text, points)
        start = corner[0] + side * (column + 0.5) - wide / 2, corner[1] - side * (row + 0.5) - high / 2
        pen.write_along(text, start, points, _PAPER if shares[row, column] > 0.65 else _INK)


def _bar(figure: Figure, pen: Pen, ramp: npt.NDArray[np.uint32], scale: float) -> None:
    """Draw what the colours mean."""
    y, points = 34, 9.0
    before, after = "0 %", f"{100 * scale:.3g} %"
    pen.write_along(before, (_EDGE, y + 1), points, _INK)
    x = int(_EDGE + pen.size(before, points)[0]) + _GAP
    row = ramp[np.linspace(0, 255, _BAR[0]).astype(np.intp)]
    _put(figure, np.repeat(row[None], _BAR[1], axis=0), (x, y))
    pen.write_along(after, (x + _BAR[0] + _GAP, y + 1), points, _INK)
