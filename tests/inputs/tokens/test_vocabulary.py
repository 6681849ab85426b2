"""Tokens and their numbers."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol.errors import DataError, ModelError
from gyeol.inputs.tokens.vocabulary import PAD, UNKNOWN, Vocabulary

TEXTS = st.lists(st.lists(st.sampled_from(["가", "나", "다", "a", " ", "<pad>", "<unk>", ""]), max_size=8), max_size=6)


@given(texts=TEXTS, min_count=st.integers(1, 3), max_size=st.none() | st.integers(0, 3))
@settings(max_examples=150)
def test_the_frequent_are_known_most_frequent_first(
    texts: list[list[str]], min_count: int, max_size: int | None
) -> None:
    counts = Counter(token for text in texts for token in text)
    if not counts:
        with pytest.raises(DataError, match="no token to learn from"):
            Vocabulary.count(texts, min_count=min_count, max_size=max_size)
        return
    vocabulary = Vocabulary.count(iter(map(iter, texts)), min_count=min_count, max_size=max_size)
    kept = [t for t, n in counts.items() if n >= min_count and t not in ("<pad>", "<unk>")]
    kept.sort(key=lambda token: (-counts[token], token))
    assert vocabulary.tokens == ["<pad>", "<unk>", *kept[:max_size]]
    assert len(vocabulary) == len(vocabulary.tokens)
    for text in texts:
        numbers = vocabulary.encode(text)
        assert numbers.dtype == np.int32
        assert PAD not in numbers
        assert vocabulary.decode(numbers) == [t if t in vocabulary else "<unk>" for t in text]
    assert Vocabulary(vocabulary.tokens[2:]).tokens == vocabulary.tokens


def test_order_of_the_texts_does_not_matter() -> None:
    texts = [["나", "가"], ["가", "나", "다"], ["라"]]
    assert Vocabulary.count(texts).tokens == Vocabulary.count(texts[::-1]).tokens == ["<pad>", "<unk>", *"가나다라"]


def test_a_word_that_looks_special_is_a_word_and_unknown() -> None:
    vocabulary = Vocabulary.count([["<pad>", "<unk>", "가"]])
    assert vocabulary.encode(["<pad>", "<unk>", "가"]).tolist() == [UNKNOWN, UNKNOWN, 2]
    assert "<pad>" not in vocabulary
    assert "가" in vocabulary


def test_padding_is_left_out_of_a_decoded_text() -> None:
    assert Vocabulary(["가", "나"]).decode([2, 3, UNKNOWN, PAD, PAD]) == ["가", "나", "<unk>"]
    assert Vocabulary([]).encode([]).tolist() == []


@pytest.mark.parametrize("tokens", [["가", "가"], ["<pad>"], ["<unk>"]])
def test_no_token_twice(tokens: list[str]) -> None:
    with pytest.raises(ModelError, match=f"holds '{tokens[-1]}' twice"):
        Vocabulary(tokens)
