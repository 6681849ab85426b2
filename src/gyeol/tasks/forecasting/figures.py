"""How good forecasts are, from sums over windows: of the model, and of what it must beat."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gyeol.errors import DataError
from gyeol.inputs.windows import WindowBatch
from gyeol.tasks.forecasting.net import pinball

__all__ = ["BASELINES", "MEASURES", "all_figures", "figures_of", "measured"]

#: What is summed over the real steps of a window, standardised; squared and absolute errors of model and baselines.
MEASURES = (
    "count", "square", "absolute", "pinball", "inside", "linear_square", "linear_absolute", "seasonal_naive_square",
    "seasonal_naive_absolute",
)  # fmt: skip
BASELINES = ("linear", "seasonal_naive")

Numbers = npt.NDArray[np.float64]


def measured(batch: WindowBatch, found: Tensor, levels: Tensor, middle: int, naive: Tensor, linear: Tensor) -> Tensor:
    """Sum each of `MEASURES` over the real steps of windows: (B, 9).

    Parameters
    ----------
    batch : WindowBatch
    found : Tensor, shape (B, horizon, Q)
        Quantiles.
    levels : Tensor, shape (Q,)
    middle : int
        Which of them is the median.
    naive, linear : Tensor, shape (B, horizon)
    """
    outcome, real = batch.future.double(), batch.real
    found, naive, linear, levels = (part.double() for part in (found, naive, linear, levels))
    inside = (found[..., 0] <= outcome) & (outcome <= found[..., -1])
    errors = [outcome - found[..., middle], outcome - linear, outcome - naive]
    squares = [error.square() for error in errors]
    sizes = [error.abs() for error in errors]
    losses = pinball(outcome, found, levels).mean(2)
    each = [real.to(outcome), squares[0], sizes[0], losses, inside.to(outcome)]
    each += [part for pair in zip(squares[1:], sizes[1:], strict=True) for part in pair]
    return torch.stack([(part * real).sum(1) for part in each], dim=1)


def figures_of(sums: Numbers, naive_error: Numbers, quantiles: int) -> dict[str, float]:
    """Figures of all channels together, standardised, from sums (C, 9)."""
    of = dict(zip(MEASURES, sums.sum(0).tolist(), strict=True))
    if not of["count"]:
        raise DataError("none of the outcomes to compare with was observed: every one is missing")
    count = of["count"]
    figures = {"loss": of["pinball"] / count, "mse": of["square"] / count, "mae": of["absolute"] / count}
    figures["mase"] = _scaled(sums, "absolute", naive_error)
    if quantiles > 1:
        figures["coverage"] = of["inside"] / count
    for name in BASELINES:
        figures |= {f"{name}_mse": of[f"{name}_square"] / count, f"{name}_mae": of[f"{name}_absolute"] / count}
    return figures


def all_figures(sums: Numbers, naive_error: Numbers, deviation: Numbers, quantiles: list[float]) -> dict[str, Any]:
    """Figures of a rolling-origin evaluation; see `Forecaster.evaluate`."""
    short = figures_of(sums, naive_error, len(quantiles))
    columns = dict(zip(MEASURES, sums.T, strict=True))
    count = columns["count"].sum()
    raw = {
        "mse_raw": float((columns["square"] * deviation**2).sum() / count),
        "mae_raw": float((columns["absolute"] * deviation).sum() / count),
    }
    figures = {name: short[name] for name in ("mse", "mae")} | raw | {"mase": short["mase"], "pinball": short["loss"]}
    if "coverage" in short:
        figures |= {"coverage": short["coverage"], "interval": quantiles[-1] - quantiles[0]}
    baselines = {
        name: {
            "mse": short[f"{name}_mse"],
            "mae": short[f"{name}_mae"],
            "mase": _scaled(sums, f"{name}_absolute", naive_error),
        }
        for name in BASELINES
    }
    channels = []
    for row in np.flatnonzero(columns["count"] > 0).tolist():
        figure = figures_of(sums[row : row + 1], naive_error[row : row + 1], len(quantiles))
        names = ("mse", "mae", "mase", "coverage", "linear_mse", "seasonal_naive_mse")
        channels.append({"channel": row, **{name: figure[name] for name in names if name in figure}})
    return {**figures, "baselines": baselines, "per_channel": channels}


def _scaled(sums: Numbers, name: str, naive_error: Numbers) -> float:
    """Mean over channels of the absolute error by that of the seasonal naive forecast in training (MASE).

    A channel whose season repeats itself to the last digit has nothing to divide by and is left out.
    """
    count, error = sums[:, 0], sums[:, MEASURES.index(name)]
    fit = (count > 0) & (naive_error > 1e-9)
    return float((error[fit] / count[fit] / naive_error[fit]).mean()) if fit.any() else 0.0
