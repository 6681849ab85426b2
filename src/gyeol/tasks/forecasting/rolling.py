"""Forecasts from many origins, some windows at a time: what they are, and how far off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from gyeol.inputs.windows import WindowBatch, Windows
from gyeol.tasks.forecasting.figures import MEASURES

if TYPE_CHECKING:
    from gyeol.tasks.forecasting.forecaster import Forecaster

__all__ = ["forecasts", "rolled"]

_ROWS = 1024  # forecast at a time

Numbers = npt.NDArray[np.float64]


def forecasts(model: Forecaster, windows: Windows) -> Numbers:
    """Return the quantiles (N, horizon, C, Q) of windows, in the units of the series."""
    found = []
    scale = model.inputs_.scale
    for batch in _batches(model, windows):
        each = model.net_(batch).double().numpy()
        each = each.reshape(-1, model.channels_, *each.shape[1:]).transpose(0, 2, 1, 3)
        found.append(each * scale.deviation[:, None] + scale.mean[:, None])
    return np.concatenate(found)


def rolled(model: Forecaster, windows: Windows) -> Numbers:
    """Sum what is measured of windows, of each channel (C, 9): memory does not grow with how many there are."""
    sums = np.zeros((model.channels_, len(MEASURES)))
    for batch in _batches(model, windows):
        rows: Any = model._decode(model.net_, batch)
        sums += rows.sum(0).reshape(sums.shape)
    return sums


def _batches(model: Forecaster, windows: Windows) -> Iterator[WindowBatch]:
    size = max(1, _ROWS // model.channels_)
    encoded = model._encode(windows, None)
    with model._session(), torch.inference_mode():
        for first in range(0, len(windows), size):
            yield encoded.batch(np.arange(first, min(first + size, len(windows)), dtype=np.int64))
