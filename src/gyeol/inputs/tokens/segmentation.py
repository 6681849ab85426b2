r"""Where Unicode lets a text be cut: words and grapheme clusters (UAX 29).

The patterns are written so that the package ``regex`` and the regular expressions of Polars (in Rust) read them alike;
`gyeol.inputs.tokens.columns` uses the latter for whole columns.

A word is what Unicode's annex 29 calls one, with the tailorings that it leaves to the language:

- A combining mark belongs to the character before it: ``हिन्दी`` is one word.
- An apostrophe between letters belongs to the word (``don't``), but not beside Hangul, where it is a quotation mark;
  ``.`` and ``,`` belong to a number between two digits (``3.14``, ``1,000``) and never stand inside a word: Korean is
  often typed without the space after a full stop. ``:`` never joins.
- A Chinese character and a Hiragana letter are a word each, Katakana is a word a run.
- Thai, Lao, Khmer and Burmese put no space between words, and no rule without a dictionary finds them: a run between
  spaces (or zero-width spaces, which mark words there) stays whole. Subwords (``tokenizer="bpe"``) suit them.
- An emoji with all that is joined to it, a flag and a keycap are one word each; so is every other sign.
"""

from __future__ import annotations

from functools import cache
from typing import Any

__all__ = [
    "CLUSTERED", "EASY_WORD", "IDEOGRAPH", "KATAKANA", "LOOKS", "NOT_EASY", "PICTURE", "SPACE", "TAGS", "UNSPACED",
    "WORD", "compiled", "letter_words", "word_list", "words",
]  # fmt: skip

#: White space, as ``str.isspace`` has it: the body of a class.
SPACE = r"\s\x1c-\x1f"

#: Scripts without spaces between words whose letters are no words by themselves (line breaking class SA).
UNSPACED = r"\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tai_Le}\p{New_Tai_Lue}\p{Tai_Tham}\p{Tai_Viet}\p{Ahom}"
KATAKANA = r"\p{Katakana}\u30fc\uff70"
IDEOGRAPH = r"\p{Han}\p{Hiragana}"
TAGS = r"\U000e0020-\U000e007f"
_MARKS = rf"[\p{{M}}\p{{Emoji_Modifier}}\u200c\u200d{TAGS}]*"
LOOKS = rf"[\p{{M}}\p{{Emoji_Modifier}}{TAGS}]*"  # what follows an emoji, but for the joiner
_LETTER = rf"[\p{{L}}--[\p{{Hangul}}\p{{Hebrew}}{IDEOGRAPH}{KATAKANA}{UNSPACED}]]{_MARKS}"
_HEBREW = rf"[\p{{L}}&&\p{{Hebrew}}]{_MARKS}"
_HANGUL = rf"[\p{{L}}&&\p{{Hangul}}]{_MARKS}"
_NUMBER = rf"[\p{{N}}--[{IDEOGRAPH}]]{_MARKS}"
_DIGIT = rf"\p{{Nd}}{_MARKS}"
PICTURE = r"\p{Extended_Pictographic}"

_LETTERS = r"(?:[\p{L}\p{Nl}\p{No}][\p{M}\u200c\u200d]*)+"

#: A word or a sign; whatever is no white space is in one of them.
WORD = (
    rf"[0-9#*]\ufe0f?\u20e3"  # a keycap
    rf"|(?:[lL]·[lL]|{_LETTER}(?:['’]{_LETTER})*|{_HANGUL}"
    rf"|{_HEBREW}(?:[\"'’\u05f3\u05f4]{_HEBREW})*|{_DIGIT}(?:[.,\u066b\u066c]{_DIGIT})+|{_NUMBER}|_{_MARKS})+"
    rf"|[{IDEOGRAPH}]{_MARKS}|(?:[{KATAKANA}]{_MARKS})+"
    rf"|(?:[[\p{{L}}\p{{N}}]&&[{UNSPACED}]]{_MARKS})+"
    rf"|\p{{RI}}\p{{RI}}{_MARKS}|{PICTURE}{LOOKS}(?:\u200d{PICTURE}{LOOKS})*{_MARKS}"
    rf"|[^{SPACE}]{_MARKS}"
)

_LATIN = r"[A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f]+"
#: The same for texts of Latin and Hangul, signs and emoji without marks: `WORD` is large, and slow on such.
EASY_WORD = rf"(?:{_LATIN}(?:['’]{_LATIN})*|[\uac00-\ud7a3\u3131-\u3163]+|[0-9]+(?:[.,][0-9]+)*|_)+|[^{SPACE}]"
#: What those texts do not hold.
NOT_EASY = (
    r"[^\x00-\u00a9\u00ab-\u00ac\u00ae-\u00b1\u00b4\u00b6\u00b8\u00bb\u00bf-\u024f\u2010-\u2029\u2030-\u205f"
    r"\u2190-\u245f\u2500-\u2775\u2794-\u27bf\u3000-\u3004\u3008-\u3020\u3131-\u3163\uac00-\ud7a3"
    r"\U0001f300-\U0001f3fa\U0001f400-\U0001f64f\U0001f900-\U0001f9ff]"
)

#: Characters that may be part of a cluster of several; where there is none every character is a cluster.
CLUSTERED = r"[\p{GCB=Extend}\p{GCB=SpacingMark}\p{GCB=Prepend}\p{GCB=ZWJ}\p{GCB=L}\p{GCB=V}\p{GCB=T}\p{RI}]"


@cache
def compiled(pattern: str) -> Any:
    """Compile a pattern once, with the package ``regex``."""
    import regex

    return regex.compile(pattern, regex.V1)


def words(text: str) -> list[tuple[int, int]]:
    """Find the words and signs of a text, composed and without invisible characters.

    Examples
    --------
    >>> text = "don't 3.14 हिन्दी 👩‍👧!"
    >>> [text[a:b] for a, b in words(text)]
    ["don't", '3.14', 'हिन्दी', '👩\u200d👧', '!']
    """
    return [found.span() for found in _word(text).finditer(text)]


def word_list(text: str) -> list[str]:
    """Give the words and signs of a text themselves; faster than `words`."""
    found: list[str] = _word(text).findall(text)
    return found


def _word(text: str) -> Any:
    return compiled(EASY_WORD if text.isascii() or not compiled(NOT_EASY).search(text) else WORD)


def letter_words(text: str, *, apostrophes: bool = True) -> list[tuple[int, int]]:
    """Find the runs of letters with their marks, digits left out; with apostrophes inside, if they are to be.

    Examples
    --------
    >>> text = "don't 3번 हिन्दी!"
    >>> [text[a:b] for a, b in letter_words(text)]
    ["don't", '번', 'हिन्दी']
    """
    pattern = rf"{_LETTERS}(?:['’]{_LETTERS})*" if apostrophes else _LETTERS
    return [found.span() for found in compiled(pattern).finditer(text)]
