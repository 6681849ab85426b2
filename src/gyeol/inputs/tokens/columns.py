"""Texts cut into tokens a column at a time: the tokenizers that are one regular expression run outside Python.

The result is exactly that of the tokenizer's ``tokenize``. Polars' regular expressions know another
edition of Unicode than Python: texts with characters that the two may take differently go to the tokenizer itself, and
so do, for tokenizers of characters, texts with grapheme clusters.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from unicodedata import is_normalized

from gyeol.inputs.tokens.base import Tokenizer
from gyeol.inputs.tokens.characters import Jamo, Syllable
from gyeol.inputs.tokens.jamo import FIRST_SYLLABLE, LAST_SYLLABLE, decompose
from gyeol.inputs.tokens.normalization import INVISIBLE, normalize
from gyeol.inputs.tokens.segmentation import CLUSTERED, EASY_WORD, NOT_EASY, SPACE, WORD
from gyeol.inputs.tokens.words import Whitespace, Word

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

__all__ = ["is_informative", "is_plain", "tokenize_column"]

_LETTER = r"\p{L}\p{N}_"  # as \w has it in Python: no combining marks
_OLD_WORD = rf"[{_LETTER}]+|[^{_LETTER}{SPACE}]"  # of version 1
_CHARACTER = r"(?s)."

#: Tokenizers whose tokens are the matches of a pattern. By exact class: what inherits from one may cut otherwise.
_PATTERNS: dict[type[Tokenizer], str] = {
    Whitespace: rf"[^{SPACE}]+",
    Word: WORD,
    Syllable: _CHARACTER,
    Jamo: _CHARACTER,
}

# Where letters are still being added, what is not assigned yet, and what may join emoji: which signs are some, editions
# of Unicode do not agree on.
_STRANGE = r"[[^\x00-\u1c7f\u1d00-\ua7bf\ua800-\uffff\U0001f000-\U0001faff]\p{Cn}\u200d]"


_FEW = 2000  # texts that Python cuts faster than the automaton is compiled


def is_informative(terms: pl.Series) -> npt.NDArray[np.bool_]:
    """Return for terms (V,) whether they contain a letter, a digit or a picture, and not punctuation alone.

    Examples
    --------
    >>> import polars as pl
    >>> is_informative(pl.Series(["영화", "ㅋㅋ", "3", "♥", ".", "! ?", "~"])).tolist()
    [True, True, True, True, False, False, False]
    """
    informative: npt.NDArray[np.bool_] = terms.str.contains(rf"[{_LETTER}\p{{So}}--_]").to_numpy()
    return informative


def is_plain(tokenizer: Tokenizer) -> bool:
    """Whether a tokenizer runs outside Python, where threads run beside each other."""
    return type(tokenizer) in _PATTERNS


def tokenize_column(tokenizer: Tokenizer, texts: Sequence[str]) -> pl.Series:
    """Cut texts into tokens.

    Parameters
    ----------
    tokenizer : Tokenizer
        Any; those of `is_plain` may be used by several threads at once.
    texts : sequence of str
        The texts, N of them.

    Returns
    -------
    Series of lists of str, length N

    Examples
    --------
    >>> tokenize_column(Word(), ["참 좋다!", ""]).to_list()
    [['참', '좋다', '!'], []]
    """
    import polars as pl

    lists = pl.List(pl.String)
    pattern = _PATTERNS.get(type(tokenizer))
    if pattern is None:
        return pl.Series(list(tokenizer.tokenize_many(texts)), dtype=lists)
    lower, old = bool(tokenizer.lowercase), tokenizer.version == 1
    if old and type(tokenizer) is Word:
        pattern = _OLD_WORD
    seen = texts if old else _seen(pl.Series(texts, dtype=pl.String))
    normal = [
        text if not lower and is_normalized("NFC", text) else normalize(text, lowercase=lower)[0] for text in seen
    ]
    column = pl.Series(normal, dtype=pl.String)
    strange = column.str.contains(_STRANGE)
    if type(tokenizer) in (Syllable, Jamo):
        if not old:
            strange |= column.str.contains(CLUSTERED)
        spaced = column.str.replace_all(rf"[{SPACE}]+", " ").str.strip_chars(" ")
        tokens = (_taken_apart(spaced) if type(tokenizer) is Jamo else spaced).str.extract_all(pattern)
    elif pattern is WORD:
        harder = column.str.contains(NOT_EASY)
        few = int(harder.sum()) <= _FEW
        tokens = column.str.extract_all(EASY_WORD if few else WORD)
        strange = strange | harder if few else strange
    else:
        tokens = column.str.extract_all(pattern)
    if strange.any():
        places = strange.arg_true()
        cut_apart = pl.Series([tokenizer.tokenize(texts[i]) for i in places.to_list()], dtype=lists)
        rows = pl.DataFrame({"at": pl.Series(range(len(column)), dtype=pl.UInt32), "tokens": tokens})
        tokens = rows.update(pl.DataFrame({"at": places.cast(pl.UInt32), "tokens": cut_apart}), on="at")["tokens"]
    return tokens


def _seen(column: pl.Series) -> list[str]:
    """Leave out what cannot be seen."""
    texts: list[str] = column.to_list()
    for place in column.str.contains(INVISIBLE).arg_true().to_list():
        texts[place] = normalize(texts[place], shown=True)[0]
    return texts


def _taken_apart(column: pl.Series) -> pl.Series:
    syllables = [chr(code) for code in range(FIRST_SYLLABLE, LAST_SYLLABLE + 1)]
    return column.str.replace_many(syllables, ["".join(decompose(s)) for s in syllables])
