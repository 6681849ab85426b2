"""How much each of the corrector's witnesses counts: a log-linear model fitted on errors whose correction is known."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

__all__ = ["fitted_weights", "log_shares"]

_ROUNDS = 60


def fitted_weights(
    features: Sequence[npt.NDArray[np.float64]], right: Sequence[int], start: Sequence[float], *, decay: float = 1.0
) -> list[float]:
    """Find the weights that make the right candidates most probable.

    Parameters
    ----------
    features : sequence of float arrays, shape (candidates, F)
        One a place.
    right : sequence of int
        Which candidate was right there.
    start : sequence of float
        The initial weights, F of them, and not to leave without a reason.
    decay : float
        How strong a reason: half of the squared distance from ``start`` counts so much.

    Examples
    --------
    >>> weights = fitted_weights([np.array([[1.0], [0.0]])] * 9, [0] * 9, [0.0])
    >>> weights[0] > 0.5
    True
    """
    if not features:
        return list(map(float, start))
    widest = max(map(len, features))
    F = len(start)
    table = np.zeros((len(features), widest, F))
    void = np.full((len(features), widest), -np.inf)
    for n, rows in enumerate(features):
        table[n, : len(rows)], void[n, : len(rows)] = rows, 0.0
    x, mask, target = torch.from_numpy(table), torch.from_numpy(void), torch.tensor(list(right))
    initial = torch.tensor(list(start), dtype=torch.float64)
    # Features differ in scale by a hundred: what is fitted are weights of features of like size.
    scale = torch.from_numpy(np.concatenate(list(features)).std(axis=0)).clamp_min(0.05)
    step = torch.zeros(F, dtype=torch.float64, requires_grad=True)
    search = torch.optim.LBFGS([step], max_iter=_ROUNDS, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        search.zero_grad()
        scores = x @ (initial + step / scale) + mask
        value = torch.nn.functional.cross_entropy(scores, target, reduction="sum") + decay / 2 * (step @ step)
        value.backward()  # type: ignore[no-untyped-call]
        return value

    search.step(loss)  # type: ignore[no-untyped-call]
    return [float(value) for value in (initial + step / scale).detach()]


def log_shares(features: npt.NDArray[np.float64], weights: Sequence[float]) -> npt.NDArray[np.float64]:
    """Return the log of each candidate's posterior probability: a log-linear model (Och and Ney 2002)."""
    scores: npt.NDArray[np.float64] = features @ np.asarray(weights, dtype=np.float64)
    highest = float(scores.max())
    return scores - (highest + math.log(float(np.exp(scores - highest).sum())))
