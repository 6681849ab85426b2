"""Vectors trained by Gensim: what goes in, what comes out, the same bits with one thread."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gyeol import WordVectors
from gyeol.errors import DataError, ParameterError
from gyeol.inputs.vectors.corpus import write_corpus

models = pytest.importorskip("gensim.models", reason="Gensim is not installed")

TEXTS = ["왕 이 성 에 산다", "여왕 이 성 에 산다", "개 가 집 에 산다", "고양이 가 집 에 산다"] * 30
SMALL: dict[str, Any] = {"size": 8, "min_count": 1, "epochs": 2, "threads": 1, "tokenizer": "whitespace"}


@pytest.mark.parametrize("algorithm", ["skipgram", "cbow"])
@pytest.mark.parametrize("subwords", [None, "letters", "jamo"])
def test_one_thread_gives_the_same_bits_and_gensims(algorithm: str, subwords: str | None, tmp_path: Path) -> None:
    told: list[float] = []
    settings = {**SMALL, "algorithm": algorithm, "subwords": subwords, "buckets": 500}
    first = WordVectors.train(iter(TEXTS), **settings, progress=told.append)
    again = WordVectors.train(TEXTS, **settings)
    assert first.words == again.words
    assert set(first.words) == set(" ".join(TEXTS).split())
    assert np.array_equal(first.vectors, again.vectors)
    assert told[-1] == 1.0
    assert told == sorted(told)
    write_corpus(TEXTS, tmp_path / "c.txt", tokenizer="whitespace", jamo=subwords == "jamo")
    own: dict[str, Any] = {"corpus_file": str(tmp_path / "c.txt"), "vector_size": 8, "min_count": 1, "epochs": 2,
                           "workers": 1, "sg": int(algorithm == "skipgram"), "seed": 0}  # fmt: skip
    theirs = models.FastText(**own, bucket=500) if subwords else models.Word2Vec(**own)
    assert np.array_equal(theirs.wv.vectors, first.vectors)
    assert first.about["texts"] == 120
    if subwords is None:
        assert first.subwords is None
        return
    assert first.subwords is not None
    with_own = np.asarray(theirs.wv.get_vector("왕국")) if subwords == "letters" else None
    if with_own is not None and set(first.subwords.numbers("왕국")) <= set(first.subwords.known):
        np.testing.assert_allclose(first["왕국"], with_own, rtol=1e-5)
    assert first["여왕이"].shape == (8,)


def test_the_corpus_is_tokens_and_spaces(tmp_path: Path) -> None:
    cut, count = write_corpus(["참 좋다\n정말", "", ' a "b",c '], tmp_path / "c.txt", tokenizer="syllable")
    assert (cut.name, count) == ("syllable", 2)
    assert (tmp_path / "c.txt").read_text("utf-8") == '참 좋 다 정 말\na " b " , c\n'
    write_corpus(["Good 각"], tmp_path / "c.txt", lowercase=True, jamo=True)
    assert (tmp_path / "c.txt").read_text("utf-8") == "good \u1100\u1161\u11a8\n"


@pytest.mark.parametrize(
    ("texts", "settings", "error", "message"),
    [
        (["a b"], {"min_count": 5}, DataError, "no word occurs 5 times in the 1 texts"),
        (["", " "], {}, DataError, "no word to learn from"),
        ([], {}, DataError, "no word to learn from"),
        ([3], {}, DataError, "expected str"),
        (["a"], {"algorithm": "skipgramm"}, ParameterError, "did you mean 'skipgram'"),
        (["a"], {"size": 0, "epochs": 0}, ParameterError, r"size=0.*epochs=0"),
        (["a"], {"subwords": "jamo", "shortest": 5, "longest": 2}, ParameterError, "more than longest=2"),
        (["a"], {"tokenizer": "wrod"}, ParameterError, "did you mean 'word'"),
    ],
)
def test_what_cannot_be_trained(texts: Any, settings: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        WordVectors.train(texts, **{**SMALL, **settings})
