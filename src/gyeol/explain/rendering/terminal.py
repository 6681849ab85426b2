"""An explanation as lines for a terminal: the input shaded, what weighs most, and rows of blocks by step."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gyeol.data.text_width import cut_to_width
from gyeol.errors import DataError
from gyeol.explain.attention.labels import token_label
from gyeol.explain.attention.text import NARROWEST, render_text, wrapped
from gyeol.explain.captions.map import CaptionMap
from gyeol.explain.rendering.contents import json_value
from gyeol.explain.rendering.rows import Row, block_rows
from gyeol.explain.rendering.units import stretched
from gyeol.explain.rendering.wording import WORDING, answer_differs, marks_text, score_text, spoken_for
from gyeol.explain.tokens.words import add_by_word, marked, one_line, word_values
from gyeol.parameters import check, choice, switch, whole

if TYPE_CHECKING:
    from gyeol.explain.explanation import Attention, Attribution, Explanation, LayerTrace

__all__ = ["SHOWN", "answer_text", "render_terminal", "step_names"]

_AGAINST = 3  # steps or words against the prediction that are listed
_CHANNELS = 8  # of a series
_SHADES = "·░▒▓█"
_LEAST_RANGE = 0.1  # of a gate's mean from the lowest block to the highest
_MOST_LINES, _LOOKED = 24, 3  # of a list; places that a row looked at
_NAME = 80  # characters of a class
_CLASSES = 12  # whose probabilities are written or drawn


def render_terminal(explanation: Explanation, *, colour: bool, show: str | None, top: int, width: int | None) -> str:
    """Lay an explanation out; see `gyeol.explain.explanation.Explanation.to_terminal`."""
    rules = {"colour": switch, "top": whole(1), "width": whole(NARROWEST, none=True)}
    settings: dict[str, Any] = {"colour": colour, "top": top, "width": width}
    if show is not None:
        settings["show"], rules["show"] = show, choice(tuple(SHOWN))
    check(settings, rules)
    columns = int(width) if width is not None else max(NARROWEST, shutil.get_terminal_size().columns)
    ranked = sorted(explanation.probabilities.items(), key=lambda pair: -pair[1])[:_CLASSES]
    chances = one_line("   ".join(f"{token_label(name, _NAME)} {p:.3f}" for name, p in ranked))
    lines = [answer_text(explanation) + (f"   ({chances})" if chances else ""), ""]
    why = explanation.attributions[0] if explanation.attributions else None
    if explanation.kind == "text":
        lines += _text(explanation, why, colour=colour, top=top)
    else:
        lines += _figure(explanation, columns, looked=show != "attention")
        if why is not None:
            names = _places(explanation)
            lines += ["", *_listed([(names[n], float(v)) for n, v in enumerate(why.values)], top)]
    if why is not None:
        lines += _foot(explanation, why, colour=colour)
    lines += map(one_line, explanation.notes)
    if show is not None:
        lines += ["", *SHOWN[show](explanation, columns, colour)]
    return "\n".join(line.rstrip() for line in lines)


def answer_text(explanation: Explanation) -> str:
    """Write the prediction on a line.

    A label for each step stands behind the step: ``나는/O 서울에/B-LOC``.
    """
    answer = json_value(explanation.prediction)
    if isinstance(answer, list):
        if len(answer) == len(explanation.tokens) and explanation.kind == "text":
            pairs = zip(step_names(explanation), answer, strict=True)
            text = " ".join(f"{token}/{label}" for token, label in pairs)
        else:
            text = " ".join(_repeated(map(_shown, answer)))
    else:
        text = _shown(answer)
    return one_line(text) if text.strip() else token_label(text)


def _repeated(labels: Iterable[str]) -> list[str]:
    """Write a label that comes several times in a row once: ``"up ×6"``."""
    counted = [(name, len(list(own))) for name, own in groupby(labels)]
    return [f"{name} ×{count}" if count > 1 else name for name, count in counted]


def _shown(value: object) -> str:
    if isinstance(value, list):  # one step of several channels
        return ", ".join(map(_shown, value))
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def step_names(explanation: Explanation, *, output: bool = False) -> list[str]:
    """Name the steps of the input, or of the output, such that each can be seen."""
    return [token_label(token) for token in (explanation.output if output else explanation.tokens)]


def _places(explanation: Explanation) -> list[str]:
    """Name the steps such that each can stand alone: ``"step 60"``, ``"row 7, column 4"``."""
    names = step_names(explanation)
    if explanation.kind == "text":
        return names
    if explanation.kind == "image":
        side = math.isqrt(len(names))
        return [f"row {n // side + 1}, column {n % side + 1}" for n in range(len(names))]
    return [f"step {name}" if name.lstrip("-").isdecimal() else name for name in names]


def _text(explanation: Explanation, why: Attribution | None, *, colour: bool, top: int) -> list[str]:
    values = why.values.tolist() if why is not None else [0.0] * len(explanation.tokens)
    if explanation.spans:
        pieces = add_by_word(explanation.text, explanation.spans, values)
    else:  # tokens without a place in a text
        gaps = [(" ", 0.0)] * len(values)
        pieces = [
            part for pair in zip(zip(step_names(explanation), values, strict=True), gaps, strict=True) for part in pair
        ]
    lines = [marked(pieces, colour=colour), ""]
    return lines if why is None else [*lines, *_listed(word_values(pieces), top)]


def _listed(values: Sequence[tuple[str, float]], top: int) -> list[str]:
    """List what speaks most for the prediction, and a few that speak against it."""
    order = sorted(values, key=lambda pair: -pair[1])
    positive = [(name, value) for name, value in order if value > 0][:top]
    negative = [(name, value) for name, value in reversed(order) if value < 0][: min(_AGAINST, top)]
    return [f"  {value:+8.3f}  {one_line(name)}" for name, value in positive + negative]


def _foot(explanation: Explanation, why: Attribution, *, colour: bool) -> list[str]:
    """Say what is spoken for and against, where that is another answer than the prediction, and what scores are."""
    name, lines = spoken_for(why.target), []
    if explanation.kind == "text":
        lines.append(marks_text(why.target, *(("blue", "orange") if colour else ("[word]", "(word)"))))
    if answer_differs(explanation):
        lines.append(WORDING["en"]["other"].format(answer_text(explanation), name))
    off = f", off by {100 * why.error:.2g} %" if why.method == "integrated gradients" else ""
    scores = f"{why.start:+.3f} with a blank input, {why.total:+.3f} with this input"
    return [*map(one_line, lines), one_line(f"{score_text(why.target, 'en')}: {scores} ({why.method}{off})")]


def _figure(explanation: Explanation, width: int, *, looked: bool) -> list[str]:
    """Draw an input that is no text, with its first attribution beneath; an image with where it was ``looked``."""
    values, attributions = explanation.values, explanation.attributions
    assert values is not None
    if explanation.kind == "image":
        return _image(explanation, values, looked=looked)
    rows: list[Row] = []
    if explanation.kind == "series":
        for channel in range(min(values.shape[1], _CHANNELS)):
            name = f"channel {channel + 1}" if values.shape[1] > 1 else "series"
            rows.append(_row(name, values[:, channel]))
    elif explanation.kind == "sound":
        rows.append(_row("loudness", values.mean(axis=1)))
    if attributions:
        weights = attributions[0].values
        most = float(np.abs(weights).max()) or 1.0
        for name, own in (("for", weights.clip(min=0)), ("against", (-weights).clip(min=0))):
            rows.append(Row(name, own, 0.0, most))
    names = step_names(explanation) if explanation.kind == "frames" else []
    return block_rows(names, rows, width) if rows else []


def _image(explanation: Explanation, values: npt.NDArray[np.uint8], *, looked: bool) -> list[str]:
    """Draw the cells of an image by their weight; of a caption, tell where each word looked."""
    side = math.isqrt(len(explanation.tokens))
    for one in explanation.attention:
        if len(one.rows) == len(explanation.output) and values.shape[1] == values.shape[2]:
            weights = one.weights.reshape(-1, side, side).astype(np.float64)
            weights /= weights.sum(axis=(1, 2), keepdims=True)
            if not looked:  # it is shown below, with more places
                return []
            told = CaptionMap(values[0], tuple(one.rows), weights).to_terminal(korean=False)
            return _capped(told.split("\n")[2:])
    if not explanation.attributions:
        return []
    weights = np.abs(explanation.attributions[0].values)
    levels = np.rint(weights / (float(weights.max()) or 1.0) * (len(_SHADES) - 1)).astype(int).reshape(side, side)
    return ["".join(_SHADES[level] * 2 for level in row) for row in levels.tolist()]


def _capped(lines: list[str]) -> list[str]:
    """Leave out what is more than a terminal shows at once, and say so."""
    rest = len(lines) - _MOST_LINES
    return lines if rest <= 0 else [*lines[:_MOST_LINES], f"… {rest:,} more: the page shows all"]


def _row(name: str, values: npt.NDArray[np.floating]) -> Row:
    return Row(name, values, float(values.min()), float(values.max()))


_WHY_NONE = {
    "gates": "gates: this model has no recurrent layer that can be followed here",
    "attention": "attention: this model has none, it was trained without attention",
    "gradients": "gradients: this model has no recurrent layer that can be followed here, or no loss",
    "reading": "the reading: this model gives no answer after a part of this input",
}


def _missing(what: str) -> DataError:
    return DataError(f"cannot show {_WHY_NONE[what]}; leave show={what!r} (--show {what}) out")


def _columns(explanation: Explanation, layer: LayerTrace) -> tuple[int, list[str]]:
    """Count the steps that a layer walks over, and name them where they are words."""
    output = explanation.axis(layer) == "output"
    names = step_names(explanation, output=output)
    return len(names), names if output or explanation.kind == "text" else []


def _gates(explanation: Explanation, width: int, _: bool) -> list[str]:
    """Write gates and states of every layer, as means over units."""
    if not explanation.layers:
        raise _missing("gates")
    lines: list[str] = []
    for layer in explanation.layers:
        rows, (steps, names) = [], _columns(explanation, layer)
        for key, array in layer.gates.items():
            mean = stretched(array.mean(axis=1), steps)
            middle, half = (mean.max() + mean.min()) / 2, max(_LEAST_RANGE, float(np.ptp(mean))) / 2
            rows.append(Row(key, mean, float(middle - half), float(middle + half)))
        rows += [_row(f"|{key}|", stretched(np.abs(array).mean(axis=1), steps)) for key, array in layer.states.items()]
        head = f"{layer.label} ({layer.cell}): means over {layer.shape[1]:,} units"
        lines += [cut_to_width(one_line(head), width), *block_rows(names, rows, width), ""]
    return lines[:-1]


def _attention(explanation: Explanation, width: int, colour: bool) -> list[str]:
    if not explanation.attention:
        raise _missing("attention")
    lines: list[str] = []
    for one in explanation.attention:
        lines += [*_matrix(explanation, one, width, colour), ""]
    return lines[:-1]


def _matrix(explanation: Explanation, one: Attention, width: int, colour: bool) -> list[str]:
    """Write the first rows of an attention: as a matrix of words, as blocks by step, or as the places of an image."""
    weights = one.weights[:_MOST_LINES].astype(np.float64)
    weights /= weights.sum(axis=1, keepdims=True)
    rows, rest = one.rows[:_MOST_LINES], len(one.rows) - _MOST_LINES
    more = [f"… {rest:,} more: the page shows all"] if rest > 0 else []
    if explanation.kind == "text":
        told = render_text(explanation.tokens, rows, weights, one.name, width=width, color=colour, korean=False)
        return [*told.split("\n"), *more]
    lines, names = [cut_to_width(one_line(one.name), width)], _places(explanation)
    shown = [token_label(row) for row in rows]
    if explanation.kind != "image":
        most = float(weights.max())
        lines += block_rows([], [Row(n, own, 0.0, most) for n, own in zip(shown, weights, strict=True)], width)
    for name, own in zip(shown, weights, strict=True):
        looked = "  ".join(f"{names[n]} {100 * own[n]:.1f} %" for n in np.argsort(-own, kind="stable")[:_LOOKED])
        lines.append(cut_to_width(f"{name} ← {looked}", width))
    return [*lines, *more]


def _gradients(explanation: Explanation, width: int, _: bool) -> list[str]:
    """Write the gradient's norm by step on a logarithmic scale."""
    layers = [layer for layer in explanation.layers if layer.gradients]
    if not layers:
        raise _missing("gradients")
    loss = score_text(explanation.loss, "en") if explanation.loss else "the loss"
    lines = wrapped(one_line(f"norm of the gradient of {loss}, logarithmic").split(), width, " ")
    for layer in layers:
        rows, (steps, names) = [], _columns(explanation, layer)
        for key, norms in layer.gradients.items():
            floor = max(float(norms.max()), 1e-30) * 1e-6
            logs = np.log10(stretched(norms, steps).astype(np.float64).clip(min=floor))
            told = f"{norms[0]:.2g}→{norms[-1]:.2g}"
            rows.append(Row(key, logs, float(logs.min()), float(logs.max()), told))
        lines += [cut_to_width(one_line(layer.label), width), *block_rows(names, rows, width)]
    return lines


def _reading(explanation: Explanation, width: int, _: bool) -> list[str]:
    """Write how the prediction moves while the model reads."""
    reading = explanation.reading
    if reading is None:
        raise _missing("reading")
    names = step_names(explanation) if explanation.kind == "text" else []
    order = np.argsort(-reading.probabilities[-1], kind="stable")[:_CLASSES]
    shares = reading.probabilities.min() >= 0 and reading.probabilities.max() <= 1 + 1e-6
    rows = []
    for number in order.tolist():
        values = reading.probabilities[:, number]
        low, high = (0.0, 1.0) if shares else (float(reading.probabilities.min()), float(reading.probabilities.max()))
        rows.append(Row(token_label(reading.names[number], _NAME), values, low, high))
    read = [names[step - 1] if step else "∅" for step in reading.steps] if names else []
    return ["after each step", *block_rows(read, rows, width)]


#: What ``show`` names, each with what writes it.
SHOWN: dict[str, Callable[[Explanation, int, bool], list[str]]] = {
    "gates": _gates,
    "attention": _attention,
    "gradients": _gradients,
    "reading": _reading,
}
