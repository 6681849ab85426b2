"""Which n-grams of tokens are frequent enough to be known."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from gyeol.data.ragged import Ragged
from gyeol.errors import ParameterError
from gyeol.inputs.tokens.vocabulary import UNKNOWN

__all__ = ["frequent_ngrams"]


def frequent_ngrams(
    rows: Ragged, size: int, *, longest: int, min_count: int, at_most: int
) -> list[npt.NDArray[np.int64]]:
    """Count n-grams of 2 to ``longest`` tokens and return the keys of the frequent ones.

    Parameters
    ----------
    rows : Ragged
        Numbered texts.
    size : int
        V, the size of the vocabulary. The n-gram a, b, c has the key (a V + b) V + c. N-grams with unknown tokens do
        not count.
    longest : int
        The most tokens of an n-gram.
    min_count : int
        The fewest occurrences of a known n-gram.
    at_most : int
        The most n-grams of each length, the most frequent ones.

    Returns
    -------
    list of int64 arrays
        For n = 2, 3, ... the keys of the known n-grams, ascending.

    Raises
    ------
    ParameterError
        N-grams so long that their keys would not fit into 63 bits.

    Examples
    --------
    >>> texts = Ragged.gather([np.array([2, 3, 4]), np.array([2, 3])])
    >>> [keys.tolist() for keys in frequent_ngrams(texts, 5, longest=3, min_count=2, at_most=10)]
    [[13], []]
    """
    if longest * math.log2(max(2, size)) >= 63:
        raise ParameterError(
            f"ngrams={longest} over {size:,} tokens: the keys do not fit into 63 bits; set ngrams lower"
        )
    values = rows.values.astype(np.int64)
    left = np.repeat(rows.starts[:-1], rows.lengths)  # where each token's text starts
    place = np.arange(len(values))
    key, solid = values.copy(), values > UNKNOWN
    found: list[npt.NDArray[np.int64]] = []
    for n in range(2, longest + 1):
        back = place - (n - 1)
        inside = back >= left
        before = np.where(inside, values[np.maximum(back, 0)], 0)
        solid = solid & inside & (before > UNKNOWN)
        key = key + before * size ** (n - 1)
        keys, counts = np.unique(key[solid], return_counts=True)
        frequent = np.flatnonzero(counts >= min_count)
        frequent = frequent[np.argsort(-counts[frequent], kind="stable")[:at_most]]
        found.append(np.sort(keys[frequent]))
    return found
