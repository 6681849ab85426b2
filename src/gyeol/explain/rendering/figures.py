"""The input of an explanation as markup: text, curves, a spectrogram, frames, an image; each step can be shaded.

An element with ``data-i`` is a step. Its class is how it is shaded without a script: ``f1`` to ``f5`` for, ``a1`` to
``a5`` against.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gyeol.explain.drawing.page import printable
from gyeol.explain.rendering.terminal import step_names

if TYPE_CHECKING:
    from gyeol.explain.explanation import Explanation

__all__ = ["input_figure", "output_figure"]

_SHADES = 5
_CHANNELS = 8
_THUMBNAILS, _SIDE, _LARGEST = 24, 96, 512  # frames shown; pixels of one; and of an image


def input_figure(explanation: Explanation, say: dict[str, str]) -> str:
    """Draw the input."""
    draw = {"text": _text, "series": _series, "sound": _sound, "frames": _frames, "image": _image}
    return draw[explanation.kind](explanation, say)


def output_figure(explanation: Explanation) -> str:
    """Write the output's tokens, each a step."""
    words = step_names(explanation, output=True)
    return " ".join(f'<span class="t" data-i="{n}"><bdi>{printable(word)}</bdi></span>' for n, word in enumerate(words))


def _shades(explanation: Explanation) -> list[str]:
    """Give each step its class by the first attribution."""
    if not explanation.attributions:
        return ["t"] * len(explanation.tokens)
    values = explanation.attributions[0].values
    levels = np.rint(_SHADES * values / (float(np.abs(values).max()) or 1.0)).astype(int).tolist()
    return [f"t {'f' if level > 0 else 'a'}{abs(level)}" if level else "t" for level in levels]


def _text(explanation: Explanation, _: dict[str, str]) -> str:
    names, shades = step_names(explanation), _shades(explanation)
    if not explanation.spans:
        return " ".join(_token(number, shades, names[number]) for number in range(len(names)))
    parts, at = [], 0
    text = explanation.text
    for number, (start, end) in enumerate(explanation.spans):
        if start > at:
            parts.append(printable(text[at:start]))
        own = text[max(start, at) : end]
        # A token without letters of its own, such as the end of the text, is shown by its name.
        parts.append(_token(number, shades, own) if own else _token(number, shades, names[number], mark=True))
        at = max(at, end)
    return "".join(parts) + printable(text[at:])


def _token(number: int, shades: Sequence[str], text: str, *, mark: bool = False) -> str:
    kind = f"{shades[number]} m" if mark else shades[number]
    return f'<span class="{kind}" data-i="{number}">{printable(text)}</span>'


def _cells(shades: Sequence[str]) -> str:
    """Draw a column a step, in per cent of the width."""
    wide = 100 / len(shades)
    return "".join(
        f'<rect class="{shade}" data-i="{n}" x="{n * wide:.4g}%" width="{wide:.4g}%" height="100%"></rect>'
        for n, shade in enumerate(shades)
    )


def _strip(explanation: Explanation) -> str:
    return f'<svg class="strip" aria-hidden="true">{_cells(_shades(explanation))}</svg>'


def _series(explanation: Explanation, say: dict[str, str]) -> str:
    values = explanation.values
    assert values is not None
    steps, channels = values.shape[0], min(values.shape[1], _CHANNELS)
    curves, names = [], []
    for channel in range(channels):
        own = values[:, channel].astype(np.float64)
        low, high = float(own.min()), float(own.max())
        heights = 92 - 84 * (own - low) / (high - low or 1.0) + 100 * channel
        places = [0.0, 1.0] if steps == 1 else (np.arange(steps) + 0.5).tolist()
        heights = heights.tolist() * (2 if steps == 1 else 1)
        points = " ".join(f"{x:g},{y:.4g}" for x, y in zip(places, heights, strict=True))
        curves.append(f'<polyline points="{points}"></polyline>')
        name = f"{say['channel']} {channel + 1}: " if channels > 1 else ""
        names.append(f"<span>{name}{low:.3g} … {high:.3g}</span>")
    inner = f'<svg viewBox="0 0 {steps} {100 * channels}" preserveAspectRatio="none">{"".join(curves)}</svg>'
    return (
        f'<div class="plot n{channels}"><svg aria-hidden="true">{_cells(_shades(explanation))}{inner}</svg>'
        f'<div class="bands">{"".join(names)}</div></div>'
    )


def _sound(explanation: Explanation, say: dict[str, str]) -> str:
    letters = ""
    steps = len(explanation.tokens)
    if len(explanation.output) == steps:
        letters = "".join(
            f'<text x="{100 * (n + 0.5) / steps:.4g}%" y="1.1em">{printable(letter)}</text>'
            for n, letter in enumerate(explanation.output)
            if letter.strip()
        )
        letters = (
            f'<svg class="letters" role="img" aria-label="{printable("".join(explanation.output))}">{letters}</svg>'
        )
    return f'{letters}<canvas id="mel" role="img" aria-label="{say["mel"]}"></canvas>{_strip(explanation)}'


def _frames(explanation: Explanation, say: dict[str, str]) -> str:
    frames = explanation.values
    assert frames is not None
    count = len(frames)
    shown = np.unique(np.linspace(0, count - 1, min(count, _THUMBNAILS)).astype(int)).tolist()
    pictures = "".join(f'<img alt="{say["frames"]} {n + 1}" src="{_jpeg(frames[n], _SIDE)}">' for n in shown)
    return f'<div class="thumbs">{pictures}</div>{_strip(explanation)}'


def _image(explanation: Explanation, say: dict[str, str]) -> str:
    values = explanation.values
    assert values is not None
    side = math.isqrt(len(explanation.tokens))
    cells = "".join(
        f'<rect class="{shade}" data-i="{n}" x="{n % side}" y="{n // side}" width="1" height="1"></rect>'
        for n, shade in enumerate(_shades(explanation))
    )
    over = f'<svg viewBox="0 0 {side} {side}" preserveAspectRatio="none" aria-hidden="true">{cells}</svg>'
    return f'<div class="photo"><img id="photo" alt="{say["image"]}" src="{_jpeg(values[0], _LARGEST)}">{over}</div>'


def _jpeg(pixels: npt.NDArray[Any], most: int) -> str:
    """Embed a picture, with every so manyth pixel where it is larger than ``most``."""
    from gyeol.data.media.images import jpeg_bytes

    every = math.ceil(max(pixels.shape[:2]) / most)
    data = jpeg_bytes(np.ascontiguousarray(pixels[::every, ::every]))
    return f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"
