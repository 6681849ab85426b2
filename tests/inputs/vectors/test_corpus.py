"""A corpus as numbers: rare words left out, long sentences cut, whatever the blocks it is read in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gyeol.errors import DataError
from gyeol.inputs.vectors import corpus
from gyeol.inputs.vectors.corpus import END, number_corpus


def expected(texts: list[str], min_count: int, longest: int) -> tuple[list[str], list[int]]:
    """Number them plainly."""
    sentences = [text.split() for text in texts]
    counts: dict[str, int] = {}
    for word in (word for sentence in sentences for word in sentence):
        counts[word] = counts.get(word, 0) + 1
    words = sorted((w for w in counts if counts[w] >= min_count), key=lambda w: -counts[w])
    tokens: list[int] = []
    for sentence in sentences:
        kept = [words.index(word) for word in sentence if word in words]
        for first in range(0, len(kept), longest):
            tokens += [*kept[first : first + longest], END]
    return words, tokens


@given(
    texts=st.lists(st.lists(st.sampled_from("abcdefg"), max_size=12).map(" ".join), max_size=12),
    min_count=st.integers(1, 4),
    longest=st.integers(1, 5),
    block=st.integers(1, 9),
    threads=st.integers(1, 2),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_numbers(
    texts: list[str], min_count: int, longest: int, block: int, threads: int, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(corpus, "_BLOCK", block)
    monkeypatch.setattr(corpus, "_CHUNK", 3)
    cut, count, found = number_corpus(
        texts, tmp_path, tokenizer="whitespace", min_count=min_count, longest=longest, threads=threads
    )
    words, tokens = expected(texts, min_count, longest)
    assert cut.name == "whitespace"
    assert count == sum(bool(text) for text in texts)
    assert found.words == words
    assert found.tokens.tolist() == tokens
    assert found.total == sum(len(text.split()) for text in texts)
    assert [int((found.tokens == n).sum()) for n in range(len(words))] == found.counts.tolist()


def test_spaces_are_no_words(tmp_path: Path) -> None:
    _, _, found = number_corpus(["참 좋다", "  "], tmp_path, tokenizer="syllable")
    assert found.words == ["참", "좋", "다"]
    assert found.tokens.tolist() == [0, 1, 2, END]
    assert found.tokens.dtype == np.int32
    assert isinstance(found.tokens, np.memmap)


def test_a_tokenizer_in_python(tmp_path: Path) -> None:
    _, _, found = number_corpus(["가나 다라", "가나"], tmp_path, tokenizer="bpe", threads=2)
    assert all(" " not in word and word for word in found.words)
    with pytest.raises(DataError, match="expected str"):
        number_corpus([b"x"], tmp_path)  # type: ignore[list-item]
