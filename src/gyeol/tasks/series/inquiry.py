"""What explains a prediction for a numeric sequence: its score as a function of scaled steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch.nn.functional as F
from torch import Tensor, nn

from gyeol.data.ragged import Ragged
from gyeol.explain.attribution.inquiry import Inquiry, check_length
from gyeol.explain.explanation import Attention, Explanation
from gyeol.inputs.numeric_series import SeriesBatch, SeriesInput
from gyeol.tasks.verdicts import Verdict

__all__ = ["series_inquiry", "shown_values"]

Series = npt.NDArray[np.float64]


def series_inquiry(
    task: str, inputs: SeriesInput, one: Series, verdict: Verdict, names: Sequence[str] | None
) -> Inquiry:
    """Ask of a sequence: each of its T points is a step, in whatever number the network reads them at once.

    A point without its vector is what the training's mean is: zeros, once it is standardised.

    Parameters
    ----------
    task : str
    inputs : SeriesInput
    one : array, shape (T, C)
    verdict : Verdict
    names : sequence of str, optional
        Of the points, where they have some; else they are numbered from 0.
    """
    T, frame = len(one), inputs.frame
    check_length(T, "steps")
    rows, first = inputs.encode([one]), np.zeros(1, dtype=np.int64)
    batch = inputs.batch(rows, first)
    values, lengths = batch.values.view(1, -1, frame, inputs.width // frame), batch.lengths
    read = np.arange(T) // frame  # the step of the network that reads each point

    def score(net: nn.Module, scales: Tensor) -> Tensor:
        M, S = len(scales), values.shape[1]
        each = F.pad(scales, (0, S * frame - T)).view(M, S, frame, 1)
        scaled = (values * each).reshape(M, S, -1)
        return verdict.score(net(SeriesBatch(scaled, lengths.expand(M)))[0])

    def attention(net: nn.Module) -> list[Attention]:
        weights = net(batch)[1]
        if weights is None:
            return []
        shared = weights.double().numpy()[:, read] / np.bincount(read)[read]
        return [Attention("summary", ["prediction"], shared)]

    def reading(net: nn.Module, counts: Sequence[int]) -> npt.NDArray[Any]:
        parts = Ragged.gather(rows[0][:count] for count in counts)
        return verdict.answers(net(inputs.batch(parts, np.arange(len(counts))))[0])

    shown, notes = shown_values(one, inputs.mean)
    if frame > 1:
        notes.append(f"the network reads {frame} points at a time, which have one state and share its attention evenly")
    return Inquiry(
        known=Explanation(
            task=task,
            kind="series",
            prediction=verdict.prediction,
            tokens=[str(n) for n in range(T)] if names is None or len(names) != T else list(names),
            probabilities=verdict.probabilities,
            values=shown,
            notes=notes,
        ),
        measure=verdict.measure, of=verdict.of, score=score, attention=attention, reading=reading, names=verdict.names,
        read_by=read,
    )  # fmt: skip


def shown_values(one: Series, mean: Series) -> tuple[Series, list[str]]:
    """Return values (T, C) with nothing missing among them, in the units that they came in, and what to note of that.

    Examples
    --------
    >>> shown_values(np.array([[1.0], [np.nan]]), np.array([3.0]))
    (array([[1.],
           [3.]]), ['1 of 2 values is missing, and shown and read as the mean of the training'])
    """
    missing = np.isnan(one)
    count = int(missing.sum())
    if not count:
        return one, []
    are = "is" if count == 1 else "are"
    note = f"{count:,} of {one.size:,} values {are} missing, and shown and read as the mean of the training"
    return np.where(missing, mean, one), [note]
