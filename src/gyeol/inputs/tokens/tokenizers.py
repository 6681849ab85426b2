"""The tokenizers by name, and how one is found, made and chosen.

A new tokenizer is a class with ``cut`` (`gyeol.inputs.tokens.base.Tokenizer`) and a line in `TOKENIZERS`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from gyeol.errors import ParameterError, closest
from gyeol.inputs.tokens.base import Tokenizer
from gyeol.inputs.tokens.byte_pairs import BPE
from gyeol.inputs.tokens.characters import Jamo, Syllable
from gyeol.inputs.tokens.morphemes import Content, Morpheme
from gyeol.inputs.tokens.user_dictionary import checked_tags
from gyeol.inputs.tokens.words import Whitespace, Word
from gyeol.parameters import Rule, choice

__all__ = [
    "ALIASES", "MORPHEME_RULES", "TOKENIZERS", "canonical_name", "choose_tokenizer", "make_tokenizer", "tokenizer_rule",
    "tokenizer_with",
]  # fmt: skip

#: The tokenizers by name.
TOKENIZERS: dict[str, type[Tokenizer]] = {
    "syllable": Syllable,
    "jamo": Jamo,
    "whitespace": Whitespace,
    "word": Word,
    "morpheme": Morpheme,
    "content": Content,
    "bpe": BPE,
}

#: Other names that people know them by. What is stored is the name of the table.
ALIASES: dict[str, str] = {"character": "syllable", "char": "syllable"}


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
    """Accept a tokenizer: a name, a `Tokenizer`, a class derived from it, or (by default) ``"auto"``."""

    def rule(value: Any) -> str:
        names = {**({"auto": None} if auto else {}), **TOKENIZERS, **ALIASES}
        return choice(names, own=Tokenizer)(value)

    return rule


def make_tokenizer(which: str | type[Tokenizer] | Tokenizer, *, lowercase: bool = False, **settings: Any) -> Tokenizer:
    """Make a tokenizer from a name of the table, a class, or take one as it is.

    Parameters
    ----------
    which : str, class or Tokenizer
    lowercase : bool
    **settings
        Those that the tokenizer names in its ``settings``; of ``"content"`` and ``"morpheme"`` ``user_dictionary``,
        ``keep_tags`` and ``stop_tags``. None counts as not given.

    Raises
    ------
    ParameterError
        For a name that is not in the table, and for settings that the tokenizer does not take.
    """
    settings = {name: value for name, value in settings.items() if value is not None}
    name = canonical_name(which) if isinstance(which, str) else ""
    kind = TOKENIZERS.get(name) if isinstance(which, str) else which
    if kind is None:
        raise ParameterError(f"tokenizer={which!r} is not known{closest(str(which), [*TOKENIZERS, *ALIASES])}")
    if settings:
        _check_settings(kind, name or kind.name, settings)
    if isinstance(kind, Tokenizer):
        return kind
    tokenizer = kind(lowercase=lowercase, **settings)
    tokenizer.name = name or tokenizer.name
    return tokenizer


def _check_settings(kind: type[Tokenizer] | Tokenizer, name: str, settings: dict[str, Any]) -> None:
    given = ", ".join(settings)
    if not set(settings) <= set(kind.settings):
        able = sorted(other for other, one in TOKENIZERS.items() if set(settings) <= set(one.settings))
        parts = "no parts of speech" if set(settings) <= set(MORPHEME_RULES) else "no such setting"
        raise ParameterError(f"{given}: tokenizer={name!r} knows {parts}; take {' or '.join(map(repr, able))}")
    if isinstance(kind, Tokenizer):
        raise ParameterError(
            f"{given}: tokenizer is an object, {name!r}, and has its settings already: make it with them"
        )


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
