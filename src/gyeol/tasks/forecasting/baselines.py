"""The baselines of a forecaster: the last season repeated, and a linear map of the window."""

from __future__ import annotations

import math
import time

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from gyeol.inputs.windows import WindowInput, Windows

__all__ = ["LinearForecast", "find_season", "seasonal_error", "seasonal_naive", "solve_linear"]

_KERNEL = 25  # steps of the moving average (Zeng et al. 2023)
_FEW = 200  # windows, which show how long more would take
_ROWS = 1 << 14  # windows that a linear forecast is fitted to, at most
_CHUNK = 512
_REACH = 1024  # steps of history that a linear forecast reads, at most
_SERIES, _STEPS = 1000, 1 << 18  # series, and steps of each, in which a season is searched, at most
_STEADY = 1e-9  # rounding errors of a straight line, standardized, are smaller
_PENALTIES = tuple(10.0**power for power in range(-6, 3))


class LinearForecast(nn.Module):
    """DLinear's form (Zeng et al. 2023, section 4): the trend and the rest of a window, each through a linear map.

    The maps are solved, not trained step by step, with the ridge penalty that is best on the last tenth of the training
    windows: the solution is where training would end.
    """

    trend: Tensor
    rest: Tensor
    bias: Tensor

    def __init__(self, lookback: int, horizon: int) -> None:
        super().__init__()
        self.reach = min(lookback, _REACH)
        self.register_buffer("trend", torch.zeros(horizon, self.reach))
        self.register_buffer("rest", torch.zeros(horizon, self.reach))
        self.register_buffer("bias", torch.zeros(horizon))

    def forward(self, history: Tensor) -> Tensor:
        """Forecast windows (B, L): (B, horizon)."""
        history = history[:, -self.reach :]
        trend = moving_average(history)
        return trend @ self.trend.T + (history - trend) @ self.rest.T + self.bias


def moving_average(x: Tensor) -> Tensor:
    """Smooth rows (B, L) over 25 steps, the first and the last value repeated beyond the ends.

    Examples
    --------
    >>> moving_average(torch.ones(1, 3)).round(decimals=4)
    tensor([[1., 1., 1.]])
    """
    half = _KERNEL // 2
    padded = torch.cat([x[:, :1].expand(-1, half), x, x[:, -1:].expand(-1, half)], dim=1)
    return nn.functional.avg_pool1d(padded.unsqueeze(1), _KERNEL, stride=1).squeeze(1)


