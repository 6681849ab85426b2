"""From series to batches: windows cut on demand, missing values filled, channels standardised.

A *window* is the surroundings of an origin: ``lookback`` steps of history, ``horizon`` steps to forecast, of all
channels. Series are concatenated in one array; a window is a number, and costs eight bytes until it is cut.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gyeol.errors import ModelError

__all__ = ["Scale", "WindowBatch", "WindowInput", "Windows"]

Numbers = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows of concatenated series.

    Parameters
    ----------
    values : float64 array, shape (T, C)
        Of all series; missing ones filled with the last one seen (before the first, with that).
    observed : bool array of shape (T, C), or None
        Which values are real; None where all are.
    ready : bool array of shape (T, C), or None
        Whether the series had any value before the step: without one there is nothing to forecast from.
    covariates : float64 array of shape (T, K), or None
        What is known of every step in advance.
    begins : int64 array, shape (T,)
        The first step of the series of each step.
    origins : int64 array, shape (N,)
        The first step of each window's future.
    lookback, horizon : int
        Steps before an origin, and from it on.
    """

    values: Numbers
    observed: Mask | None
    ready: Mask | None
    covariates: Numbers | None
    begins: Rows
    origins: Rows
    lookback: int
    horizon: int

    @classmethod
    def cut(
        cls,
        series: Sequence[Numbers],
        covariates: Sequence[Numbers] | None,
        *,
        lookback: int,
        horizon: int,
        stride: int = 1,
        last: bool = False,
    ) -> Windows:
        """Cut every series wherever a whole window fits, or with ``last`` only at its end.

        Parameters
        ----------
        series : sequence of float64 arrays, each (T, C)
            NaN where a value is missing.
        covariates : sequence of float64 arrays, each (T, K), optional
            Where ``last``, of (T + horizon) steps.
        lookback, horizon : int
        stride : int
            Steps from an origin to the next.
        last : bool
            Whether the future after the series is to be forecast.
        """
        origins: list[Rows] = []
        start = 0
        if last:
            series = [np.vstack([one, np.full((horizon, one.shape[1]), np.nan)]) for one in series]
        for one in series:
            first, end = start + lookback, start + len(one) - horizon + 1
            origins.append(np.arange(end - 1 if last else first, end, stride, dtype=np.int64))
            start += len(one)
        lengths = np.array([len(one) for one in series], dtype=np.int64)
        values = np.concatenate(series)
        missing = np.isnan(values)
        holes = bool(missing.any())
        return cls(
            np.concatenate([_filled(one) for one in series]) if holes else values,
            ~missing if holes else None,
            np.concatenate([_seen_before(one) for one in series]) if holes else None,
            None if covariates is None else np.concatenate(covariates),
            np.repeat(np.cumsum(lengths) - lengths, lengths),
            np.concatenate(origins),
            lookback,
            horizon,
        )

    def __len__(self) -> int:
        return len(self.origins)

    @property
    def channels(self) -> int:
        """How many channels a series has, C."""
        return int(self.values.shape[1])

    def take(self, rows: Rows) -> Windows:
        """Select windows; nothing is copied."""
        return replace(self, origins=self.origins[rows])

    def thinned(self, most: int) -> Windows:
        """Select every second, third, ... window: ``most`` at most."""
        return self.take(np.arange(0, len(self), max(1, -(-len(self) // most)), dtype=np.int64))

    def fingerprint(self) -> str:
        """Return a hash of the content: 64 hexadecimal digits."""
        digest = hashlib.sha256()
        for part in (self.values, self.observed, self.covariates, self.begins, self.origins):
            digest.update(b"" if part is None else np.ascontiguousarray(part).tobytes())
            digest.update(b"\x01")
        return digest.hexdigest()

    def covered(self) -> Mask:
        """Return which steps (T,) are in these windows, or before one of the same series."""
        last = np.zeros(len(self.values), dtype=np.int64)
        np.maximum.at(last, self.begins[self.origins], self.origins + self.horizon)
        inside: Mask = np.arange(len(self.values)) < last[self.begins]
        return inside


@dataclass(frozen=True, slots=True)
class Scale:
    """The mean and the deviation of every channel (C,), in the training part."""

    mean: Numbers
    deviation: Numbers

    @classmethod
    def of(cls, values: Numbers, observed: Mask | None = None) -> Scale:
        """Measure the values (T, C) that were observed; a column that never changes has a deviation of 1."""
        weight = np.ones(values.shape) if observed is None else observed.astype(np.float64)
        count = np.maximum(1.0, weight.sum(0))
        mean = (values * weight).sum(0) / count
        deviation = np.sqrt((np.square(values - mean) * weight).sum(0) / count)
        flat = ~(deviation > 1e-12 * np.maximum(1.0, np.abs(mean)))
        return cls(mean, np.where(flat, 1.0, deviation))

    def state(self) -> dict[str, list[float]]:
        """Return what `restored` takes, as JSON values."""
        return {"mean": self.mean.tolist(), "deviation": self.deviation.tolist()}

    @classmethod
    def restored(cls, state: Any, count: int, where: str) -> Scale:
        """Restore what `state` returned, for ``count`` columns.

        Raises
        ------
        ModelError
            It is damaged.
        """
        try:
            mean, deviation = (np.array(state[name], dtype=np.float64) for name in ("mean", "deviation"))
        except (KeyError, TypeError, ValueError):
            raise ModelError(f"tokenizer.json is damaged: {where}: expected means and deviations") from None
        if mean.shape != (count,) or deviation.shape != (count,) or not np.isfinite(mean).all():
            raise ModelError(f"tokenizer.json is damaged: {where}: expected {count} of each")
        if not (np.isfinite(deviation) & (deviation > 0)).all():
            raise ModelError(f"tokenizer.json is damaged: {where}: a deviation is not above 0")
        return cls(mean, deviation)


@dataclass(slots=True)
class WindowBatch:
    """Windows of one channel each, standardised.

    ``history`` (B, L) and ``future`` (B, horizon) have missing values filled; ``seen`` (B, L) and ``real`` (B, horizon)
    say which are not (``seen`` is None where the model was trained without any); ``known`` (B, L + horizon, K) is what
    is known of every step, or None; ``channel`` (B,) which channel each is of.
    """

    history: Tensor
    future: Tensor
    seen: Tensor | None
    real: Tensor
    known: Tensor | None
    channel: Tensor


class WindowInput:
    """Scales learned from training windows; windows to batches.

    Attributes
    ----------
    scale : Scale
        Of the channels.
    known : Scale, optional
        Of the covariates.
    missing : bool
        Whether values were missing in training: the network then gets a mask.
    """

    scale: Scale
    known: Scale | None
    missing: bool

    def fit(self, windows: Windows) -> Self:
        """Measure the steps that training windows cover."""
        covered = windows.covered()
        observed = None if windows.observed is None else windows.observed[covered]
        self.scale = Scale.of(windows.values[covered], observed)
        self.known = None if windows.covariates is None else Scale.of(windows.covariates[covered])
        self.missing = observed is not None and not bool(observed.all())
        return self

    @property
    def channels(self) -> int:
        """How many channels a series has, C."""
        return len(self.scale.mean)

    @property
    def covariates(self) -> int:
        """How many covariates a step has, K."""
        return 0 if self.known is None else len(self.known.mean)

    def batch(self, windows: Windows, which: Rows, dtype: torch.dtype = torch.float32) -> WindowBatch:
        """Cut windows: each gives C rows, one a channel, in the order of the channels."""
        L, H = windows.lookback, windows.horizon
        steps = windows.origins[which][:, None] + np.arange(-L, H)
        cut = (windows.values[steps] - self.scale.mean) / self.scale.deviation
        values = torch.from_numpy(_by_channel(cut)).to(dtype)
        real = torch.ones(len(values), H, dtype=torch.bool)
        seen = torch.ones(len(values), L, dtype=dtype) if self.missing else None
        if windows.observed is not None:
            assert windows.ready is not None
            observed = torch.from_numpy(_by_channel(windows.observed[steps]))
            real = observed[:, L:] & torch.from_numpy(windows.ready[windows.origins[which]].reshape(-1, 1))
            seen = observed[:, :L].to(dtype) if self.missing else None
        known = None
        if self.known is not None and windows.covariates is not None:
            each = (windows.covariates[steps] - self.known.mean) / self.known.deviation
            known = torch.from_numpy(each).to(dtype).repeat_interleave(windows.channels, 0)
        channel = torch.arange(windows.channels).repeat(len(which))
        return WindowBatch(values[:, :L], values[:, L:], seen, real, known, channel)

    def state(self) -> dict[str, Any]:
        """Return what `restored` takes, as JSON values."""
        known = None if self.known is None else self.known.state()
        return {"scale": self.scale.state(), "known": known, "missing": self.missing}

    @classmethod
    def restored(cls, state: Any, channels: int, covariates: int) -> WindowInput:
        """Restore what `state` returned.

        Raises
        ------
        ModelError
            It is damaged, or of other numbers of channels and covariates.
        """
        if not isinstance(state, dict) or set(state) != {"scale", "known", "missing"}:
            raise ModelError("tokenizer.json is damaged: expected scale, known and missing")
        if not isinstance(state["missing"], bool) or (state["known"] is None) != (covariates == 0):
            raise ModelError("tokenizer.json is damaged: missing, or known")
        inputs = cls()
        inputs.scale = Scale.restored(state["scale"], channels, "scale")
        inputs.known = Scale.restored(state["known"], covariates, "known") if covariates else None
        inputs.missing = state["missing"]
        return inputs


def _by_channel(cut: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Turn windows (N, S, C) into rows (N * C, S)."""
    N, S, C = cut.shape
    return np.ascontiguousarray(cut.transpose(0, 2, 1)).reshape(N * C, S)


def _filled(series: Numbers) -> Numbers:
    """Fill missing values with the last one seen, before the first with that; a column of nothing else with zeros."""
    missing = np.isnan(series)
    last = np.maximum.accumulate(np.where(missing, -1, np.arange(len(series))[:, None]), axis=0)
    last = np.where(last < 0, missing.argmin(0), last)
    return np.nan_to_num(np.take_along_axis(series, last, axis=0), nan=0.0)


def _seen_before(series: Numbers) -> Mask:
    """Return for every step and channel whether there was any value before it."""
    seen = ~np.isnan(series)
    before: Mask = np.cumsum(seen, axis=0) > seen
    return before
