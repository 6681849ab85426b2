r"""Texts cut into tokens: one table, one contract.

A tokenizer turns a text into tokens and says for each where in the *original* text it stands. Texts are composed to
NFC first, and characters that cannot be seen are left out (`gyeol.inputs.tokens.normalization`); every run of
white space counts as one space. Words and characters are Unicode's (`gyeol.inputs.tokens.segmentation`). ``TOKENIZERS``
is the table; adding one is a class with ``cut`` and a line there.

A model keeps the ``version`` of the rules by which its texts were cut. Version 1 cut words as ``\w+`` and signs, took
every code point for a character, and kept what cannot be seen.
"""

from __future__ import annotations

import os
import re
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, NamedTuple

from gyeol.errors import ParameterError, closest
from gyeol.inputs.tokens.jamo import compose, decompose, is_hangul
from gyeol.inputs.tokens.normalization import normalize
from gyeol.inputs.tokens.segmentation import graphemes, word_list, words
from gyeol.inputs.tokens.user_dictionary import checked_tags
from gyeol.parameters import Rule, choice

__all__ = [
    "ALIASES", "BY_TAG", "MORPHEME_RULES", "TOKENIZERS", "VERSION", "Token", "Tokenizer", "canonical_name",
    "choose_tokenizer", "make_tokenizer", "tokenizer_rule", "tokenizer_with",
]  # fmt: skip

#: Of the rules by which texts are cut today.
VERSION = 2

_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"\w+|[^\w\s]")  # of version 1
_SOLID = re.compile(r"\S+")


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

    name: ClassVar[str]
    #: What stands between two tokens when a text is put together again.
    joint: ClassVar[str] = ""
    #: Whether ``fit`` learns anything from the texts.
    learns: ClassVar[bool] = False
    #: Of the rules by which it cuts: `VERSION`, or what the model that it belongs to was trained with.
    version: int = VERSION

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

    def join(self, tokens: Iterable[str]) -> str:
        """Put tokens together into a readable text, losslessly where the tokenizer keeps spaces."""
        return self.joint.join(tokens)

    def state(self) -> dict[str, Any]:
        """Return what ``fit`` learned, as JSON values."""
        return {}

    def restore(self, state: dict[str, Any]) -> Tokenizer:
        """Take over what an earlier ``fit`` learned; returns self."""
        return self

    def _located(self, text: str) -> tuple[str, list[int] | None]:
        return normalize(text, lowercase=self.lowercase, shown=self.version > 1)

    def _normal(self, text: str) -> str:
        return self._located(text)[0]


class Syllable(Tokenizer):
    """One token a character: a Hangul syllable, a letter with its marks, a sign; a run of white space is one space."""

    name: ClassVar[str] = "syllable"

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

    name: ClassVar[str] = "jamo"

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


class Whitespace(Tokenizer):
    """One token a word between white space (an eojeol, in Korean)."""

    name: ClassVar[str] = "whitespace"
    joint: ClassVar[str] = " "

    def cut(self, text: str) -> list[Token]:
        """Cut at white space."""
        return [Token(m[0], *m.span()) for m in _SOLID.finditer(text)]


class Word(Tokenizer):
    """One token a word, as Unicode segments texts, or a sign: ``"good, don't 3.14"`` is ``good , don't 3.14``."""

    name: ClassVar[str] = "word"
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


def _morpheme(**settings: Any) -> Tokenizer:
    from gyeol.inputs.tokens.morphemes import Morpheme

    return Morpheme(**settings)


def _content(**settings: Any) -> Tokenizer:
    from gyeol.inputs.tokens.morphemes import Content

    return Content(**settings)


def _bpe(*, lowercase: bool = False) -> Tokenizer:
    from gyeol.inputs.tokens.byte_pairs import BPE

    return BPE(lowercase=lowercase)


#: The tokenizers by name. Three of them stand in files of their own, loaded when first asked for.
TOKENIZERS: dict[str, Any] = {
    "syllable": Syllable,
    "jamo": Jamo,
    "whitespace": Whitespace,
    "word": Word,
    "morpheme": _morpheme,
    "content": _content,
    "bpe": _bpe,
}