def solve_linear(inputs: WindowInput, windows: Windows, *, seconds: float = math.inf) -> LinearForecast:
    """Solve the linear forecast for training windows.

    Of many windows some ten thousand are taken, evenly, or as many as fit into so many ``seconds``; those with a
    missing outcome are left out.
    """
    forecast = LinearForecast(windows.lookback, windows.horizon)
    count = max(20, _ROWS // windows.channels)
    if math.isfinite(seconds) and len(windows) > _FEW:
        started = time.monotonic()
        _moments(inputs, windows, np.arange(_FEW, dtype=np.int64), forecast.reach)
        count = min(count, max(_FEW, int(_FEW * seconds / max(1e-9, time.monotonic() - started))))
    taken = windows.thinned(count)
    cut = max(1, len(taken) - max(1, len(taken) // 10))
    rows = np.arange(len(taken), dtype=np.int64)
    L = forecast.reach
    first, last = (_moments(inputs, taken, part, L) for part in (rows[:cut], rows[cut:]))
    both = tuple(a + b for a, b in zip(first, last, strict=True))
    best, least = _PENALTIES[-1], np.inf
    for penalty in _PENALTIES:
        weights = _solved(first, penalty)
        gram, cross, square = last
        # |Y - X W|^2 without X or Y: only their products are kept.
        error = float(square - 2 * (weights * cross).sum() + ((gram @ weights) * weights).sum())
        if error < least:
            best, least = penalty, error
    weights = _solved(both, best).float()
    forecast.trend.copy_(weights[:L].T)
    forecast.rest.copy_(weights[L : 2 * L].T)
    forecast.bias.copy_(weights[2 * L])
    return forecast


def _moments(
    inputs: WindowInput, windows: Windows, rows: npt.NDArray[np.int64], reach: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Sum X'X, X'Y and Y'Y of windows, X being trend, rest and 1."""
    size = 2 * reach + 1
    gram, cross = torch.zeros(size, size, dtype=torch.float64), torch.zeros(size, windows.horizon, dtype=torch.float64)
    square = torch.zeros((), dtype=torch.float64)
    each = max(1, _CHUNK // windows.channels)
    for start in range(0, len(rows), each):
        batch = inputs.batch(windows, rows[start : start + each], torch.float64)
        whole = batch.real.all(1)
        history, future = batch.history[whole, -reach:], batch.future[whole]
        trend = moving_average(history)
        x = torch.cat([trend, history - trend, history.new_ones(len(history), 1)], dim=1)
        gram += x.T @ x
        cross += x.T @ future
        square += future.square().sum()
    return gram, cross, square


def _solved(moments: tuple[Tensor, ...], penalty: float) -> Tensor:
    """Solve (X'X + p I) W = X'Y; the penalty is a share of the mean of X'X's diagonal."""
    gram, cross = moments[0], moments[1]
    size = len(gram)
    scale = float(gram.diagonal()[:-1].mean()) + 1e-12
    ridge = torch.full((size,), penalty * scale, dtype=gram.dtype)
    ridge[-1] = 1e-9 * scale  # the constant is not penalized
    factor = torch.linalg.cholesky(gram + torch.diag(ridge))
    return torch.cholesky_solve(cross, factor)


def seasonal_naive(history: Tensor, season: int, horizon: int) -> Tensor:
    """Repeat the last season of windows (B, L): (B, horizon).

    Examples
    --------
    >>> seasonal_naive(torch.tensor([[0.0, 1.0, 2.0, 3.0]]), 2, 5)
    tensor([[2., 3., 2., 3., 2.]])
    """
    last = history[:, history.shape[1] - season :]
    return last[:, torch.arange(horizon) % season]


def find_season(inputs: WindowInput, windows: Windows, longest: int) -> int:
    """Find the length of a season in steps: the highest peak of the series' autocorrelation; 1 where there is none.

    The correlations of all series and channels are averaged; a peak must reach 0.3, and one at a multiple of a shorter
    season must be higher by 0.05. A straight trend, which hides seasons, is taken away first. A slow swing drags peaks
    towards it: once found, a season is sought again nearby without what is slower than it.
    """
    covered = np.flatnonzero(windows.covered())
    begins, first, counts = np.unique(windows.begins[covered], return_index=True, return_counts=True)
    series = []
    for place in range(0, len(begins), max(1, len(begins) // _SERIES)):
        values = windows.values[covered[first[place]] :][: min(counts[place], _STEPS)]
        series.append((values - values.mean(0)) / inputs.scale.deviation)
    best = _highest_peak([_without_trend(one) for one in series], longest)
    if best > 1:
        quick = [one - _smoothed(one, best) for one in series if len(one) > 2 * best]
        share, near = _correlation(quick, longest), best // 5 + 1
        around = np.arange(max(2, best - near), min(longest, best + near) + 1)
        best = int(around[share[around].argmax()])
    return best


def _highest_peak(series: list[npt.NDArray[np.float64]], longest: int) -> int:
    """Lag of the highest peak of the autocorrelation of series (T, C), see `find_season`; 1 where there is none."""
    share = _correlation(series, longest)
    best = 1
    for lag in range(2, longest + 1):
        peak = share[lag] >= 0.3 and share[lag - 1] < share[lag] >= share[lag + 1]
        if peak and (best == 1 or share[lag] > share[best] + (0.05 if lag % best == 0 else 0.0)):
            best = lag
    return best


def _without_trend(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Take the least-squares line from columns (T, C) without a mean; what only rounding leaves is 0."""
    t = np.arange(len(x)) - (len(x) - 1) / 2
    rest: npt.NDArray[np.float64] = x - t[:, None] * (t @ x / max(1.0, float(t @ t)))
    return np.where(np.abs(rest).max(0, initial=0.0) > _STEADY, rest, 0.0)


def _correlation(series: list[npt.NDArray[np.float64]], longest: int) -> npt.NDArray[np.float64]:
    """Autocorrelation of series (T, C) without a mean, averaged over all, at lags 0 to longest + 1."""
    total, pairs = np.zeros(longest + 2), np.zeros(longest + 2)
    for x in series:
        size = 1 << (2 * len(x) - 1).bit_length()
        power = np.square(np.abs(np.fft.rfft(x, size, axis=0)))
        lags = np.fft.irfft(power, size, axis=0)[: longest + 2].sum(1)
        total[: len(lags)] += lags
        pairs += np.maximum(0, len(x) - np.arange(longest + 2))
    if not total[0] > 0:
        return np.zeros(longest + 2)
    share: npt.NDArray[np.float64] = total / np.maximum(1, pairs) * (pairs[0] / total[0])
    return share


def _smoothed(x: npt.NDArray[np.float64], width: int) -> npt.NDArray[np.float64]:
    """Centred moving average of columns (T, C), the first and the last value repeated beyond the ends."""
    padded = np.pad(x, ((width // 2, width - 1 - width // 2), (0, 0)), mode="edge")
    sums = np.cumsum(np.vstack([np.zeros((1, x.shape[1])), padded]), axis=0)
    mean: npt.NDArray[np.float64] = (sums[width:] - sums[:-width]) / width
    return mean


def seasonal_error(inputs: WindowInput, windows: Windows, season: int) -> npt.NDArray[np.float64]:
    """Mean absolute error (C,) of the seasonal naive forecast one season ahead in the training part, standardised.

    What MASE divides by (Hyndman and Koehler 2006, equation 2, with a season).
    """
    covered = windows.covered()
    index = np.flatnonzero(covered)
    index = index[index - season >= windows.begins[index]]
    error = np.abs(windows.values[index] - windows.values[index - season]) / inputs.scale.deviation
    if windows.observed is None:
        real = np.ones(error.shape, dtype=np.bool_)
    else:
        real = windows.observed[index] & windows.observed[index - season]
    mean: npt.NDArray[np.float64] = (error * real).sum(0) / np.maximum(1, real.sum(0))
    return mean
