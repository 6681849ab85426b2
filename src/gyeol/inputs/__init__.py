"""From raw text to numbers: tokenizers, vocabulary, batches, features, matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gyeol.lazy import importer

if TYPE_CHECKING:
    from gyeol.inputs.counts.features import FEATURES, FeatureInput
    from gyeol.inputs.counts.text_vectorizer import KINDS, TextVectorizer, vectorizer
    from gyeol.inputs.text import TextBatch, TextInput
    from gyeol.inputs.tokens.base import Token, Tokenizer
    from gyeol.inputs.tokens.jamo import compose, decompose
    from gyeol.inputs.tokens.tokenizers import TOKENIZERS, make_tokenizer, tokenizer_rule
    from gyeol.inputs.tokens.vocabulary import Vocabulary
    from gyeol.inputs.vectors.word_vectors import WordVectors

__all__ = [
    "FEATURES",
    "KINDS",
    "TOKENIZERS",
    "FeatureInput",
    "TextBatch",
    "TextInput",
    "TextVectorizer",
    "Token",
    "Tokenizer",
    "Vocabulary",
    "WordVectors",
    "compose",
    "decompose",
    "make_tokenizer",
    "tokenizer_rule",
    "vectorizer",
]

# Where each name lives: features and text load torch, the rest does not.
_HOMES = {
    **dict.fromkeys(["FEATURES", "FeatureInput"], "gyeol.inputs.counts.features"),
    **dict.fromkeys(["compose", "decompose"], "gyeol.inputs.tokens.jamo"),
    **dict.fromkeys(["TextBatch", "TextInput"], "gyeol.inputs.text"),
    **dict.fromkeys(["Token", "Tokenizer"], "gyeol.inputs.tokens.base"),
    **dict.fromkeys(["TOKENIZERS", "make_tokenizer", "tokenizer_rule"], "gyeol.inputs.tokens.tokenizers"),
    **dict.fromkeys(["KINDS", "TextVectorizer", "vectorizer"], "gyeol.inputs.counts.text_vectorizer"),
    "Vocabulary": "gyeol.inputs.tokens.vocabulary",
    "WordVectors": "gyeol.inputs.vectors.word_vectors",
}
__getattr__ = importer("gyeol.inputs", _HOMES)


def __dir__() -> list[str]:
    return sorted(__all__)
