"""The score of one input as a function of scaled steps, and everything that is computed from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gyeol.errors import DataError
from gyeol.explain.attribution.path import adds_up, groups_of, integrated_gradients, occlusion
from gyeol.explain.attribution.replica import replica
from gyeol.explain.explanation import Attention, Attribution, Explanation, LayerTrace, Reading
from gyeol.layers import Recurrent, Walk, recording

__all__ = ["LONGEST", "Inquiry", "check_length", "explained", "prefixes"]

#: The most steps of an input that is explained.
LONGEST = 10_000

_BYTES = 64 << 20  # of the activations of one batch
_ROWS = 128  # copies of an input in one batch
_PREFIXES = 64

#: What a score is: of a class against all others, of a sequence, of a number.
Measure = Literal["log-odds", "log-probability", "value"]

_LOSSES: dict[str, tuple[str, Callable[[Tensor], Tensor]]] = {
    "log-odds": ("negative log-probability of {}", lambda score: F.softplus(-score)),
    "log-probability": ("negative log-probability of {}", lambda score: -score),
    "value": ("{}", lambda score: score),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Inquiry:
    """One input of a model: what is known of it from outside, and the score to explain.

    Every function takes a network to ask: a `replica` of the estimator's.

    Parameters
    ----------
    known : Explanation
        Task, kind, prediction, probabilities, tokens, text, spans, values, output, notes.
    measure : {"log-odds", "log-probability", "value"}
        What the score is.
    of : str
        Of what: ``"긍정"``, ``"the translation"``, ``"the predicted value"``.
    score : callable
        Of a network and scales (M, T), to the score of each of M copies of the input, (M,), differentiable: the steps
        scaled by `gyeol.layers.scaled_steps`, say.
    attention : callable, optional
        Of a network, to its attention layers.
    reading : callable, optional
        Of a network and numbers of steps, rising, to what is predicted after so many: (len(steps), len(names)).
    names : sequence of str
        The columns of the reading.
    reading_from : int
        The shortest reading.
    exact : sequence of Attribution
        What is known already, without any path.
    output_walks : sequence of str
        Names of recurrent modules that walk along the output: ``"decoder"``. All others walk along the input, and what
        they do after its T steps is left out.
    read_by : array of int, shape (T,), optional
        Which step of the recurrent layers reads each step of the input, where that is not its own: it shows that one's
        gates and states. Calls one after another count on.
    width : int
        Numbers that the network keeps of a copy besides its recurrent layers' (logits over a vocabulary).
    rows : mapping of str to slice
        Of recurrent modules that do not walk from the first step to the last: which of their steps are the input's, in
        its order.
    beside : sequence of str
        Names of recurrent modules that walk neither along the input nor along the output, and are not shown.
    """

    known: Explanation
    measure: Measure
    of: str
    score: Callable[[Any, Tensor], Tensor]
    attention: Callable[[Any], Sequence[Attention]] | None = None
    reading: Callable[[Any, Sequence[int]], npt.NDArray[Any]] | None = None
    names: Sequence[str] = ()
    reading_from: int = 1
    exact: Sequence[Attribution] = ()
    output_walks: Sequence[str] = ()
    read_by: npt.NDArray[np.int64] | None = None
    width: int = 0
    rows: Mapping[str, slice] = field(default_factory=dict)
    beside: Sequence[str] = ()

    @property
    def target(self) -> str:
        """Name the score."""
        return self.of if self.measure == "value" else f"{self.measure} of {self.of}"


def check_length(steps: int, what: str) -> None:
    """Check that an input is not too long to be explained.

    Parameters
    ----------
    steps : int
        How many it has.
    what : str
        What they are: ``"tokens"``.

    Raises
    ------
    DataError
        It is.
    """
    if steps > LONGEST:
        raise DataError(f"the input has {steps:,} {what}, and {LONGEST:,} at most are explained: give a part of it")


def explained(inquiry: Inquiry, net: nn.Module) -> Explanation:
    """Ask a network, and explain.

    Raises
    ------
    DataError
        The input is longer than `LONGEST` steps.
    """
    known, steps = inquiry.known, len(inquiry.known.tokens)
    check_length(steps, "steps")
    net = replica(net)
    rows = rows_at_once(net, steps, inquiry.width)
    score = partial(inquiry.score, net)
    attributions = list(inquiry.exact)
    if not attributions:
        attributions.append(integrated_gradients(score, steps, inquiry.target, rows=rows))
    attributions.append(occlusion(score, steps, inquiry.target, rows=rows))
    loss, layers = _walks(inquiry, net, steps)
    with torch.no_grad():
        attention = [] if inquiry.attention is None else list(inquiry.attention(net))
        reading = _reading(inquiry, net, steps, rows)
    return replace(
        known,
        attributions=attributions,
        attention=attention,
        layers=layers,
        reading=reading,
        loss=loss if layers else "",
        notes=[*known.notes, *_notes(attributions, steps)],
    )


def prefixes(first: int, steps: int) -> list[int]:
    """Return after how many steps a prediction is looked at: every one, or 64 spread evenly, the last among them.

    Examples
    --------
    >>> prefixes(1, 3), len(prefixes(1, 1000)), prefixes(1, 1000)[-1]
    ([1, 2, 3], 64, 1000)
    """
    count = min(_PREFIXES, steps - first + 1)
    return [round(value) for value in np.linspace(first, steps, count).tolist()]


def rows_at_once(net: nn.Module, steps: int, width: int = 0) -> int:
    """Return how many copies of so many steps a network reads at once, so that its activations stay small."""
    layers = [layer for layer in net.modules() if isinstance(layer, Recurrent)]
    numbers = sum(
        layer.num_layers * layer.num_directions * ((layer.cell.gates + 6) * layer.hidden_size + 2 * layer.input_size)
        for layer in layers
    )
    return max(1, min(_ROWS, _BYTES // (4 * (max(64, numbers) * max(1, steps) + width))))


def _walks(inquiry: Inquiry, net: nn.Module, steps: int) -> tuple[str, list[LayerTrace]]:
    """Run the input once and back: the name of the loss, and every recurrent layer's gates, states and gradients."""
    name, loss_of = _LOSSES[inquiry.measure]
    scales = torch.ones(1, steps, dtype=torch.float64, requires_grad=True)  # that there is something to go back to
    with recording(net) as recorder:
        torch.autograd.grad(loss_of(inquiry.score(net, scales)).sum(), scales)
    layers = []
    walks = [walk for walk in recorder.walks(0) if walk.name not in inquiry.beside]
    for walk in walks if inquiry.read_by is None else _spread(walks, inquiry.read_by, inquiry.output_walks):
        called = walk.name if not walk.call else f"{walk.name} (call {walk.call + 1})"
        order = inquiry.rows.get(walk.name, slice(None))
        turned = order.step is not None and order.step < 0
        way = walk.direction if not turned else "reverse" if walk.direction == "forward" else "forward"
        end = None if walk.name in inquiry.output_walks else steps
        gates, states, norms = (
            {name: part[order][:end] for name, part in parts.items()}
            for parts in (
                walk.gates,
                walk.states,
                {state: np.linalg.norm(slopes, axis=1) for state, slopes in walk.gradients.items()},
            )
        )
        layers.append(LayerTrace(called, walk.layer, way, walk.cell, gates, states, norms))
    return name.format(inquiry.of), layers