#: Other names that people know them by. What is stored is the name of the table.
ALIASES: dict[str, str] = {"character": "syllable", "char": "syllable"}

#: Those that know parts of speech.
BY_TAG = ("content", "morpheme")


def _words_rule(value: Any) -> str:
    good = value is None or isinstance(value, (str, os.PathLike, list, tuple))
    return "" if good else "must be a file, a list of words with their tags, or None"


def _tags_rule(value: Any) -> str:
    if value is None:
        return ""
    try:
        checked_tags("tags", value)
    except TypeError:
        return "must be parts of speech, such as NNG,VV, or None"
    except ParameterError as error:
        return f"must be parts of speech, such as NNG,VV, or None ({error})"
    return ""


#: The rules of the arguments that the tokenizers ``content`` and ``morpheme`` take.
MORPHEME_RULES: dict[str, Rule] = {"user_dictionary": _words_rule, "keep_tags": _tags_rule, "stop_tags": _tags_rule}


def canonical_name(which: str) -> str:
    """Give the name of the table for any name of a tokenizer.

    Examples
    --------
    >>> canonical_name("character"), canonical_name("word")
    ('syllable', 'word')
    """
    return ALIASES.get(which, which)


def tokenizer_rule(*, auto: bool = True) -> Rule:
    """Accept a tokenizer: a name, one of your own, or (where said so) ``"auto"``."""
    return choice({**({"auto": None} if auto else {}), **TOKENIZERS, **ALIASES}, own=Tokenizer)


def make_tokenizer(which: str | type[Tokenizer] | Tokenizer, *, lowercase: bool = False, **settings: Any) -> Tokenizer:
    """Make a tokenizer from a name of the table, a class, or take one as it is.

    Parameters
    ----------
    which : str, class or Tokenizer
    lowercase : bool
    **settings
        ``user_dictionary``, ``keep_tags``, ``stop_tags``: what `gyeol.inputs.tokens.morphemes.Content` takes. None
        counts as not given.

    Raises
    ------
    ParameterError
        For a name that is not in the table, and for settings that the tokenizer does not take.
    """
    settings = {name: value for name, value in settings.items() if value is not None}
    name = canonical_name(which) if isinstance(which, str) else which
    if settings and name not in BY_TAG:
        shown = name if isinstance(name, str) else getattr(which, "name", which)
        able = " or ".join(map(repr, BY_TAG))
        raise ParameterError(f"{', '.join(settings)}: tokenizer={shown!r} knows no parts of speech; take {able}")
    if isinstance(which, Tokenizer):
        return which
    if isinstance(which, type) and issubclass(which, Tokenizer):
        return which(lowercase=lowercase)
    if name not in TOKENIZERS:
        raise ParameterError(f"tokenizer={which!r} is not known{closest(str(which), [*TOKENIZERS, *ALIASES])}")
    tokenizer: Tokenizer = TOKENIZERS[name](lowercase=lowercase, **settings)
    return tokenizer


def tokenizer_with(which: Any, **settings: Any) -> Any:
    """Give a tokenizer with its settings, as `make_tokenizer` makes it; where there are none, what came."""
    return make_tokenizer(which, **settings) if any(value is not None for value in settings.values()) else which


def choose_tokenizer(texts: Iterable[str]) -> str:
    """Choose for ``tokenizer="auto"``: syllables where Hangul (or any unspaced script) leads, else subwords.

    The first 2,000 texts are looked at. Letters without spaces between (DNA, proteins) are cut one by one.

    Examples
    --------
    >>> [choose_tokenizer([text]) for text in ("다시 보고 싶은 영화", "a film to see again", "ACGTACCA")]
    ['syllable', 'bpe', 'syllable']
    """
    letters = wide = spaces = 0
    for _, text in zip(range(2000), texts, strict=False):
        for char in text[:2000]:
            if char.isspace():
                spaces += 1
            elif char.isalpha():
                letters += 1
                wide += char >= "\u1100"
    if letters == 0 or wide >= 0.3 * letters or spaces < 0.02 * letters:
        return "syllable"
    return "bpe"
