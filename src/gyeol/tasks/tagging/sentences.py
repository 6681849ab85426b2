"""Tagged sentences as a caller of `SequenceTagger` gives them, checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gyeol.errors import DataError

__all__ = ["checked_pairs", "checked_sentences"]

Token = str | tuple[str, ...]


def checked_sentences(X: Any) -> list[list[Token]]:
    """Return sentences as lists of tokens; a text becomes its letters.

    Raises
    ------
    DataError
        For what is no list of sentences, an empty one, a token that is no text or of nothing: names the sentence.
    """
    if isinstance(X, (str, bytes)) or not hasattr(X, "__iter__"):
        raise DataError(f"got {type(X).__name__} where a list of sentences was expected: [['a', 'b'], ...]")
    sentences: list[list[Token]] = []
    for number, sentence in enumerate(X):
        if not isinstance(sentence, (str, list, tuple)) or not len(sentence):
            raise DataError(f"sentence {number} is {sentence!r:.60}; a list of one token or more was expected")
        for token in sentence:
            parts: Sequence[Any] = token if isinstance(token, tuple) and token else (token,)
            if not all(isinstance(part, str) for part in parts) or not parts[0].strip(" \t\r\n"):
                raise DataError(f"sentence {number} holds {token!r:.60}, which is no token: a text was expected")
            if any("\ud800" <= c <= "\udfff" for part in parts for c in part):
                raise DataError(f"sentence {number} holds half a character (a lone surrogate)")
        sentences.append(list(sentence))
    if not sentences:
        raise DataError("got no sentences: the list is empty")
    return sentences


def checked_pairs(X: Any, y: Any) -> tuple[list[list[Token]], list[list[str]]]:
    """Return sentences and their tags, one to each token, as lists.

    Raises
    ------
    DataError
        As `checked_sentences` does, and for tags that are no texts or not as many as the tokens.
    """
    sentences = checked_sentences(X)
    if y is None or isinstance(y, (str, bytes)) or not hasattr(y, "__iter__"):
        raise DataError("the target y must be a list: for every sentence the tags of its tokens")
    tags = [list(some) if isinstance(some, (str, list, tuple)) else some for some in y]
    if len(tags) != len(sentences):
        raise DataError(f"got {len(sentences)} sentences and {len(tags)} lists of tags; there must be one to each")
    for number, (tokens, labels) in enumerate(zip(sentences, tags, strict=True)):
        if not isinstance(labels, list) or not all(isinstance(tag, str) and tag.strip() for tag in labels):
            raise DataError(f"the tags of sentence {number} are {labels!r:.60}; a list of texts was expected")
        if len(labels) != len(tokens):
            raise DataError(f"sentence {number} has {len(tokens)} tokens and {len(labels)} tags; one to each")
    return sentences, tags
