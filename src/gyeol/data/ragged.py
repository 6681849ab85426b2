"""Sequences of unequal length, kept end to end in one array."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

__all__ = ["Ragged"]


class Ragged:
    """N sequences of numbers, or of rows of numbers, laid end to end: no padding, 4 bytes a number.

    Parameters
    ----------
    values : array, shape (sum of lengths,) or (sum of lengths, D)
        The sequences, one after the other.
    starts : int64 array, shape (N + 1,)
        Where each begins; the last entry is the total length.

    Examples
    --------
    >>> rows = Ragged.gather([np.array([5, 6]), np.array([7])])
    >>> rows.pad(np.array([1, 0]))
    (array([[7, 0],
           [5, 6]]), array([1, 2]))
    """

    def __init__(self, values: npt.NDArray[np.generic], starts: npt.NDArray[np.int64]) -> None:
        self.values = values
        self.starts = starts

    @classmethod
    def gather(cls, rows: Iterable[npt.NDArray[np.generic]]) -> Ragged:
        """Lay arrays end to end, in blocks, so that a stream of small arrays costs little more than its numbers."""
        blocks: list[npt.NDArray[np.generic]] = []
        pending: list[npt.NDArray[np.generic]] = []
        lengths: list[int] = []
        for row in rows:
            lengths.append(len(row))
            pending.append(row)
            if len(pending) == 8192:
                blocks.append(np.concatenate(pending))
                pending.clear()
        if pending:
            blocks.append(np.concatenate(pending))
        starts = np.zeros(len(lengths) + 1, dtype=np.int64)
        np.cumsum(lengths, out=starts[1:])
        return cls(np.concatenate(blocks) if blocks else np.zeros(0, dtype=np.int32), starts)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, index: int) -> npt.NDArray[np.generic]:
        return self.values[self.starts[index] : self.starts[index + 1]]

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Each sequence's length, shape (N,)."""
        return np.diff(self.starts)

    def pad(
        self, rows: npt.NDArray[np.int64], *, multiple: int = 1
    ) -> tuple[npt.NDArray[np.generic], npt.NDArray[np.int64]]:
        """Copy some sequences into a rectangle, zeros behind the shorter ones.

        Parameters
        ----------
        rows : int array, shape (B,)
            Which sequences.
        multiple : int
            Round the rectangle's width up to a multiple of this: few widths mean few kernels compiled by oneDNN.

        Returns
        -------
        rectangle : array, shape (B, T) or (B, T, D)
        lengths : int64 array, shape (B,)
        """
        lengths = self.starts[rows + 1] - self.starts[rows]
        width = max(1, int(lengths.max(initial=0)))
        width = -(-width // multiple) * multiple
        rectangle = np.zeros((len(rows), width, *self.values.shape[1:]), dtype=self.values.dtype)
        inside = np.arange(width) < lengths[:, None]
        places = self.starts[rows][:, None] + np.arange(width)
        rectangle[inside] = self.values[places[inside]]
        return rectangle, lengths
