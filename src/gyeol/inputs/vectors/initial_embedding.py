"""Initial values of a network's embedding: the word vectors of its vocabulary."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gyeol.errors import DataError
from gyeol.inputs.tokens.base import Tokenizer
from gyeol.inputs.tokens.byte_pairs import BPE
from gyeol.inputs.tokens.tokenizers import MORPHEME_RULES, TOKENIZERS, make_tokenizer, tokenizer_with
from gyeol.inputs.vectors.word_vectors import WordVectors

__all__ = ["InitialVectors", "describe_overlap", "find_vectors", "initial_vectors", "tokenizer_for"]

_SAMPLE = 2000  # texts by which a tokenizer is chosen
_WORD_START = BPE.word_start


class InitialVectors(NamedTuple):
    """The vectors of a vocabulary.

    ``table`` (V, D) float32, rows of zeros where there is none; ``known`` (V,) bool says where there is one.
    """

    table: npt.NDArray[np.float32]
    known: npt.NDArray[np.bool_]


def find_vectors(vectors: WordVectors, tokens: Sequence[str]) -> InitialVectors:
    """Find the vector of each token: its own, that in lower case, or that of its subwords.

    Examples
    --------
    >>> find_vectors(WordVectors(["good"], [[1.0, 2.0]]), ["Good", "나쁨"]).known.tolist()
    [True, False]
    """
    table = np.zeros((len(tokens), vectors.size), dtype=np.float32)
    known = np.zeros(len(tokens), dtype=bool)
    for i, token in enumerate(tokens):
        word = token.removeprefix(_WORD_START)
        for form in (word, word.lower()):
            if form in vectors:
                table[i], known[i] = vectors[form], True
                break
        else:
            found = vectors.subwords.vector(word) if vectors.subwords is not None and word else None
            if found is not None:
                table[i], known[i] = found, True
    return InitialVectors(table, known)


def initial_vectors(
    vectors: WordVectors, tokens: Sequence[str], rows: Iterable[npt.NDArray[np.integer]], tokenizer: str
) -> tuple[InitialVectors, dict[str, Any]]:
    """Find the vectors of a vocabulary (V); count the tokens that have one, and their share of the texts.

    Parameters
    ----------
    vectors : WordVectors
    tokens : sequence of str
        The vocabulary; its first two are special.
    rows : iterable of integer arrays
        The texts, numbered.
    tokenizer : str
        The name of the tokenizer that cut them, for messages.

    Raises
    ------
    DataError
        None has a vector: the vectors are of another language or another tokenizer.
    """
    start = find_vectors(vectors, ["", "", *tokens[2:]])
    known = start.known
    if not known.any():
        raise DataError(
            f"vectors: none of the {len(tokens) - 2:,} tokens ({', '.join(tokens[2:7])}, ...) is among their "
            f"{len(vectors):,} words: are they of this language and of tokenizer={tokenizer!r}?"
        )
    of, all_of = 0, 0
    for row in rows:
        of, all_of = of + int(known[row].sum()), all_of + len(row)
    return start, {"tokens": len(tokens) - 2, "known": int(known.sum()), "of_texts": of / max(1, all_of)}


def describe_overlap(overlap: dict[str, Any]) -> str:
    """Describe an overlap in words."""
    known, tokens, share = (overlap[name] for name in ("known", "tokens", "of_texts"))
    return f"know {known:,} of {tokens:,} tokens, {share:.1%} of the texts"


def tokenizer_for(vectors: WordVectors, texts: Sequence[str]) -> str | Tokenizer:
    """Choose the tokenizer whose tokens the vectors know: the one they were trained with, else the best on these texts.

    Examples
    --------
    >>> tokenizer_for(WordVectors(["good", "!"], [[1.0], [2.0]]), ["good!"])
    'word'
    """
    named = vectors.about.get("tokenizer")
    if (
        isinstance(named, str) and named in TOKENIZERS and not TOKENIZERS[named].learns
    ):  # vectors do not keep what it learned
        chosen: str | Tokenizer = tokenizer_with(named, **{name: vectors.about.get(name) for name in MORPHEME_RULES})
        return chosen
    best, most = "word", -1.0
    for name in ("word", "whitespace", "syllable"):
        tokens = [t for row in make_tokenizer(name).tokenize_many(islice(texts, _SAMPLE)) for t in row if t != " "]
        # Letters, not tokens: known words count more than known single syllables.
        known = sum(len(t) for t in tokens if t in vectors or t.lower() in vectors)
        share = known / max(1, sum(map(len, tokens)))
        if share > most + 0.02:
            best, most = name, share
    return best
