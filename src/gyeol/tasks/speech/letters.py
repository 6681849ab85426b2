"""Letters that a recognizer writes, and texts: from one to the other."""

from __future__ import annotations

from collections.abc import Sequence

from gyeol.inputs.sound.recordings import SpeechInput

__all__ = ["joined", "normalized", "text_of"]


def joined(inputs: SpeechInput, tokens: Sequence[int]) -> str:
    """Join letters, given by number."""
    names = inputs.text.vocabulary.tokens
    text: str = inputs.tokenizer.join([names[token] for token in tokens if token > 1])
    return text


def text_of(inputs: SpeechInput, tokens: Sequence[int]) -> str:
    """Join letters, and spaces in a row to one."""
    return " ".join(joined(inputs, tokens).split())


def normalized(inputs: SpeechInput, texts: Sequence[str]) -> list[str]:
    """Spell texts as a recognizer does: composed, and lower-cased if it does."""
    return [inputs.tokenizer.join(tokens) for tokens in inputs.tokenizer.tokenize_many(texts)]
