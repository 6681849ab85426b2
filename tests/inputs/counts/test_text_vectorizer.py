"""The vectorizer against scikit-learn's own, the formulas, and the examples of the course."""

from __future__ import annotations

import math
from itertools import chain
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from gyeol.errors import DataError, ParameterError
from gyeol.inputs import KINDS, TextVectorizer, Token, Tokenizer, make_tokenizer, vectorizer
from gyeol.inputs.counts import counting

WORDS = ["어제", "러시아", "갔다", "월드컵", "관람"]
SENTENCE = "어제 러시아에 갔다가 러시아 월드컵을 관람했다"
TEXT = st.lists(st.sampled_from(["참", "좋은", "영화", "나쁜", "좋다", "!", "the", "The"]), max_size=9).map(" ".join)


class Course(Tokenizer):
    """Cuts a sentence into the words of the course's dictionary, as its lecturer does by hand."""

    name = "course"
    joint = " "

    def cut(self, text: str) -> list[Token]:
        found = []
        for piece in make_tokenizer("whitespace").cut(text):
            word = next((w for w in WORDS if piece.text.startswith(w)), piece.text)
            found.append(Token(word, piece.start, piece.start + len(word)))
        return found


def test_the_course_one_hot() -> None:
    made = vectorizer("onehot", tokenizer="whitespace", vocabulary=WORDS)
    assert made.fit_transform([" ".join(WORDS)]).toarray().tolist() == np.eye(5).tolist()
    assert made.transform(["월드컵", "모름"]).toarray().tolist() == [[0, 0, 0, 1, 0], [0, 0, 0, 0, 0]]


@pytest.mark.parametrize("tokenizer", [Course, "morpheme"])
def test_the_course_sentence(tokenizer: Any) -> None:
    bag = vectorizer("bow", tokenizer=tokenizer).fit([SENTENCE])
    counts = vectorizer("dtm", tokenizer=tokenizer).fit([SENTENCE])
    at = bag.vocabulary_["러시아"]
    assert bag.vocabulary_ == counts.vocabulary_
    assert bag.transform([SENTENCE])[0, at] == 1
    assert counts.transform([SENTENCE])[0, at] == 2
    if tokenizer is Course:
        ordered = vectorizer("bow", tokenizer=Course, vocabulary=WORDS)
        assert ordered.fit_transform([SENTENCE]).toarray().tolist() == [[1, 1, 1, 1, 1]]
        ordered.set_params(kind="dtm")
        assert ordered.fit_transform([SENTENCE]).toarray().tolist() == [[1, 2, 1, 1, 1]]


@given(
    texts=st.lists(TEXT, min_size=1, max_size=8),
    kind=st.sampled_from(["bow", "dtm", "tfidf"]),
    low=st.integers(1, 2),
    more=st.integers(0, 2),
    min_df=st.sampled_from([1, 2, 0.3]),
    max_df=st.sampled_from([1.0, 0.8, 5]),
    smooth=st.booleans(),
    sublinear=st.booleans(),
    norm=st.sampled_from(["l2", "l1", None]),
    lowercase=st.booleans(),
    stop=st.sampled_from([None, ["영화", "the"]]),
    threads=st.integers(1, 3),
)
@settings(max_examples=250, deadline=None)
def test_what_scikit_learn_gives(
    texts: list[str], kind: str, low: int, more: int, min_df: Any, max_df: Any, smooth: bool, sublinear: bool,
    norm: Any, lowercase: bool, stop: Any, threads: int,
) -> None:  # fmt: skip
    runs = (low, low + more)
    shared: dict[str, Any] = {"ngram_range": runs, "min_df": min_df, "max_df": max_df, "stop_words": stop}
    weights: dict[str, Any] = {"smooth_idf": smooth, "sublinear_tf": sublinear, "norm": norm}
    cut = make_tokenizer("word", lowercase=lowercase).tokenize
    theirs_settings = {**shared, "tokenizer": cut, "token_pattern": None, "lowercase": False, "dtype": np.float64}
    if kind == "tfidf":
        theirs = TfidfVectorizer(**theirs_settings, **weights)
    else:
        theirs = CountVectorizer(**theirs_settings, binary=kind == "bow")
    ours = TextVectorizer(kind, tokenizer="word", lowercase=lowercase, threads=threads, **shared, **weights)
    try:
        expected = theirs.fit_transform(texts)
    except ValueError:  # no term is left: an error here, too
        with pytest.raises((DataError, ParameterError)):
            ours.fit_transform(texts)
        return
    got = ours.fit_transform(texts)
    assert ours.get_feature_names_out().tolist() == theirs.get_feature_names_out().tolist()
    assert got.has_sorted_indices
    np.testing.assert_allclose(got.toarray(), expected.toarray(), rtol=1e-12, atol=0)
    new = [*texts[:3], "참 모름 the 영화 !", ""]
    np.testing.assert_allclose(ours.transform(new).toarray(), theirs.transform(new).toarray(), rtol=1e-12, atol=0)
    again = clone(ours).fit(iter(texts))
    np.testing.assert_array_equal(again.transform(new).toarray(), ours.transform(new).toarray())


