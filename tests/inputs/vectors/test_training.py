"""What goes into a training and what comes out, by either engine; the same bits with one thread."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gyeol import WordVectors
from gyeol.errors import DataError, MissingExtraError, ParameterError
from gyeol.inputs.vectors import own_training
from gyeol.inputs.vectors.corpus import write_corpus

TEXTS = ["왕 이 성 에 산다", "여왕 이 성 에 산다", "개 가 집 에 산다", "고양이 가 집 에 산다"] * 30
SMALL: dict[str, Any] = {"size": 8, "min_count": 1, "epochs": 2, "threads": 1, "tokenizer": "whitespace"}


@pytest.mark.parametrize("algorithm", ["skipgram", "cbow"])
@pytest.mark.parametrize("subwords", [None, "letters", "jamo"])
def test_gensim_with_one_thread_gives_the_same_bits(algorithm: str, subwords: str | None, tmp_path: Path) -> None:
    models = pytest.importorskip("gensim.models", reason="Gensim is not installed")
    told: list[float] = []
    settings = {**SMALL, "algorithm": algorithm, "subwords": subwords, "buckets": 500, "engine": "gensim"}
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


@pytest.mark.parametrize("algorithm", ["skipgram", "cbow"])
def test_gyeol_with_one_thread_gives_the_same_bits(algorithm: str) -> None:
    shares: list[float] = []
    speeds: list[float] = []
    settings = {**SMALL, "algorithm": algorithm}
    first = WordVectors.train(iter(TEXTS), **settings, progress=shares.append, speed=speeds.append)
    again = WordVectors.train(TEXTS, **settings)
    other = WordVectors.train(TEXTS, **settings, random_state=1)
    assert first.words[:2] == [
        "에",
        "산다",
    ]  # the most frequent first; of equally frequent ones the first that was read
    assert first.words == again.words == other.words
    assert set(first.words) == set(" ".join(TEXTS).split())
    assert np.array_equal(first.vectors, again.vectors)
    assert not np.array_equal(first.vectors, other.vectors)
    assert first.vectors.shape == (10, 8)
    assert shares == [0.5, 1.0]
    assert min(speeds) > 0
    assert first.subwords is None
    about = {"engine": "gyeol", "texts": 120, "words": 600, "tokenizer": "whitespace", "algorithm": algorithm}
    assert about.items() <= first.about.items()


def test_both_engines_know_the_same_words() -> None:
    pytest.importorskip("gensim", reason="Gensim is not installed")
    texts = ["a a a b b c", "b d", "a", " ", "d d e"]
    settings = {**SMALL, "min_count": 2, "tokenizer": "syllable"}
    mine, theirs = (WordVectors.train(texts, **settings, engine=engine) for engine in ("gyeol", "gensim"))
    assert set(mine.words) == set(theirs.words) == {"a", "b", "d"}
    assert mine.about["words"] == theirs.about["words"] == 12
    assert mine.about["texts"] == theirs.about["texts"] == 4


@pytest.mark.parametrize(
    ("texts", "settings"),
    [
        (["a a a"], {}),  # one word
        (["a", "b", "a"], {}),  # sentences of one word
        (["a b"], {"threads": 3}),  # fewer sentences than threads
        (["a b c"], {"size": 1}),
        (["a b c"], {"size": 33, "window": 1000, "negative": 30}),
        (["a b " * 9000], {"epochs": 1, "sample": 0.0}),  # longer than a sentence may be
        (["a b c"] * 30, {"learning_rate": 1e6}),
        (["a b c"], {"random_state": 2**53}),
    ],
)
@pytest.mark.parametrize("algorithm", ["skipgram", "cbow"])
def test_the_small_and_the_odd(algorithm: str, texts: list[str], settings: dict[str, Any]) -> None:
    vectors = WordVectors.train(texts, **{**SMALL, "algorithm": algorithm, **settings})
    assert set(vectors.words) == set(" ".join(texts).split())
    assert np.isfinite(vectors.vectors).all()
    assert vectors.vectors.any(axis=1).all()


def test_a_training_can_be_interrupted() -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        WordVectors.train(TEXTS, **SMALL, progress=interrupt)


def test_word2vec_needs_no_gensim(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gensim.models", None)
    assert len(WordVectors.train(TEXTS, **SMALL)) == 10
    for settings in ({"engine": "gensim"}, {"subwords": "jamo"}):
        with pytest.raises(MissingExtraError, match=r"gyeol\[vectors\]"):
            WordVectors.train(TEXTS, **SMALL, **settings)


def test_the_corpus_is_tokens_and_spaces(tmp_path: Path) -> None:
    cut, count = write_corpus(["참 좋다\n정말", "", ' a "b",c '], tmp_path / "c.txt", tokenizer="syllable")
    assert (cut.name, count) == ("syllable", 2)
    assert (tmp_path / "c.txt").read_text("utf-8") == '참 좋 다 정 말\na " b " , c\n'
    write_corpus(["Good 각"], tmp_path / "c.txt", lowercase=True, jamo=True)
    assert (tmp_path / "c.txt").read_text("utf-8") == "good \u1100\u1161\u11a8\n"


@pytest.mark.parametrize("engine", ["gyeol", "gensim"])
@pytest.mark.parametrize(
    ("texts", "settings", "error", "message"),
    [
        (["a b"], {"min_count": 5}, DataError, "no word occurs 5 times in the 1 texts"),
        (["", " "], {}, DataError, "no word to learn from"),
        ([], {}, DataError, "no word to learn from"),
        ([3], {}, DataError, "expected str"),
        (["a"], {"algorithm": "skipgramm"}, ParameterError, "did you mean 'skipgram'"),
        (["a"], {"size": 0, "epochs": 0}, ParameterError, r"size=0.*epochs=0"),
        (["a"], {"window": 0}, ParameterError, r"window=0 must be a whole number, from 1"),
        (["a"], {"subwords": "jamo", "shortest": 5, "longest": 2}, ParameterError, "more than longest=2"),
        (["a"], {"tokenizer": "wrod"}, ParameterError, "did you mean 'word'"),
    ],
)
def test_what_cannot_be_trained(
    engine: str, texts: Any, settings: dict[str, Any], error: type[Exception], message: str
) -> None:
    if engine == "gensim":
        pytest.importorskip("gensim", reason="Gensim is not installed")
    with pytest.raises(error, match=message):
        WordVectors.train(texts, **{**SMALL, **settings, "engine": engine})


def test_what_gyeol_alone_refuses() -> None:
    with pytest.raises(ParameterError, match="trains whole words only"):
        WordVectors.train(TEXTS, **SMALL, engine="gyeol", subwords="jamo")
    with pytest.raises(ParameterError, match="did you mean 'gensim'"):
        WordVectors.train(TEXTS, **SMALL, engine="gensin")


def test_vectors_that_became_infinite_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def diverge(inputs: Any, *_: Any, **__: Any) -> None:
        inputs[0, 0] = np.inf

    monkeypatch.setattr(own_training, "train_words", diverge)
    with pytest.raises(DataError, match=r"learning_rate=0\.025 is too high"):
        WordVectors.train(TEXTS, **SMALL)
