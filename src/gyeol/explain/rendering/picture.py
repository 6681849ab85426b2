"""An explanation as a picture: the input shaded, attention, gates and states, the gradient, the reading."""

from __future__ import annotations

import math
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gyeol.explain.attention.labels import token_label
from gyeol.explain.captions.picture import enlarged, spread
from gyeol.explain.drawing.fonts import Pen, find_fonts, label
from gyeol.explain.drawing.sheet import DPI, new_sheet, put_curve, put_pixels
from gyeol.explain.rendering import wording
from gyeol.explain.rendering.panels import (
    EDGE,
    FAINT,
    INK,
    PAPER,
    WIDTH,
    Panel,
    cells,
    curves,
    line,
    matrix,
    shades,
    words,
)
from gyeol.explain.rendering.terminal import answer_text, step_names
from gyeol.explain.rendering.units import chosen_units
from gyeol.explain.tokens.words import add_by_word

if TYPE_CHECKING:
    from gyeol.explain.explanation import Explanation, LayerTrace

__all__ = ["draw_explanation"]

_LAYERS, _UNITS = 4, 96  # and units of each
_ROWS = 130  # of an attention
_MAP, _TITLE, _GAP = 96, 20, 14  # pixels
_CHANNELS, _FRAMES, _WORDS = 8, 8, 12
_CLASSES, _CURVES = 6, 6
_SIDE, _BESIDE = 150, 6  # of the image of each word, and how many are beside each other


def draw_explanation(explanation: Explanation, *, font: str | None) -> Any:
    """Draw it; see `gyeol.explain.explanation.Explanation.to_png`."""
    seen, say = explanation, wording.WORDING[wording.language_of(explanation)]
    head = label(answer_text(seen), 120)
    told = _told(seen, say, head)
    pieces = [(label(piece, 60) if piece.strip() else " ", value) for piece, value in _pieces(seen)]
    texts = [
        head,
        *told,
        *say.values(),
        *step_names(seen),
        *step_names(seen, output=True),
        *(piece for piece, _ in pieces),
        *_names(seen),
        wording.key_text(seen.attributions[0].target, wording.language_of(seen)) if seen.attributions else "",
        "".join(map(chr, range(32, 127))) + "…—→·×",
    ]
    fonts = find_fonts(texts, font)
    canvas = new_sheet(PAPER)
    figure, pen = canvas.figure, Pen(canvas, fonts, PAPER)
    panels = [line(pen, head, 17.0, height=38), *(line(pen, one, 9.5, FAINT, height=20) for one in told), _space(8)]
    panels += _input(seen, say, figure, pen, pieces)
    panels += _attention(seen, say, figure, pen)
    if seen.layers:
        panels += [_space(_GAP), line(pen, f"{say['layers']} · {say['cells']} · {say['open']}", 9.0, FAINT, height=18)]
    for layer in seen.layers[:_LAYERS]:
        panels += _layer(layer, say, figure, pen)
    panels += _gradients(seen, say, figure, pen)
    panels += _reading(seen, say, figure, pen)
    notes = [label(wording.note_text(note, wording.language_of(seen)), 160) for note in seen.notes]
    panels += [line(pen, note, 9.0, FAINT, height=18) for note in notes]
    height = sum(panel.height for panel in panels) + 2 * EDGE
    figure.set_size_inches(WIDTH / DPI, height / DPI)
    top = float(height - EDGE)
    for panel in panels:
        panel.draw(top)
        top -= panel.height
    return canvas


def _space(height: int) -> Panel:
    return Panel(height, lambda _: None)


def _told(seen: Explanation, say: dict[str, str], head: str) -> list[str]:
    """Write the probabilities, and what the attributions add up to."""
    ranked = sorted(seen.probabilities.items(), key=lambda pair: -pair[1])[:_CLASSES]
    lines = [" · ".join(f"{token_label(name, 40)} {p:.3f}" for name, p in ranked)] if ranked else []
    if wording.answer_differs(seen):
        lines.append(say["other"].format(head, wording.spoken_for(seen.attributions[0].target)))
    for why in seen.attributions[:1]:
        target = label(wording.score_text(why.target, wording.language_of(seen)), 120)
        lines.append(say["sum"].format(why.start, why.total, target, say.get(why.method, why.method)))
    return lines


