"""A tokenizer is a class with ``cut`` and a line in `TOKENIZERS`: what CONTRIBUTING promises, done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gyeol import (
    AuthorClassifier,
    Captioner,
    LanguageModel,
    TextClassifier,
    TextRegressor,
    Translator,
    load,
)
from gyeol.errors import ModelError, ParameterError
from gyeol.inputs import TOKENIZERS, TextVectorizer, Token, Tokenizer
from gyeol.inputs.vectors.initial_embedding import tokenizer_for
from gyeol.inputs.vectors.word_vectors import WordVectors
from gyeol.parameters import range_of
from gyeol.tasks import Estimator

TEXTS = ["정말 좋아요", "진짜 재밌네 good", "정말 싫어요", "별로였다 bad"] * 4
LABELS = ["긍정", "긍정", "부정", "부정"] * 4
TINY: dict[str, Any] = {"hidden_size": 6, "embedding_size": 5, "epochs": 1, "batch_size": 8, "threads": 1}


class InPairs(Tokenizer):
    """Two characters a token, spaces among them."""

    def cut(self, text: str) -> list[Token]:
        return [Token(text[i : i + 2], i, min(i + 2, len(text))) for i in range(0, len(text), 2)]


class Seen(Tokenizer):
    """Words of the training texts; whatever else is one token. Learns, and takes a setting."""

    joint = " "
    learns = True

    def __init__(self, *, lowercase: bool = False, other: str = "?") -> None:
        super().__init__(lowercase=lowercase)
        self.other, self.words = other, set[str]()

    def fit(self, texts: Any) -> Seen:
        self.words = {word for text in texts for word in text.split()}
        return self

    def cut(self, text: str) -> list[Token]:
        tokens, end = [], 0
        for word in text.split():
            start = text.index(word, end)
            end = start + len(word)
            tokens.append(Token(word if word in self.words else self.other, start, end))
        return tokens

    def state(self) -> dict[str, Any]:
        return {"words": sorted(self.words)}

    def restore(self, state: dict[str, Any]) -> Seen:
        self.words = set(state["words"])
        return self


NEWCOMERS: dict[str, type[Tokenizer]] = {"two-letters": InPairs, "seen": Seen}


@pytest.fixture(params=NEWCOMERS)
def name(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setitem(TOKENIZERS, request.param, NEWCOMERS[request.param])  # the one line
    return str(request.param)


#: Every estimator whose tokenizer is a setting: how it is made, what it learns from, what it answers.
ESTIMATORS: dict[str, tuple[Callable[..., Estimator], tuple[Any, ...], Callable[[Any], Any]]] = {
    "classify": (TextClassifier, (TEXTS, LABELS), lambda m: m.predict_proba(TEXTS).tolist()),
    "classify, tfidf": (
        lambda **s: TextClassifier(features="tfidf", **s), (TEXTS, LABELS), lambda m: m.predict_proba(TEXTS).tolist(),
    ),
    "regress-text": (TextRegressor, (TEXTS, [1.0, 2.0, 3.0, 4.0] * 4), lambda m: m.predict(TEXTS).tolist()),
    "author": (AuthorClassifier, (TEXTS, LABELS), lambda m: m.predict_proba(TEXTS).tolist()),
    "language": (
        lambda **s: LanguageModel(**{**s, "batch_size": 2}), (TEXTS,),
        lambda m: (m.suggest("정말 ", top=2), m.generate("정말", length=5, random_state=1)),
    ),
    "translate": (Translator, (TEXTS, TEXTS), lambda m: [t[0].score for t in m.translate(TEXTS[:2])]),
    "caption": (
        lambda **s: Captioner(image_size=16, channels=4, augmentation=None, **s),
        ([np.full((16, 16, 3), 9 * n, np.uint8) for n in range(16)], TEXTS),
        lambda m: m.predict([np.zeros((16, 16, 3), np.uint8)]),
    ),
}  # fmt: skip


@pytest.mark.parametrize("task", ESTIMATORS)
def test_every_estimator_is_trained_saved_loaded_and_answers_the_same(name: str, task: str, tmp_path: Path) -> None:
    make, data, answer = ESTIMATORS[task]
    model = make(tokenizer=name, **TINY).fit(*data)
    model.save(tmp_path / "m")
    again = load(tmp_path / "m")
    assert again.get_params()["tokenizer"] == name
    assert answer(again) == answer(model)
    inputs = getattr(again.inputs_, "source", again.inputs_)
    assert type(inputs.tokenizer) is NEWCOMERS[name]
    assert inputs.tokenizer.name == name


def test_a_vectorizer_counts_its_tokens_and_is_loaded(name: str, tmp_path: Path) -> None:
    made = TextVectorizer("dtm", tokenizer=name, ngram_range=(1, 2)).fit(TEXTS)
    made.save(tmp_path / "v.json")
    again = TextVectorizer.load(tmp_path / "v.json")
    assert (again.transform(TEXTS) != made.transform(TEXTS)).nnz == 0
    assert again.terms_.to_list() == made.terms_.to_list()
    if name == "two-letters":
        assert {"정말", " 좋", "정말 좋"} <= set(made.terms_)


def test_word_vectors_that_were_cut_by_it_name_it(name: str) -> None:
    vectors = WordVectors(["정말", "?"], [[1.0], [2.0]], about={"tokenizer": name})
    chosen = tokenizer_for(vectors, TEXTS)
    assert chosen == (name if name == "two-letters" else "word")  # what one learned is not with the vectors


def test_it_is_among_what_is_possible(name: str) -> None:
    assert name in range_of(TextClassifier.rules["tokenizer"])
    with pytest.raises(ParameterError, match=f"did you mean '{name}'"):
        TextClassifier(tokenizer=name + "s", **TINY).fit(TEXTS, LABELS)


@pytest.mark.parametrize("tokenizer", [InPairs, Seen(other="!")])
@pytest.mark.parametrize("make", [TextClassifier, Translator])
def test_a_class_or_an_object_itself_is_taken(make: Any, tokenizer: Any, tmp_path: Path) -> None:
    y = LABELS if make is TextClassifier else TEXTS
    model = make(tokenizer=tokenizer, **TINY).fit(TEXTS, y)
    model.save(tmp_path / "m")
    with pytest.raises(ModelError, match=r"gyeol\.load\(path, tokenizer="):
        load(tmp_path / "m")
    again = load(tmp_path / "m", tokenizer=tokenizer)
    assert list(again.predict(TEXTS)) == list(model.predict(TEXTS))


def test_settings_go_to_the_tokenizers_that_name_them(monkeypatch: pytest.MonkeyPatch) -> None:
    class Tagged(InPairs):
        settings = ("stop_tags",)

        def __init__(self, *, lowercase: bool = False, stop_tags: Any = None) -> None:
            super().__init__(lowercase=lowercase)
            self.stop_tags = stop_tags

        def given(self) -> dict[str, Any]:
            return {"stop_tags": self.stop_tags}

    monkeypatch.setitem(TOKENIZERS, "tagged", Tagged)
    for which in ("tagged", Tagged):
        made = TextVectorizer("bow", tokenizer=which, stop_tags=["N"]).fit(TEXTS)
        assert made.tokenizer_.given() == {"stop_tags": ["N"]}
    with pytest.raises(
        ParameterError, match="'word' knows no parts of speech; take 'content' or 'morpheme' or 'tagged'"
    ):
        TextVectorizer("bow", tokenizer="word", stop_tags=["N"]).fit(TEXTS)
    with pytest.raises(
        ParameterError, match="stop_tags: tokenizer is an object, 'tagged', and has its settings already"
    ):
        TextVectorizer("bow", tokenizer=Tagged(), stop_tags=["N"]).fit(TEXTS)
