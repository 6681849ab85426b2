"""What a model did with one input, as arrays: `Explanation`. It knows no task; the estimators' ``explain`` fills it.

Shapes: T steps of the input (tokens, points in time, frames, cells of an image), U steps of the output, H units.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

__all__ = ["Attention", "Attribution", "Explanation", "LayerTrace", "Reading"]

Floats = npt.NDArray[np.floating[Any]]


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
        Activations by name: forget, input, output, candidate (LSTM); update, reset, candidate (GRU).
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


@dataclass(frozen=True, slots=True, eq=False)
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
