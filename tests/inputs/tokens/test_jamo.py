from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from gyeol.inputs.tokens.jamo import FINALS, INITIALS, MEDIALS, compose, decompose, parts

SYLLABLES = [chr(point) for point in range(0xAC00, 0xD7A4)]


def test_all_syllables_come_apart_as_unicode_says_and_together_again() -> None:
    assert len(SYLLABLES) == 11_172
    for syllable in SYLLABLES:
        assert decompose(syllable) == list(unicodedata.normalize("NFD", syllable))
        assert compose("".join(decompose(syllable))) == syllable
    everything = "".join(SYLLABLES)
    assert compose("".join(j for s in everything for j in decompose(s))) == everything


def test_parts_number_every_syllable_once() -> None:
    numbers = [parts(syllable) for syllable in SYLLABLES]
    assert numbers == [(i, m, f) for i in range(19) for m in range(21) for f in range(28)]
    assert [parts(c) for c in "\uabff\ud7a4ㅋa \u1100😀"] == [None] * 7


def test_names_are_those_of_the_standard() -> None:
    assert (len(INITIALS), len(MEDIALS), len(FINALS)) == (19, 21, 28)
    assert unicodedata.name(INITIALS[18]) == "HANGUL CHOSEONG HIEUH"
    assert unicodedata.name(MEDIALS[20]) == "HANGUL JUNGSEONG I"
    assert unicodedata.name(FINALS[27]) == "HANGUL JONGSEONG HIEUH"


@given(st.text(st.sampled_from([*INITIALS, *MEDIALS, *FINALS[1:], "ㅋ", " ", "a", "\u119e", "\u11a7", "\u1113"])))
def test_loose_jamo_compose_as_in_nfc(loose: str) -> None:
    assert compose(loose) == unicodedata.normalize("NFC", loose)


@given(st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\u1100\u1161\u11a8\u0301가각ㅋ")))
def test_any_composed_text_survives(text: str) -> None:
    text = unicodedata.normalize("NFC", text)
    assert compose("".join(j for char in text for j in decompose(char))) == text
