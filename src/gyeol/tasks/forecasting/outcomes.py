"""Outcomes of forecasts: errors by origin, by horizon, and how often each quantile holds what it promises."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gyeol.engine.metrics.outcomes import Outcomes, Profile
from gyeol.errors import DataError
from gyeol.inputs.windows import WindowBatch, Windows
from gyeol.tasks.forecasting.figures import MEASURES

__all__ = ["forecast_outcomes", "horizon_sums"]

Floats = npt.NDArray[Any]


def horizon_sums(batch: WindowBatch, found: Tensor, middle: int) -> Floats:
    """Sum over windows, by step of the horizon: real steps, squared errors, and outcomes up to each quantile.

    Parameters
    ----------
    batch : WindowBatch
    found : Tensor, shape (B, horizon, Q)
        Quantiles.
    middle : int
        Which of them is the median.

    Returns
    -------
    array, shape (horizon, 2 + Q)
    """
    outcome, real, found = batch.future.double(), batch.real.double(), found.double()
    squares = (outcome - found[..., middle]).square()
    below = (outcome[..., None] <= found).double()
    columns = [real, squares * real, *(below * real[..., None]).unbind(2)]
    return np.asarray(torch.stack([column.sum(0) for column in columns], dim=1).numpy())


def forecast_outcomes(
    sums: Floats, steps: Floats, windows: Windows, levels: Iterable[float], *, lookback: int
) -> Outcomes:
    """Put the windows together in blocks, for those that overlap say the same.

    A block is as many origins one after the other, of one series, as the horizon has steps (a block bootstrap: Künsch
    1989). Blocks are counted from the start of the series, so that models of other lookbacks have the same.

    Parameters
    ----------
    sums : array, shape (N, C, 9)
        Of each window and channel, in the order of `MEASURES`.
    steps : array, shape (horizon, 2 + Q)
        What `horizon_sums` gives, over all windows.
    windows : Windows
    levels : iterable of float
        The Q quantiles.
    lookback : int

    Raises
    ------
    DataError
        None of the outcomes was observed.
    """
    if not sums[:, :, 0].any():
        raise DataError("none of the outcomes to compare with was observed: every one is missing")
    begins = windows.begins[windows.origins]
    places = windows.origins - begins
    series = np.unique(begins, return_inverse=True)[1]
    blocks = np.stack([series, places // max(1, windows.horizon)], axis=1)
    keys, owners = np.unique(blocks, axis=0, return_inverse=True)
    columns = {
        name: np.bincount(owners.ravel(), weights=sums[:, :, n].sum(1), minlength=len(keys))
        for n, name in enumerate(MEASURES)
    }
    levels = list(levels)
    if len(levels) == 1:
        del columns["inside"]
    seen = np.flatnonzero(columns["count"] > 0)
    columns = {name: values[seen] for name, values in columns.items()}
    count = columns["count"]
    horizon = len(steps)
    group = np.arange(horizon) // max(1, -(-horizon // 48))
    names = [str(int(step) + 1) for step in np.flatnonzero(np.diff(group, prepend=-1))]
    by_step = Profile(names, np.bincount(group, weights=steps[:, 0]), np.bincount(group, weights=steps[:, 1]))
    profiles = {"error_by_horizon": by_step}
    if len(levels) > 1:
        whole = np.full(len(levels), steps[:, 0].sum())
        profiles["below_quantile"] = Profile([f"{level:g}" for level in levels], whole, steps[:, 2:].sum(0))
    return Outcomes(
        "forecasts", columns, columns["square"] / count, np.full(len(seen), lookback, dtype=np.int64),
        [""] * len(seen), [""] * len(seen), profiles=profiles, keys=[tuple(keys[row].tolist()) for row in seen],
    )  # fmt: skip
