"""Tokenizers that cut texts into words."""

from __future__ import annotations

import re
from typing import ClassVar

from gyeol.inputs.tokens.base import Token, Tokenizer
from gyeol.inputs.tokens.segmentation import word_list, words

__all__ = ["Whitespace", "Word"]

_WORD = re.compile(r"\w+|[^\w\s]")  # of version 1
_SOLID = re.compile(r"\S+")


class Whitespace(Tokenizer):
    """One token a word between white space (an eojeol, in Korean)."""

    name = "whitespace"
    joint: ClassVar[str] = " "

    def cut(self, text: str) -> list[Token]:
        """Cut at white space."""
        return [Token(m[0], *m.span()) for m in _SOLID.finditer(text)]


class Word(Tokenizer):
    """One token a word, as Unicode segments texts, or a sign: ``"good, don't 3.14"`` is ``good , don't 3.14``."""

    name = "word"
    joint: ClassVar[str] = " "

    def cut(self, text: str) -> list[Token]:
        """Cut into words and signs."""
        spans = words(text) if self.version > 1 else [found.span() for found in _WORD.finditer(text)]
        return [Token(text[start:end], start, end) for start, end in spans]

    def tokenize(self, text: str) -> list[str]:
        """Cut into words and signs without offsets; the fast path of `tokens`."""
        if self.version == 1 or type(self) is not Word:  # what inherits may cut otherwise
            return super().tokenize(text)
        return word_list(self._normal(text))
