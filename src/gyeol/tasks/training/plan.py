"""An estimator and its data, as the training loop sees them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from gyeol import engine, parameters
from gyeol.data.batches import bucket

if TYPE_CHECKING:
    from gyeol.tasks.base import Encoded, Estimator

__all__ = ["TrainingPlan", "identity", "of_mean_one", "rows_in_time", "short_name", "take", "weights_at"]

_FIRST = 16  # examples of the first part, when time is short


class TrainingPlan:
    """What `gyeol.engine.fit` asks for.

    Parameters
    ----------
    owner : Estimator
    net : nn.Module
    train, valid : Encoded
    validation : (X, y)
        What ``valid`` was made from.
    """

    def __init__(
        self, owner: Estimator, net: nn.Module, train: Encoded, valid: Encoded, validation: tuple[Any, Any]
    ) -> None:
        self.owner = owner
        self.net = net
        self.train = train
        self.valid = valid
        self.validation = validation

    def batches(self, epoch: int) -> Sequence[Any]:
        """Return the examples of every batch of an epoch."""
        if self.train.order:
            return self.train.order(epoch)
        return bucket(self.train.lengths, self.owner.batch_size, seed=int(self.owner.random_state or 0), epoch=epoch)

    def loss(self, rows: Any) -> engine.StepLoss:
        """Run a batch in training mode."""
        return self.owner._loss(self.net, self.train.batch(rows))

    def validate(self) -> dict[str, float]:
        """Pass over the validation part and score it."""
        return self.owner._score(self.owner._outputs(self.valid), self.validation[1])

    def validate_within(self, seconds: float) -> tuple[dict[str, float], float]:
        """Validate on as many examples as fit into so many seconds, chosen by chance; of streams, on their beginning.

        Returns
        -------
        figures : dict
        share : float
            Of the validation part.
        """
        X, y = self.validation
        count, begun = len(X), time.monotonic()
        order = np.arange(count)
        if self.valid.order is None:
            order = np.random.default_rng(int(self.owner.random_state or 0)).permutation(count)
        outputs: list[npt.NDArray[np.generic]] = []
        done, size = 0, min(_FIRST, count)
        while size:
            rows = order[done : done + size]
            outputs.append(self.owner._outputs(self.owner._encode(take(X, rows), take(y, rows))))
            done += len(rows)
            spent = time.monotonic() - begun
            left = int((seconds - spent) / max(1e-9, spent / done * 1.2))
            if done == len(rows) < count <= left / 1.5:  # there is time enough for all of it, in the best order
                return self.validate(), 1.0
            size = min(left, 2 * done, count - done) if 4 * left > done else 0
        return self.owner._score(np.concatenate(outputs), take(y, order[:done])), done / count

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
    begun = time.monotonic()
    work(rows[:: -(-count // _FIRST)])
    spent = time.monotonic() - begun
    fits = max(_FIRST, int((seconds - spent) / max(1e-9, 1.3 * spent) * _FIRST))
    return rows[:: -(-count // fits)]


def take(values: Any, rows: npt.NDArray[np.int64]) -> Any:
    """Take some examples: of an array, of what reads them when they are asked for (and has `take`), of a list."""
    if isinstance(values, np.ndarray):
        return values[rows]
    return values.take(rows) if hasattr(values, "take") else [values[i] for i in rows]


def identity(owner: Estimator, X: list[Any], y: Any, validation: tuple[Any, Any]) -> dict[str, Any]:
    """What must be the same for a training to be taken up again."""
    import hashlib

    digest = hashlib.sha256()
    weights = () if owner._sample_weight is None else (owner._sample_weight,)
    for part in (X, y, *validation, *weights):
        for value in [part.fingerprint()] if hasattr(part, "fingerprint") else part:
            if isinstance(value, np.ndarray):  # whose text leaves out most of a long one
                digest.update(f"{value.dtype} {value.shape}".encode() + value.tobytes())
            else:
                digest.update(str(value).encode("utf-8", "surrogatepass") + b"\x00")
        digest.update(b"\x01")
    settings = {k: parameters.plain(v) for k, v in owner.get_params(deep=False).items()}
    for free in ("verbose", "time_limit", "patience"):
        settings.pop(free, None)
    return {"task": owner.task, **settings, "data": digest.hexdigest()}


def weights_at(weights: npt.NDArray[np.float64] | None, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float64] | None:
    """Take the weights of some examples, where there are weights."""
    return None if weights is None else weights[rows]


def of_mean_one(weights: npt.NDArray[np.float64] | None) -> npt.NDArray[np.float64] | None:
    """Scale weights to a mean of 1, where there are some."""
    return None if weights is None else weights / weights.mean()


def short_name(identity: dict[str, Any]) -> str:
    """Name a training: the same name, the same training."""
    import hashlib
    import json

    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]
