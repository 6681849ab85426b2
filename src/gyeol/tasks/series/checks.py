"""Series of numbers as a caller of `Forecaster` gives them, checked."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np
import numpy.typing as npt

from gyeol.data.number_format import exact
from gyeol.errors import DataError

__all__ = ["check_learnable", "checked_covariates", "checked_series"]

_MOST = 1e100  # of a value: its square is still a number

Numbers = npt.NDArray[np.float64]


def checked_series(X: Any, channels: int | None = None) -> tuple[list[Numbers], tuple[bool, bool]]:
    """Return series as arrays (T, C), whether they came flat, as (T,), and whether one came alone.

    Parameters
    ----------
    X : array of shape (T,) or (T, C), or a list of such
        NaN where a value is missing.
    channels : int, optional
        How many channels there must be.

    Raises
    ------
    DataError
        For what is no series, an empty one, text, infinite values, and numbers of channels that differ.
    """
    single, given = _parted(X)
    series: list[Numbers] = []
    flat = False
    for number, one in enumerate(given):
        where = "the series" if single else f"series {number}"
        array = _numbers(one, where)
        flat = flat or array.ndim == 1
        array = array[:, None] if array.ndim == 1 else array
        expected = channels if channels is not None else series[0].shape[1] if series else array.shape[1]
        if array.shape[1] != expected:
            known = "in training" if channels is not None else "in the series before"
            raise DataError(f"{where} has {array.shape[1]} channel(s), and there were {expected} {known}")
        endless = np.abs(array) > _MOST
        if endless.any():
            step, channel = np.argwhere(endless)[0].tolist()
            value = "infinite" if np.isinf(array[step, channel]) else exact(array[step, channel])
            raise DataError(f"{where} is {value} at step {step}, channel {channel}: a missing value is NaN")
        series.append(array)
    return series, (flat, single)


def check_learnable(series: list[Numbers]) -> None:
    """Make sure that there is something to learn from in series of the same channels.

    Raises
    ------
    DataError
        A channel has no value at all, or every channel is constant.
    """
    seen = np.any([~np.isnan(one).all(0) for one in series], axis=0)
    if not seen.all():
        raise DataError(f"channel {int(seen.argmin())} has no value at all: leave it out")
    low, high = (pick([pick(one, axis=0) for one in series], axis=0) for pick in (np.fmin.reduce, np.fmax.reduce))
    if (low == high).all():
        raise DataError(f"every value is {exact(low[0])}: there is nothing to learn from a constant series")


def checked_covariates(y: Any, lengths: list[int], width: int | None) -> list[Numbers] | None:
    """Return covariates as arrays (T, K), one for each series; None where there are none.

    Parameters
    ----------
    y : array of shape (T,) or (T, K), or a list of such, or None
    lengths : list of int
        How many steps each must have.
    width : int, optional
        K, where it is known.

    Raises
    ------
    DataError
        For other numbers of steps or columns, and values that are missing or infinite.
    """
    if y is None:
        return None
    single, given = _parted(y)
    if len(given) != len(lengths):
        raise DataError(f"got {len(lengths)} series and covariates of {len(given)}; there must be one to each")
    found: list[Numbers] = []
    for number, (one, length) in enumerate(zip(given, lengths, strict=True)):
        where = "the covariates" if single else f"covariates {number}"
        array = _numbers(one, where)
        array = array[:, None] if array.ndim == 1 else array
        expected = width if width is not None else found[0].shape[1] if found else array.shape[1]
        if array.shape != (length, expected):
            raise DataError(f"{where} have shape {array.shape}, expected {(length, expected)}: a row for every step")
        if not np.isfinite(array).all():
            step = int(np.argwhere(~np.isfinite(array))[0, 0])
            raise DataError(
                f"{where} lack a number at step {step}: what is known beforehand must be known at every step"
            )
        found.append(array)
    return found


def _parted(X: Any) -> tuple[bool, list[Any]]:
    """Tell one series from a list of them."""
    if X is None or isinstance(X, (str, bytes)) or not (hasattr(X, "__len__") or hasattr(X, "__array__")):
        raise DataError(f"got {type(X).__name__} where a series was expected: an array of shape (T,) or (T, C)")
    if isinstance(X, (list, tuple)):
        alone = all(one is None or isinstance(one, numbers.Real) for one in X)
        if not len(X):
            raise DataError("got no series: the list is empty")
        return (True, [X]) if alone else (False, list(X))
    dimensions = np.ndim(X)
    return (False, list(X)) if dimensions == 3 else (True, [X])


def _numbers(one: Any, where: str) -> Numbers:
    try:
        raw = np.asarray(one)
        if raw.dtype.kind not in "biufO":
            raise TypeError(f"of {raw.dtype}")
        array = raw.astype(np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError(f"{where}: numbers were expected ({error!s:.80})") from None
    if array.ndim not in (1, 2) or 0 in array.shape:
        raise DataError(f"{where} came with shape {array.shape}; expected (T,) or (T, C), both at least 1")
    return array