def _pieces(seen: Explanation) -> list[tuple[str, float]]:
    """Cut a text into words with what each adds."""
    if seen.kind != "text":
        return []
    values = seen.attributions[0].values.tolist() if seen.attributions else [0.0] * len(seen.tokens)
    if seen.spans:
        return add_by_word(seen.text, seen.spans, values)
    return list(
        chain.from_iterable(((name, value), (" ", 0.0)) for name, value in zip(step_names(seen), values, strict=True))
    )


def _names(seen: Explanation) -> list[str]:
    """All other texts that are drawn: of their characters, none may be missing."""
    language = wording.language_of(seen)
    read = [] if seen.reading is None else wording.reading_names(seen.reading.names, language)
    rows = [
        row
        for one in seen.attention
        for row in (wording.attention_name(one.name, language), *wording.attention_rows(one.rows, language))
    ]
    layers = [key for layer in seen.layers for key in (layer.name, layer.cell, *layer.gates, *layer.states)]
    loss = wording.score_text(seen.loss, language) if seen.loss else ""
    notes = [wording.note_text(note, language) for note in seen.notes]
    return [label(name, 200) for name in chain(seen.output, read, notes, layers, [loss], rows)]


def _input(
    seen: Explanation, say: dict[str, str], figure: Any, pen: Pen, pieces: list[tuple[str, float]]
) -> list[Panel]:
    if seen.kind == "text":
        told = [wording.key_text(why.target, wording.language_of(seen)) for why in seen.attributions[:1]]
        return [words(figure, pen, pieces), *(line(pen, one, 9.0, FAINT, height=20) for one in told)]
    values = seen.values
    assert values is not None
    weights = seen.attributions[0].values if seen.attributions else np.zeros(len(seen.tokens))
    strip = shades(weights[None], float(np.abs(weights).max()), strength=0.6)
    if seen.kind == "series":
        panels = [_channel(values[:, c], strip, figure) for c in range(min(values.shape[1], _CHANNELS))]
    elif seen.kind == "sound":
        low, high = float(values.min()), float(values.max())
        mel = shades((values.T[::-1] - low) / (high - low or 1.0), 1.0)
        panels = [_letters(seen, pen), cells(figure, mel, 120), cells(figure, strip, 26)]
    elif seen.kind == "frames":
        panels = [_frames(values, figure), cells(figure, strip, 26)]
    else:
        panels = _image(seen, values[0], figure, pen)
    return [*panels, _space(10)]


def _channel(values: npt.NDArray[Any], strip: npt.NDArray[np.uint8], figure: Any) -> Panel:
    """Draw a curve on the shades of its steps."""
    ground = cells(figure, strip, 84)

    def draw(top: float) -> None:
        ground.draw(top)
        own, wide = values.astype(np.float64), WIDTH - 2 * EDGE
        share = (own - own.min()) / (float(np.ptp(own)) or 1.0)
        across = EDGE + wide * (np.arange(len(own)) + 0.5) / len(own)
        put_curve(figure, across, top - 78 + 72 * share, INK, width=1.4)

    return Panel(88, draw)


def _letters(seen: Explanation, pen: Pen) -> Panel:
    """Write the letters of a recording where they were heard."""
    if len(seen.output) != len(seen.tokens):
        return line(pen, label(" ".join(seen.output), 160), 11.0, height=26)

    def draw(top: float) -> None:
        for number, letter in enumerate(seen.output):
            if letter.strip():
                x = EDGE + (WIDTH - 2 * EDGE) * (number + 0.5) / len(seen.output)
                pen.write_along(label(letter), (x - pen.size(label(letter), 13.0)[0] / 2, top - 20), 13.0, INK)

    return Panel(28, draw)


