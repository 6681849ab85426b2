"""Which tokens of a text a counted term is made of, and how much of it each of them is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Shares", "of_places", "of_terms"]


class Shares(NamedTuple):
    """Of term ``term[i]`` token ``token[i]`` is the share ``share[i]`` (float64); those of a term sum to 1."""

    term: npt.NDArray[np.int64]
    token: npt.NDArray[np.int64]
    share: npt.NDArray[np.float64]


def of_places(terms: int) -> Shares:
    """Return the shares where term i is token i."""
    return Shares(np.arange(terms), np.arange(terms), np.ones(terms))


def of_terms(terms: Sequence[str], tokens: Sequence[str], *, joint: str, longest: int) -> Shares:
    """Divide each term evenly among its occurrences in a text, and those among their tokens.

    Parameters
    ----------
    terms : sequence of str
        Tokens and n-grams of tokens that the text has.
    tokens : sequence of str
        The text.
    joint : str
        What n-grams are joined with.
    longest : int
        Tokens of the longest n-gram.

    Examples
    --------
    >>> shares = of_terms(["a", "a b"], ["a", "b", "a"], joint=" ", longest=2)
    >>> list(zip(shares.term.tolist(), shares.token.tolist(), shares.share.tolist()))
    [(0, 0, 0.5), (0, 2, 0.5), (1, 0, 0.5), (1, 1, 0.5)]
    """
    number = {term: n for n, term in enumerate(terms)}
    term: list[int] = []
    token: list[int] = []
    for n in range(1, longest + 1):
        for start in range(len(tokens) - n + 1):
            found = number.get(joint.join(tokens[start : start + n]))
            if found is not None:
                term += [found] * n
                token += range(start, start + n)
    for missing in sorted(set(range(len(terms))).difference(term)):  # cut otherwise: all tokens answer for it
        term += [missing] * len(tokens)
        token += range(len(tokens))
    counts = np.bincount(np.array(term, dtype=np.int64), minlength=len(terms))
    return Shares(np.array(term, dtype=np.int64), np.array(token, dtype=np.int64), 1.0 / counts[term])
