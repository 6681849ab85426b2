"""How far back the loss's gradient reaches while a network is trained: ``fit --watch-gradients``.

At some steps, chosen by their number, a few rows of the batch are walked once more (`gradient_reach`). An epoch's
record holds the mean of what was found, a number for each distance (`gyeol.tasks.training.gradient_record`).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, final

from torch import nn

from gyeol.layers import gradient_reach, recording
from gyeol.tasks.training.gradient_record import Place, gradient_name

__all__ = ["GradientWatch", "sampled"]

_EVERY = 32  # steps between two samples, at least
_MOST = 8  # samples of an epoch
_ROWS = 16  # rows of a sample
_SHARE = 0.1  # of the time: what samples may take
_FREE = 0.5  # seconds that they may take in any case


def sampled(epoch: int, step: int, steps: int) -> bool:
    """Decide whether a step of an epoch of so many steps is looked into: at most every 32nd, 8 an epoch.

    Examples
    --------
    >>> [step for step in range(100) if sampled(0, step, 100)]
    [16, 50, 83]
    >>> [epoch for epoch in range(10) if any(sampled(epoch, step, 10) for step in range(10))]
    [0, 3, 6, 9]
    """
    if steps < _EVERY:
        return (epoch * steps + step) % _EVERY == 0
    count = min(_MOST, steps // _EVERY)
    return any(step == (2 * n + 1) * steps // (2 * count) for n in range(count))


@final
class GradientWatch:
    """Measures in some steps of a training what part of the loss's gradient reaches back how far.

    Nothing random is drawn, and weights and their gradients are left alone: what is learned is the same to the bit.

    Parameters
    ----------
    net : nn.Module
    """

    def __init__(self, net: nn.Module) -> None:
        self.net = net
        self._sums: dict[str, tuple[float, int]] = {}
        self._began = time.monotonic()
        self._spent = 0.0

    @contextmanager
    def step(self, epoch: int, step: int, steps: int) -> Iterator[None]:
        """Look at a batch whose loss is computed, and run backwards, inside of the ``with``."""
        if not sampled(epoch, step, steps) or not self._affordable():
            yield
            return
        with recording(self.net) as recorder:
            yield
        started = time.monotonic()
        for chain in recorder.chains():
            for direction, way in enumerate(("forward", "reverse")[: len(chain.weights)]):
                for distance, ratios in gradient_reach(chain, direction, rows=_ROWS).items():
                    self._add(gradient_name(Place(chain.name, chain.layer, way), distance), ratios.clamp(max=1e30))
        self._spent += time.monotonic() - started

    def _affordable(self) -> bool:
        return self._spent <= _FREE + _SHARE * (time.monotonic() - self._began)

    def _add(self, name: str, ratios: Any) -> None:
        total, count = self._sums.get(name, (0.0, 0))
        real = ratios[~ratios.isnan()]
        if len(real):
            self._sums[name] = total + float(real.sum()), count + len(real)

    def record(self) -> dict[str, float]:
        """Return the means of the epoch by name; empty where no step of it was looked into."""
        means = {name: total / count for name, (total, count) in self._sums.items()}
        self._sums = {}
        return means

    def state(self) -> dict[str, Any]:
        """Return the sums of the epoch so far."""
        return {name: list(pair) for name, pair in self._sums.items()}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned.

        Raises
        ------
        TypeError, ValueError
            It is something else.
        """
        self._sums = {str(name): (float(total), int(count)) for name, (total, count) in state.items()}
