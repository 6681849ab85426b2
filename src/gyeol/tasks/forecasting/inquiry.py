"""What explains a forecast: one of its values as a function of scaled steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gyeol.errors import ParameterError
from gyeol.explain.attribution.inquiry import Inquiry
from gyeol.explain.explanation import Explanation
from gyeol.inputs.windows import Scale, WindowBatch
from gyeol.layers import scaled_steps
from gyeol.tasks.verdicts import checked_position

__all__ = ["forecast_inquiry"]


def forecast_inquiry(
    task: str, batch: WindowBatch, shown: npt.NDArray[np.float64], prediction: Any, scale: Scale, middle: int,
    segment: int, target: Any, position: int | None,
) -> Inquiry:  # fmt: skip
    """Ask for the median of one step of the forecast of one channel: the first of both, unless others are named.

    A step without its value is zero once the window is normalised: with "last" the window's last value, with "revin"
    its mean, else the mean of the training.

    Parameters
    ----------
    task : str
    batch : WindowBatch
        The window before the forecast, of C channels.
    shown : array, shape (L, C)
        Its values in the series' units, with nothing missing.
    prediction : number or list
        What is forecast.
    scale : Scale
        Of the channels.
    middle : int
        Which quantile is the median.
    segment : int
        Steps that the network reads at a time; the first ones may be fewer.
    target, position
        The channel, and the step of the forecast, from 0.

    Raises
    ------
    ParameterError
        There is no such channel or step.
    """
    (L, C), H = shown.shape, batch.future.shape[1]
    channel, step = _channel(target, C), 0 if position is None else checked_position(position, H, "steps")
    own = torch.tensor([channel])
    one = WindowBatch(*(None if part is None else part[own] for part in _parts(batch)))  # type: ignore[arg-type]
    deviation, mean = float(scale.deviation[channel]), float(scale.mean[channel])

    def score(net: Any, scales: Tensor) -> Tensor:
        M = len(scales)
        several = [None if part is None else part.expand(M, *part.shape[1:]) for part in _parts(one)]
        rows = WindowBatch(*several)  # type: ignore[arg-type]
        with scaled_steps(net, scales):
            found: Tensor = net(rows)[:, step, middle]
        return found.double() * deviation + mean

    notes = [] if segment == 1 else [f"the network reads {segment} steps at a time, which have one state"]
    if C > 1:
        notes.append(f"channel {channel} of {C:,}: each is forecast by itself")
    if one.known is not None:
        notes.append("covariates stay as they are")
    if one.seen is not None and not bool(one.seen.all()):
        notes.append(
            f"{int((one.seen == 0).sum()):,} of {L:,} values are missing: each is read as the last one before it"
        )
    name = f"the forecast of step {step} ({'from 0' if step else 'the first'})" + (
        f" of channel {channel}" if C > 1 else ""
    )
    return Inquiry(
        known=Explanation(
            task=task, kind="series", prediction=prediction, tokens=[str(n - L) for n in range(L)],
            values=shown[:, [channel]], notes=notes,
        ),
        measure="value", of=name, score=score, read_by=(np.arange(L) + -L % segment) // segment,
    )  # fmt: skip


def _parts(batch: WindowBatch) -> list[Tensor | None]:
    return [batch.history, batch.future, batch.seen, batch.real, batch.known, batch.channel]


def _channel(target: Any, channels: int) -> int:
    if target is None:
        return 0
    if str(target) not in map(str, range(channels)):
        raise ParameterError(f"target={target!r:.40} is no channel of this model; expected 0 to {channels - 1}")
    return int(str(target))
