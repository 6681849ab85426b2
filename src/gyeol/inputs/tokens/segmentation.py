r"""Where Unicode lets a text be cut: words and grapheme clusters (UAX 29), and characters that cannot be seen.

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
    "CLUSTERED",
    "EASY_WORD",
    "INVISIBLE",
    "NOT_EASY",
    "SPACE",
    "WORD",
    "graphemes",
    "is_visible",
    "letter_words",
    "visible",
    "word_list",
    "words",
]

#: White space, as ``str.isspace`` has it: the body of a class.
SPACE = r"\s\x1c-\x1f"

# Scripts without spaces between words whose letters are no words by themselves (line breaking class SA).
_UNSPACED = r"\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tai_Le}\p{New_Tai_Lue}\p{Tai_Tham}\p{Tai_Viet}\p{Ahom}"
_KATAKANA = r"\p{Katakana}\u30fc\uff70"
_IDEOGRAPH = r"\p{Han}\p{Hiragana}"
_TAGS = r"\U000e0020-\U000e007f"
_MARKS = rf"[\p{{M}}\p{{Emoji_Modifier}}\u200c\u200d{_TAGS}]*"
_LOOKS = rf"[\p{{M}}\p{{Emoji_Modifier}}{_TAGS}]*"  # what follows an emoji, but for the joiner
_LETTER = rf"[\p{{L}}--[\p{{Hangul}}\p{{Hebrew}}{_IDEOGRAPH}{_KATAKANA}{_UNSPACED}]]{_MARKS}"
_HEBREW = rf"[\p{{L}}&&\p{{Hebrew}}]{_MARKS}"
_HANGUL = rf"[\p{{L}}&&\p{{Hangul}}]{_MARKS}"
_NUMBER = rf"[\p{{N}}--[{_IDEOGRAPH}]]{_MARKS}"
_DIGIT = rf"\p{{Nd}}{_MARKS}"
_PICTURE = r"\p{Extended_Pictographic}"

_LETTERS = r"(?:[\p{L}\p{Nl}\p{No}][\p{M}\u200c\u200d]*)+"

#: A word or a sign; whatever is no white space is in one of them.
WORD = (
    rf"[0-9#*]\ufe0f?\u20e3"  # a keycap
    rf"|(?:[lL]·[lL]|{_LETTER}(?:['’]{_LETTER})*|{_HANGUL}"
    rf"|{_HEBREW}(?:[\"'’\u05f3\u05f4]{_HEBREW})*|{_DIGIT}(?:[.,\u066b\u066c]{_DIGIT})+|{_NUMBER}|_{_MARKS})+"
    rf"|[{_IDEOGRAPH}]{_MARKS}|(?:[{_KATAKANA}]{_MARKS})+"
    rf"|(?:[[\p{{L}}\p{{N}}]&&[{_UNSPACED}]]{_MARKS})+"
    rf"|\p{{RI}}\p{{RI}}{_MARKS}|{_PICTURE}{_LOOKS}(?:\u200d{_PICTURE}{_LOOKS})*{_MARKS}"
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

# Signs that Unicode counts among the format characters and everybody sees.
_SEEN = r"\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd\U00013430-\U0001345f"
#: Characters without a shape of their own, and blanks that are no white space: the body of a class.
INVISIBLE = rf"[[\p{{Default_Ignorable_Code_Point}}\p{{Cf}}\p{{Cc}}\u2800]--[{SPACE}{_SEEN}]]"

# Scripts in which a joiner or non-joiner says how letters are written. Arabic vowel signs count as no script's.
_JOINING = (
    r"[[\p{L}\p{M}]--[\p{Latin}\p{Greek}\p{Cyrillic}\p{Armenian}\p{Georgian}\p{Hangul}"
    rf"{_IDEOGRAPH}{_KATAKANA}\p{{Common}}\p{{Inherited}}]]|[\u064b-\u0655\u0670]"
)
_KEPT = (
    rf"(?<={_JOINING})\u200d|(?<={_JOINING})\u200c(?={_JOINING})"
    rf"|(?<={_PICTURE}{_LOOKS})\u200d(?={_PICTURE})"
    rf"|(?<={_PICTURE}\p{{Emoji_Modifier}}?|[0-9#*])[\ufe0e\ufe0f]"
    rf"|(?<={_PICTURE}{_LOOKS})[{_TAGS}]"
    r"|(?<=\p{Mongolian})[\u180b-\u180f]"
    r"|(?<=[\u1100-\u115e])\u1160|\u115f(?=[\u1161-\u11a7])"
)
_UNSPACED_TEXT = rf"[[\p{{L}}\p{{M}}]&&[{_UNSPACED}]]"
_BLANK = rf"[\u2800\u3164\uffa0]|(?<={_UNSPACED_TEXT})\u200b|\u200b(?={_UNSPACED_TEXT})"


@cache
def _compiled(pattern: str) -> Any:
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
    return _compiled(EASY_WORD if text.isascii() or not _compiled(NOT_EASY).search(text) else WORD)


def letter_words(text: str, *, apostrophes: bool = True) -> list[tuple[int, int]]:
    """Find the runs of letters with their marks, digits left out; with apostrophes inside, if they are to be.

    Examples
    --------
    >>> text = "don't 3번 हिन्दी!"
    >>> [text[a:b] for a, b in letter_words(text)]
    ["don't", '번', 'हिन्दी']
    """
    pattern = rf"{_LETTERS}(?:['’]{_LETTERS})*" if apostrophes else _LETTERS
    return [found.span() for found in _compiled(pattern).finditer(text)]


def graphemes(text: str) -> list[str]:
    """Cut a text into what readers take for one character each; white space never joins another.

    Examples
    --------
    >>> graphemes("हिन्दी🇰🇷각")
    ['हि', 'न्दी', '🇰🇷', '각']
    """
    if text.isascii() or not _compiled(CLUSTERED).search(text):
        return list(text)
    found: list[str] = _compiled(rf"[{SPACE}]|\X").findall(text)
    return found


def is_visible(text: str) -> bool:
    """Whether a text holds no character without a shape."""
    return (text.isascii() and text.isprintable()) or not _compiled(INVISIBLE).search(text)


def visible(text: str) -> tuple[str, list[int] | None]:
    r"""Leave out characters without a shape: zero-width spaces, byte order marks, soft hyphens, directional marks.

    Those stay that say how their neighbours are written: joiners between Arabic or Indic letters and between
    emoji, the emoji's own selectors. A blank that Unicode counts as a letter (U+3164) becomes a space, and so does a
    zero-width space beside Thai, Lao, Khmer or Burmese, where it stands between words.

    Returns
    -------
    seen : str
    origins : list of int, or None
        Where each character of ``seen`` stands in ``text``, and ``len(text)``; None where nothing was left out.

    Examples
    --------
    >>> visible("영\u200b화"), visible("می\u200cخواهم")[1]
    (('영화', [0, 2, 3]), None)
    """
    if is_visible(text):
        return text, None
    pieces: list[str] = []
    origins: list[int] = []
    at = 0
    for found in _compiled(rf"({_KEPT})|({_BLANK})|{INVISIBLE}").finditer(text):
        start, end = found.span()
        if found[1] is not None:
            continue
        pieces.append(text[at:start])
        origins.extend(range(at, start))
        if found[2] is not None:
            pieces.append(" ")
            origins.append(start)
        at = end
    if not at:
        return text, None
    pieces.append(text[at:])
    origins.extend(range(at, len(text) + 1))
    return "".join(pieces), origins
