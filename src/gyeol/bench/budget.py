"""A benchmark's time, shared out over its cases: on any machine it ends in time, and says what it left out."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["Budget"]


class Budget:
    """Seconds for so many cases; what one case does not use is left to those that follow.

    Parameters
    ----------
    seconds : float
        For all cases together.
    cases : int
        How many there will be.
    clock : callable
        Seconds.

    Attributes
    ----------
    reduced : list of str
        What was left out, a line each.

    Examples
    --------
    >>> now = 0.0
    >>> budget = Budget(60.0, 3, clock=lambda: now)
    >>> budget.share()
    20.0
    >>> now = 10.0
    >>> budget.share()
    25.0
    """

    def __init__(self, seconds: float, cases: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds
        self._cases = cases
        self.reduced: list[str] = []

    def left(self) -> float:
        """Return the seconds that are left, 0 or more."""
        return max(self._end - self._clock(), 0.0)

    def share(self) -> float:
        """Return the seconds of the next case."""
        share = self.left() / max(self._cases, 1)
        self._cases -= 1
        return share

    def fitting(self, what: str, seconds: float, each: float, most: int) -> int:
        """Count how many of `most` fit into so many seconds, 1 at least; note it where that is fewer.

        Parameters
        ----------
        what : str
            The case and what is counted, for `reduced`.
        seconds, each : float
            What there is, and what one of them takes.
        most : int

        Examples
        --------
        >>> budget = Budget(60.0, 3)
        >>> budget.fitting("lstm, rounds", 10.0, 4.0, 3), budget.reduced
        (2, ['lstm, rounds: 2 in place of 3'])
        """
        count = max(1, min(most, int(seconds / each))) if each > 0 else most
        if count < most:
            self.reduced.append(f"{what}: {count} in place of {most}")
        return count
