"""Tokenizers that have learned: made from texts, and made again from what a file says of them."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from gyeol.errors import ModelError
from gyeol.inputs.tokens.base import VERSION, Tokenizer
from gyeol.inputs.tokens.tokenizers import MORPHEME_RULES, TOKENIZERS, choose_tokenizer, make_tokenizer

__all__ = ["checked_words", "fitted_tokenizer", "restored_tokenizer", "settings_of", "tokenizer_state"]


def fitted_tokenizer(
    which: str | type[Tokenizer] | Tokenizer, texts: Sequence[str], *, lowercase: bool = False
) -> Tokenizer:
    """Make a tokenizer and let it learn from texts. Of the user's own object a copy is taken: others may hold it."""
    which = choose_tokenizer(texts) if isinstance(which, str) and which == "auto" else copy.deepcopy(which)
    tokenizer = make_tokenizer(which, lowercase=lowercase)
    tokenizer.lowercase = bool(tokenizer.lowercase or lowercase)
    return tokenizer.fit(texts)


def tokenizer_state(tokenizer: Tokenizer) -> dict[str, Any]:
    """Return the part of a state that describes a tokenizer, as JSON values."""
    return {
        "tokenizer": tokenizer.name,
        "tokenizer_version": int(tokenizer.version),
        "lowercase": bool(tokenizer.lowercase),
        "learned": tokenizer.state(),
    }


def settings_of(tokenizer: Tokenizer) -> dict[str, Any]:
    """Return the settings by which a tokenizer knows the same words and tags; None for what was not given."""
    given = tokenizer.given()
    return {name: given.get(name) for name in MORPHEME_RULES}


def restored_tokenizer(state: dict[str, Any], own: type[Tokenizer] | Tokenizer | None) -> Tokenizer:
    """Make a tokenizer again from the part of a state that describes it.

    Raises
    ------
    ModelError
        Where it was one of the user's own, which must be handed over; for rules that this release does not know.
    """
    name = state["tokenizer"]
    version = state.get("tokenizer_version", 1)  # not written before there were two
    if type(version) is not int or not 1 <= version <= VERSION:
        raise ModelError(
            f"its texts were cut by rules of version {version!r:.20}; this release of gyeol knows {VERSION}"
        )
    if own is None and name not in TOKENIZERS:
        raise ModelError(f"the model was trained with a tokenizer of its own, {name!r}: load it with tokenizer=...")
    tokenizer = make_tokenizer(name if own is None else copy.deepcopy(own), lowercase=bool(state["lowercase"]))
    tokenizer.lowercase, tokenizer.version = bool(state["lowercase"]), version
    return tokenizer.restore(state["learned"])


def checked_words(words: Any) -> list[str]:
    """Check that a JSON value is a list of texts.

    Raises
    ------
    ModelError
        Where it is something else.
    """
    if not isinstance(words, list) or not all(isinstance(w, str) for w in words):
        raise ModelError("tokenizer.json: the vocabulary must be a list of texts")
    return words
