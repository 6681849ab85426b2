"""Numeric sequences on their way into a network: checked once at the edge, scaled by channel, packed into batches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from gyeol.data.ragged import Ragged
from gyeol.errors import DataError, ModelError

__all__ = ["SeriesBatch", "SeriesInput", "checked_series"]

Series = npt.NDArray[np.float64]  # (T, C): steps and channels; NaN where a value is missing
_POINTS = 6
_FAR = 1e6  # standard deviations; what lies farther out lies there


@dataclass(frozen=True, slots=True)
class SeriesBatch:
    """Scaled sequences of a batch: ``values`` (B, T, D), 0 past ``lengths`` (B,)."""

    values: Tensor
    lengths: Tensor

    def __len__(self) -> int:
        return len(self.lengths)


def checked_series(X: Any) -> list[Series]:
    """Return numeric sequences as arrays of steps and channels (T, C), NaN where a value is missing.

    Parameters
    ----------
    X : array of shape (N, T) or (N, T, C), or sequence of arrays of shape (T,) or (T, C)
        In an array of equal lengths, what is NaN in all channels at the end of a sequence fills it up, and is cut off;
        elsewhere NaN is a missing value.

    Raises
    ------
    DataError
        For what is no list of sequences; for a sequence without steps, without a value, with an infinite one, or with
        another number of channels than the first: names its index.

    Examples
    --------
    >>> [x.shape for x in checked_series([[1, 2, 3], [4, 5]])]
    [(3, 1), (2, 1)]
    """
    if isinstance(X, (str, bytes, dict)) or not (hasattr(X, "__iter__") or hasattr(X, "__array__")):
        raise DataError(f"got {type(X).__name__} where numeric sequences were expected: an array (N, T), or a list")
    even = hasattr(X, "__array__") and getattr(X, "dtype", None) != np.dtype(object)
    rows: Any = np.asarray(X) if even else list(X)
    if even and rows.ndim not in (2, 3):
        raise DataError(f"got an array of shape {rows.shape}; expected (N, T) or (N, T, C): N sequences of T steps")
    if not len(rows):
        raise DataError("got no sequences: the list is empty")
    series = [_checked(row, number, even) for number, row in enumerate(rows)]
    channels = series[0].shape[1]
    other = next((n for n, one in enumerate(series) if one.shape[1] != channels), None)
    if other is not None:
        raise DataError(
            f"sequence {other} has {series[other].shape[1]} channels, sequence 0 has {channels}: all must have the same"
        )
    return series


def _checked(row: Any, number: int, even: bool) -> Series:
    try:
        values = np.asarray(row)
        if values.dtype.kind not in "biufO":
            raise TypeError(values.dtype)
        values = values.astype(np.float64)
    except (TypeError, ValueError, OverflowError):
        raise DataError(
            f"sequence {number} is {row!r:.60}; an array of numbers, (T,) or (T, C), was expected"
        ) from None
    if values.ndim not in (1, 2):
        raise DataError(f"sequence {number} has shape {values.shape}; expected (T,) or (T, C): steps and channels")
    values = values[:, None] if values.ndim == 1 else values
    if not values.size:
        raise DataError(f"sequence {number} has no steps, shape {values.shape}: leave it out")
    known = ~np.isnan(values)
    if not known.any():
        raise DataError(f"sequence {number} holds no value, NaN only: leave it out")
    if np.isinf(values).any():
        step, channel = np.argwhere(np.isinf(values))[0].tolist()
        raise DataError(
            f"sequence {number} holds {values[step, channel]} at step {step}, channel {channel}: "
            "infinity is no value; write NaN where one is missing"
        )
    return values[: int(np.flatnonzero(known.any(axis=1))[-1]) + 1] if even else values


class SeriesInput:
    """Learns each channel's mean and spread, and where values are missing, then turns sequences into batches.

    A missing value becomes 0, the mean. Of a channel that had missing ones in training a second one says where: 1 for
    missing, else 0.

    Parameters
    ----------
    frame : int
        So many successive values make one step; the last step of a sequence is filled up with zeros.
    """

    def __init__(self, *, frame: int = 1) -> None:
        self.frame = frame
        self.mean: npt.NDArray[np.float64] = np.zeros(0)
        self.scale: npt.NDArray[np.float64] = np.ones(0)
        self.gaps: list[int] = []

    @property
    def channels(self) -> int:
        """Channels of a sequence."""
        return len(self.mean)

    @property
    def width(self) -> int:
        """D, the numbers of a step as the network sees it."""
        return self.frame * (self.channels + len(self.gaps))

    def fit(self, series: Sequence[Series]) -> SeriesInput:
        """Learn from sequences; returns self.

        Raises
        ------
        DataError
            A channel holds no value in any of them.
        """
        channels = series[0].shape[1]
        far = np.zeros(channels)
        known = np.zeros(channels, dtype=np.int64)
        for one in series:
            far = np.fmax(far, np.fmax.reduce(np.abs(one), axis=0))
            known += np.count_nonzero(~np.isnan(one), axis=0)
        if not known.all():
            raise DataError(f"channel {int(np.argmin(known))} holds no value in any sequence: leave it out")
        unit = np.where(far > 0, far, 1.0)  # sums of numbers that are 1 at most overflow nowhere
        mean = sum((np.nansum(one / unit, axis=0) for one in series), np.zeros(channels)) / known
        squares = sum((np.nansum((one / unit - mean) ** 2, axis=0) for one in series), np.zeros(channels))
        spread = np.sqrt(squares / known)
        # A channel that stays the same has no spread but what rounding leaves.
        constant = spread <= 1e-12 * np.fmax(np.abs(mean), np.finfo(np.float64).tiny)
        self.mean, self.scale = mean * unit, np.where(constant, 1.0, spread * unit)
        self.scale[self.scale == 0] = 1.0  # the smallest numbers there are have none either
        steps = sum(map(len, series))
        self.gaps = [int(channel) for channel in np.flatnonzero(known < steps)]
        return self

    def encode(self, series: Iterable[Series]) -> Ragged:
        """Scale sequences, and mark what is missing: values of all channels, end to end, not yet put into steps.

        Raises
        ------
        DataError
            A sequence has another number of channels than in training.
        """
        return Ragged.gather(self._encoded(one, number) for number, one in enumerate(series))

    def _encoded(self, one: Series, number: int) -> npt.NDArray[np.float32]:
        if one.shape[1] != self.channels:
            raise DataError(f"sequence {number} has {one.shape[1]} channels, the model reads {self.channels}")
        with np.errstate(over="ignore"):
            values = np.clip((one - self.mean) / self.scale, -_FAR, _FAR)
        missing = np.isnan(values)
        values[missing] = 0.0
        if self.gaps:
            values = np.concatenate([values, missing[:, self.gaps]], axis=1)
        return values.astype(np.float32)

    def lengths(self, rows: Ragged) -> npt.NDArray[np.int64]:
        """Count the steps of every sequence, as the network sees them."""
        return -(-rows.lengths // self.frame)

    def batch(
        self, rows: Ragged, which: npt.NDArray[np.int64], *, noise: float = 0.0, warp: float = 0.0
    ) -> SeriesBatch:
        """Put sequences into a batch, as they are or disturbed: ``noise`` and ``warp`` as the estimators have them."""
        rectangle, counts = rows.pad(which, multiple=self.frame)
        values, lengths = torch.from_numpy(rectangle), torch.from_numpy(counts)
        if warp:
            values = _warped(values, lengths, warp)
        if noise:
            disturbance = noise * torch.randn(*values.shape[:2], self.channels)
            values[..., : self.channels] += disturbance
            values.masked_fill_(_past(values, lengths), 0.0)
        steps = values.shape[1] // self.frame
        return SeriesBatch(values.reshape(len(which), steps, -1), (lengths + self.frame - 1) // self.frame)

    def state(self) -> dict[str, Any]:
        """Return all that was learned, as JSON values."""
        return {"frame": self.frame, "mean": self.mean.tolist(), "scale": self.scale.tolist(), "gaps": self.gaps}

    @classmethod
    def restored(cls, state: dict[str, Any]) -> SeriesInput:
        """Restore the input from `state`.

        Raises
        ------
        ModelError
            Where the state is not one that `state` returned.
        """
        try:
            frame, gaps = state["frame"], state["gaps"]
            mean, scale = (np.array(state[name], dtype=np.float64) for name in ("mean", "scale"))
            sound = mean.ndim == 1 and len(mean) and mean.shape == scale.shape and bool((scale > 0).all())
            if not sound or not np.isfinite(mean).all() or not np.isfinite(scale).all():
                raise ValueError("mean and scale do not fit")
            if type(frame) is not int or frame < 1:
                raise ValueError(f"frame is {frame!r:.40}")
            if any(type(gap) is not int for gap in gaps) or sorted(set(gaps) & set(range(len(mean)))) != gaps:
                raise ValueError("gaps are no channels")
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ModelError(f"tokenizer.json does not describe numeric sequences: {error!r:.100}") from error
        inputs = cls(frame=frame)
        inputs.mean, inputs.scale, inputs.gaps = mean, scale, gaps
        return inputs


def _past(values: Tensor, lengths: Tensor) -> Tensor:
    """Mark what lies past the ends of sequences, (B, T, 1)."""
    return (torch.arange(values.shape[1]) >= lengths[:, None]).unsqueeze(2)


def _warped(values: Tensor, lengths: Tensor, spread: float) -> Tensor:
    """Let time run faster and slower, by random factors at six points and along lines between them; ends stay."""
    T = values.shape[1]
    factors = (1 + spread * torch.randn(len(values), 1, _POINTS)).clamp(min=0.1)
    speed = F.interpolate(factors, size=T, mode="linear", align_corners=True).squeeze(1)
    last = (lengths - 1).unsqueeze(1)
    places = speed.cumsum(1) - speed[:, :1]
    places = (places * last / places.gather(1, last).clamp(min=1e-9)).minimum(last)
    before = places.long()
    share = (places - before).unsqueeze(2)

    def taken(at: Tensor) -> Tensor:
        return values.gather(1, at.unsqueeze(2).expand_as(values))

    between = taken(before) * (1 - share) + taken((before + 1).minimum(last)) * share
    return between.masked_fill(_past(values, lengths), 0.0)
