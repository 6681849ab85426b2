"""Fitted tokenizers: created from texts, and restored from a saved state."""

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
    """Create a tokenizer and fit it to texts. A given object is copied, since others may use it."""
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


def restored_tokenizer(state: dict[str, Any], custom: type[Tokenizer] | Tokenizer | None) -> Tokenizer:
    """Restore a tokenizer from the part of a state that describes it.

    Raises
    ------
    ModelError
        A custom tokenizer is not given; the rules are of a version that this release does not know.
    """
    name = state["tokenizer"]
    version = state.get("tokenizer_version", 1)  # the first version was not stored
    if type(version) is not int or not 1 <= version <= VERSION:
        raise ModelError(
            f"its texts were cut by rules of version {version!r:.20}; this release of gyeol knows {VERSION}"
        )
    if custom is None and name not in TOKENIZERS:
        raise ModelError(f"the model was trained with a custom tokenizer, {name!r}: load it with tokenizer=...")
    tokenizer = make_tokenizer(name if custom is None else copy.deepcopy(custom), lowercase=bool(state["lowercase"]))
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
