"""Vectors of unknown words from their character n-grams (Bojanowski et al. 2017).

Korean words are spelled in jamo first, three a syllable (Park et al. 2018, section 3.2): a particle or an ending then
changes only a few n-grams of a word.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gyeol.inputs.tokens.jamo import FIRST_SYLLABLE, LAST_SYLLABLE, compose, decompose

__all__ = ["SPELLINGS", "Subwords", "spell", "unspell"]

#: How a word is spelled before its n-grams are taken.
SPELLINGS = ("letters", "jamo")

NO_FINAL = "\u11a7"  # marks a syllable without a final consonant; it does not occur in texts
_SYLLABLE = re.compile(f"[{chr(FIRST_SYLLABLE)}-{chr(LAST_SYLLABLE)}]")


def spell(word: str) -> str:
    """Write Hangul syllables as three jamo each.

    Examples
    --------
    >>> [f"{ord(j):X}" for j in spell("가a")]
    ['1100', '1161', '11A7', '61']
    """
    return _SYLLABLE.sub(lambda found: _three(found[0]), word)


def unspell(word: str) -> str:
    """Write jamo as syllables again.

    Examples
    --------
    >>> unspell(spell("각가a"))
    '각가a'
    """
    return compose(word).replace(NO_FINAL, "")


def _three(syllable: str) -> str:
    jamo = decompose(syllable)
    return "".join(jamo) if len(jamo) == 3 else "".join(jamo) + NO_FINAL


@dataclass(frozen=True, slots=True)
class Subwords:
    """The vectors of the character n-grams seen in training, by the number of their bucket.

    Parameters
    ----------
    spelling : str
        One of `SPELLINGS`.
    shortest, longest : int
        Letters of an n-gram; the word's boundaries count as one each.
    buckets : int
        The number of buckets that n-grams share.
    known : int64 array, shape (R,), ascending
        The buckets of the n-grams of known words.
    vectors : float32 array, shape (R, D)
    """

    spelling: str
    shortest: int
    longest: int
    buckets: int
    known: npt.NDArray[np.int64]
    vectors: npt.NDArray[np.float32]

    def vector(self, word: str) -> npt.NDArray[np.float32] | None:
        """Return the mean vector of a word's n-grams that were seen in training; None where none was."""
        numbers = self.numbers(word)
        places = np.searchsorted(self.known, numbers)
        places = places[(places < len(self.known)) & (self.known[np.minimum(places, len(self.known) - 1)] == numbers)]
        if not len(places):
            return None
        mean: npt.NDArray[np.float32] = self.vectors[places].mean(axis=0)
        return mean

    def numbers(self, word: str) -> npt.NDArray[np.int64]:
        """Return the buckets of a word's n-grams as fastText does: those of ``<word>`` but its bare ends, by FNV-1a."""
        letters = f"<{spell(word) if self.spelling == 'jamo' else word}>"
        ngrams = [
            letters[i : i + n]
            for i in range(len(letters))
            for n in range(self.shortest, self.longest + 1)
            if i + n <= len(letters) and not (n == 1 and i in (0, len(letters) - 1))
        ]
        return np.array([_hash(ngram) % self.buckets for ngram in ngrams], dtype=np.int64)


def _hash(ngram: str) -> int:
    """Hash UTF-8 bytes, each with its sign, as the C++ of fastText does."""
    value = 2166136261
    for byte in ngram.encode("utf-8", "surrogatepass"):
        value ^= byte if byte < 128 else 0xFFFFFF00 | byte
        value = value * 16777619 & 0xFFFFFFFF
    return value


def used_buckets(numbers: Sequence[npt.NDArray[np.integer]]) -> npt.NDArray[np.int64]:
    """Return the buckets that occur, each once, ascending."""
    return np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *numbers]).astype(np.int64))
