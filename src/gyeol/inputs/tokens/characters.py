"""Tokenizers that cut texts into characters, or their jamo."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import ClassVar

from gyeol.inputs.tokens.base import Token, Tokenizer
from gyeol.inputs.tokens.jamo import compose, decompose, is_hangul
from gyeol.inputs.tokens.segmentation import CLUSTERED, SPACE, compiled

__all__ = ["Jamo", "Syllable", "graphemes"]

_SPACE = re.compile(r"\s+")


class Syllable(Tokenizer):
    """One token a character: a Hangul syllable, a letter with its marks, a sign; a run of white space is one space."""

    name = "syllable"

    def cut(self, text: str) -> list[Token]:
        """Cut into characters."""
        tokens: list[Token] = []
        for run in re.finditer(r"(\s+)|\S+", text):
            start, end = run.span()
            if run[1] is None:
                for cluster in self._clusters(run[0]):
                    tokens.append(Token(cluster, start, start + len(cluster)))
                    start += len(cluster)
            elif start > 0 and end < len(text):
                tokens.append(Token(" ", start, end))
        return tokens

    def tokenize(self, text: str) -> list[str]:
        """Cut into characters without offsets; the fast path of `tokens`."""
        return self._clusters(_SPACE.sub(" ", self._normal(text).strip()))

    def _clusters(self, text: str) -> list[str]:
        return graphemes(text) if self.version > 1 else list(text)


class Jamo(Tokenizer):
    """One token a jamo: syllables taken apart, everything else as in `Syllable`."""

    name = "jamo"
    unsettled: ClassVar[int] = 1  # a final consonant joins the last syllable

    def cut(self, text: str) -> list[Token]:
        """Cut into jamo; each carries the span of the syllable it belongs to."""
        syllables = Syllable()
        syllables.version = self.version
        return [Token(j, start, end) for char, start, end in syllables.cut(text) for j in self._apart(char)]

    @staticmethod
    def _apart(cluster: str) -> list[str]:
        return [jamo for char in cluster for jamo in decompose(char)] if is_hangul(cluster[0]) else [cluster]

    def join(self, tokens: Iterable[str]) -> str:
        """Compose jamo into syllables."""
        return compose("".join(tokens))


def graphemes(text: str) -> list[str]:
    """Cut a text into what readers take for one character each; white space never joins another.

    Examples
    --------
    >>> graphemes("हिन्दी🇰🇷각")
    ['हि', 'न्दी', '🇰🇷', '각']
    """
    if text.isascii() or not compiled(CLUSTERED).search(text):
        return list(text)
    found: list[str] = compiled(rf"[{SPACE}]|\X").findall(text)
    return found
