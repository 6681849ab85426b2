"""The allowed words as a trie of their letters: which letters may follow a prefix, word after word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from gyeol.errors import DataError

__all__ = ["Lexicon"]

_MOST = 1_000_000  # nodes of the trie, some 250 bytes each


class Lexicon:
    """Words as a trie: a node for each prefix of a word, with the letters that may follow it.

    Texts are words separated by one space, without spaces at either end; the empty text is one.

    Parameters
    ----------
    words : iterable of sequences of int
        The letters of each, by number; duplicates count once.
    space : int, optional
        The letter that separates words; without it a text is one word.

    Raises
    ------
    DataError
        There are no words, or too many.

    Examples
    --------
    >>> lexicon = Lexicon([[1, 2], [1]], space=3)
    >>> one = lexicon.next_letters(lexicon.root)[1]
    >>> lexicon.is_complete(one), sorted(lexicon.next_letters(one))
    (True, [2, 3])
    """

    root = 0
    _NEXT = 1  # the root of a word that is not the first

    def __init__(self, words: Iterable[Sequence[int]], space: int | None = None) -> None:
        self.space = space
        self._after: list[dict[int, int]] = [{}, {}]
        ends: set[int] = set()
        for word in words:
            place = self._NEXT
            for letter in word:
                place = self._after[place].setdefault(letter, len(self._after))
                if place == len(self._after):
                    self._after.append({})
            ends.add(place)
            if len(self._after) > _MOST:
                raise DataError(f"the lexicon is too large: its words have more than {_MOST:,} prefixes")
        ends.discard(self._NEXT)  # of words without letters
        if not ends:
            raise DataError("the lexicon holds no words")
        self._after[self.root] = self._after[self._NEXT]
        self._whole = frozenset({self.root, *ends})
        if space is not None:
            for place in ends:
                self._after[place][space] = self._NEXT

    def next_letters(self, place: int) -> Mapping[int, int]:
        """Return the letters that may follow a node, and the node to which each leads."""
        return self._after[place]

    def is_complete(self, place: int) -> bool:
        """Whether a text may end at a node."""
        return place in self._whole
