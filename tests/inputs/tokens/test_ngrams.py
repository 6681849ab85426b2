"""Frequent runs at their edges; that a loop counts the same: tests/layers/words/test_ngram_embedding.py."""

from __future__ import annotations

import numpy as np
import pytest

from gyeol.data.ragged import Ragged
from gyeol.errors import ParameterError
from gyeol.inputs.tokens.ngrams import frequent_ngrams


def rows(*texts: list[int]) -> Ragged:
    return Ragged.gather([np.array(text, dtype=np.int32) for text in texts])


def test_a_run_does_not_reach_from_one_text_into_the_next() -> None:
    (pairs,) = frequent_ngrams(rows([2], [3], [2, 3], []), 4, longest=2, min_count=1, at_most=9)
    assert pairs.tolist() == [2 * 4 + 3]


def test_the_unknown_token_is_part_of_no_run() -> None:
    assert [keys.tolist() for keys in frequent_ngrams(rows([2, 1, 3, 2]), 4, longest=3, min_count=1, at_most=9)] == [
        [3 * 4 + 2],
        [],
    ]


def test_ties_at_the_limit_are_broken_the_same_way_in_any_order_of_the_texts() -> None:
    texts = [[2, 3], [3, 4], [4, 5], [2, 3]]
    for order in (texts, texts[::-1]):
        (pairs,) = frequent_ngrams(rows(*order), 6, longest=2, min_count=1, at_most=2)
        assert pairs.tolist() == [2 * 6 + 3, 3 * 6 + 4]


def test_no_texts_and_no_room() -> None:
    assert [len(keys) for keys in frequent_ngrams(rows(), 9, longest=3, min_count=1, at_most=9)] == [0, 0]
    assert [len(keys) for keys in frequent_ngrams(rows([2, 3, 2, 3]), 9, longest=3, min_count=1, at_most=0)] == [0, 0]
    assert frequent_ngrams(rows([2, 3]), 9, longest=1, min_count=1, at_most=9) == []


@pytest.mark.parametrize(("longest", "size"), [(64, 2), (21, 8), (30, 45), (10**6, 3), (4, 1 << 16)])
def test_keys_beyond_63_bits_are_refused_before_anything_is_counted(longest: int, size: int) -> None:
    with pytest.raises(ParameterError, match=f"ngrams={longest} over .* set ngrams lower"):
        frequent_ngrams(rows([2, 3]), size, longest=longest, min_count=1, at_most=9)


def test_the_longest_keys_that_fit_are_exact() -> None:
    size, longest = 8, 20  # 60 bits
    keys = frequent_ngrams(rows([7] * 20, [7] * 20), size, longest=longest, min_count=2, at_most=9)
    assert keys[-1].tolist() == [sum(7 * size**i for i in range(20))]
