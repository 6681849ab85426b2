"""What a word in a text may have been meant to be: words near it, two words for one, one for two."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gyeol.inputs.spelling.error_channel import ErrorChannel, to_units
from gyeol.inputs.spelling.word_index import WordIndex
from gyeol.inputs.tokens.segmentation import letter_words

__all__ = ["FEATURES", "Candidate", "Lexicon", "Place", "cased", "is_hangul", "words_in", "words_of"]

#: By what a candidate is judged; the shares of the two readers are the net's.
FEATURES = (
    "channel", "left", "right", "frequency", "stays", "stays known", "split", "join", "apart", "stays capital",
    "stays seen", "stays derived",
)  # fmt: skip

_SOLID = re.compile(r"\S+")
_ADDRESS = re.compile(r"://|www\.|@|\w\.[a-z]{2,}")  # in a solid run: the address of a page, of a person
_NEAR = 60  # near words that the channel judges
_CACHE = 50_000  # words whose candidates are remembered
_KEPT = 14  # candidates that the readers judge
_DISTANT = 5.0  # what an edit costs, about, before the channel computes it
_WEIGHT = 0.6  # of the frequency beside the channel, before the readers' scores are known
_SPACE = -7.0  # log probability of a space lost or added, before it is weighed
_LONGEST = 48  # units of a word that is judged
_PRODUCTIVE = 20  # known words that an ending was added to, and gave others
_ENDING, _STEM, _STEM_HANGUL = 8, 3, 1  # characters of an ending at most, of what it is added to at least


class Candidate(NamedTuple):
    """What may stand in a place: the text, and its log probability to be typed as it was."""

    text: str
    channel: float
    kind: str  # "stays", "word", "split" or "join"


@dataclass(slots=True)
class Place:
    """A stretch ``[start, end)`` of a text, one word or two, and its candidates, what was typed first."""

    text: int
    start: int
    end: int
    candidates: list[Candidate]
    alone: bool
    features: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, len(FEATURES))))


def words_of(text: str) -> list[tuple[int, int]]:
    """Find the words of a text: letters with their marks, or syllables, in a row, with an apostrophe inside.

    Examples
    --------
    >>> words_of("don't 3번 봤다!!")
    [(0, 5), (7, 8), (9, 11)]
    """
    return letter_words(text)


def words_in(text: str) -> list[str]:
    """Return the words of a text in lower case."""
    return [text[start:end].lower() for start, end in words_of(text)]


def is_hangul(word: str) -> bool:
    """Whether a word is of Hangul syllables (or loose jamo) alone."""
    return all("가" <= c <= "힣" for c in word)


def cased(word: str, like: str) -> str:
    """Write a lower-case word in the case of another.

    Examples
    --------
    >>> cased("receive", "Recieve"), cased("receive", "RECIEVE"), cased("영화", "영하")
    ('Receive', 'RECEIVE', '영화')
    """
    if like.isupper() and len(like) > 1:
        return word.upper()
    return word[:1].upper() + word[1:] if like[:1].isupper() else word


class Lexicon:
    """The words that are known, how often each was seen, and which are near a word.

    Parameters
    ----------
    counts : dict of str to int
        Lower-case words.
    max_edits : int
        The most edits between a word and a candidate; of Hangul, whose units are jamo, one fewer (at least one).
    rare : dict of str to int, optional
        Words that were seen too seldom to be known, and how often: nothing is corrected to them.
    """

    def __init__(self, counts: dict[str, int], max_edits: int, rare: dict[str, int] | None = None) -> None:
        self.counts, self.rare = counts, rare or {}
        self._endings = _endings(counts)
        self.total = sum(counts.values()) + 1
        self._cache: dict[str, list[tuple[str, float]]] = {}
        korean = [word for word in counts if is_hangul(word)]
        others = [word for word in counts if not is_hangul(word)]
        self._indexes = [
            (words, WordIndex([to_units(w) for w in words], edits))
            for words, edits in ((korean, max(1, max_edits - 1)), (others, max_edits))
        ]

    def frequency(self, text: str) -> float:
        """Return the log probability of a word, or of several, one by one."""
        return sum(math.log((self.counts.get(word, 0) + 0.2) / self.total) for word in text.lower().split())

    def near(self, word: str) -> Iterator[tuple[str, int]]:
        """Yield the known words near a lower-case word, the nearest first."""
        words, index = self._indexes[0 if is_hangul(word) else 1]
        for number, distance in index.near(to_units(word)):
            yield words[number], distance

    def derived(self, word: str) -> float:
        """Return how many known words the ending of a word makes of others, as a logarithm, if it is one of these."""
        best = 0
        for cut in _cuts(word):
            if word[:cut] in self.counts:
                best = max(best, self._endings.get(word[cut:], 0))
        return math.log(best) if best else 0.0

    def forget(self) -> None:
        """Forget the candidates that are remembered: those of another channel."""
        self._cache.clear()

    def places(self, text: str, number: int, channel: ErrorChannel) -> list[Place]:
        """Find the places of a text, each with what may have been meant there."""
        spans = words_of(text)
        alone = len(spans) == 1 and not text.replace(text[slice(*spans[0])], "", 1).strip()
        found = []
        korean = any(is_hangul(c) for c in text)
        addresses = [m.span() for m in _SOLID.finditer(text) if _ADDRESS.search(m[0])]
        spans = [(a, b) for a, b in spans if not any(first <= a < last for first, last in addresses)]
        for start, end in spans:
            word = text[start:end]
            if not self._judged(text, start, end, korean):
                continue
            candidates = self._words(word, channel)
            candidates += [] if alone and not is_hangul(word) else list(self._splits(word))
            if candidates:
                stays = Candidate(word, channel.score(word, word), "stays")
                found.append(Place(number, start, end, [stays, *candidates], alone))
        for (start, end), (first, last) in pairwise(spans):
            if last - first + end - start > _LONGEST or text[end:first] != " ":
                continue
            joined = text[start:end] + text[first:last]
            if joined.lower() in self.counts and self._judged(text, start, last, korean):
                stays = Candidate(text[start:last], 0.0, "stays")
                found.append(Place(number, start, last, [stays, Candidate(joined, _SPACE, "join")], False))
        return found

    def _judged(self, text: str, start: int, end: int, korean: bool) -> bool:
        """Whether a word is one to correct: of one script, that of the text, beside no digit and no sign of a name."""
        word = text[start:end]
        around = text[max(0, start - 1) : start] + text[end : end + 1]
        if len(word) > _LONGEST or any(c.isdigit() or c in "_@/\\#" for c in around):
            return False
        if korean:
            return is_hangul(word.replace(" ", ""))
        return all(c.isalpha() or c in "'’ " or unicodedata.category(c)[0] == "M" for c in word)

    def _words(self, word: str, channel: ErrorChannel) -> list[Candidate]:
        low = word.lower()
        if low not in self._cache:
            if len(self._cache) >= _CACHE:
                self._cache.clear()
            self._cache[low] = self._ranked(low, channel)
        return [Candidate(cased(other, word), score, "word") for other, score in self._cache[low]]

    def _ranked(self, low: str, channel: ErrorChannel) -> list[tuple[str, float]]:
        units = to_units(low)
        first: list[tuple[float, str]] = []
        for other, distance in self.near(low):
            # A word that is known is not two edits away from what was meant, or nobody could tell.
            if other != low and (distance == 1 or low not in self.counts):
                first.append((_WEIGHT * math.log(self.counts[other] + 0.2) - _DISTANT * distance, other))
        first.sort(key=lambda pair: (-pair[0], pair[1]))
        scored = [(channel.score_units(units, to_units(other)), other) for _, other in first[:_NEAR]]
        ranked = sorted(
            ((score + _WEIGHT * math.log(self.counts[other] + 0.2), score, other) for score, other in scored),
            key=lambda entry: (-entry[0], entry[2]),
        )
        return [(other, score) for _, score, other in ranked[:_KEPT] if score > -math.inf]

    def _splits(self, word: str) -> Iterator[Candidate]:
        low = word.lower()
        ways = [
            (self.frequency(low[:cut]) + self.frequency(low[cut:]), cut)
            for cut in range(1, len(low))
            if low[:cut] in self.counts and low[cut:] in self.counts
        ]
        for _, cut in sorted(ways, reverse=True)[:3]:
            yield Candidate(f"{word[:cut]} {word[cut:]}", _SPACE, "split")

    def describe(self, place: Place, readers: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Write the features (candidates, F) of a place, with the readers' scores (candidates, 2)."""
        rows = []
        for candidate, (left, right) in zip(place.candidates, readers.tolist(), strict=True):
            stays = candidate.kind == "stays"
            low = candidate.text.lower()
            known = stays and all(w in self.counts for w in low.split())
            strange = stays and not known and " " not in low
            rows.append(
                [
                    candidate.channel, left, right, self.frequency(candidate.text), float(stays), float(known),
                    float(candidate.kind == "split"), float(candidate.kind == "join"),
                    float(stays and place.candidates[-1].kind == "join"),
                    float(stays and not known and candidate.text[:1].isupper()),  # a name, perhaps
                    math.log1p(self.rare.get(low, 0)) if strange else 0.0,
                    self.derived(low) if strange else 0.0,
                ]
            )  # fmt: skip
        return np.array(rows, dtype=np.float64)


def _cuts(word: str) -> range:
    """Number the places where a word may be a stem and an ending."""
    least = _STEM_HANGUL if is_hangul(word) else _STEM
    return range(max(least, len(word) - _ENDING), len(word))


def _endings(counts: dict[str, int]) -> dict[str, int]:
    """Count the known words that each ending makes of other known words; keep the frequent endings."""
    found: dict[str, int] = {}
    for word in counts:
        for cut in _cuts(word):
            if word[:cut] in counts:
                found[word[cut:]] = found.get(word[cut:], 0) + 1
    return {ending: count for ending, count in found.items() if count >= _PRODUCTIVE}
