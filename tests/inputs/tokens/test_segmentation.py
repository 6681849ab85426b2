"""Words, characters and what cannot be seen, by Unicode's own examples and by scripts that people write."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol.inputs import make_tokenizer
from gyeol.inputs.tokens.base import Tokenizer
from gyeol.inputs.tokens.characters import Jamo, Syllable, graphemes
from gyeol.inputs.tokens.normalization import visible
from gyeol.inputs.tokens.segmentation import letter_words
from gyeol.inputs.tokens.state import restored_tokenizer
from gyeol.inputs.tokens.words import Word

WORDS = {
    "आधुनिक मानक हिन्दी": ["आधुनिक", "मानक", "हिन्दी"],
    "মানুষ রুপী": ["মানুষ", "রুপী"],
    "ภาษาไทย ดีมาก": ["ภาษาไทย", "ดีมาก"],
    "ภาษา\u200bไทย": ["ภาษา", "ไทย"],  # where a zero-width space stands between words
    "កម្ពុជា\u200bល្អ": ["កម្ពុជា", "ល្អ"],
    "مرحباً بِكُم": ["مرحباً", "بِكُم"],
    "می\u200cخواهم": ["می\u200cخواهم"],
    "தமிழ் మాట ಕನ್ನಡ": ["தமிழ்", "మాట", "ಕನ್ನಡ"],
    'שָׁלוֹם צה"ל': ["שָׁלוֹם", 'צה"ל'],
    "영화 좋다": ["영화", "좋다"],
    "영\u200b화 좋다\u200b": ["영화", "좋다"],
    "\ufeff영화 좋다": ["영화", "좋다"],
    "영\u2060화\u200e \u202b좋\u00ad다\u202c": ["영화", "좋다"],
    "Auf\u200clage": ["Auflage"],
    "\u3164영화\u3164좋다": ["영화", "좋다"],
    "don't 3.14 1,000원": ["don't", "3.14", "1,000원"],
    "재미있다.그리고 '영화'를 주연:송강호": ["재미있다", ".", "그리고", "'", "영화", "'", "를", "주연", ":", "송강호"],
    "中国の映画 コーヒー": ["中", "国", "の", "映", "画", "コーヒー"],
    "👩\u200d👩\u200d👧🇰🇷🇯🇵❤\ufe0f👍🏽": ["👩\u200d👩\u200d👧", "🇰🇷", "🇯🇵", "❤\ufe0f", "👍🏽"],
    "1\ufe0f\u20e3 #\ufe0f\u20e3": ["1\ufe0f\u20e3", "#\ufe0f\u20e3"],
    "e-mail a_b ½컵 x² _": ["e", "-", "mail", "a_b", "½컵", "x²", "_"],
    "q\u0307\u0323 \u0301": ["q\u0323\u0307", "\u0301"],
    "ᄒᆞᆫ글": ["ᄒᆞᆫ글"],
    "col·lecció TV·라디오": ["col·lecció", "TV", "·", "라디오"],
    "\u200b \ufeff": [],
    "좋다;;ㅠㅠ~!": ["좋다", ";", ";", "ㅠㅠ", "~", "!"],
}


@pytest.mark.parametrize("text", WORDS)
def test_words(text: str) -> None:
    assert make_tokenizer("word").tokenize(text) == WORDS[text]
    for token in make_tokenizer("word").tokens(text):
        assert unicodedata.normalize("NFC", visible(text[token.start : token.end])[0]) == token.text


CHARACTERS = {
    "हिन्दी": ["हि", "न्दी"],
    "क्षत्रिय": ["क्ष", "त्रि", "य"],
    "คำ ดี": ["คำ", " ", "ดี"],
    "👩\u200d👧🇰🇷🇯🇵👍🏽": ["👩\u200d👧", "🇰🇷", "🇯🇵", "👍🏽"],
    "각 값\u200b!": ["각", " ", "값", "!"],
    "\u1100\u1161\u11a8": ["각"],
    "ᄒᆞᆫ": ["ᄒᆞᆫ"],
    "e\u0301q\u0307": ["é", "q\u0307"],
    " \u0301a": ["\u0301", "a"],
    "\ufeffa\u200eb": ["a", "b"],
    "ㅋㅋ": ["ㅋ", "ㅋ"],
}


@pytest.mark.parametrize("text", CHARACTERS)
def test_characters(text: str) -> None:
    tokenizer = make_tokenizer("syllable")
    assert tokenizer.tokenize(text) == CHARACTERS[text]
    assert [token.text for token in tokenizer.tokens(text)] == CHARACTERS[text]


def test_jamo_leave_what_is_no_hangul_whole() -> None:
    assert Jamo().tokenize("हिन्दी 👍🏽") == ["हि", "न्दी", " ", "👍🏽"]
    assert Jamo().tokenize("ᄒᆞᆫ각") == ["\u1112", "\u119e", "\u11ab", "\u1100", "\u1161", "\u11a8"]
    assert Jamo().join(Jamo().tokenize("각\u302e ᄒᆞᆫ")) == "각\u302e ᄒᆞᆫ"


@pytest.mark.parametrize("name", ["syllable", "jamo", "word"])
def test_nothing_that_is_seen_is_lost_or_torn(name: str) -> None:
    tokenizer = make_tokenizer(name)
    for text in (*WORDS, *CHARACTERS):
        tokens = tokenizer.tokenize(text)
        assert not any(len(token) > 1 and unicodedata.category(token[0]) in ("Mn", "Mc") for token in tokens)
        assert all(visible(token)[0].rstrip("\u200d") for token in tokens)


def test_what_cannot_be_seen_where_it_matters() -> None:
    assert visible("가나") == ("가나", None)
    assert visible("क्\u200dष") == ("क्\u200dष", None)  # says how the letters are written
    assert visible("가\u200d나") == ("가나", [0, 2, 3])
    assert visible("❤\ufe0f영\ufe0f") == ("❤\ufe0f영", [0, 1, 2, 4])
    assert visible("🏴\U000e0067\U000e007f영\U000e0067") == ("🏴\U000e0067\U000e007f영", [0, 1, 2, 3, 5])
    assert visible("a\x00b\x1b\t") == ("ab\t", [0, 2, 4, 5])
    assert visible("\u0600١") == ("\u0600١", None)  # an Arabic number sign is seen, for all that it is of class Cf
    assert visible("a\u2800b") == ("a b", [0, 1, 2, 3])


@given(st.text(max_size=30))
@settings(max_examples=150)
def test_visible_says_where_everything_stands(text: str) -> None:
    seen, origins = visible(text)
    if origins is None:
        assert seen == text
        return
    assert origins[-1] == len(text)
    assert sorted(set(origins)) == origins
    assert [c for c in seen if c != " "] == [text[i] for i, c in zip(origins, seen, strict=False) if c != " "]


def test_letters_with_their_marks() -> None:
    text = "don't 3번 हिन्दी มาก!"
    assert [text[a:b] for a, b in letter_words(text)] == ["don't", "번", "हिन्दी", "มาก"]
    assert letter_words("it's", apostrophes=False) == [(0, 2), (3, 4)]
    assert "".join(graphemes(text)) == text


@pytest.mark.parametrize(
    ("tokenizer", "text", "old"),
    [
        (Word(), "영\u200b화 don't हि 3.14", ["영", "\u200b", "화", "don", "'", "t", "ह", "ि", "3", ".", "14"]),
        (Syllable(), "हि\u200b각", ["ह", "ि", "\u200b", "각"]),
        (Jamo(), "हि각", ["ह", "ि", "\u1100", "\u1161", "\u11a8"]),
    ],
    ids=["word", "syllable", "jamo"],
)
def test_a_model_of_before_cuts_as_it_was_trained(tokenizer: Tokenizer, text: str, old: list[str]) -> None:
    from gyeol.inputs.tokens.columns import tokenize_column

    state = {"tokenizer": tokenizer.name, "lowercase": False, "learned": {}}
    restored = restored_tokenizer(state, None)
    assert restored.version == 1
    assert restored.tokenize(text) == [token.text for token in restored.tokens(text)] == old
    assert tokenize_column(restored, [text]).to_list() == [old]
    assert tokenizer.tokenize(text) != old
    assert restored_tokenizer({**state, "tokenizer_version": 2}, None).tokenize(text) == tokenizer.tokenize(text)
