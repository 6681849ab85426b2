"""Runs of letters and their numbers, against Gensim's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gyeol.inputs.vectors.subword_vectors import Subwords, spell, unspell, used_buckets

WORD = st.text(st.sampled_from("가각힣ㅋabZ1-é🙂"), max_size=8)


@given(word=WORD)
def test_spelling_is_undone(word: str) -> None:
    assert unspell(spell(word)) == word
    assert len(spell(word)) == sum(3 if "가" <= char <= "힣" else 1 for char in word)


@given(word=WORD, shortest=st.integers(2, 4), more=st.integers(0, 3))
def test_the_numbers_are_gensims(word: str, shortest: int, more: int) -> None:
    theirs_of = pytest.importorskip("gensim.models.fasttext", reason="Gensim is not installed").ft_ngram_hashes
    runs = Subwords("letters", shortest, shortest + more, 1000, np.zeros(1, np.int64), np.zeros((1, 2), np.float32))
    theirs = theirs_of(word, shortest, shortest + more, 1000)
    assert sorted(runs.numbers(word).tolist()) == sorted(theirs)


def test_a_vector_is_the_mean_of_what_is_known() -> None:
    runs = Subwords("letters", 3, 3, 1 << 20, np.zeros(0, np.int64), np.zeros((0, 2), np.float32))
    numbers = np.unique(runs.numbers("abc"))  # <ab abc bc>
    assert len(numbers) == 3
    vectors = np.array([[1, 0], [0, 1], [4, 4]], dtype=np.float32)
    known = Subwords("letters", 3, 3, 1 << 20, numbers, vectors)
    np.testing.assert_allclose(known.vector("abc"), vectors.mean(axis=0))
    assert known.vector("xyz") is None
    assert known.vector("") is None
    jamo = Subwords("jamo", 3, 3, 1 << 20, numbers, vectors)
    assert jamo.vector("가나") is None


def test_buckets_that_occur() -> None:
    assert used_buckets([np.array([3, 1], np.uint32), np.array([1], np.uint32)]).tolist() == [1, 3]
    assert used_buckets([]).tolist() == []