@given(texts=st.lists(TEXT, min_size=1, max_size=6), threads=st.integers(1, 2))
@settings(max_examples=60, deadline=None)
def test_one_hot_is_a_row_a_token(texts: list[str], threads: int) -> None:
    tokens = [text.split() for text in texts]
    if not any(tokens):
        return
    made = TextVectorizer("onehot", tokenizer="whitespace", min_df=2, threads=threads)
    known = sorted(w for w in set(chain(*tokens)) if sum(w in t for t in tokens) >= 2)
    if not known:
        with pytest.raises((DataError, ParameterError), match=r"no term (occurs|can)"):
            made.fit(texts)
        return
    blocks = list(made.fit_rows(texts))
    matrix = sp.vstack([block.matrix for block in blocks]).toarray()
    expected = [[float(token == term) for term in known] for token in chain(*tokens)]
    np.testing.assert_array_equal(matrix, expected)
    assert np.concatenate([np.diff(block.starts) for block in blocks]).tolist() == [len(t) for t in tokens]


def test_one_hot_of_a_large_vocabulary_stays_sparse() -> None:
    words = [f"w{i}" for i in range(100_000)]
    matrix = vectorizer("onehot", tokenizer="whitespace", vocabulary=words).fit_transform([" ".join(words[:20])])
    assert matrix.shape == (20, 100_000)
    assert matrix.nnz == 20


def test_idf_written_out() -> None:
    made = TextVectorizer(tokenizer="whitespace", norm=None).fit(["a b", "a", "a c"])
    np.testing.assert_allclose(made.idf_, [1.0, math.log(4 / 2) + 1, math.log(4 / 2) + 1])
    plain = TextVectorizer(tokenizer="whitespace", norm=None, smooth_idf=False).fit(["a b", "a", "a c"])
    np.testing.assert_allclose(plain.idf_, [1.0, math.log(3) + 1, math.log(3) + 1])


def test_the_most_frequent_are_kept() -> None:
    made = TextVectorizer("dtm", tokenizer="whitespace", max_features=2).fit(["c c c b", "a b", "b a a"])
    assert made.get_feature_names_out().tolist() == ["a", "b"]  # of equals the first of the alphabet
    assert TextVectorizer("dtm", max_features=99).fit(["c c b"]).get_feature_names_out().tolist() == ["b", "c"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["bpe", "syllable", "auto"])
def test_many_chunks_and_a_spool_on_disk_change_nothing(kind: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [
        f"{a} {b} 영화 {i % 7}" for i, (a, b) in enumerate(zip("가나다라마바사" * 9, "bcdefghij" * 7, strict=True))
    ]
    whole = TextVectorizer(kind, tokenizer=name, threads=1).fit_transform(texts)
    monkeypatch.setattr(counting, "_CHARACTERS", 60)
    monkeypatch.setattr(counting.Spool.__init__, "__defaults__", (40,))
    for threads in (1, 3):
        made = TextVectorizer(kind, tokenizer=name, threads=threads)
        pieces = made.fit_transform(iter(texts))
        assert (whole != pieces).nnz == 0
        assert (made.transform(iter(texts)) != whole).nnz == 0


def test_in_a_pipeline() -> None:
    texts, labels = ["참 좋다", "정말 좋다", "참 싫다", "정말 싫다"] * 3, [1, 1, 0, 0] * 3
    model = make_pipeline(vectorizer("tfidf", tokenizer="syllable", ngram_range=(1, 2)), LogisticRegression())
    assert model.fit(texts, labels).predict(["좋다", "싫다"]).tolist() == [1, 0]
    assert clone(model[0]).get_params() == model[0].get_params()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "tfdif"}, "did you mean 'tfidf'"),
        ({"tokenizer": "wrod"}, "did you mean 'word'"),
        ({"ngram_range": (2, 1)}, "ngram_range.*low <= high"),
        ({"ngram_range": 2}, "ngram_range"),
        ({"kind": "onehot", "ngram_range": (1, 2)}, "a row a token"),
        ({"min_df": -1}, "min_df=-1"),
        ({"min_df": 1.5}, "a share of them"),
        ({"max_df": True}, "max_df=True"),
        ({"max_df": math.nan}, "max_df=nan"),
        ({"max_features": 0}, "max_features=0"),
        ({"norm": "l3"}, "norm='l3'"),
        ({"dtype": "int32"}, "float64 or float32"),
        ({"dtype": "x"}, "float64 or float32"),
        ({"threads": 0}, "threads=0"),
        ({"stop_words": "korean "}, "did you mean 'korean'"),
        ({"stop_words": [1]}, "each a str"),
    ],
)
def test_settings_that_cannot_be(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        vectorizer(**settings)


def test_several_mistakes_are_told_at_once() -> None:
    with pytest.raises(ParameterError, match=r"min_df=-1.*norm='l3'"):
        vectorizer("dtm", min_df=-1, norm="l3")


@pytest.mark.parametrize(
    ("vocabulary", "message"),
    [([], "one term or more"), ([1], "each a str"), (["a", "b", "a"], "'a' occurs in it twice"), ({"a": 1}, "a gap")],
)
def test_vocabularies_that_cannot_be(vocabulary: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        vectorizer("bow", vocabulary=vocabulary).fit(["a"])


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ("one text", "wrap it in"),
        ([], "no texts"),
        (["a", 3], "text 1 is int"),
        (["", " "], "no term"),
        (["그"], "stop words"),
    ],
)
def test_texts_that_cannot_be(texts: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        vectorizer("tfidf", stop_words=["그"]).fit_transform(texts)


def test_before_fit_and_without_texts() -> None:
    with pytest.raises(NotFittedError, match="call fit"):
        TextVectorizer().transform(["a"])
    assert TextVectorizer("bow").fit(["a b"]).transform([]).shape == (0, 2)
