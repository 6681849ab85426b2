"""A corpus with planted meanings: word vectors trained on it must answer its analogies and find its families.

A word is a stem in a form, as *cat* and *cats* are. Its neighbours in a sentence are cues of its stem, cues of its
form, and words that say nothing. So words of a stem are alike, those of another are not, and form a : form b is the
same direction for every stem.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, permutations
from typing import NamedTuple

import numpy as np

__all__ = ["Families", "word_families"]

_CUES = 4  # words that hint at a stem, or at a form
_FILLERS = 50  # words that hint at nothing


class Families(NamedTuple):
    """Sentences, and what is planted in them.

    Attributes
    ----------
    texts : list of str
        Sentences of nine words.
    analogies : list of (str, str, str, str)
        A : B = C : D.
    pairs : list of (str, str, float)
        Two words, and 1 where they are of a stem, else 0.
    """

    texts: list[str]
    analogies: list[tuple[str, str, str, str]]
    pairs: list[tuple[str, str, float]]


def word_families(count: int, *, stems: int = 30, forms: int = 4, seed: int = 0) -> Families:
    """Draw sentences about words of several stems and forms.

    Parameters
    ----------
    count : int
        Sentences.
    stems, forms : int
        Words are each stem in each form; two or more of both.
    seed : int
        The same seed gives the same sentences.

    Examples
    --------
    >>> drawn = word_families(2, stems=2, forms=2)
    >>> drawn.analogies[0], drawn.pairs[0]
    (('s0f0', 's0f1', 's1f0', 's1f1'), ('s0f0', 's0f1', 1.0))
    """
    texts = list(_sentences(count, stems, forms, np.random.default_rng(seed)))
    analogies = [
        (f"s{s}f{a}", f"s{s}f{b}", f"s{t}f{a}", f"s{t}f{b}")
        for s, t in permutations(range(stems), 2)
        for a, b in combinations(range(forms), 2)
    ]
    words = [(s, f) for s in range(stems) for f in range(forms)]
    pairs = [(f"s{s}f{f}", f"s{t}f{g}", float(s == t)) for (s, f), (t, g) in combinations(words, 2)]
    return Families(texts, analogies, pairs)


def _sentences(count: int, stems: int, forms: int, draw: np.random.Generator) -> Iterator[str]:
    for s, f in zip(draw.integers(stems, size=count), draw.integers(forms, size=count), strict=True):
        words = [
            *(f"s{s}cue{n}" for n in draw.integers(_CUES, size=3)),
            *(f"f{f}cue{n}" for n in draw.integers(_CUES, size=3)),
            *(f"filler{n}" for n in draw.integers(_FILLERS, size=2)),
        ]
        draw.shuffle(words)
        words.insert(4, f"s{s}f{f}")
        yield " ".join(words)
