"""Tokens and their numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt

from gyeol.errors import DataError, ModelError

__all__ = ["PAD", "UNKNOWN", "Vocabulary"]

PAD, UNKNOWN = 0, 1
_SPECIAL = ("<pad>", "<unk>")


class Vocabulary:
    """The tokens a model knows, most frequent first; 0 is padding, 1 is every token it does not know.

    Parameters
    ----------
    tokens : sequence of str
        The known tokens, without the two special ones, no token twice.

    Examples
    --------
    >>> vocabulary = Vocabulary.count([["참", "좋다"], ["참", "싫다"]], min_count=2)
    >>> len(vocabulary), vocabulary.encode(["참", "좋다"]).tolist()
    (3, [2, 1])
    """

    def __init__(self, tokens: Sequence[str]) -> None:
        self.tokens: list[str] = [*_SPECIAL, *tokens]
        # Without the special two: "<pad>" in a text is a word like others, and an unknown one.
        self._number = {token: i for i, token in enumerate(tokens, start=len(_SPECIAL))}
        if len(set(self.tokens)) != len(self.tokens):
            twice = next(t for t, n in Counter(self.tokens).items() if n > 1)
            raise ModelError(f"the vocabulary holds {twice!r} twice; each token may stand in it once")

    @classmethod
    def count(cls, texts: Iterable[Iterable[str]], *, min_count: int = 1, max_size: int | None = None) -> Vocabulary:
        """Count tokens of tokenised texts and keep those seen often enough, ties in the order of the alphabet.

        Parameters
        ----------
        texts : iterable of iterables of str
            Tokenised texts.
        min_count : int
            The fewest occurrences a known token has.
        max_size : int, optional
            The most tokens known, special ones not counted.

        Raises
        ------
        DataError
            Where there is no token at all.
        """
        counts = Counter(chain.from_iterable(texts))
        if not counts:
            raise DataError("the texts hold no token to learn from: every one is empty or white space")
        for special in _SPECIAL:
            counts.pop(special, None)
        kept = sorted((t for t, n in counts.items() if n >= min_count), key=lambda t: (-counts[t], t))
        return cls(kept[:max_size])

    def with_end(self) -> Vocabulary:
        """Return it with the mark of a text's end, a line feed, as token 2."""
        return Vocabulary(["\n", *(name for name in self.tokens[len(_SPECIAL) :] if name != "\n")])

    def __len__(self) -> int:
        return len(self.tokens)

    def __contains__(self, token: str) -> bool:
        return token in self._number

    def encode(self, tokens: Iterable[str]) -> npt.NDArray[np.int32]:
        """Number tokens; those not known become 1. Shape: (T,)."""
        number = self._number
        return np.fromiter((number.get(t, UNKNOWN) for t in tokens), dtype=np.int32)

    def decode(self, numbers: Iterable[int]) -> list[str]:
        """Name numbers again; padding is left out."""
        return [self.tokens[i] for i in numbers if i != PAD]