def _frames(values: npt.NDArray[np.uint8], figure: Any) -> Panel:
    """Draw some frames, evenly spread."""
    count = min(len(values), _FRAMES)
    numbers = np.linspace(0, len(values) - 1, count).astype(int).tolist()
    room = (WIDTH - 2 * EDGE) // count
    high, wide = values.shape[1:3]
    scale = min((room - 4) / wide, 130 / high)
    size = max(1, int(high * scale)), max(1, int(wide * scale))
    rows, columns = (np.arange(n) * m // n for n, m in zip(size, (high, wide), strict=True))

    def draw(top: float) -> None:
        for place, number in enumerate(numbers):
            pixels = values[number][rows][:, columns]
            full = np.dstack([pixels, np.full(size, 255, np.uint8)])
            put_pixels(figure, full, (EDGE + place * room + (room - size[1]) // 2, int(top) - size[0]))

    return Panel(size[0] + 6, draw)


def _image(seen: Explanation, image: npt.NDArray[np.uint8], figure: Any, pen: Pen) -> list[Panel]:
    """Draw the image, and once for each word of the output, light where it looked."""
    side = math.isqrt(len(seen.tokens))
    least = min(image.shape[:2])
    pixels = enlarged(image[:least, :least], _SIDE)
    shown: list[tuple[str, npt.NDArray[Any]]] = [("", pixels)]
    for one in seen.attention[:1]:
        for name, row in list(zip(one.rows, one.weights, strict=True))[: _WORDS - 1]:
            light = 0.3 + 0.7 * spread(row.reshape(side, side).astype(np.float64), _SIDE)
            shown.append((token_label(name), pixels * light[:, :, None]))
    for why in seen.attributions[:1] if not seen.attention else ():
        weights = np.abs(why.values).reshape(side, side)
        shown.append(("", pixels * (0.3 + 0.7 * spread(weights, _SIDE))[:, :, None]))
    rows = math.ceil(len(shown) / _BESIDE)

    def draw(top: float) -> None:
        for number, (name, own) in enumerate(shown):
            x = EDGE + number % _BESIDE * (_SIDE + 8)
            y = top - number // _BESIDE * (_SIDE + 26)
            full = np.dstack([own.round().astype(np.uint8), np.full((_SIDE, _SIDE), 255, np.uint8)])
            put_pixels(figure, full, (x, int(y) - _SIDE))
            pen.write_along(name, (x, y - _SIDE - 17), 10.0, INK)

    return [Panel(rows * (_SIDE + 26), draw)]


def _attention(seen: Explanation, say: dict[str, str], figure: Any, pen: Pen) -> list[Panel]:
    """Draw where each row of an attention looked; on an image, this is done already."""
    panels = []
    for one in seen.attention if seen.kind != "image" else ():
        title = f"{say['attention']} · {label(wording.attention_name(one.name, wording.language_of(seen)), 60)}"
        rows = [label(row, 30) for row in wording.attention_rows(one.rows, wording.language_of(seen))[:_ROWS]]
        panels += [_space(_GAP), line(pen, title, 10.0, height=22)]
        panels.append(matrix(figure, pen, rows, step_names(seen), one.weights[:_ROWS]))
    return panels


def _layer(layer: LayerTrace, say: dict[str, str], figure: Any, pen: Pen) -> list[Panel]:
    """Draw a layer's gates and states as heat maps: units down, steps across."""
    units = chosen_units(layer, _UNITS)
    counted = (
        say["units"].format(f"{len(units):,}")
        if len(units) == layer.shape[1]
        else say["shown"].format(len(units), layer.shape[1])
    )
    names = [
        say.get(layer.name, layer.name),
        say["nth layer"].format(layer.layer + 1),
        say[layer.direction],
        layer.cell,
    ]
    panels = [_space(_GAP), line(pen, " · ".join([*names, counted]), 10.0, height=22)]
    arrays = [(say.get(f"gate {key}", say.get(key, key)), a, True) for key, a in layer.gates.items()]
    arrays += [(say.get(key, key), a, False) for key, a in layer.states.items()]
    across = len(arrays) if len(arrays) <= 4 else 3
    wide = (WIDTH - 2 * EDGE - (across - 1) * _GAP) // across
    for first in range(0, len(arrays), across):
        own = arrays[first : first + across]

        def draw(top: float, own: list[tuple[str, npt.NDArray[Any], bool]] = own) -> None:
            for number, (name, array, gate) in enumerate(own):
                x = EDGE + number * (wide + _GAP)
                half = gate and float(array.min()) >= 0  # half open is white, open blue, closed orange
                tones = 2 * array[:, units].T - 1 if half else array[:, units].T / (float(np.abs(array).max()) or 1.0)
                pen.write_along(f"{name} ({array.min():.2g} … {array.max():.2g})", (x, top - 14), 9.0, FAINT)
                cells(figure, shades(tones, 1.0), _MAP, x=x, width=wide).draw(top - _TITLE)

        panels.append(Panel(_MAP + _TITLE + 8, draw))
    return panels


def _middles(steps: int) -> npt.NDArray[np.float64]:
    return (np.arange(steps) + 0.5) / steps


def _gradients(seen: Explanation, say: dict[str, str], figure: Any, pen: Pen) -> list[Panel]:
    """Draw the norm of the gradient by each layer's hidden state, logarithmic where it is steep."""
    found = [(layer, next(iter(layer.gradients.items()))) for layer in seen.layers if layer.gradients][:_CURVES]
    if not found:
        return []
    norms = np.concatenate([own for _, (_, own) in found]).astype(np.float64)
    high = float(norms.max()) or 1.0
    low = max(float(norms.min()), high * 1e-6)
    steep = high > 50 * low
    lines = []
    for layer, (key, own) in found:
        scaled = np.log10(own.astype(np.float64).clip(min=low)) if steep else own
        names = [say.get(layer.name, layer.name), say["nth layer"].format(layer.layer + 1), say[layer.direction]]
        lines.append((" ".join([*names, say.get(key, key)]), _middles(len(own)), scaled))
    bottom, top = (math.log10(low), math.log10(high)) if steep else (0.0, high)
    title = [
        say["gradients"],
        *(
            [say["loss"].format(label(wording.score_text(seen.loss, wording.language_of(seen)), 60))]
            if seen.loss
            else []
        ),
        *([say["log"]] if steep else []),
    ]
    names = step_names(seen, output=all(seen.axis(layer) == "output" for layer, _ in found))
    ends = (f"{low:.1g}" if steep else "0", f"{high:.2g}")
    return [
        _space(_GAP),
        line(pen, " · ".join(title), 10.0, height=22),
        curves(figure, pen, lines, low=bottom, high=top, ends=ends, steps=names),
    ]


def _reading(seen: Explanation, say: dict[str, str], figure: Any, pen: Pen) -> list[Panel]:
    """Draw how the prediction moves while the model reads."""
    reading = seen.reading
    if reading is None:
        return []
    values = reading.probabilities
    order = np.argsort(-values[-1], kind="stable")[:_CURVES].tolist()
    places = (np.asarray(reading.steps) - 0.5).clip(min=0) / len(seen.tokens)
    shares = values.min() >= 0 and values.max() <= 1 + 1e-6
    low, high = (0.0, 1.0) if shares else (float(values.min()), float(values.max()))
    read = wording.reading_names(reading.names, wording.language_of(seen))
    lines = [(read[n], places, values[:, n]) for n in order]
    ends = (f"{low:.3g}", f"{high:.3g}")
    return [
        _space(_GAP),
        line(pen, say["read"], 10.0, height=22),
        curves(figure, pen, lines, low=low, high=high, ends=ends, steps=step_names(seen)),
    ]
