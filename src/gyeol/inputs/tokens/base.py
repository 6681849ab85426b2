r"""What every tokenizer is: texts to tokens, each with its place in the *original* text.

Texts are composed to NFC first, and invisible characters are left out (`gyeol.inputs.tokens.normalization`); every run
of white space counts as one space.

A model keeps the ``version`` of the rules by which its texts were cut. Version 1 cut words as ``\w+`` and signs, took
every code point for a character, and kept what is invisible.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, NamedTuple

from gyeol.inputs.tokens.normalization import normalize

__all__ = ["VERSION", "Token", "Tokenizer"]

#: The version of the rules by which texts are cut today.
VERSION = 2


class Token(NamedTuple):
    """A piece of a text: ``text[start:end]`` of the original is what it stands for."""

    text: str
    start: int
    end: int


class Tokenizer(ABC):
    """Texts to tokens, with offsets.

    Parameters
    ----------
    lowercase : bool
        Lower-case the text first.
    """

    #: Its name in `TOKENIZERS`; of a class that is not there its own, in lower case.
    name: str = ""
    #: The separator between two tokens in a readable text.
    joint: ClassVar[str] = ""
    #: Whether ``fit`` learns anything from the texts.
    learns: ClassVar[bool] = False
    #: The settings of its constructor, besides ``lowercase``, that users may give wherever they name it.
    settings: ClassVar[tuple[str, ...]] = ()
    #: The mark with which the first token of a word begins, where tokens are pieces of words.
    word_start: ClassVar[str] = ""
    #: How many characters at the end of a joined text another token may still change.
    unsettled: ClassVar[int] = 0
    #: The version of the rules by which it cuts: `VERSION`, or what its model was trained with.
    version: int = VERSION

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "name" not in vars(cls):
            cls.name = cls.__name__.lower()

    def __init__(self, *, lowercase: bool = False) -> None:
        self.lowercase = lowercase

    @abstractmethod
    def cut(self, text: str) -> list[Token]:
        """Cut one composed (NFC) text; offsets count its characters."""

    def fit(self, texts: Iterable[str]) -> Tokenizer:
        """Learn from texts, where there is anything to learn; returns self."""
        return self

    def tokens(self, text: str) -> list[Token]:
        """Cut a text; offsets count characters of the text as it was given.

        Examples
        --------
        >>> from gyeol.inputs import TOKENIZERS
        >>> TOKENIZERS["whitespace"]().tokens(" 참  좋다")
        [Token(text='참', start=1, end=2), Token(text='좋다', start=4, end=6)]
        """
        normal, origins = self._located(text)
        tokens = self.cut(normal)
        if origins is None:
            return tokens
        ends = [origins[bisect_right(origins, origin)] for origin in origins[:-1]]  # of what each was composed from
        return [Token(t, origins[start], ends[end - 1] if end > start else origins[start]) for t, start, end in tokens]

    def tokenize(self, text: str) -> list[str]:
        """Cut a text into token strings, without the offsets."""
        return [token.text for token in self.cut(self._normal(text))]

    def tokenize_many(self, texts: Iterable[str]) -> Iterator[list[str]]:
        """Cut many texts, one list of token strings each, in order, streaming."""
        return map(self.tokenize, texts)

    def given(self) -> dict[str, Any]:
        """Return its `settings`, by name, as JSON values; None where one was not given."""
        return {}

    def join(self, tokens: Iterable[str]) -> str:
        """Put tokens together into a readable text, losslessly where the tokenizer keeps spaces."""
        return self.joint.join(tokens)

    def state(self) -> dict[str, Any]:
        """Return what ``fit`` learned, as JSON values."""
        return {}

    def restore(self, state: dict[str, Any]) -> Tokenizer:
        """Restore what `state` returned; returns self."""
        return self

    def _located(self, text: str) -> tuple[str, list[int] | None]:
        return normalize(text, lowercase=self.lowercase, shown=self.version > 1)

    def _normal(self, text: str) -> str:
        return self._located(text)[0]
