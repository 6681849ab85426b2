"""The race between kinds of arithmetic: short calls in turns, of which the shortest counts."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

__all__ = ["EXACTNESS", "TIE", "fastest", "race"]

#: Elements that products are computed in, the most exact first.
EXACTNESS = ("float32", "high", "bfloat16")
#: What is faster by no more than this share is not faster.
TIE = 0.03

_LEAST, _MOST = 3, 9  # rounds
_CLEAR = 1.2  # times as long: more rounds would not change that
_SHORT, _LONG = 0.0005, 0.004  # seconds: calls this short are repeated within a round; one this long is not


def race(calls: Mapping[str, Callable[[], object]], clock: Callable[[], float] = time.perf_counter) -> dict[str, float]:
    """Time calls in turns, A B A B; where two of them are close, in more rounds.

    Parameters
    ----------
    calls : mapping of str to callable
    clock : callable
        Seconds.

    Returns
    -------
    dict of str to float
        Seconds of the shortest call of each. What others do on the machine makes calls longer, never shorter.
    """
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
    best: dict[str, float] = {}
    for done in range(_MOST):
        if done >= _LEAST and _settled(best):
            break
        for name, call in calls.items():
            start = clock()
            for _ in range(repeats[name]):
                call()
            spent = (clock() - start) / repeats[name]
            best[name] = min(spent, best.get(name, spent))
    return best


def _settled(best: Mapping[str, float]) -> bool:
    first, *rest = sorted(best.values())
    return not rest or rest[0] > _CLEAR * first


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
