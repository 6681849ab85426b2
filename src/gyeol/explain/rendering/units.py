"""The units of a layer: which are busy, which are shown where there are many, and what all of them do together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from gyeol.errors import ParameterError

if TYPE_CHECKING:
    from gyeol.explain.explanation import LayerTrace

__all__ = ["QUANTILES", "busyness", "chosen_units", "stretched", "summary"]

#: What is shown of all units at a step, beside their mean.
QUANTILES = (0.1, 0.5, 0.9)
_QUIET = 4  # of so many shown units, one is a least busy one


def busyness(layer: LayerTrace) -> npt.NDArray[np.float64]:
    """Tell how much each unit moves: the mean absolute change of its hidden state from step to step, from zero on.

    Returns
    -------
    array, shape (H,)
    """
    hidden = layer.states.get("hidden", next(iter(layer.states.values()))).astype(np.float64)
    start = np.zeros((1, hidden.shape[1]))
    walked = np.concatenate([start, hidden if layer.direction == "forward" else hidden[::-1]])
    moved: npt.NDArray[np.float64] = np.abs(np.diff(walked, axis=0)).mean(axis=0)
    return moved


def chosen_units(layer: LayerTrace, units: int | Literal["all"]) -> list[int]:
    """Choose the units that are shown, in their order: the busiest and, for a quarter of them, the least busy ones.

    Parameters
    ----------
    layer : LayerTrace
    units : int or "all"
        How many at most.

    Raises
    ------
    ParameterError
        ``units`` is no such number.
    """
    if units != "all" and (isinstance(units, bool) or not isinstance(units, int) or units < 1):
        raise ParameterError(f"units={units!r:.40}: must be a whole number, 1 or more, or 'all'")
    size = layer.shape[1]
    if units == "all" or units >= size:
        return list(range(size))
    order = np.argsort(-busyness(layer), kind="stable").tolist()
    quiet = units // _QUIET
    return sorted(order[: units - quiet] + order[size - quiet :])


def stretched(values: npt.NDArray[Any], steps: int) -> npt.NDArray[Any]:
    """Repeat the values of a layer that has fewer steps than the input such that there is one for each of these.

    Examples
    --------
    >>> stretched(np.array([1.0, 2.0]), 5).tolist()
    [1.0, 1.0, 1.0, 2.0, 2.0]
    """
    return values[np.arange(steps) * len(values) // steps]


def summary(array: npt.NDArray[np.floating]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the mean (T,) of units' values (T, H), and their quantiles (T, 3).

    Examples
    --------
    >>> mean, quantiles = summary(np.array([[0.0, 0.5, 1.0]]))
    >>> mean.tolist(), quantiles.round(3).tolist()
    ([0.5], [[0.1, 0.5, 0.9]])
    """
    numbers = array.astype(np.float64)
    return numbers.mean(axis=1), np.quantile(numbers, QUANTILES, axis=1).T
