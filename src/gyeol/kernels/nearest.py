"""The rows of a large table that point most nearly the way a vector does, exactly, at a quarter of the reading.

A question costs what reading the table costs. `Nearest` reads a copy in 8-bit numbers first (``cpp/nearest.hpp``),
whose cosines are off by a known amount at most, and then only those rows that may be among the best. What it answers is
what reading everything answers.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gyeol.kernels import native

__all__ = ["Nearest"]


class Nearest:
    """A table prepared for questions.

    Parameters
    ----------
    table : float32 array, shape (N, D)
        Contiguous and finite; not copied. The codes beside it take N * D bytes.

    Examples
    --------
    >>> table = np.array([[1, 0], [1, 1], [0, 2]], dtype=np.float32)
    >>> Nearest(table).candidates(np.array([0, 1], dtype=np.float32), 1).tolist()
    [2]
    """

    def __init__(self, table: npt.NDArray[np.float32]) -> None:
        self._count, self._width = table.shape
        self._codes = np.empty(table.size + 64, dtype=np.int8)
        self._factors = np.empty(self._count, dtype=np.float32)
        native.quantise(table, self._codes, self._factors)
        self._most = float(self._factors.max(initial=0.0))

    def candidates(self, q: npt.NDArray[np.float32], count: int) -> npt.NDArray[np.int64]:
        """Find rows among which the ``count`` nearest are, in the order of the table.

        Parameters
        ----------
        q : float32 array, shape (D,)
            Of length 1.
        count : int
            How many to return, 1 or more.
        """
        near = np.empty(self._count, dtype=np.float32)
        native.cosines(self._codes, self._factors, q, near)
        # Each code is off by half at most, and sums of float32 by some millionths.
        error = 0.5 * self._most * float(np.abs(q).sum()) + 1e-5
        return np.flatnonzero(near >= at_least(near, count) - 2 * error)


def at_least(values: npt.NDArray[np.float32], count: int, *, block: int = 64) -> float:
    """Give a number that at least ``count`` of the values reach, close to the ``count``-th largest.

    The largest of each block of values is looked at only: one pass, where sorting takes several.
    """
    if count >= len(values):
        return float(values.min())
    if len(values) < 4 * block * count:
        return float(np.partition(values, -count)[-count])
    whole = len(values) // block * block
    tops = values[:whole].reshape(-1, block).max(axis=1)
    return float(np.partition(tops, -count)[-count])
