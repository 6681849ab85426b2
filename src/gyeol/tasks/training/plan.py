"""A model and its data, as the training loop sees them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from gyeol import engine, parameters
from gyeol.data.batches import bucket
from gyeol.tasks.training.examples import take

if TYPE_CHECKING:
    from gyeol.tasks.base import Encoded

__all__ = ["TrainingPlan", "identity", "rows_in_time", "short_name", "watching"]

_FIRST = 16  # examples of the first part, when time is short


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """What `gyeol.engine.fit` needs to know of a model and its data.

    Parameters
    ----------
    train, valid : Encoded
    validation : (X, y)
        What ``valid`` encodes.
    batch_size, seed : int
    step : callable of (batch)
        Runs a batch in training mode.
    encode : callable of (X, y)
    outputs : callable of (encoded)
        Runs all examples in prediction mode.
    score : callable of (outputs, y)
        Returns the figures.
    """

    train: Encoded
    valid: Encoded
    validation: tuple[Any, Any]
    batch_size: int
    seed: int
    step: Callable[[Any], engine.StepLoss]
    encode: Callable[[Any, Any], Encoded]
    outputs: Callable[[Encoded], npt.NDArray[np.generic]]
    score: Callable[[npt.NDArray[np.generic], Any], dict[str, float]]

    def batches(self, epoch: int) -> Sequence[Any]:
        """Return the examples of every batch of an epoch."""
        if self.train.order:
            return self.train.order(epoch)
        return bucket(self.train.lengths, self.batch_size, seed=self.seed, epoch=epoch)

    def loss(self, rows: Any) -> engine.StepLoss:
        """Run a batch in training mode."""
        return self.step(self.train.batch(rows))

    def validate(self) -> dict[str, float]:
        """Pass over the validation part and score it."""
        return self.score(self.outputs(self.valid), self.validation[1])

    def validate_within(self, seconds: float) -> tuple[dict[str, float], float]:
        """Validate on as many examples as fit into so many seconds, chosen by chance; of streams, on their start.

        Returns
        -------
        figures : dict
        share : float
            Of the validation part.
        """
        X, y = self.validation
        count, started = len(X), time.monotonic()
        order = np.arange(count)
        if self.valid.order is None:
            order = np.random.default_rng(self.seed).permutation(count)
        outputs: list[npt.NDArray[np.generic]] = []
        done, size = 0, min(_FIRST, count)
        while size:
            rows = order[done : done + size]
            outputs.append(self.outputs(self.encode(take(X, rows), take(y, rows))))
            done += len(rows)
            spent = time.monotonic() - started
            left = int((seconds - spent) / max(1e-9, spent / done * 1.2))
            if done == len(rows) < count <= left / 1.5:  # there is time enough for all of it, in the best order
                return self.validate(), 1.0
            size = min(left, 2 * done, count - done) if 4 * left > done else 0
        return self.score(np.concatenate(outputs), take(y, order[:done])), done / count

    def carried(self) -> dict[str, torch.Tensor]:
        """Return what the last batch leaves to the next."""
        return self.train.carrier.state() if self.train.carrier else {}

    def carry(self, tensors: dict[str, torch.Tensor]) -> None:
        """Take over what `carried` returned."""
        if self.train.carrier:
            self.train.carrier.restore(tensors)


def rows_in_time(count: int, seconds: float, work: Callable[[list[int]], object]) -> list[int]:
    """Choose as many of so many rows, evenly spread, as work that is tried on a few of them can do in the time.

    Without a limit, that is all, and nothing is tried.
    """
    rows = list(range(count))
    if math.isinf(seconds) or count <= _FIRST:
        return rows
    started = time.monotonic()
    work(rows[:: -(-count // _FIRST)])
    spent = time.monotonic() - started
    fits = max(_FIRST, int((seconds - spent) / max(1e-9, 1.3 * spent) * _FIRST))
    return rows[:: -(-count // fits)]


def identity(task: str, settings: dict[str, Any], data: Iterable[Any]) -> dict[str, Any]:
    """Return what must be the same for a training to be resumed: task, settings, a hash of the data."""
    import hashlib

    digest = hashlib.sha256()
    for part in data:
        for value in [part.fingerprint()] if hasattr(part, "fingerprint") else part:
            if isinstance(value, np.ndarray):  # whose text leaves out most of a long one
                digest.update(f"{value.dtype} {value.shape}".encode() + value.tobytes())
            else:
                digest.update(str(value).encode("utf-8", "surrogatepass") + b"\x00")
        digest.update(b"\x01")
    free = ("verbose", "time_limit", "patience", "watch_gradients")
    plain = {name: parameters.plain(value) for name, value in settings.items() if name not in free}
    return {"task": task, **plain, "data": digest.hexdigest()}


def short_name(identity: dict[str, Any]) -> str:
    """Name a training: the same name, the same training."""
    import hashlib
    import json

    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]


def watching(progress: Any, verbose: bool, measured_on: str) -> Any:
    """Return what watches a training: ``progress``, or where ``verbose`` a bar; it knows what is measured on."""
    if progress is None and verbose:
        from gyeol.tasks.training.progress import Bar

        progress = Bar()
    if hasattr(progress, "measured_on"):
        progress.measured_on = measured_on
    return progress
