"""From raw text to numbers: tokenizers, vocabulary, batches, features."""

from gyeol.inputs.features import FEATURES, FeatureInput, Grams
from gyeol.inputs.jamo import compose, decompose
from gyeol.inputs.text import TextBatch, TextInput
from gyeol.inputs.tokenizers import TOKENIZERS, Token, Tokenizer, make_tokenizer
from gyeol.inputs.vocabulary import Vocabulary

__all__ = [
    "FEATURES",
    "TOKENIZERS",
    "FeatureInput",
    "Grams",
    "TextBatch",
    "TextInput",
    "Token",
    "Tokenizer",
    "Vocabulary",
    "compose",
    "decompose",
    "make_tokenizer",
]
