"""Columns of texts against the tokenizers themselves, text by text."""

from __future__ import annotations

import re
import sys

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol.inputs import TOKENIZERS, Token, make_tokenizer
from gyeol.inputs.tokens import columns
from gyeol.inputs.tokens.columns import _LETTER, _STRANGE, is_plain, tokenize_column
from gyeol.inputs.tokens.segmentation import EASY_WORD, NOT_EASY, SPACE, WORD, word_list
from gyeol.inputs.tokens.words import Word

PLAIN = [name for name in TOKENIZERS if is_plain(make_tokenizer(name))]
PIECES = st.sampled_from(
    ["가", "힣", "ㅋ", "\u1100\u1161\u11a8", "a", "Z", "\u0130", "ß", "9", "½", "_", "!", "…", "🙂", " ", "\t", "\n",
     "\x1c", "\x1f", "\x85", "\u00a0", "\u200b", "\u3000", "é", "e\u0301", "न", "ि",
     "\u200d", "\ufe0f", "👩", "م", "\u08ca", "\ua7cb", "\U000105c0", "\x00"]
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=12).map("".join) | st.text(max_size=20)


def test_the_plain_ones() -> None:
    assert PLAIN == ["syllable", "jamo", "whitespace", "word"]


@pytest.mark.parametrize("lowercase", [False, True])
@pytest.mark.parametrize("name", PLAIN)
@given(texts=st.lists(TEXTS, max_size=6))
@settings(max_examples=120)
def test_a_column_is_its_texts(name: str, lowercase: bool, texts: list[str]) -> None:
    tokenizer = make_tokenizer(name, lowercase=lowercase)
    assert tokenize_column(tokenizer, texts).to_list() == [tokenizer.tokenize(text) for text in texts]


def test_letters_and_spaces_are_pythons_wherever_a_text_is_not_strange() -> None:
    characters = [chr(i) for i in range(sys.maxunicode + 1) if not 0xD800 <= i <= 0xDFFF]
    column = pl.Series(characters).to_frame("c")
    found = column.select(
        letter=pl.col("c").str.contains(f"[{_LETTER}]"),
        space=pl.col("c").str.contains(f"[{SPACE}]"),
        strange=pl.col("c").str.contains(_STRANGE),
    )
    letter, space = re.compile(r"\w"), re.compile(r"\s")
    usual = [i for i, strange in enumerate(found["strange"].to_list()) if not strange]
    assert len(usual) > 60_000
    assert [bool(letter.match(characters[i])) for i in usual] == found["letter"].gather(usual).to_list()
    assert [bool(space.match(characters[i])) for i in usual] == found["space"].gather(usual).to_list()


def test_the_easy_pattern_finds_what_the_whole_one_finds() -> None:
    characters = pl.Series([chr(i) for i in range(sys.maxunicode + 1) if not 0xD800 <= i <= 0xDFFF])
    easy = characters.filter(~characters.str.contains(NOT_EASY))
    assert len(easy) > 12_000
    for frame in ("a{}b", "7{}7", "가{}가", "l{}l", "a'{}", "{}.{}"):
        texts = pl.Series([frame.replace("{}", c) for c in easy.to_list()])
        found = texts.str.extract_all(WORD)
        assert texts.str.extract_all(EASY_WORD).equals(found)
        assert [word_list(text) for text in texts.to_list()[::7]] == found.to_list()[::7]


@pytest.mark.parametrize("few", [0, 10_000])
def test_many_texts_with_marks_are_cut_as_few(few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "_FEW", few)
    texts = ["हिन्दी don't", "영\u200b화 3.14", "ภาษาไทย ดีมาก", "맛있다", "\u064d x", "1\ufe0f\u20e3위"]
    assert tokenize_column(Word(), texts).to_list() == [
        ["हिन्दी", "don't"], ["영화", "3.14"], ["ภาษาไทย", "ดีมาก"], ["맛있다"], ["\u064d", "x"], ["1\ufe0f\u20e3", "위"]
    ]  # fmt: skip


class Shouting(Word):
    """Inherits a pattern and cuts otherwise."""

    def cut(self, text: str) -> list[Token]:
        return [Token("!", 0, len(text))]


def test_a_tokenizer_of_ones_own_is_asked_itself() -> None:
    assert not is_plain(Shouting())
    assert tokenize_column(Shouting(), ["a b", "c"]).to_list() == [["!"], ["!"]]
    assert tokenize_column(make_tokenizer("word"), []).to_list() == []
