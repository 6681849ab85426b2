"""Questions to word vectors against the formulas written out and against Gensim's answers."""

from __future__ import annotations

import unicodedata
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol import WordVectors
from gyeol.errors import DataError, ParameterError
from gyeol.inputs.vectors import word_vectors as module
from gyeol.inputs.vectors.subword_vectors import Subwords


def drawn(seed: int, count: int, size: int) -> WordVectors:
    draw = np.random.default_rng(seed)
    scale = draw.choice([1e-3, 1.0, 50.0], size=(count, 1))
    return WordVectors([f"w{i}" for i in range(count)], draw.standard_normal((count, size)) * scale)


def units(vectors: WordVectors) -> npt.NDArray[np.float64]:
    table = vectors.vectors.astype(np.float64)
    lengths = np.linalg.norm(table, axis=1, keepdims=True)
    return np.divide(table, lengths, out=np.zeros_like(table), where=lengths > 0)


def ranked(vectors: WordVectors, scores: npt.NDArray[np.float64], without: set[str], top: int) -> list[str]:
    order = np.argsort(-scores, kind="stable")
    return [vectors.words[i] for i in order if vectors.words[i] not in without][:top]


@pytest.fixture(params=["product", "index"])
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways to the answers: reading the table itself, and its codes first."""
    from gyeol.kernels import native_available

    if request.param == "index" and not native_available():
        pytest.skip("the kernels were not built")
    patience = 10**9 if request.param == "product" else 0
    monkeypatch.setattr(module, "_PATIENCE", patience)
    if request.param == "product":
        monkeypatch.setattr(module, "sys", type("sys", (), {"modules": {}}))
    return str(request.param)


@given(seed=st.integers(0, 999), count=st.integers(1, 300), size=st.integers(1, 40), top=st.integers(1, 12))
@settings(max_examples=60, deadline=None)
@pytest.mark.usefixtures("path")
def test_the_nearest_and_the_farthest(seed: int, count: int, size: int, top: int) -> None:
    vectors = drawn(seed, count, size)
    unit = units(vectors)
    word = vectors.words[seed % count]
    cosines = unit @ unit[seed % count]
    near, far = vectors.similar(word, top), vectors.similar(word, top, farthest=True)
    assert len(near) == len(far) == min(top, count - 1)
    number = {w: i for i, w in enumerate(vectors.words)}
    expected = np.sort(np.delete(cosines, seed % count))
    np.testing.assert_allclose([c for _, c in near], expected[::-1][: len(near)], rtol=0, atol=1e-6)
    np.testing.assert_allclose([c for _, c in far], expected[: len(far)], rtol=0, atol=1e-6)
    for found, cosine in near + far:
        assert found != word
        assert abs(cosine - cosines[number[found]]) < 1e-6


@given(seed=st.integers(0, 999), count=st.integers(4, 200), size=st.integers(2, 30))
@settings(max_examples=60, deadline=None)
@pytest.mark.usefixtures("path")
def test_analogies_are_the_formulas(seed: int, count: int, size: int) -> None:
    vectors = drawn(seed, count, size)
    unit = units(vectors)
    a, b, c = np.random.default_rng(seed).choice(count, 3, replace=False)
    words = [vectors.words[i] for i in (a, b, c)]
    direction = unit[b] - unit[a] + unit[c]
    added = unit @ direction / np.linalg.norm(direction)
    got = vectors.analogy(*words, top=5)
    assert [w for w, _ in got] == ranked(vectors, added, set(words), 5)
    shifted = (1 + unit @ unit[[a, b, c]].T) / 2
    multiplied = shifted[:, 1] * shifted[:, 2] / (shifted[:, 0] + 1e-6)
    best = vectors.analogy(*words, top=1, method="3cosmul")[0]
    rest = [m for i, m in enumerate(multiplied) if vectors.words[i] not in words]
    assert best[1] == pytest.approx(max(rest), rel=1e-9)


@pytest.mark.usefixtures("path")
def test_what_gensim_answers() -> None:
    models = pytest.importorskip("gensim.models", reason="Gensim is not installed")
    vectors = drawn(7, 500, 20)
    theirs = models.KeyedVectors(20)
    theirs.add_vectors(vectors.words, vectors.vectors)
    assert [w for w, _ in vectors.similar("w3", 10)] == [w for w, _ in theirs.most_similar("w3", topn=10)]
    mine = vectors.analogy("w1", "w2", "w3", 10)
    expected = theirs.most_similar(positive=["w2", "w3"], negative=["w1"], topn=10)
    assert [w for w, _ in mine] == [w for w, _ in expected]
    np.testing.assert_allclose([c for _, c in mine], [c for _, c in expected], rtol=0, atol=1e-6)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Gensim calls a function that it has deprecated
        product = theirs.most_similar_cosmul(positive=["w2", "w3"], negative=["w1"], topn=5)
    assert [w for w, _ in vectors.analogy("w1", "w2", "w3", 5, method="3cosmul")] == [w for w, _ in product]
    assert vectors.distance("w1", "w2") == pytest.approx(theirs.distance("w1", "w2"), abs=1e-6)
    many = ["w1", "w9", "w30", "w77"]
    assert vectors.doesnt_match(many) == theirs.doesnt_match(many)


def test_a_king() -> None:
    vectors = WordVectors(["왕", "여왕", "아들", "딸", "집"], [[1, 0, 1], [1, 1, 1], [0, 0, 1], [0, 1, 1], [-9, 1, 0]])
    assert vectors.analogy("왕", "여왕", "아들", top=1)[0][0] == "딸"
    assert vectors.similar("왕", 1, farthest=True)[0][0] == "집"
    assert vectors.doesnt_match(["왕", "여왕", "집"]) == "집"
    assert "왕" in vectors
    assert len(vectors) == 5


@pytest.mark.usefixtures("path")
def test_zeros_ties_and_one_word() -> None:
    vectors = WordVectors(["a", "b", "c", "d"], [[0, 0], [1, 0], [1, 0], [2, 0]])
    assert vectors.similar("b", 3) == [("c", 1.0), ("d", 1.0), ("a", 0.0)]  # equals in the order of the words
    assert vectors.similar("a", 1) == [("b", 0.0)]
    assert WordVectors(["a"], [[1.0]]).similar("a") == []


def test_an_unknown_word_is_told_what_is_spelled_alike() -> None:
    vectors = WordVectors(["영화", "영화관", "배우", "movie"], np.eye(4))
    with pytest.raises(DataError, match=r"'영하' is not among the 4 words; did you mean '영화'"):
        vectors.similar("영하")
    with pytest.raises(DataError, match="did you mean 'movie'"):
        vectors.distance("영화", "move")
    with pytest.raises(DataError, match=r"'zzz' is not among the 4 words$"):
        vectors["zzz"]


@pytest.mark.parametrize(
    ("words", "table"),
    [(["a"], np.zeros((2, 3))), (["a", "a"], np.zeros((2, 3))), ([], np.zeros((0, 3))), (["a"], [1.0])],
)
def test_words_and_vectors_must_fit(words: Any, table: Any) -> None:
    with pytest.raises(DataError):
        WordVectors(words, table)


def test_wrong_questions() -> None:
    vectors = WordVectors(["a", "b", "c"], np.eye(3))
    with pytest.raises(ParameterError, match="top=0"):
        vectors.similar("a", 0)
    with pytest.raises(ParameterError, match="did you mean '3cosadd'"):
        vectors.analogy("a", "b", "c", method="3cosad")
    with pytest.raises(DataError, match="three words"):
        vectors.doesnt_match(["a", "b"])
    with pytest.raises(DataError, match="expected 3 finite numbers"):
        vectors.near([1.0, float("nan"), 0.0])
    assert vectors.near([0, 2, 0], 1) == [("b", 1.0)]


def apart(text: str) -> str:
    return unicodedata.normalize("NFD", text)


@pytest.mark.parametrize("form", ["folder", "word2vec", "word2vec-binary", "glove"])
def test_words_are_compared_composed_and_answered_as_written(form: str, tmp_path: Path) -> None:
    words = [apart("사과"), "배", apart("왕"), apart("여왕"), "cafe\u0301", "na\u00efve", "딸\u200b기"]
    written = WordVectors(words, np.random.default_rng(0).standard_normal((7, 4)))
    written.save(tmp_path / "v", form=form)
    vectors = WordVectors.load(tmp_path / "v")
    assert vectors.words == words
    for typed in ("사과", apart("사과"), "사\u200b과", "\ufeff사과"):
        assert typed in vectors
        assert vectors.stored_form(typed) == words[0]
        assert vectors[typed].tolist() == written.vectors[0].tolist()
        assert words[0] not in [word for word, _ in vectors.similar(typed, 6)]
    assert vectors["caf\u00e9"].tolist() == written.vectors[4].tolist()
    assert vectors["nai\u0308ve"].tolist() == written.vectors[5].tolist()
    assert vectors["딸기"].tolist() == written.vectors[6].tolist()
    for method in ("3cosadd", "3cosmul"):
        answers = [word for word, _ in vectors.analogy("왕", "여왕", apart("배"), top=7, method=method)]
        assert sorted(answers) == sorted({words[0], words[4], words[5], words[6]})
    assert vectors.doesnt_match(["사과", "배", "왕"]) in ("사과", "배", "왕")
    with pytest.raises(DataError, match="'사고' is not among the 7 words; did you mean") as caught:
        vectors["사고"]
    assert words[0] in str(caught.value)


def test_of_words_that_are_the_same_the_first_is_kept() -> None:
    vectors = WordVectors(["배", apart("사과"), "왕", "사과", "왕\u200b"], np.arange(10.0).reshape(5, 2))
    assert vectors.words == ["배", apart("사과"), "왕"]
    assert vectors.vectors.tolist() == [[0, 1], [2, 3], [4, 5]]
    assert vectors.about["notes"] == [
        "2 words differ from others in Unicode form or invisible characters only ('사과'); the first of each was kept"
    ]
    with pytest.raises(DataError, match="twice"):
        WordVectors(["배", "배"], np.ones((2, 2)))


def test_which_answers_come_from_subwords() -> None:
    known = Subwords("letters", 1, 1, 1 << 20, np.zeros(0, np.int64), np.zeros((0, 2), np.float32))
    numbers = np.unique(known.numbers("아들램"))
    sub = Subwords("letters", 1, 1, 1 << 20, numbers, np.ones((len(numbers), 2), np.float32))
    vectors = WordVectors(["왕", "여왕"], np.eye(2), subwords=sub)
    assert vectors.from_subwords(["왕", "아들램", apart("여왕"), "아들램", "zzz"]) == ["아들램"]
    assert vectors[apart("아들램")].tolist() == vectors["아들램"].tolist() == [1.0, 1.0]
    assert WordVectors(["왕"], np.eye(1)).from_subwords(["아들램"]) == []
