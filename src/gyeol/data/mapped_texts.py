"""Texts kept in a file, of which only those being read are in memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from gyeol.errors import DataError

__all__ = ["MappedTexts"]

_PENDING = 1 << 20  # characters gathered before they are written


class MappedTexts(Sequence[str]):
    """A list of texts that lies in a file without a name and costs 16 bytes of memory a text.

    Parameters
    ----------
    data : uint8 array, shape (M,)
        All texts as UTF-8.
    starts, ends : int64 arrays, shape (N,)
        Where each lies.

    Examples
    --------
    >>> texts = MappedTexts.write(["나는 간다", "", "너는 온다"])
    >>> texts[2], len(texts), list(texts.take(np.array([1, 0])))
    ('너는 온다', 3, ['', '나는 간다'])
    """

    def __init__(self, data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]) -> None:
        self._data = data
        self._starts = starts
        self._ends = ends

    @classmethod
    def write(cls, texts: Iterable[str]) -> MappedTexts:
        """Write texts into a file and map it.

        Raises
        ------
        DataError
            A text holds half a character (a lone surrogate); names it.
        """
        sizes: list[npt.NDArray[np.int64]] = []
        with tempfile.TemporaryFile() as file:  # the map holds it
            pending: list[bytes] = []
            waiting = 0

            def write() -> None:
                file.write(b"".join(pending))
                sizes.append(np.fromiter(map(len, pending), dtype=np.int64))
                pending.clear()

            for number, text in enumerate(texts):
                try:
                    pending.append(text.encode())
                except UnicodeEncodeError:
                    raise DataError(
                        f"text {number} holds half a character (a lone surrogate): read its file with another encoding"
                    ) from None
                waiting += len(text)
                if waiting > _PENDING:
                    write()
                    waiting = 0
            write()
            file.flush()
            ends = np.cumsum(np.concatenate(sizes))
            data: npt.NDArray[np.uint8] = np.zeros(0, dtype=np.uint8)
            if len(ends) and ends[-1]:
                data = np.memmap(file, dtype=np.uint8, mode="r", shape=(int(ends[-1]),))
            return cls(data, np.append(0, ends[:-1]) if len(ends) else ends, ends)

    def __len__(self) -> int:
        return len(self._starts)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> MappedTexts: ...
    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return MappedTexts(self._data, self._starts[at], self._ends[at])
        return self._data[self._starts[at] : self._ends[at]].tobytes().decode()

    def __iter__(self) -> Iterator[str]:
        for start, end in zip(self._starts, self._ends, strict=True):
            yield self._data[start:end].tobytes().decode()

    def take(self, rows: npt.NDArray[np.int64]) -> MappedTexts:
        """Return the texts of these numbers, in this order; they stay where they are."""
        return MappedTexts(self._data, self._starts[rows], self._ends[rows])
