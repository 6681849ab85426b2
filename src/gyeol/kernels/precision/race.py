"""The race between kinds of arithmetic: short calls in turns, of which the shortest counts."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

__all__ = ["EXACTNESS", "TIE", "clock_of", "fastest", "race"]

#: Elements that products are computed in, the most exact first.
EXACTNESS = ("float32", "high", "bfloat16")
#: What is faster by no more than this share is not faster.
TIE = 0.03

_LEAST, _ENOUGH, _MOST = 3, 9, 40  # rounds: at least, where two are close, and where the machine is busy
_CLEAR = 1.2  # times as long: more rounds would not change that
_ALIKE = 1.08  # the two shortest of a contestant: nothing interrupted them
_EXACT = 1e-6  # seconds
_SHORT, _LONG = 0.0005, 0.004  # seconds: calls this short are repeated within a round; one this long is not
_BUDGET = 3.0  # seconds, where the machine is busy


def clock_of(threads: int) -> Callable[[], float]:
    """Return the clock for work on so many threads: of one, the time that it had the processor, if that is exact."""
    exact = time.get_clock_info("thread_time").resolution <= _EXACT
    return time.thread_time if threads == 1 and exact else time.perf_counter


def race(calls: Mapping[str, Callable[[], object]], clock: Callable[[], float]) -> dict[str, float]:
    """Time calls in turns, A B A B; in more rounds where two of them are close, or where they are often interrupted.

    Parameters
    ----------
    calls : mapping of str to callable
    clock : callable
        Seconds; see `clock_of`.

    Returns
    -------
    dict of str to float
        Seconds of the shortest call of each. What others do on the machine makes calls longer, never shorter.
    """
    begin = clock()
    repeats: dict[str, int] = {}
    for name, call in calls.items():  # not counted: caches fill, memory is reserved, kernels are compiled
        start = clock()
        call()
        if clock() - start > _LONG:
            repeats[name] = 1
            continue
        start = clock()
        call()
        repeats[name] = 1 + int(_SHORT / max(clock() - start, _SHORT / 8))
    times: dict[str, list[float]] = {name: [] for name in calls}
    for done in range(_MOST):
        if done >= _LEAST and (_settled(times, done) or clock() - begin > _BUDGET):
            break
        for name, call in calls.items():
            start = clock()
            for _ in range(repeats[name]):
                call()
            times[name].append((clock() - start) / repeats[name])
    return {name: min(seconds) for name, seconds in times.items()}


def _settled(times: Mapping[str, list[float]], rounds: int) -> bool:
    """Whether more rounds would tell the same: each shortest time was met twice, and they are far apart."""
    shortest = []
    for seconds in times.values():
        first, second, *_ = sorted(seconds)
        if second > _ALIKE * first:
            return False
        shortest.append(first)
    best, *others = sorted(shortest)
    return rounds >= _ENOUGH or not others or others[0] > _CLEAR * best


def fastest(seconds: Mapping[str, float]) -> str:
    """Name the winner: the most exact of all that are within 3 % of the fastest, and the first of those.

    Examples
    --------
    >>> fastest({"float32": 1.0, "bfloat16@avx512bf16": 0.6, "bfloat16@amx": 0.3})
    'bfloat16@amx'
    >>> fastest({"float32": 1.0, "bfloat16@avx512bf16": 0.98})
    'float32'
    """
    bound = min(seconds.values()) * (1 + TIE)
    within = [name for name, value in seconds.items() if value <= bound]
    return min(within, key=lambda name: EXACTNESS.index(name.partition("@")[0]))
