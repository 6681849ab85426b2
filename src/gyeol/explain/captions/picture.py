"""A caption's attention as a picture: the image, and once for each word, light where the word looked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gyeol.explain.attention.labels import in_korean
from gyeol.explain.drawing.fonts import Pen, find_fonts, label
from gyeol.explain.drawing.sheet import DPI, new_sheet, put_pixels

if TYPE_CHECKING:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

__all__ = ["draw_caption", "enlarged", "spread"]

_INK, _FAINT, _PAPER = "#1c1f23", "#62686f", "#ffffff"
_SIDE, _EDGE, _GAP, _WORD, _HEAD, _FOOT = 168, 18, 14, 28, 40, 34  # pixels
_ACROSS = 6  # panels in a line
_DARK = 0.3  # of its light, where nobody looked
_NOTE_KO = "밝은 곳이 그 낱말을 쓸 때 본 곳 · 백분율은 가장 많이 본 칸의 비율"
_NOTE_EN = "light is where the word looked · the figure is the share of the place it looked at most"


def spread(weights: npt.NDArray[np.float64], side: int) -> npt.NDArray[np.float64]:
    """Enlarge weights (height, width) to an image, linearly between the places' middles: (side, side), at most 1.

    Examples
    --------
    >>> spread(np.array([[0.0, 0.5]]), 4)[0].tolist()
    [0.0, 0.25, 0.75, 1.0]
    """
    found = weights / max(float(weights.max()), 1e-12)
    for axis in (0, 1):
        count = found.shape[axis]
        at = ((np.arange(side) + 0.5) / side * count - 0.5).clip(0, count - 1)
        low = np.floor(at).astype(np.intp)
        part = (at - low).reshape(-1, 1) if axis == 0 else at - low
        high = np.minimum(low + 1, count - 1)
        found = found.take(low, axis) * (1 - part) + found.take(high, axis) * part
    return found


def draw_caption(
    image: npt.NDArray[np.uint8],
    words: Sequence[str],
    weights: npt.NDArray[np.float64],
    text: str,
    *,
    font: str | None,
) -> FigureCanvasAgg:
    """Draw an image and where each word looked; see `gyeol.explain.CaptionMap.to_png`.

    Parameters
    ----------
    image : array of uint8, shape (S, S, 3)
    words : sequence of str
    weights : array of float64, shape (words, height, width)
    text : str
    font : str, optional
    """
    heading, note = label(text, 160), _NOTE_KO if in_korean(words) else _NOTE_EN
    fonts = find_fonts([*words, heading, note, "0123456789.% …"], font)
    canvas = new_sheet(_PAPER)
    figure, pen = canvas.figure, Pen(canvas, fonts, _PAPER)
    count = len(words) + 1
    across = min(count, _ACROSS)
    lines = math.ceil(count / across)
    width = 2 * _EDGE + across * _SIDE + (across - 1) * _GAP
    height = _HEAD + lines * (_SIDE + _WORD) + (lines - 1) * _GAP + _FOOT + _EDGE
    figure.set_size_inches(width / DPI, height / DPI)
    pixels = enlarged(image, _SIDE)
    for number in range(count):
        x = _EDGE + number % across * (_SIDE + _GAP)
        top = height - _HEAD - _EDGE - number // across * (_SIDE + _WORD + _GAP)  # of the word's line
        panel = pixels
        if number:
            own = weights[number - 1]
            light = _DARK + (1 - _DARK) * spread(own, _SIDE)
            panel = (pixels * light[:, :, None]).round().astype(np.uint8)
            share = f"{100 * own.max():.0f} %"
            room = _SIDE - pen.size(share, 8.5)[0] - 6
            points = 12.0 * min(1.0, room / max(1.0, pen.size(words[number - 1], 12.0)[0]))
            pen.write_along(words[number - 1], (x, top - 19), points, _INK)
            pen.write_along(share, (x + _SIDE - pen.size(share, 8.5)[0], top - 19), 8.5, _FAINT)
        full = np.dstack([panel, np.full((_SIDE, _SIDE), 255, np.uint8)])
        put_pixels(figure, full, (x, top - _WORD - _SIDE))
    fit = min(1.0, (width - 2 * _EDGE) / max(1.0, pen.size(heading, 14)[0]))
    pen.write_along(heading, (_EDGE, height - _EDGE - 20), 14 * fit, _INK)
    fit = min(1.0, (width - 2 * _EDGE) / pen.size(note, 9)[0])
    pen.write_along(note, (_EDGE, 14), 9 * fit, _FAINT)
    return canvas


def enlarged(image: npt.NDArray[np.uint8], side: int) -> npt.NDArray[np.float64]:
    """Take the nearest points of a square image, the mean of several where it is larger: (side, side, 3)."""
    size = len(image)
    edges = np.arange(side + 1) * size / side
    low = np.floor(edges[:-1]).astype(np.intp)
    high = np.maximum(np.ceil(edges[1:]).astype(np.intp), low + 1).clip(max=size)
    sums = np.zeros((size + 1, size + 1, 3))
    sums[1:, 1:] = image.astype(np.float64).cumsum(0).cumsum(1)
    total = sums[high][:, high] - sums[low][:, high] - sums[high][:, low] + sums[low][:, low]
    found: npt.NDArray[np.float64] = total / ((high - low)[:, None] * (high - low)[None, :])[:, :, None]
    return found
