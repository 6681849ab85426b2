"""Axes: which values get a tick, where a value lies, and how a number is written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Axis", "short_number", "ticks_between"]

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Axis:
    """A linear or logarithmic axis: values from ``low`` to ``high`` lie between ``start`` and ``end`` of a drawing."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    @classmethod
    def around(
        cls,
        values: Sequence[float],
        start: float,
        end: float,
        *,
        log: bool = False,
        bounds: tuple[float, float] | None = None,
    ) -> Axis:
        """Make the axis of values: to the next ticks, or between given bounds.

        Examples
        --------
        >>> axis = Axis.around([0.1, 0.93], 100.0, 0.0)
        >>> axis.low, axis.high, axis.at(0.5)
        (0.0, 1.0, 50.0)
        """
        finite = [value for value in values if math.isfinite(value) and (value > 0 or not log)]
        if bounds is not None:
            low, high = bounds
        elif not finite:
            low, high = (0.1, 1.0) if log else (0.0, 1.0)
        else:
            low, high = min(finite), max(finite)
            if log:
                low, high = 10.0 ** math.floor(math.log10(low)), 10.0 ** math.ceil(math.log10(high))
                high = high if high > low else 10 * low
            else:
                if high <= low:
                    room = abs(high) / 10 or 1.0
                    low, high = low - room, high + room
                step = _step(low, high)
                low, high = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
        return cls(low, high, start, end, log)

    def at(self, value: float) -> float:
        """Return where a value lies; values outside lie on the edge."""
        value = min(max(value, self.low), self.high)
        if self.log:
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Return the values that get a tick."""
        if self.log:
            first, last = round(math.log10(self.low)), round(math.log10(self.high))
            step = max(1, -(-(last - first) // 4))
            return [10.0**power for power in range(last, first - 1, -step)][::-1]
        return ticks_between(self.low, self.high)


def _step(low: float, high: float) -> float:
    rough = (high - low) / 4
    size = 10.0 ** math.floor(math.log10(rough))
    return next(step * size for step in _STEPS if step * size >= rough * (1 - 1e-9))


def ticks_between(low: float, high: float) -> list[float]:
    """Return four or five round numbers between two, both with them where they are round.

    Examples
    --------
    >>> ticks_between(0.0, 1.0), ticks_between(1.0, 4.0)
    ([0.0, 0.25, 0.5, 0.75, 1.0], [1.0, 2.0, 3.0, 4.0])
    """
    step = _step(low, high)
    first = math.ceil(low / step - 1e-9)
    return [round(number * step, 12) for number in range(first, math.floor(high / step + 1e-9) + 1)]


def short_number(value: float) -> str:
    """Write a number for an axis or a cell.

    Examples
    --------
    >>> [short_number(value) for value in (0.0, 0.25, 12.0, 1234.5, 2.5e6, 0.00012)]
    ['0', '0.25', '12', '1,234', '2.5e+06', '0.00012']
    """
    if value == 0:
        return "0"
    if 1000 <= abs(value) < 1e6:
        return f"{value:,.0f}"
    return f"{value:.3g}"
