"""The figures that must hold: what was measured, what was aimed at, and where the worst of them was met."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

__all__ = ["figure", "geometric_mean", "highest", "lowest"]

#: A value and the case it belongs to.
Case = tuple[float, str]


def figure(
    value: float | None, *, at_least: float | None = None, at_most: float | None = None, where: str = ""
) -> dict[str, Any]:
    """Set a value beside its target; without a value (no such case was run) nothing is met or missed.

    Examples
    --------
    >>> figure(1.25, at_least=2.0, where="lstm")
    {'value': 1.25, 'target': 'at least 2', 'met': False, 'where': 'lstm'}
    """
    if at_least is not None:
        target, met = f"at least {at_least:g}", value is not None and value >= at_least
    elif at_most is not None:
        target, met = f"at most {at_most:g}", value is not None and value <= at_most
    else:
        target, met = "", True
    known = value is not None and bool(target)
    return {"value": value, "target": target, "met": met if known else None, "where": where}


def lowest(cases: Iterable[Case], *, at_least: float | None = None) -> dict[str, Any]:
    """Take the worst of what should be high."""
    value, where = min(cases, default=(None, ""), key=lambda case: case[0])
    return figure(value, at_least=at_least, where=where)


def highest(cases: Iterable[Case], *, at_most: float | None = None) -> dict[str, Any]:
    """Take the worst of what should be low."""
    value, where = max(cases, default=(None, ""), key=lambda case: case[0])
    return figure(value, at_most=at_most, where=where)


def geometric_mean(cases: Iterable[Case], *, at_least: float | None = None) -> dict[str, Any]:
    """Average ratios.

    Examples
    --------
    >>> geometric_mean([(1.0, "a"), (4.0, "b")])["value"]
    2.0
    """
    logs = [math.log(value) for value, _ in cases]
    value = math.exp(sum(logs) / len(logs)) if logs else None
    return figure(value, at_least=at_least, where=f"{len(logs)} cases" if logs else "")
