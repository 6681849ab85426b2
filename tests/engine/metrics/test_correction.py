"""Figures of corrections."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol.engine.metrics.correction import aligned, correction

texts = st.text("ab 가", max_size=14)


@given(one=texts, other=texts)
@settings(max_examples=150)
def test_an_alignment_covers_both_texts_in_order(one: str, other: str) -> None:
    places = aligned(one, other)
    assert len(places) == len(one) + 1
    assert places == sorted(places)
    assert (places[0], places[-1]) == (0, len(other)) or not one
    assert "".join(other[a:b] for a, b in pairwise(places)) == (other if one else "")


@given(text=texts)
def test_what_is_not_changed_is_no_change(text: str) -> None:
    figures = correction([text], [text], [text])
    assert (figures["changes"], figures["errors"], figures["accuracy"]) == (0, 0, 1.0)


def test_spaces_count_as_words_do() -> None:
    figures = correction(["너무좋다 정 말 영하"], ["너무 좋다 정말 영하"], ["너무 좋다 정말 영화"])
    assert (figures["changes"], figures["errors"], figures["precision"]) == (2, 3, 1.0)
    assert figures["spoiled"] == 0.0


def test_a_right_word_that_was_changed_is_spoiled() -> None:
    figures = correction(["a b c d"], ["a x c d"], ["a b c d"])
    assert (figures["precision"], figures["spoiled"]) == (0.0, 0.25)


def test_long_texts_are_aligned_all_the_same() -> None:
    assert len(aligned("a" * 5000 + "b", "c" * 6000)) == 5002
