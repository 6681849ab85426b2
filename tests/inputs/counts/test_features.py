"""Sparse features against their formulas, written out."""

from __future__ import annotations

import json
import math
from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol.errors import DataError, ModelError, ParameterError
from gyeol.inputs import FEATURES, FeatureInput, Token, Tokenizer
from gyeol.inputs.counts.features import FeatureBatch

LESSON = ["참 좋은 영화", "참 좋다 참", "나쁜 영화", "나쁜 나쁜 영화 참"]
WORDS = st.lists(st.sampled_from(["참", "좋은", "영화", "나쁜", "모름", "좋다"]), max_size=8).map(" ".join)


def made(features: str, texts: list[str] = LESSON, **settings: Any) -> FeatureInput:
    return FeatureInput(features, **{"tokenizer": "whitespace", "min_count": 1, **settings}).fit(texts)


def dense(batch: FeatureBatch, width: int) -> npt.NDArray[np.float64]:
    """Write sparse vectors out, (B, width)."""
    out = np.zeros((len(batch), width))
    ends = [*batch.offsets.tolist()[1:], len(batch.columns)]
    for row, (start, end) in enumerate(zip(batch.offsets.tolist(), ends, strict=True)):
        np.add.at(out[row], batch.columns[start:end].numpy(), batch.weights[start:end].numpy())
    return out


def encoded(features: FeatureInput, texts: list[str]) -> npt.NDArray[np.float64]:
    return dense(features.batch(features.encode(texts), np.arange(len(texts))), features.width)


def grams(text: str) -> list[str]:
    words = text.split()
    return [*words, *(f"{a} {b}" for a, b in pairwise(words))]


@given(texts=st.lists(WORDS, min_size=1, max_size=5))
@settings(max_examples=80)
def test_a_bag_says_which_terms_occur(texts: list[str]) -> None:
    features = made("bow")
    terms = features.state()["terms"]
    assert set(terms) == {gram for text in LESSON for gram in grams(text)}
    expected = [[float(term in grams(text)) for term in terms] for text in texts]
    np.testing.assert_array_equal(encoded(features, texts), expected)


@given(texts=st.lists(WORDS, min_size=1, max_size=5))
@settings(max_examples=80)
def test_tfidf_is_the_formula(texts: list[str]) -> None:
    features = made("tfidf")
    terms = features.state()["terms"]
    expected = np.zeros((len(texts), len(terms)))
    for row, text in enumerate(texts):
        counts = Counter(grams(text))
        for column, term in enumerate(terms):
            df = sum(term in grams(document) for document in LESSON)
            expected[row, column] = counts[term] * (math.log((1 + len(LESSON)) / (1 + df)) + 1)
        expected[row] /= np.linalg.norm(expected[row]) or 1.0
    np.testing.assert_allclose(encoded(features, texts), expected, rtol=1e-5, atol=1e-6)


@given(texts=st.lists(WORDS, min_size=1, max_size=5))
@settings(max_examples=80)
def test_onehot_says_what_stands_where(texts: list[str]) -> None:
    features = made("onehot")
    state = features.state()
    words = ["<pad>", "<unk>", *state["text"]["vocabulary"]]
    size, places = len(words), state["places"]
    assert features.width == size * places
    expected = np.zeros((len(texts), features.width))
    for row, text in enumerate(texts):
        for place, word in enumerate((text.split() or ["<unk>"])[:places]):
            expected[row, place * size + (words.index(word) if word in words else 1)] = 1
    np.testing.assert_array_equal(encoded(features, texts), expected)


