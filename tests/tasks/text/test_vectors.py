"""A classifier that begins with word vectors: frozen or tuned, recurrent or the mean, saved and loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.base import clone

from gyeol import DataError, ParameterError, TextClassifier, WordVectors, load

TEXTS = ["정말 좋아요", "너무 좋다", "진짜 재밌네", "정말 싫어요", "너무 싫다", "진짜 별로네"] * 6
LABELS = ["긍정", "긍정", "긍정", "부정", "부정", "부정"] * 6
WORDS = ["정말", "좋아요", "너무", "좋다", "재밌네", "싫어요", "싫다", "별로네"]  # 진짜 is unknown
TINY: dict[str, Any] = {"hidden_size": 6, "epochs": 3, "learning_rate": 0.02, "batch_size": 8, "threads": 1}


@pytest.fixture
def vectors() -> WordVectors:
    table = np.random.default_rng(0).standard_normal((len(WORDS), 5)) * 0.3
    return WordVectors(WORDS, table)


def row(model: TextClassifier, word: str) -> Any:
    inputs = model.inputs_.text if model.features else model.inputs_
    number = int(inputs.vocabulary.encode([word])[0])
    assert number > 1
    return model.net_.embedding.weight[number].detach()


@pytest.mark.parametrize("features", [None, "vectors"])
@pytest.mark.parametrize("frozen", [False, True])
def test_vectors_are_taken_and_kept_or_tuned(features: Any, frozen: bool, vectors: WordVectors, tmp_path: Path) -> None:
    vectors.save(tmp_path / "my.vec")
    settings = {**TINY, "features": features, "freeze_vectors": frozen}
    model = TextClassifier(vectors=str(tmp_path / "my.vec"), **settings)
    model.fit(TEXTS, LABELS, validation=(TEXTS, LABELS))
    assert model.overlap_ == {"tokens": 9, "known": 8, "of_texts": pytest.approx(5 / 6)}
    assert "know 8 of 9 tokens" in model.describe_data()["vectors"]
    assert model.net_.embedding.weight.shape[1] == 5
    same = torch.allclose(row(model, "정말"), torch.from_numpy(vectors["정말"]), atol=1e-7)
    assert same == frozen
    assert model.net_.embedding.weight.requires_grad == (not frozen)
    probabilities = model.predict_proba(TEXTS)
    model.save(tmp_path / "m")
    (tmp_path / "my.vec").unlink()  # a model holds all that it needs
    again = load(tmp_path / "m")
    assert np.array_equal(again.predict_proba(TEXTS), probabilities)
    assert again.overlap_ == model.overlap_
    assert "know 8 of 9" in (tmp_path / "m" / "README.md").read_text("utf-8")


def test_an_object_serves_and_a_search_copies_nothing(vectors: WordVectors, tmp_path: Path) -> None:
    model = TextClassifier(vectors=vectors, tokenizer="whitespace", **TINY)
    assert clone(model).vectors is vectors
    model.fit(TEXTS, LABELS).save(tmp_path / "m")
    assert load(tmp_path / "m").vectors is None
    assert np.array_equal(load(tmp_path / "m").predict_proba(TEXTS), model.predict_proba(TEXTS))


def test_the_same_bits_again(vectors: WordVectors) -> None:
    first, second = (TextClassifier(vectors=vectors, **TINY).fit(TEXTS, LABELS) for _ in range(2))
    assert np.array_equal(first.predict_proba(TEXTS), second.predict_proba(TEXTS))


def test_the_mean_without_vectors_learns(tmp_path: Path) -> None:
    model = TextClassifier(features="vectors", tokenizer="whitespace", **{**TINY, "epochs": 12}).fit(TEXTS, LABELS)
    assert (model.predict(TEXTS) == np.array(LABELS)).mean() > 0.9
    assert model.overlap_ is None


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"freeze_vectors": True}, ParameterError, "give vectors=PATH"),
        ({"vectors": 3}, ParameterError, "must be a path"),
        ({"vectors": "nowhere.vec"}, DataError, r"nowhere\.vec"),
        ({"vectors": "nowhere.vec", "features": "tfidf"}, ParameterError, "has no use for them"),
        ({"vectors": WordVectors(["xyz"], [[1.0]])}, DataError, "none of the"),
    ],
)
def test_vectors_that_cannot_serve(settings: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        TextClassifier(**{**TINY, **settings}).fit(TEXTS, LABELS)
