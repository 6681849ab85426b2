"""How many examples can be prepared where the time is short: tokenizers, vocabularies and scales take theirs, too."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gyeol.data.mapped_texts import MappedTexts
from gyeol.data.split import stratified_split
from gyeol.engine import Checkpoint
from gyeol.errors import GyeolError
from gyeol.tasks.training.examples import take, weights_at

if TYPE_CHECKING:
    from gyeol.engine import Deadline

__all__ = ["preparable", "rows_within_time"]

#: Prepares examples X with targets y and weights, as a training does, and forgets what it learned by that.
Rehearse = Callable[[Any, Any, "npt.NDArray[np.float64] | None"], None]

_FEW = 100  # examples: no more than these are always prepared
_WARM = 20  # examples by which all is loaded that has to be
_SAMPLE = 50  # every fiftieth example, at most, is prepared to see how long all would take
_ENOUGH = 0.3  # seconds of preparing from which the rest can be estimated
_SHARE = 0.5  # of the time left: what preparing may take
_AIM = 0.4  # and what it may take where all would take longer


def preparable(
    rehearse: Rehearse, X: Any, y: Any, weights: npt.NDArray[np.float64] | None, beside: int, deadline: Deadline
) -> int:
    """Return how many of the training examples can be prepared in time.

    Parameters
    ----------
    rehearse : callable of (X, y, weights)
        Prepares some of them, which shows how long that takes.
    X, y, weights
        Of the training part.
    beside : int
        How many examples have to be prepared beside them, to validate.
    deadline : Deadline
    """
    count = len(X)
    if deadline.limit is None or count <= _FEW or not isinstance(X, (list, MappedTexts)):
        return count

    def seconds(many: int) -> float:
        rows = np.linspace(0, count - 1, many).astype(np.int64)
        some = take(X, rows), None if y is None else take(y, rows), weights_at(weights, rows)
        started = time.monotonic()
        rehearse(*some)
        return time.monotonic() - started

    size = 2 * _WARM
    try:
        warm, took = seconds(_WARM), seconds(size)
        while took < _ENOUGH and 4 * size <= count // _SAMPLE:
            size *= 4
            took = seconds(size)
    except GyeolError:  # these few are not enough; whether all are shows later
        return count
    each = max(0.0, took - warm) / (size - _WARM)
    left = max(0.0, deadline.left())
    if warm + each * (count + beside) <= _SHARE * left:
        return count
    return min(count, max(_FEW, int((_AIM * left - warm) / max(1e-9, each)) - beside))


def rows_within_time(
    rehearse: Rehearse,
    X: Any,
    y: Any,
    weights: npt.NDArray[np.float64] | None,
    *,
    beside: int,
    groups: Callable[[], npt.NDArray[np.int64]] | None,
    seed: int,
    deadline: Deadline,
    checkpoint: Path | None,
) -> npt.NDArray[np.int64] | None:
    """Choose the training examples that can be prepared in time.

    Parameters
    ----------
    rehearse, X, y, weights, beside, deadline
        As in `preparable`.
    groups : callable, optional
        Numbers the groups, of each of which the same share is chosen; None: the first examples are.
    seed : int
        Decides which.
    checkpoint : Path, optional
        Of the training to resume, which goes on with the same examples as before.

    Returns
    -------
    int64 array, or None
        Their numbers; None where there is time enough for all.
    """
    count = len(X)
    if checkpoint is not None and (checkpoint / "state.json").exists():
        known = Checkpoint.about_of(checkpoint).get("part")
        part = known if type(known) is int and 0 < known < count else count
    else:
        part = preparable(rehearse, X, y, weights, beside, deadline)
    if part == count:
        return None
    if groups is None:
        return np.arange(part)
    rows, _ = stratified_split(groups(), 1 - part / count, seed=seed, at_most=count)
    return rows
