"""Letters that a model's training never held: of another alphabet its answers mean nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from gyeol.inputs.letter_sequences import Reading, unknown_share
from gyeol.inputs.token_rows import TokenInput
from gyeol.inputs.tokens.vocabulary import UNKNOWN

__all__ = ["knows_proteins", "looks_like_dna", "unknown_shares", "unknown_tokens"]

_PROTEINS = frozenset("ACDEFGHIKLMNPQRSTVWY")
_OTHERS = frozenset("BJOUXZ*-.")  # that sequences of proteins may hold besides
_SURE = 15  # of the twenty amino acids that are known, at least; and letters of a sequence that tell it from a protein
_WORDS = ("word", "whitespace")  # tokenizers of which whole words must be known


def knows_proteins(inputs: Any) -> bool:
    """Whether what a model reads are proteins: its letters are those of amino acids, capitals alone.

    Parameters
    ----------
    inputs : TextInput, FeatureInput or TokenInput
    """
    vocabulary = getattr(inputs, "vocabulary", None)
    terms = inputs.terms if hasattr(inputs, "terms") else vocabulary.tokens[2:] if vocabulary is not None else ()
    letters = frozenset("".join(terms))
    return len(letters & _PROTEINS) >= _SURE and letters <= _PROTEINS | _OTHERS


def looks_like_dna(text: str) -> bool:
    """Whether a sequence is so long that it is no protein, and of the letters of DNA or RNA alone.

    Examples
    --------
    >>> looks_like_dna("ACGTACGTTGCAACGT"), looks_like_dna("ACGT"), looks_like_dna("MKVLAAGIVGLLLAGC")
    (True, False, False)
    """
    return len(text) >= _SURE and frozenset(text) <= frozenset("ACGTUN")


def unknown_shares(inputs: Any, texts: Sequence[str], reading: Reading | None = None) -> list[float]:
    """Say which share of each text's letters is unknown, from 0 to 1; of models of words, which share of the words.

    Parameters
    ----------
    inputs : TextInput or FeatureInput
        What reads the texts.
    texts : sequence of str
    reading : Reading, optional
        How the model reads sequences.
    """
    terms: Iterable[str] = inputs.terms
    known = frozenset("".join(terms))
    tokenizer = inputs.tokenizer
    jamo = tokenizer.name == "jamo"
    shares = [unknown_share(text, known, reading=reading, lowercase=tokenizer.lowercase, jamo=jamo) for text in texts]
    if tokenizer.name in _WORDS:
        words = frozenset(terms)
        for place, tokens in enumerate(tokenizer.tokenize_many(texts)):
            missing = sum(token not in words for token in tokens)
            shares[place] = max(shares[place], missing / len(tokens) if tokens else 0.0)
    return shares


def unknown_tokens(
    inputs: TokenInput, sentences: Sequence[Sequence[str | tuple[str, ...]]], reading: Reading
) -> list[float]:
    """Say which share of each sentence's letters is unknown; where letters are not read, which share of its words."""
    if inputs.letters is None and not all(len(token) == 1 for token in inputs.vocabulary.tokens[2:]):
        rows = inputs.encode(sentences)
        unknown, starts = rows.words[rows.forms.values] == UNKNOWN, rows.forms.starts
        return [float(unknown[a:b].mean()) for a, b in pairwise(starts)]
    texts = [[token if isinstance(token, str) else token[0] for token in sentence] for sentence in sentences]
    known = inputs.vocabulary if inputs.letters is None else inputs.letters
    jamo, letters = inputs.characters == "jamo", frozenset("".join(known.tokens[2:]))
    return [unknown_share("".join(words), letters, reading=reading, jamo=jamo) for words in texts]
