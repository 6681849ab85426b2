"""Timing in turns, A B A B, so that disturbances of the machine affect all contestants alike."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, NamedTuple

import torch

__all__ = ["Contestant", "Timing", "sgemm_rate", "take_turns"]


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds a call: the median, the extremes, and of how many."""

    median: float
    min: float
    max: float
    rounds: int

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Timing:
        """Sum up single times.

        Examples
        --------
        >>> Timing.of([3.0, 1.0, 2.0])
        Timing(median=2.0, min=1.0, max=3.0, rounds=3)
        """
        return cls(median(seconds), min(seconds), max(seconds), len(seconds))

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)


class Contestant(NamedTuple):
    """A call to be timed; what ``around`` does before and after it is not."""

    name: str
    call: Callable[[], object]
    around: Callable[[], AbstractContextManager[object]] = nullcontext


def take_turns(
    contestants: Sequence[Contestant],
    *,
    seconds: float,
    least: int = 3,
    most: int = 50,
    warm: int = 1,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Timing]:
    """Time calls in turns.

    Parameters
    ----------
    contestants : sequence of Contestant
    seconds : float
        No new round starts after this time, not counting warm-up.
    least, most : int
        Rounds; the least are run however long they take.
    warm : int
        Rounds before that are not counted: caches fill, kernels are compiled.
    clock : callable
        Seconds.

    Returns
    -------
    dict of str to Timing
        By the contestants' names.
    """
    times: dict[str, list[float]] = {c.name: [] for c in contestants}
    with _no_collection():
        for _ in range(warm):
            for c in contestants:
                with c.around():
                    c.call()
        started = clock()
        for done in range(most):
            if done >= least and clock() - started >= seconds:
                break
            for c in contestants:
                with c.around():
                    start = clock()
                    c.call()
                    end = clock()
                times[c.name].append(end - start)
    return {name: Timing.of(values) for name, values in times.items()}


def sgemm_rate(size: int = 2048, *, rounds: int = 3, clock: Callable[[], float] = time.perf_counter) -> float:
    """Return the rate (GFLOP/s) of a large square float32 product on the same threads: what the machine can do."""
    a, b = torch.randn(size, size), torch.randn(size, size)
    out = torch.empty(size, size)
    product = Contestant("sgemm", lambda: torch.mm(a, b, out=out))
    timing = take_turns([product], seconds=0.0, least=rounds, most=rounds, clock=clock)["sgemm"]
    return 2 * size**3 / timing.median / 1e9


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep Python's collector from falling upon one contestant what another left."""
    gc.collect()
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