@pytest.mark.parametrize("name", FEATURES)
@given(texts=st.lists(WORDS, min_size=1, max_size=6), draw=st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_a_batch_is_its_rows_end_to_end(name: str, texts: list[str], draw: Any) -> None:
    features = made(name)
    rows = features.encode(texts)
    which = np.array(draw.sample(range(len(texts)), draw.randint(1, len(texts))))
    batch = features.batch(rows, which)
    assert (batch.columns.dtype, batch.weights.dtype, batch.offsets.dtype) == (torch.int64, torch.float32, torch.int64)
    assert len(batch.columns) == features.lengths(rows)[which].sum()
    together = encoded(features, texts)
    np.testing.assert_array_equal(dense(batch, features.width), together[which])
    for i in which:
        np.testing.assert_array_equal(dense(features.batch(rows, np.array([i])), features.width)[0], together[i])


@pytest.mark.parametrize("tokenizer", ["auto", "syllable", "jamo", "word", "bpe"])
@pytest.mark.parametrize("name", FEATURES)
def test_state_through_json_to_the_same_bits(name: str, tokenizer: str) -> None:
    features = made(name, ["Good film, good", "참 좋은 Film", "나쁜 film"], tokenizer=tokenizer, lowercase=True)
    state = json.loads(json.dumps(features.state()))
    again = FeatureInput.restored(state)
    assert again.state() == state
    assert again.width == features.width
    assert again.tokenizer.name == features.tokenizer.name
    texts = ["GOOD film", "모르는 말", "참 좋은 영화 film film", ""]
    for mine, theirs in zip(features.encode(texts), again.encode(texts), strict=True):
        assert np.array_equal(getattr(mine, "values", mine), getattr(theirs, "values", theirs))


def test_long_texts_count_whole_but_places_end() -> None:
    long = ["참 " * 200 + "끝", "영화"]
    assert "끝" in made("bow", long, max_length=4).state()["terms"]
    assert made("onehot", long * 20).state()["places"] == 64
    assert made("onehot", long * 20, max_length=4).state()["places"] == 4


def test_the_rare_and_the_too_many_are_left_out() -> None:
    assert set(made("bow", min_count=2).state()["terms"]) == {"참", "영화", "나쁜", "나쁜 영화"}
    assert len(made("bow", max_features=3).state()["terms"]) == 3
    with pytest.raises(DataError, match=r"no term occurs in 9 texts or more.*set min_count=1"):
        made("bow", min_count=9)
    with pytest.raises(DataError, match="no term occurs"):
        made("tfidf", [" ", ""])
    with pytest.raises(DataError, match="no token"):
        made("onehot", [" ", ""])


class Halves(Tokenizer):
    """A tokenizer of the user's own."""

    name = "halves"

    def cut(self, text: str) -> list[Token]:
        middle = len(text) // 2
        return [Token(text[:middle], 0, middle), Token(text[middle:], middle, len(text))]


@pytest.mark.parametrize("name", FEATURES)
def test_a_tokenizer_of_ones_own_is_copied_and_must_be_handed_over(name: str) -> None:
    own = Halves()
    features = made(name, ["Good Film", "good film"], tokenizer=own, lowercase=True)
    assert not own.lowercase
    assert features.tokenizer.lowercase
    with pytest.raises(ModelError, match="'halves': load it with tokenizer="):
        FeatureInput.restored(features.state())
    for given_own in (Halves, own):
        again = FeatureInput.restored(features.state(), tokenizer=given_own)
        np.testing.assert_array_equal(encoded(again, ["GOOD film"]), encoded(features, ["good film"]))


def test_unknown_features() -> None:
    with pytest.raises(ParameterError, match="did you mean 'tfidf'"):
        FeatureInput("tfdif")


@pytest.mark.parametrize("name", [name for name in FEATURES if name != "vectors"])
@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.update(features="tfdif"),
        lambda s: s.update(features=None),
        lambda s: s.pop("features"),
        lambda s: s.update(terms=["참", "참"], text=None),
        lambda s: s.update(terms=[], text=[]),
        lambda s: s.update(terms="참", places=0),
        lambda s: s.update(terms=[1, 2], places=10**9),
        lambda s: s.update(tokenizer="nope", places="4"),
        lambda s: s.pop("learned", s.pop("places", None)),
    ],
)
def test_a_state_that_was_never_written(name: str, change: Any) -> None:
    state = made(name).state()
    change(state)
    with pytest.raises(ModelError):
        FeatureInput.restored(state)


@pytest.mark.parametrize("text", [None, [], {}, {"vocabulary": ["a"]}, "x"])
def test_tokens_that_were_never_written(text: Any) -> None:
    with pytest.raises(ModelError):
        FeatureInput.restored({**made("vectors").state(), "text": text})


@given(texts=st.lists(WORDS, min_size=1, max_size=5))
@settings(max_examples=40)
def test_vectors_are_shares_of_tokens(texts: list[str]) -> None:
    features = made("vectors")
    words = ["<pad>", "<unk>", *features.state()["text"]["vocabulary"]]
    expected = np.zeros((len(texts), features.width))
    for row, text in enumerate(texts):
        tokens = text.split() or ["<unk>"]
        for word in tokens:
            expected[row, words.index(word) if word in words else 1] += 1 / len(tokens)
    np.testing.assert_allclose(encoded(features, texts), expected, rtol=1e-6)


@pytest.mark.parametrize(
    "idf", [None, [], [1.0], "x", [[1.0]], ["a"] * 12, [math.nan] * 12, [1e400] * 12, {"a": 1}, [1e39] * 12]
)
def test_weights_that_were_never_written(idf: Any) -> None:
    state = made("tfidf").state()
    assert len(state["idf"]) == 12
    with pytest.raises(ModelError, match=r"tokenizer\.json"):
        FeatureInput.restored({**state, "idf": idf})
