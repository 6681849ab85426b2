"""Settings and series of a forecast, checked against each other: history and horizon must fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gyeol.errors import DataError, ModelError, ParameterError
from gyeol.inputs.windows import Windows

__all__ = ["check_histories", "check_width", "checked_sizes", "chosen_lookback", "cut", "quantiles_rule"]

_LOOKBACK = 720  # steps of history, at most, by default

Numbers = npt.NDArray[np.float64]


def quantiles_rule(value: Any) -> str:
    """Accept quantiles in ascending order, the median among them."""
    levels = list(value) if isinstance(value, (tuple, list)) else []
    good = all(isinstance(q, float) and 0 < q < 1 for q in levels) and levels == sorted(set(levels))
    if good and 0.5 in levels and len(levels) <= 100:
        return ""
    return "must be numbers between 0 and 1 in ascending order, 0.5 among them"


def chosen_lookback(lookback: int | None, longest: int, horizon: int, season: int | None) -> int:
    """Return how many steps of history are read; the longest series has ``longest``.

    Raises
    ------
    DataError
        The longest series is too short.
    ParameterError
        The season is longer than what is read.
    """
    chosen = int(lookback) if lookback is not None else min(_LOOKBACK, (longest - horizon) // 3)
    if longest < horizon + max(1, chosen) or chosen < 1:
        raise DataError(
            f"the longest series has {longest:,} steps, too few for horizon={horizon} after "
            f"{'some' if lookback is None else f'lookback={chosen}'} steps of history: take smaller ones"
        )
    if season is not None and season > chosen:
        raise ParameterError(f"season={season} is more than the lookback of {chosen} steps")
    return chosen


def cut(series: list[Numbers], covariates: list[Numbers] | None, lookback: int, horizon: int) -> Windows:
    """Cut series (T, C) into windows.

    Raises
    ------
    DataError
        None is as long as a window.
    """
    windows = Windows.cut(series, covariates, lookback=lookback, horizon=horizon)
    if not len(windows):
        raise DataError(
            f"no series has the {lookback + horizon:,} steps of a window (lookback {lookback:,}, horizon {horizon:,})"
        )
    return windows


def check_histories(series: list[Numbers], lookback: int, *, single: bool) -> None:
    """Make sure that a forecast can start from the end of each series (T, C).

    Raises
    ------
    DataError
        One is shorter than the lookback, or has no value in a channel.
    """
    for number, one in enumerate(series):
        where = "the history" if single else f"history {number}"
        if len(one) < lookback:
            raise DataError(f"{where} has {len(one):,} steps, and this model reads {lookback:,}: give more")
        empty = np.isnan(one).all(0)
        if empty.any():
            raise DataError(f"{where} has no value in channel {int(empty.argmax())}: nothing to go on from")


def check_width(covariates: int, *, given: bool) -> None:
    """Make sure that covariates are given where the model reads so many, and only there.

    Raises
    ------
    DataError
        They are not.
    """
    if covariates and not given:
        raise DataError(f"this model reads {covariates} covariate(s) beside a series: give them, too")
    if given and not covariates:
        raise DataError("this model was trained without covariates: leave them out")


def checked_sizes(learned: dict[str, Any]) -> tuple[list[int], Numbers]:
    """Return lookback, season, channels and covariates of a saved model, and the naive error of its channels (C,).

    Raises
    ------
    ModelError
        They are damaged.
    """
    numbers = [learned[name] for name in ("lookback", "season", "channels", "covariates")]
    if any(type(n) is not int or not least <= n <= 1 << 20 for n, least in zip(numbers, (1, 1, 1, 0), strict=True)):
        raise ModelError(f"config.json is damaged: lookback, season, channels, covariates are {numbers!r:.60}")
    error = np.array(learned["naive_error"], dtype=np.float64)
    sound = error.shape == (numbers[2],) and bool(((error >= 0) & (error < 1e300)).all())
    if numbers[1] > numbers[0] or not sound:
        raise ModelError("config.json is damaged: season or naive_error")
    return numbers, error
