"""Typing errors by rule: the same for the same seed, one a word, undone by nobody's guess but what was meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol import DataError, ParameterError
from gyeol.engine.metrics.correction import correction
from gyeol.inputs.spelling.error_channel import to_units
from gyeol.inputs.spelling.keyboard import neighbours
from gyeol.inputs.spelling.typos import Typist, write_typos
from gyeol.inputs.tokens.jamo import FINALS, INITIALS, MEDIALS

TEXT = "다시 보고 싶은 영화 정말 재미있다 the whole family liked it 3번 봤음!! ㅋㅋ"
korean = st.text(
    st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3) | st.sampled_from(" .!abcXYZ19ㅋ"), max_size=40
)


@given(text=korean, seed=st.integers(0, 99))
@settings(max_examples=60)
def test_the_same_seed_slips_the_same(text: str, seed: int) -> None:
    assert Typist(rate=0.5, seed=seed).type(text) == Typist(rate=0.5, seed=seed).type(text)


@given(text=korean, seed=st.integers(0, 99))
@settings(max_examples=60)
def test_digits_and_signs_stay(text: str, seed: int) -> None:
    typed = Typist(rate=1.0, seed=seed).type(text)
    assert [c for c in typed if c in ".!19"] == [c for c in text if c in ".!19"]


@given(
    word=st.text(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), min_size=1, max_size=5),
    seed=st.integers(0, 99),
)
@settings(max_examples=60)
def test_a_slip_is_one_jamo_away(word: str, seed: int) -> None:
    typed = Typist(seed=seed).slip(word)
    one, other = to_units(typed), to_units(word)
    assert abs(len(one) - len(other)) <= 1
    assert all("가" <= c <= "힣" for c in typed)


def test_without_a_space_the_letters_alone_change() -> None:
    text = "다시 보고 싶은 영화 정말 재미있다"
    typed = Typist(rate=1.0, spacing=1.0, seed=1).type(text)
    assert typed.replace(" ", "") == text.replace(" ", "")
    assert typed != text


def test_neighbours_are_mutual_and_keep_their_place_in_the_syllable() -> None:
    for kind in (INITIALS, MEDIALS, FINALS[1:], list("abcdefghijklmnopqrstuvwxyz")):
        for unit in kind:
            assert all(near in kind and unit in neighbours(near) for near in neighbours(unit))
    assert neighbours("1") == neighbours("ㅋ") == ()


def test_shares_are_checked() -> None:
    with pytest.raises(ParameterError, match="rate=0"):
        Typist(rate=0)


def test_a_file_of_typos(tmp_path: Path) -> None:
    out = tmp_path / "typos.tsv"
    assert write_typos([TEXT, "", TEXT, TEXT], out, count=2, rate=0.5, seed=3) == 2
    lines = [line.split("\t") for line in out.read_text(encoding="utf-8").splitlines()]
    assert lines[0] == ["typed", "meant"]
    assert [meant for _, meant in lines[1:]] == [TEXT, TEXT]
    figures = correction([typed for typed, _ in lines[1:]], [TEXT, TEXT], [TEXT, TEXT])
    assert figures["precision"] == figures["recall"] == 1.0
    assert figures["errors"] > 0
    with pytest.raises(ParameterError, match=r"\.tsv"):
        write_typos([TEXT], tmp_path / "x.json")
    with pytest.raises(DataError, match="no text"):
        write_typos(["  "], out)


def test_marks_stay_with_their_letters() -> None:
    text = "हिन्दी 3 किताब"
    assert Typist(rate=1.0, spacing=0.0, seed=1).type(text) != text
    for seed in range(20):
        typed = Typist(rate=1.0, spacing=0.0, seed=seed).type(text)
        assert len(typed.split()) == 3
        assert typed.split()[1] == "3"
