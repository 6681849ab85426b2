"""The tokens of a text that is explained, and what a reader must know of them."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from gyeol.explain.attribution.inquiry import check_length
from gyeol.inputs import FeatureInput, TextInput
from gyeol.inputs.tokens.base import Token

__all__ = ["located", "token_notes"]


def located(inputs: TextInput | FeatureInput, text: str, read: str) -> tuple[list[Token], list[str]]:
    """Return the tokens of a text that are read, and notes on what is not; one token at least."""
    every = inputs.tokenizer.tokens(read)
    shortens = inputs if isinstance(inputs, TextInput) else inputs.text if inputs.cuts else None
    tokens = every if shortens is None else shortens.shorten(every)
    check_length(len(tokens), "tokens")
    if not tokens:
        return [Token(text, 0, len(text))], ["the tokenizer finds nothing to read in this text"]
    if len(tokens) == len(every):
        return tokens, []
    return tokens, [f"the text has {len(every):,} tokens, and {len(tokens):,} are read: its middle is left out"]


def token_notes(row: npt.NDArray[Any], inputs: TextInput) -> list[str]:
    """Note how many tokens the model does not know."""
    unknown = int((row == 1).sum())
    if unknown == len(row):
        return ["no token of this text is known to the model"]
    return [f"{unknown:,} of {len(row):,} tokens are not known to the model"] if unknown else []
