"""Where embeddings begin."""

from __future__ import annotations

import numpy as np

from gyeol import WordVectors
from gyeol.inputs.vectors.initial_embedding import find_vectors, tokenizer_for
from gyeol.inputs.vectors.subword_vectors import Subwords

VECTORS = WordVectors(["영화", "good", "Bad", "참", "좋"], np.arange(10.0).reshape(5, 2) + 1)


def test_own_lower_case_and_none() -> None:
    start = find_vectors(VECTORS, ["영화", "Good", "BAD", "▁good", "없음", ""])
    assert start.known.tolist() == [True, True, False, True, False, False]
    assert start.table.tolist() == [[1, 2], [3, 4], [0, 0], [3, 4], [0, 0], [0, 0]]


def test_subwords_know_what_the_words_do_not() -> None:
    runs = Subwords("letters", 3, 3, 1 << 20, np.zeros(0, np.int64), np.zeros((0, 2), np.float32))
    numbers = np.unique(runs.numbers("영화관"))
    sub = Subwords("letters", 3, 3, 1 << 20, numbers, np.full((len(numbers), 2), 7, np.float32))
    start = find_vectors(WordVectors(["영화"], [[1.0, 2.0]], subwords=sub), ["영화", "영화관", "xyz", ""])
    assert start.known.tolist() == [True, True, False, False]
    assert start.table[1].tolist() == [7, 7]


def test_the_tokenizer_that_the_vectors_know() -> None:
    assert tokenizer_for(VECTORS, ["good! 영화, good"]) == "word"
    assert tokenizer_for(WordVectors(["good!", "x"], np.eye(2)), ["good! good! b"]) == "whitespace"
    assert tokenizer_for(WordVectors(["참", "좋"], np.eye(2)), ["참좋 좋참"]) == "syllable"
    told = WordVectors(["참"], [[1.0]], about={"tokenizer": "jamo"})
    assert tokenizer_for(told, ["x"]) == "jamo"
    assert tokenizer_for(WordVectors(["참"], [[1.0]], about={"tokenizer": "bpe"}), ["참"]) == "word"
