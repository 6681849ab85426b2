"""Targets that are numbers, for every estimator whose network gives one number an example: loss, answers, figures.

A network learns standardised targets: without their mean, in units of their spread.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch.nn.functional as F
from torch import Tensor

from gyeol import engine
from gyeol.errors import ModelError
from gyeol.tasks.sample_weights import mean_loss

__all__ = ["LOSSES", "mean_and_spread", "number_loss", "numbers_of", "restored_scale", "standard_loss"]

Floats = npt.NDArray[np.float64]

#: What a number that is wrong costs: its squared error, or the absolute one where that is more than a spread.
LOSSES: dict[str, Any] = {"mse": F.mse_loss, "huber": F.huber_loss}


def mean_and_spread(y: Floats, weights: Floats | None) -> tuple[float, float]:
    """Return mean and standard deviation of targets, by the weights of the examples; a spread of 0 becomes 1."""
    if weights is None:
        return float(y.mean()), float(y.std()) or 1.0
    mean = float(np.average(y, weights=weights))
    return mean, float(np.sqrt(np.average((y - mean) ** 2, weights=weights))) or 1.0


def number_loss(
    outputs: Tensor, targets: Tensor, mean: float, scale: float, examples: Tensor | None, kind: str = "mse"
) -> engine.StepLoss:
    """Return the loss of outputs (B, 1) with targets (B,), by the weights of the examples (B,) if there are any."""
    outputs = outputs.squeeze(1)
    standard = ((targets - mean) / scale).to(outputs.dtype)
    if examples is None:
        return engine.StepLoss(LOSSES[kind](outputs, standard))
    return engine.StepLoss(mean_loss(LOSSES[kind](outputs, standard, reduction="none"), examples))


def numbers_of(outputs: Tensor, mean: float, scale: float) -> Floats:
    """Turn outputs (B, 1) into numbers (B,) as the targets are."""
    found: Floats = outputs.squeeze(1).double().numpy() * scale + mean
    return found


def standard_loss(errors: Floats, scale: float, kind: str = "mse") -> float:
    """Return the mean loss of errors (N,), as the network sees them."""
    if kind == "mse":
        return float((errors**2).mean()) / scale**2
    relative = np.abs(errors) / scale
    return float(np.where(relative < 1, relative**2 / 2, relative - 0.5).mean())


def restored_scale(learned: dict[str, Any]) -> tuple[float, float]:
    """Read mean and spread of the targets again.

    Raises
    ------
    ModelError
        Where they are no numbers that a network could have learned by.
    """
    mean, scale = float(learned["mean"]), float(learned["scale"])
    if not np.isfinite(mean) or not 0 < scale < np.inf:
        raise ModelError("config.json: the targets' mean or scale is damaged")
    return mean, scale