def _spread(walks: Sequence[Walk], read_by: npt.NDArray[np.int64], others: Sequence[str]) -> list[Walk]:
    """Join the calls of each layer, and give each step of the input what there is of the step that reads it."""
    joined: dict[tuple[str, int, str], list[Walk]] = {}
    for walk in walks:
        joined.setdefault((walk.name, walk.layer, walk.direction), []).append(walk)
    found = []
    for calls in joined.values():
        if calls[0].name in others:
            found += calls
            continue
        gates, states, gradients = (
            {name: np.concatenate([getattr(call, kind)[name] for call in calls])[read_by] for name in shown}
            for kind, shown in (
                ("gates", calls[0].gates),
                ("states", calls[0].states),
                ("gradients", calls[0].gradients),
            )
        )
        found.append(replace(calls[0], gates=gates, states=states, gradients=gradients))
    return found


def _reading(inquiry: Inquiry, net: nn.Module, steps: int, rows: int) -> Reading | None:
    if inquiry.reading is None:
        return None
    counts = prefixes(inquiry.reading_from, steps)
    parts = [inquiry.reading(net, counts[at : at + rows]) for at in range(0, len(counts), rows)]
    return Reading(counts, np.concatenate(parts), list(inquiry.names))


def _notes(attributions: Sequence[Attribution], steps: int) -> list[str]:
    notes = [
        f"integrated gradients add up to the score but for {100 * found.error:.2g} % of the difference"
        for found in attributions
        if found.method == "integrated gradients" and not adds_up(found)
    ]
    groups = groups_of(steps)
    if len(groups) < steps:
        notes.append(
            f"occlusion leaves out {len(groups)} groups of {len(groups[0])} neighbouring steps, which share evenly "
            "what that takes away"
        )
    return notes
