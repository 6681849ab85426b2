"""How many examples can be prepared where the time is short: tokenizers, vocabularies and scales take theirs, too."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gyeol.data.mapped_texts import MappedTexts
from gyeol.data.split import stratified_split
from gyeol.engine import Checkpoint
from gyeol.errors import GyeolError
from gyeol.tasks.training.plan import take, weights_at

if TYPE_CHECKING:
    from gyeol.engine import Deadline
    from gyeol.tasks.base import Estimator

__all__ = ["preparable", "within_time"]

_FEW = 100  # examples: no more than these are always prepared
_WARM = 20  # examples by which all is loaded that has to be
_SAMPLE = 50  # every fiftieth example, at most, is prepared to see how long all would take
_ENOUGH = 0.3  # seconds of preparing that tell how long more of it takes
_SHARE = 0.5  # of the time left: what preparing may take
_AIM = 0.4  # and what it is made to take, where all would take longer


def preparable(owner: Estimator, X: Any, y: Any, beside: int, deadline: Deadline) -> int:
    """Say how many of the training examples can be prepared in time.

    Parameters
    ----------
    owner : Estimator
        Prepares some of them, to see how long that takes; what it learns by that is forgotten.
    X, y
        Of the training part.
    beside : int
        How many examples have to be prepared beside them, to validate.
    deadline : Deadline
    """
    count = len(X)
    if deadline.limit is None or count <= _FEW or not isinstance(X, (list, MappedTexts)):
        return count
    before, weights = dict(owner.__dict__), owner._sample_weight
    size = 2 * _WARM
    try:
        warm, took = (_seconds(owner, X, y, many, weights) for many in (_WARM, size))
        while took < _ENOUGH and 4 * size <= count // _SAMPLE:
            size *= 4
            took = _seconds(owner, X, y, size, weights)
    except GyeolError:  # these few do not serve; whether all do is told later
        return count
    finally:
        owner.__dict__.clear()
        owner.__dict__.update(before)
    each = max(0.0, took - warm) / (size - _WARM)
    left = max(0.0, deadline.left())
    if warm + each * (count + beside) <= _SHARE * left:
        return count
    return min(count, max(_FEW, int((_AIM * left - warm) / max(1e-9, each)) - beside))


def _seconds(owner: Estimator, X: Any, y: Any, many: int, weights: npt.NDArray[np.float64] | None) -> float:
    """Prepare so many examples from all over; the time it took."""
    rows = np.linspace(0, len(X) - 1, many).astype(np.int64)
    some, truth = take(X, rows), None if y is None else take(y, rows)
    owner._sample_weight = weights_at(weights, rows)
    begun = time.monotonic()
    owner._fit_inputs(some)
    owner._fit_targets(truth)
    owner._encode_training(some, truth)
    return time.monotonic() - begun


def within_time(
    owner: Estimator, X: Any, y: Any, validation: tuple[Any, Any], deadline: Deadline, taken_up: Path | None
) -> tuple[Any, Any, tuple[Any, Any]]:
    """Leave out training examples that cannot be prepared in time: the same share of every group, of streams the end.

    Parameters
    ----------
    owner : Estimator
    X, y
        Of the training part.
    validation : (X, y)
        Where this is the training part itself, it is made smaller with it.
    deadline : Deadline
    taken_up : Path, optional
        The checkpoint of a training that goes on: on the same part as before.

    Returns
    -------
    X, y, validation
        As they were, where there is time enough.
    """
    count = part = len(X)
    if taken_up is not None and (taken_up / "state.json").exists():
        known = Checkpoint.about_of(taken_up).get("part")
        part = known if type(known) is int and 0 < known < count else count
    else:
        part = preparable(owner, X, y, len(validation[0]), deadline)
    if part == count:
        return X, y, validation
    kept = np.arange(part)
    if not owner.ordered:
        share = 1 - part / count
        kept, _ = stratified_split(owner._strata(y), share, seed=int(owner.random_state or 0), at_most=count)
    owner._sample_weight = weights_at(owner._sample_weight, kept)
    same = validation[0] is X
    X, y = take(X, kept), None if y is None else take(y, kept)
    return X, y, (X, y) if same else validation
