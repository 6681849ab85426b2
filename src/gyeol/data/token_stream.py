"""A corpus as one row of numbers, in a file that is mapped: what a language model reads, however long it is."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["TokenStream"]

_PENDING = 1 << 20  # tokens written at once


class TokenStream:
    """Tokens one after the other, in ``rows`` streams that are read side by side.

    The first number is the mark of an end: what comes first is predicted from it. Stream r holds the tokens from
    ``r * steps`` on; what is left over of the last token counts in none.

    Parameters
    ----------
    tokens : int32 array, shape (1 + N,)
        The mark, then the corpus.
    rows : int
        B, the streams.

    Examples
    --------
    >>> stream = TokenStream(np.array([2, 5, 6, 2, 7, 8, 2], dtype=np.int32), rows=2)
    >>> inputs, targets = stream.window(0, 2)
    >>> inputs.tolist(), targets.tolist()
    ([[2, 5], [2, 7]], [[5, 6], [7, 8]])
    """

    def __init__(self, tokens: npt.NDArray[np.int32], rows: int) -> None:
        self.tokens = tokens
        self.rows = max(1, min(rows, len(tokens) - 1))
        self.steps = (len(tokens) - 1) // self.rows

    @classmethod
    def write(cls, texts: Iterable[npt.NDArray[np.integer]], rows: int, *, end: int) -> TokenStream:
        """Write the numbers of texts, the mark ``end`` behind each, into a file without a name, and map it."""
        file = tempfile.TemporaryFile()  # noqa: SIM115  closed when the map is: it holds the file
        try:
            pending: list[npt.NDArray[np.integer]] = [np.array([end])]
            waiting, count = 1, 0
            mark = np.array([end])
            for text in texts:
                pending += [text, mark]
                waiting += len(text) + 1
                if waiting > _PENDING:
                    np.concatenate(pending).astype(np.int32).tofile(file)
                    count, waiting, pending = count + waiting, 0, []
            if pending:
                np.concatenate(pending).astype(np.int32).tofile(file)
            file.flush()
            return cls(np.memmap(file, dtype=np.int32, mode="r", shape=(count + waiting,)), rows)
        finally:
            file.close()  # the map keeps what it maps

    def __len__(self) -> int:
        return self.rows * self.steps

    def window(self, first: int, last: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return inputs and targets of steps ``first`` to ``last`` - 1 of all streams: two arrays (B, last - first)."""
        starts = np.arange(self.rows, dtype=np.int64)[:, None] * self.steps
        places = starts + np.arange(first, min(last, self.steps) + 1)
        both = np.asarray(self.tokens[places], dtype=np.int64)
        return both[:, :-1], both[:, 1:]

    def counts(self, size: int) -> npt.NDArray[np.int64]:
        """Count how often each of ``size`` tokens is a target: (size,)."""
        found, targets = np.zeros(size, dtype=np.int64), self.tokens[1 : 1 + len(self)]
        for start in range(0, len(targets), _PENDING):
            found += np.bincount(targets[start : start + _PENDING], minlength=size)
        return found

    def windows(self, length: int, *, seed: Sequence[int] | None = None) -> list[range]:
        """Cut the steps into windows of a length; with a seed, of lengths that differ a little.

        As Merity et al. 2018 (section 3) draw them, so that no token stands at the same place of a window in every
        epoch: around ``length``, once in twenty times around half of it.

        Returns
        -------
        list of ranges
            Of tokens: ``range(first * B, last * B)``, whose length is the tokens of the window.
        """
        draw = None if seed is None else np.random.default_rng(list(seed))
        cuts, at = [], 0
        while at < self.steps:
            span = length
            if draw is not None and length > 4:
                about = length if draw.random() < 0.95 else length / 2
                span = int(np.clip(draw.normal(about, 5), 3, 2 * length))
            end = min(at + span, self.steps)
            cuts.append(range(at * self.rows, end * self.rows))
            at = end
        return cuts
