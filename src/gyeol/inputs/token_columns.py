"""Texts cut into tokens a column at a time: the tokenizers that are one regular expression run outside Python.

What comes out is what the tokenizer's own ``tokenize`` gives, to the letter. Polars' regular expressions know another
edition of Unicode than Python's: texts with characters that the two may take differently go to the tokenizer itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from unicodedata import is_normalized

from gyeol.inputs.jamo import FIRST_SYLLABLE, LAST_SYLLABLE, decompose
from gyeol.inputs.normal import normalize
from gyeol.inputs.tokenizers import Jamo, Syllable, Tokenizer, Whitespace, Word

if TYPE_CHECKING:
    import polars as pl

__all__ = ["is_plain", "tokenize_column"]

_SPACE = r"\s\x1c-\x1f"  # as str.isspace() has it
_LETTER = r"\p{L}\p{N}_"  # as \w has it in Python: no combining marks

#: Tokenizers whose tokens are the matches of a pattern. By exact class: what inherits from one may cut otherwise.
_PATTERNS: dict[type[Tokenizer], str] = {
    Whitespace: rf"[^{_SPACE}]+",
    Word: rf"[{_LETTER}]+|[^{_LETTER}{_SPACE}]",
    Syllable: r"(?s).",
    Jamo: r"(?s).",
}

# Where letters are still being added, by what both sides have known for years left out.
_STRANGE = r"[^\x00-\x{1c7f}\x{1d00}-\x{a7bf}\x{a800}-\x{ffff}\x{1f000}-\x{1faff}]"


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
    lower = bool(tokenizer.lowercase)
    normal = [
        text if not lower and is_normalized("NFC", text) else normalize(text, lowercase=lower)[0] for text in texts
    ]
    column = pl.Series(normal, dtype=pl.String)
    if type(tokenizer) in (Syllable, Jamo):
        spaced = column.str.replace_all(rf"[{_SPACE}]+", " ").str.strip_chars(" ")
        tokens = (_taken_apart(spaced) if type(tokenizer) is Jamo else spaced).str.extract_all(pattern)
    else:
        tokens = column.str.extract_all(pattern)
    strange = column.str.contains(_STRANGE).arg_true()
    if len(strange):
        own = pl.Series([tokenizer.tokenize(texts[i]) for i in strange.to_list()], dtype=lists)
        rows = pl.DataFrame({"at": pl.Series(range(len(column)), dtype=pl.UInt32), "tokens": tokens})
        tokens = rows.update(pl.DataFrame({"at": strange.cast(pl.UInt32), "tokens": own}), on="at")["tokens"]
    return tokens


def _taken_apart(column: pl.Series) -> pl.Series:
    syllables = [chr(code) for code in range(FIRST_SYLLABLE, LAST_SYLLABLE + 1)]
    return column.str.replace_many(syllables, ["".join(decompose(s)) for s in syllables])
