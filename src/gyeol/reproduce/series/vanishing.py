"""The gradient through time: where it vanishes, where it explodes, and what gates and clipping do about that.

The adding problem (Hochreiter and Schmidhuber 1997, experiment 4): two of T numbers are marked, and after the last one
their sum is wanted. The loss reads the last state alone, so that all that is learned of the marked ones comes by the
gradient that reaches them.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import nn

from gyeol.engine import Progress
from gyeol.reproduce.entry import Reproduction, check_complete
from gyeol.reproduce.series.sequences import ADDING

__all__ = ["VANISHING", "first_over_last", "gradient_curve"]

SETTINGS: dict[str, Any] = {**ADDING, "epochs": 4, "patience": 4, "clip_norm": 1.0}
LENGTHS = {20: 20.0, 100: 40.0, 400: 75.0}  # steps, and the seconds of a training at most
COUNTS = {"train": 4000, "valid": 300, "test": 1000}
_CELLS = ("rnn", "lstm", "gru")
_GREAT = 3.0  # times the matrix of a plain RNN that explodes
_ROWS = 8  # sequences whose gradients are measured

Floats = npt.NDArray[np.floating[Any]]


def gradient_curve(model: Any, net: nn.Module, series: Sequence[Any], sums: Any) -> list[float]:
    """Return the norm of the loss's gradient by the state after each step, over that after the last: (T,).

    The mean of the sequences. The state is what lasts: c of an LSTM, h of the others.

    Parameters
    ----------
    model : SeriesRegressor
        Fitted, with one layer in one direction.
    net : nn.Module
        Of this model, trained or not.
    series, sums
        Sequences of the same length, and their targets.
    """
    from gyeol.layers import recording

    batch = model.numbered(series, sums)
    net.zero_grad()
    with recording(net) as recorder:
        model.loss_of(net, batch).backward()
    curves = []
    for row in range(len(series)):
        (walk,) = recorder.walks(row)
        by_state = walk.gradients.get("cell", walk.gradients["hidden"]).astype(np.float64)
        norms = np.linalg.norm(by_state, axis=1)
        curves.append(norms / max(norms[-1], 1e-300))
    net.zero_grad()
    return [float(value) for value in np.mean(curves, axis=0)]


def first_over_last(curve: Sequence[float]) -> float:
    """Return the first value of a curve over its last."""
    return curve[0] / max(curve[-1], 1e-300)


def _adding(length: int, counts: dict[str, int], seed: int) -> list[tuple[Sequence[Any], Any]]:
    from gyeol.data.synthetic.series import adding

    found: list[tuple[Sequence[Any], Any]] = []
    for place, count in enumerate(counts.values()):
        series, sums = zip(*adding(count, length, 3 * seed + place), strict=True)
        found.append((series, np.array([float(value) for value in sums])))
    return found


def _regressor(gain: float, **settings: Any) -> Any:
    """Make a regressor that remembers the net it began with, its recurrent matrix enlarged."""
    from gyeol.tasks import SeriesRegressor

    class Remembering(SeriesRegressor):
        initial_: nn.Module

        def _build(self) -> Any:
            net = super()._build()
            net.recurrent.get_parameter("weight_hh_l0").data *= gain
            self.initial_ = deepcopy(net)
            return net

        def numbered(self, series: Any, sums: Any) -> Any:
            X, y = self._checked(list(series), sums)
            return self._encode(X, y).batch(np.arange(len(X)))

        def loss_of(self, net: nn.Module, batch: Any) -> Any:
            return self._loss(net, batch).loss

    return Remembering(**settings)


def _measured(
    cell: str, length: int, data: list[tuple[Sequence[Any], Any]], progress: Progress | None, *, gain: float = 1.0,
    **settings: Any,
) -> dict[str, Any]:  # fmt: skip
    """Train a cell on sequences of a length; return its curves before and after, and its error."""
    from gyeol.errors import DataError

    started = time.monotonic()
    train, valid, test = data
    memory = None if cell == "rnn" else length
    model = _regressor(gain, cell=cell, memory=memory, **settings)
    few = test[0][:_ROWS], test[1][:_ROWS]
    untrained = _regressor(gain, cell=cell, memory=memory, **{**settings, "epochs": 1, "learning_rate": 1e-12})
    untrained.fit(train[0][: len(few[0])], train[1][: len(few[0])])
    before = gradient_curve(untrained, untrained.initial_, *few)
    after, error = [], math.nan
    try:
        model.fit(*train, validation=valid, progress=progress, about={"data": f"adding, {length} steps"})
        check_complete(model)
        after = gradient_curve(model, model.net_, *few)
        error = float(model.evaluate(*test)["mse"])
    except DataError:  # the gradient, or a loss, was no longer finite: what an exploding gradient leads to
        pass
    return {
        "cell": cell, "steps": length, "before": before, "after": after, "mse": error,
        "seconds": time.monotonic() - started, "model": model,
    }  # fmt: skip


def _vanishing(
    settings: dict[str, Any], lengths: dict[int, float], counts: dict[str, int], seed: int, threads: int | None,
    out: Path | None, progress: Progress | None,
) -> dict[str, Any]:  # fmt: skip
    found: list[dict[str, Any]] = []
    for length, seconds in lengths.items():
        shared = {**settings, "random_state": seed, "threads": threads, "time_limit": seconds}
        data = _adding(length, counts, seed)
        found += [{**_measured(cell, length, data, progress, **shared), "name": cell} for cell in _CELLS]
        if length == sorted(lengths)[min(1, len(lengths) - 1)]:
            for clip, name in ((0.0, "rnn, matrix x 3, no clipping"), (1.0, "rnn, matrix x 3, clipped at 1")):
                wild = _measured("rnn", length, data, progress, gain=_GREAT, **{**shared, "clip_norm": clip})
                found.append({**wild, "name": name})
    parts = [
        {
            "steps": one["steps"],
            "cell": one["name"],
            "before": f"{first_over_last(one['before']):.1e}",
            "after": f"{first_over_last(one['after']):.1e}" if one["after"] else "not finite",
            "mse": f"{one['mse']:.5f}" if math.isfinite(one["mse"]) else "not finite",
            "seconds": f"{one['seconds']:.0f}",
        }
        for one in found
    ]
    curves = [{name: one[name] for name in ("name", "steps", "before", "after")} for one in found]
    if out is not None:
        from gyeol.explain.gradients.page import save_gradients

        save_gradients(out, curves, parts)
    longest = {one["name"]: one["mse"] for one in found if one["steps"] == max(lengths)}
    return {
        "figure": max(longest["lstm"], longest["gru"]), "beside": longest["rnn"], "parts": parts, "curves": curves
    }  # fmt: skip


VANISHING: dict[str, Reproduction] = {
    "vanishing": Reproduction(
        title="the gradient through 20, 100 and 400 steps of the adding problem: mean squared error, gradients, a page",
        metric="mse",
        examples="sequences",
        setting="64 units, the last state; gates initialised to remember; the worse of LSTM and GRU, 400 steps",
        data="made up: 4,000 sequences, 4 epochs or 75 s; 1,000 of test. Always 1 would have 0.1667",
        published=(),
        run=partial(_vanishing, SETTINGS, LENGTHS, COUNTS),
        beside="measured here: the plain RNN, 400 steps",
        page=True,
    ),
}
