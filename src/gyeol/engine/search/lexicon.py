"""The words that there are, as a tree of their letters: what may follow what, word after word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from gyeol.errors import DataError

__all__ = ["Lexicon"]

_MOST = 1_000_000  # places in the tree, some 250 bytes each


class Lexicon:
    """Words as a tree: a place for each of their beginnings, and from it the letters that go on (a trie).

    Texts are words with one space between, none before the first or behind the last; the text without a word is one.

    Parameters
    ----------
    words : iterable of sequences of int
        The letters of each, by number; one that comes twice counts once.
    space : int, optional
        The letter between words; without it a text is one word.

    Raises
    ------
    DataError
        There are no words, or too many.

    Examples
    --------
    >>> lexicon = Lexicon([[1, 2], [1]], space=3)
    >>> one = lexicon.after(lexicon.begin)[1]
    >>> lexicon.whole(one), sorted(lexicon.after(one))
    (True, [2, 3])
    """

    begin = 0
    _NEXT = 1  # where a word begins that is not the first

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
                raise DataError(f"the lexicon is too large: its words have more than {_MOST:,} beginnings")
        ends.discard(self._NEXT)  # of words without letters
        if not ends:
            raise DataError("the lexicon holds no words")
        self._after[self.begin] = self._after[self._NEXT]
        self._whole = frozenset({self.begin, *ends})
        if space is not None:
            for place in ends:
                self._after[place][space] = self._NEXT

    def after(self, place: int) -> Mapping[int, int]:
        """Give the letters that may follow, and where each leads to."""
        return self._after[place]

    def whole(self, place: int) -> bool:
        """Tell whether a text may end here."""
        return place in self._whole
