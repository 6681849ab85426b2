"""Words near a word: symmetric deletes (Garbe 2012), as sorted arrays of numbers instead of a dictionary of strings.

Two words at an edit distance of d (a swap of neighbours counts as one) become the same when at most d units are left
out of each. Of every word all such shortened forms are numbered by a hash of 64 bits; a query looks its own up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from itertools import combinations

import numpy as np
import numpy.typing as npt

__all__ = ["WordIndex"]

_BASE = np.uint64(0x9E3779B97F4A7C15)
_LONGEST = 48  # units; longer words are not looked for


class WordIndex:
    """Finds the words within an edit distance.

    Parameters
    ----------
    words : sequence of str
        Taken apart into units; each keeps its number.
    distance : int
        The most units left out of each side: 1 or 2.

    Examples
    --------
    >>> index = WordIndex(["there", "their", "three", "tree"], 2)
    >>> index.near("thre")
    [(0, 1), (2, 1), (3, 1), (1, 2)]
    """

    def __init__(self, words: Sequence[str], distance: int) -> None:
        self.distance = distance
        by_length: dict[int, list[int]] = defaultdict(list)
        for number, word in enumerate(words):
            if 0 < len(word) <= _LONGEST:
                by_length[len(word)].append(number)
        self._keys: list[npt.NDArray[np.uint64]] = []
        self._words: list[npt.NDArray[np.int32]] = []
        for level in range(distance + 1):
            keys, numbers = [np.zeros(0, np.uint64)], [np.zeros(0, np.int32)]
            for length, group in by_length.items():
                codes = _codes("".join(words[n] for n in group)).reshape(-1, length)
                for kept in _kept(length, level):
                    keys.append(_hashed(codes[:, kept]))
                    numbers.append(np.asarray(group, dtype=np.int32))
            together = np.concatenate(keys)
            order = np.argsort(together, kind="stable")
            self._keys.append(together[order])
            self._words.append(np.concatenate(numbers)[order])

    def near(self, word: str) -> list[tuple[int, int]]:
        """Return the numbers of near words, each with its distance or (rarely) one more or less, the nearest first."""
        if not 0 < len(word) <= _LONGEST:
            return []
        codes = _codes(word)[None]
        found: dict[int, int] = {}
        for own in range(self.distance + 1):
            kept = _kept(len(word), own)
            if not kept:
                continue
            queries = np.unique(np.array([_hashed(codes[:, k])[0] for k in kept], dtype=np.uint64))
            for theirs, (keys, numbers) in enumerate(zip(self._keys, self._words, strict=True)):
                first, last = np.searchsorted(keys, queries), np.searchsorted(keys, queries, side="right")
                level = max(own, theirs)
                for a, b in zip(first.tolist(), last.tolist(), strict=True):
                    for number in numbers[a:b].tolist():
                        if found.get(number, 99) > level:
                            found[number] = level
        return sorted(found.items(), key=lambda pair: (pair[1], pair[0]))


@cache
def _kept(length: int, left_out: int) -> list[list[int]]:
    if left_out > length:
        return []
    return [list(kept) for kept in combinations(range(length), length - left_out)]


def _codes(text: str) -> npt.NDArray[np.uint64]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)


def _hashed(codes: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Hash rows (N, L) to (N,): a polynomial in a large odd number, modulo 2**64, mixed at every step."""
    value = np.full(len(codes), codes.shape[1] + 1, dtype=np.uint64)
    for column in range(codes.shape[1]):
        value = (value ^ codes[:, column]) * _BASE
        value ^= value >> np.uint64(29)
    return value
