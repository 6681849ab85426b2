"""Where a network's embedding begins: vectors of its vocabulary taken from word vectors."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gyeol.inputs.tokenizers import TOKENIZERS, make_tokenizer
from gyeol.inputs.vectors import WordVectors

__all__ = ["Start", "start_from", "tokenizer_for"]

_LOOKED_AT = 2000  # texts by which a tokenizer is chosen
_BEGINS = "▁"  # how a subword marks that a word begins with it


class Start(NamedTuple):
    """The vectors of a vocabulary.

    ``table`` (V, D) float32, rows of zeros where there is none; ``known`` (V,) bool says where there is one.
    """

    table: npt.NDArray[np.float32]
    known: npt.NDArray[np.bool_]


def start_from(vectors: WordVectors, tokens: Sequence[str]) -> Start:
    """Find the vector of each token: its own, that in lower case, or that of its subwords.

    Examples
    --------
    >>> start_from(WordVectors(["good"], [[1.0, 2.0]]), ["Good", "나쁨"]).known.tolist()
    [True, False]
    """
    table = np.zeros((len(tokens), vectors.size), dtype=np.float32)
    known = np.zeros(len(tokens), dtype=bool)
    for i, token in enumerate(tokens):
        word = token.removeprefix(_BEGINS)
        for form in (word, word.lower()):
            if form in vectors:
                table[i], known[i] = vectors[form], True
                break
        else:
            found = vectors.subwords.vector(word) if vectors.subwords is not None and word else None
            if found is not None:
                table[i], known[i] = found, True
    return Start(table, known)


def tokenizer_for(vectors: WordVectors, texts: Sequence[str]) -> str:
    """Choose the tokenizer whose tokens the vectors know: the one they were trained with, else by a look at texts.

    Examples
    --------
    >>> tokenizer_for(WordVectors(["good", "!"], [[1.0], [2.0]]), ["good!"])
    'word'
    """
    named = vectors.about.get("tokenizer")
    if isinstance(named, str) and named in TOKENIZERS and named != "bpe":  # whose pieces were learned elsewhere
        return named
    best, most = "word", -1.0
    for name in ("word", "whitespace", "syllable"):
        tokens = [t for row in make_tokenizer(name).tokenize_many(islice(texts, _LOOKED_AT)) for t in row if t != " "]
        # Letters, not tokens: a text of single known syllables shall not beat one of known words.
        known = sum(len(t) for t in tokens if t in vectors or t.lower() in vectors)
        share = known / max(1, sum(map(len, tokens)))
        if share > most + 0.02:
            best, most = name, share
    return best
