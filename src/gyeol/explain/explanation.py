"""What a model did with one input, as arrays: `Explanation`. It knows no task; the estimators' ``explain`` fills it.

Shapes: T steps of the input (tokens, points in time, frames, cells of an image), U steps of the output, H units.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from gyeol.data.atomic import write_bytes
from gyeol.errors import DataError
from gyeol.explain.checks import check_input, finite, strings
from gyeol.explain.drawing.sheet import save_png
from gyeol.explain.rendering.contents import as_dict, as_json, json_value
from gyeol.explain.rendering.page import embedded_page, render_page
from gyeol.explain.rendering.picture import draw_explanation
from gyeol.explain.rendering.terminal import render_terminal

__all__ = ["Attention", "Attribution", "Explanation", "LayerTrace", "Reading"]

Floats = npt.NDArray[np.floating[Any]]
_CLOSE = 1e-4  # to 1, of the sum of a row of weights: those of bfloat16 models are off by more than those of float32


@dataclass(frozen=True, slots=True, eq=False)
class Attribution:
    """What each input step adds to one score of the model.

    Parameters
    ----------
    method : {"integrated gradients", "occlusion", "exact", "attention"}
        Integrated gradients (Sundararajan, Taly and Yan 2017, equation 1) from vectors of zeros along the straight
        path; occlusion: the score less the score without the step's vector; exact: the model is a sum over steps.
    target : str
        Which score: ``"log-odds of 긍정"``, ``"log-probability of the translation"``.
    values : array, shape (T,)
    start : float
        The score where all vectors are zeros.
    total : float
        The score itself. Integrated gradients: ``start + values.sum()`` is off from it by `error`.

    """

    method: Literal["integrated gradients", "occlusion", "exact", "attention"]
    target: str
    values: Floats
    start: float
    total: float

    def __post_init__(self) -> None:
        for name, shape in (("values", (None,)), ("start", ()), ("total", ())):
            value = finite(f"attribution by {self.method}: {name}", getattr(self, name), shape)
            object.__setattr__(self, name, value if shape else float(value))

    @property
    def error(self) -> float:
        """How far ``start + values.sum()`` is from `total`, as a share of ``total - start`` (completeness)."""
        gap = self.total - self.start
        return abs(float(self.values.sum()) - gap) / max(abs(gap), 1e-12)


@dataclass(frozen=True, slots=True, eq=False)
class Attention:
    """Attention weights of one layer.

    Parameters
    ----------
    name : str
        ``"summary"``, ``"decoder layer 1"``.
    rows : sequence of str
        What looked: one row (``"prediction"``), or the U output tokens.
    weights : array, shape (len(rows), T)
        Each row sums to 1 within 1e-6.
    """

    name: str
    rows: Sequence[str]
    weights: Floats

    def __post_init__(self) -> None:
        name = f"attention {self.name!r:.40}"
        object.__setattr__(self, "rows", strings(f"{name}: rows", self.rows))
        weights = finite(f"{name}: weights", self.weights, (len(self.rows), None))
        off = np.abs(weights.sum(axis=1, dtype=np.float64) - 1)
        if weights.min(initial=0) < 0 or off.max(initial=0) > _CLOSE:
            raise DataError(f"{name}: expected shares; each row sums to 1")
        object.__setattr__(self, "weights", weights)


@dataclass(frozen=True, slots=True, eq=False)
class LayerTrace:
    """One recurrent layer in one direction, step by step.

    Parameters
    ----------
    name : str
        Which recurrent module of the net: ``"recurrent"``, ``"encoder"``, ``"decoder"``.
    layer : int
        From 0.
    direction : {"forward", "reverse"}
    cell : str
    gates : mapping of str to array, shape (T, H)
        Fewer rows where a step of the layer is several of the input. Activations by name: forget, input, output,
        candidate (LSTM); update, reset, candidate (GRU).
    states : mapping of str to array, shape (T, H)
        ``hidden``, ``cell``, after each step.
    gradients : mapping of str to array, shape (T,)
        The norm of the loss's gradient by each state after each step; empty where there is no loss.
    """

    name: str
    layer: int
    direction: Literal["forward", "reverse"]
    cell: str
    gates: Mapping[str, Floats]
    states: Mapping[str, Floats]
    gradients: Mapping[str, Floats] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.direction not in ("forward", "reverse"):
            raise DataError(f"layer {self.name!r:.40}: direction {self.direction!r:.40}; expected forward or reverse")
        shape: tuple[int | None, int | None] = (None, None)
        for part in ("gates", "states"):
            found = {}
            for key, array in getattr(self, part).items():
                found[key] = finite(f"layer {self.name!r:.40}: {part} {key!r:.40}", array, shape)
                shape = found[key].shape
            object.__setattr__(self, part, found)
        if not self.states or not all(shape):
            raise DataError(f"layer {self.name!r:.40}: expected states of one step and one unit or more")
        norms = {
            k: finite(f"layer {self.name!r:.40}: gradients {k!r:.40}", a, shape[:1]) for k, a in self.gradients.items()
        }
        object.__setattr__(self, "gradients", norms)

    @property
    def shape(self) -> tuple[int, int]:
        """Steps and units."""
        steps, units = next(iter(self.states.values())).shape
        return steps, units

    @property
    def label(self) -> str:
        """Which layer it is, in words: ``"encoder 1 forward"``."""
        return f"{self.name} {self.layer + 1} {self.direction}"


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """How the prediction moves while the model reads.

    Parameters
    ----------
    steps : sequence of int
        After how many input steps; rising, the last is T.
    probabilities : array, shape (len(steps), len(names))
        Of `names`, or values where the model predicts numbers.
    names : sequence of str
    """

    steps: Sequence[int]
    probabilities: Floats
    names: Sequence[str]

    def __post_init__(self) -> None:
        steps, names = tuple(int(step) for step in self.steps), strings("reading: names", self.names)
        if not steps or steps[0] < 0 or any(a >= b for a, b in pairwise(steps)):
            raise DataError(f"reading: steps {steps[:5]}; expected rising numbers of steps")
        probabilities = finite("reading: probabilities", self.probabilities, (len(steps), len(names)))
        for name, value in (("steps", steps), ("names", names), ("probabilities", probabilities)):
            object.__setattr__(self, name, value)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Explanation:
    """What a model predicted, why, and what went on inside it.

    Parameters
    ----------
    task : str
        As in `gyeol.tasks.TASKS`.
    kind : {"text", "series", "sound", "frames", "image"}
        What the input is, and so how it is drawn.
    prediction : str, float or list
        The answer, as the estimator's ``predict`` gives it.
    tokens : sequence of str
        A name for each of the T input steps: tokens as the model reads them, times, frames.
    text : str
        The input as text; empty for what is no text.
    spans : sequence of (int, int)
        Of each token in `text`: ``text[start:end]``; empty for what is no text.
    probabilities : mapping of str to float
        Of every class; empty where there are none.
    attributions : sequence of Attribution
        The first is the one shown where only one is.
    attention : sequence of Attention
    layers : sequence of LayerTrace
    reading : Reading, optional
    loss : str
        Of what `LayerTrace.gradients` are the gradients.
    values : array, optional
        The input where it is no text: a series (T, C), a log-mel spectrogram (T, bins), frames or an image
        (frames, height, width, 3) uint8.
    output : sequence of str
        The U output tokens, where the answer is a sequence.
    notes : sequence of str
        What a reader must know: that steps were cut, that units were summarised.

    Raises
    ------
    DataError
        Parts do not fit each other, or a number is not finite.

    Examples
    --------
    >>> why = Attribution("exact", "log-odds of good", np.array([2.0, -0.5]), 0.25, 1.75)
    >>> seen = Explanation(
    ...     "classify", "text", "good", ["fine", "day"], "fine day", [(0, 4), (5, 8)], {"good": 0.9, "bad": 0.1}, [why]
    ... )
    >>> seen
    Explanation(task='classify', kind='text', prediction='good', 2 steps)
    >>> print(seen.to_terminal(colour=False, width=60))
    good   (good 0.900   bad 0.100)
    <BLANKLINE>
    [fine] (day)
    <BLANKLINE>
        +2.000  fine
        -0.500  day
    [word] supports good, (word) opposes it
    log-odds of good: +0.250 with a blank input, +1.750 with this input (exact)
    """

    task: str
    kind: Literal["text", "series", "sound", "frames", "image"]
    prediction: Any
    tokens: Sequence[str]
    text: str = ""
    spans: Sequence[tuple[int, int]] = ()
    probabilities: Mapping[str, float] = field(default_factory=dict)
    attributions: Sequence[Attribution] = ()
    attention: Sequence[Attention] = ()
    layers: Sequence[LayerTrace] = ()
    reading: Reading | None = None
    loss: str = ""
    values: npt.NDArray[Any] | None = None
    output: Sequence[str] = ()
    notes: Sequence[str] = ()

    def __post_init__(self) -> None:
        for name in ("tokens", "output", "notes"):
            object.__setattr__(self, name, strings(name, getattr(self, name)))
        for name in ("attributions", "attention", "layers"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        steps = len(self.tokens)
        spans, values = check_input(self.kind, steps, self.text, self.spans, self.values)
        object.__setattr__(self, "spans", spans)
        object.__setattr__(self, "values", values)
        answer = json_value(self.prediction)
        if isinstance(answer, float) and not math.isfinite(answer):
            raise DataError(f"prediction: got {answer}, expected a finite number")
        chances = {str(name): float(finite("probabilities", p, ())) for name, p in self.probabilities.items()}
        object.__setattr__(self, "probabilities", chances)
        for why in self.attributions:
            finite(f"attribution by {why.method}: values", why.values, (steps,))
        for one in self.attention:
            finite(f"attention {one.name!r:.40}: weights", one.weights, (None, steps))
        for layer in self.layers:
            if layer.shape[0] > steps and self.axis(layer) == "input":
                raise DataError(
                    f"layer {layer.label!r:.60} has {layer.shape[0]:,} steps, expected at most the {steps:,} of the "
                    f"input, or, of a decoder, the {len(self.output):,} of the output"
                )
        if self.reading is not None and self.reading.steps[-1] > steps:
            raise DataError(f"reading: step {self.reading.steps[-1]:,} of an input with {steps:,} steps")

    def axis(self, layer: LayerTrace) -> Literal["input", "output"]:
        """Say whose steps a layer walks over: the output's, as a decoder does, or the input's.

        A layer that a convolution feeds has fewer steps than the input; each is then several steps of the input.
        """
        decodes = layer.name.startswith("decoder") or self.kind == "image"
        decodes &= layer.shape[0] == len(self.output)
        return "output" if decodes else "input"

    def __repr__(self) -> str:
        counted = f"{len(self.tokens):,} steps"
        return f"Explanation(task={self.task!r}, kind={self.kind!r}, prediction={self.prediction!r:.60}, {counted})"

    def to_terminal(
        self, *, colour: bool = True, show: str | None = None, top: int = 10, width: int | None = None
    ) -> str:
        """Write it as lines for a terminal: the prediction, the input shaded by its first attribution, the top steps.

        Parameters
        ----------
        colour : bool
            Shade in 256 colours; without, words for the prediction stand in brackets, those against in parentheses.
        show : {"gates", "attention", "gradients", "reading"}, optional
            What to add, as rows of blocks: gates and states as means over units.
        top : int
            How many steps or words are listed.
        width : int, optional
            Columns; those of the terminal by default.

        Raises
        ------
        DataError
            The explanation does not have what `show` names.
        ParameterError
            A setting has a value it cannot have.
        """
        return render_terminal(self, colour=colour, show=show, top=top, width=width)

    def to_dict(self, *, units: int | Literal["all"] | None = None) -> dict[str, Any]:
        """Return it as JSON values; what this explanation does not have is None.

        Parameters
        ----------
        units : int or "all", optional
            Units of each layer whose values are listed: at most 32 by default, the busiest and the least busy ones.
            Means and quantiles are always those of all units.

        Returns
        -------
        dict
            ``prediction, tokens, attention, gates, states, gradients, attributions`` and, beside them, ``task, kind,
            text, spans, probabilities, output, reading, loss, notes``.
        """
        return as_dict(self, units)

    def to_json(self, path: Path | str | None = None, *, units: int | Literal["all"] | None = None) -> str:
        """Return what `to_dict` returns as one line of JSON, and write it to a file where a path is given.

        Raises
        ------
        SaveError
            The file cannot be written; any previous one is unchanged.
        """
        text = as_json(self, units)
        if path is not None:
            write_bytes(path, text.encode("utf-8", "backslashreplace"))
        return text

    def to_html(self, path: Path | str, *, title: str | None = None, units: int | Literal["all"] | None = None) -> None:
        """Write it as one HTML page that needs no network: one moves along the input and sees what went on inside.

        Parameters
        ----------
        path : path
        title : str, optional
            The page's title.
        units : int or "all", optional
            Units of each layer that can be chosen: as many as keep the page under about 1 MB by default.

        Raises
        ------
        SaveError
            The file cannot be written; any previous one is unchanged.
        """
        write_bytes(path, render_page(self, title=title, units=units))

    def to_png(self, path: Path | str, *, font: str | None = None) -> None:
        """Draw it: the input shaded, gates and states, the gradient through time, the reading.

        Parameters
        ----------
        path : path
        font : str, optional
            A font file, or the name of an installed family, preferred to what is found.

        Raises
        ------
        ParameterError
            ``font`` is neither a font file nor an installed family.
        MissingExtraError
            matplotlib is not installed.
        SaveError
            The file cannot be written; any previous one is unchanged.
        """
        save_png(draw_explanation(self, font=font), path)

    def _repr_html_(self) -> str:
        """Show the page in a notebook."""
        return embedded_page(self)
