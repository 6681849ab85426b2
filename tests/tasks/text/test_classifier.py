"""The text classifier: what it promises for any text, any setting, and after any accident."""

from __future__ import annotations

import math
import unicodedata
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gyeol import DataError, ParameterError, TextClassifier, load
from gyeol.inputs import FEATURES
from gyeol.layers import CELLS
from gyeol.tasks import NotFittedError

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30).filter(lambda text: text.strip())


def weights(model: TextClassifier) -> dict[str, Tensor]:
    return model.net_.state_dict()


def same_bits(one: TextClassifier, other: TextClassifier) -> bool:
    mine, theirs = weights(one), weights(other)
    return mine.keys() == theirs.keys() and all(torch.equal(mine[name], theirs[name]) for name in mine)


def check_probabilities(model: TextClassifier, texts: list[str]) -> None:
    probabilities = model.predict_proba(texts)
    assert probabilities.shape == (len(texts), len(model.classes_))
    assert probabilities.dtype == np.float64
    assert (probabilities >= 0).all()
    np.testing.assert_allclose(probabilities.sum(1), 1.0, rtol=0, atol=1e-12)
    assert model.predict(texts).tolist() == model.classes_[probabilities.argmax(1)].tolist()


# What comes back.


@pytest.mark.parametrize(
    ("names", "kind"), [(["부정", "긍정"], "U"), ([7, -1], "i"), ([True, False], "b")], ids=["text", "int", "bool"]
)
def test_two_labels_come_back_as_they_were(
    small: dict[str, Any], texts: list[str], labels: list[str], names: list[Any], kind: str
) -> None:
    mine = [names[label == "긍정"] for label in labels]
    for given_labels in (mine, np.array(mine)):
        model = TextClassifier(**small).fit(texts, given_labels)
        assert model.classes_.tolist() == sorted(names)
        predicted = model.predict(texts[:6])
        assert predicted.dtype.kind == kind
        assert set(predicted.tolist()) <= set(names)
        check_probabilities(model, texts)


def test_many_labels(small: dict[str, Any]) -> None:
    texts = [f"{'가나다라마바사아자차카타'[i]} 글 {j}" for j in range(6) for i in range(12)]
    labels = [f"종류 {i:02}" for _ in range(6) for i in range(12)]
    model = TextClassifier(**{**small, "epochs": 12, "dropout": 0.1}).fit(texts, labels)
    assert model.classes_.tolist() == sorted(set(labels))
    assert model.score(texts, labels) > 0.5
    check_probabilities(model, texts)


@given(text=st.lists(TEXT, min_size=1, max_size=5))
@settings(max_examples=40)
def test_any_texts_get_probabilities(model: TextClassifier, text: list[str]) -> None:
    check_probabilities(model, text)


@given(text=st.lists(TEXT, min_size=2, max_size=6), draw=st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_a_prediction_knows_nothing_of_its_neighbours(model: TextClassifier, text: list[str], draw: Any) -> None:
    together = model.predict_proba(text)
    order = list(range(len(text)))
    draw.shuffle(order)
    np.testing.assert_allclose(model.predict_proba([text[i] for i in order]), together[order], rtol=0, atol=1e-5)
    alone = np.concatenate([model.predict_proba([one]) for one in text])
    np.testing.assert_allclose(alone, together, rtol=0, atol=1e-5)
    np.testing.assert_allclose(model.predict_proba([*text, "가" * 400])[:-1], together, rtol=0, atol=1e-5)


@pytest.mark.parametrize("features", [None, *FEATURES])
def test_texts_typed_apart_are_the_same_texts(
    small: dict[str, Any], texts: list[str], labels: list[str], features: str | None
) -> None:
    model = TextClassifier(**small, features=features).fit(texts, labels)
    apart = [unicodedata.normalize("NFD", text) for text in texts]
    assert apart != texts
    assert np.array_equal(model.predict_proba(apart), model.predict_proba(texts))
    assert same_bits(TextClassifier(**small, features=features).fit(apart, labels), model)


# How it learns.


def test_it_learns_and_the_figures_are_those_of_the_best_epoch(
    small: dict[str, Any], texts: list[str], labels: list[str]
) -> None:
    model = TextClassifier(**{**small, "epochs": 12}).fit(texts, labels)
    assert model.score(texts, labels) == 1.0
    assert model.history_.best in model.history_.records
    assert {k: v for k, v in model.history_.best.items() if k in model.metrics_} == model.metrics_
    figures = model.evaluate(texts, labels)
    assert figures["accuracy"] == figures["macro_f1"] == 1.0
    assert figures["count"] == len(texts)
    assert figures["confusion"] == [[20, 0], [0, 20]]


@pytest.mark.parametrize("features", [None, *FEATURES])
def test_a_seed_decides_every_bit(
    small: dict[str, Any], texts: list[str], labels: list[str], features: str | None
) -> None:
    torch.manual_seed(1)
    first = TextClassifier(**small, features=features, random_state=3).fit(texts, labels)
    torch.manual_seed(2)
    np.random.seed(9)
    again = TextClassifier(**small, features=features, random_state=3).fit(texts, labels)
    assert same_bits(first, again)
    assert not same_bits(first, TextClassifier(**small, features=features, random_state=4).fit(texts, labels))
    assert same_bits(first, first.fit(texts, labels))  # trained twice, it begins anew


def test_the_caller_s_own_random_state_and_threads_stay(
    small: dict[str, Any], texts: list[str], labels: list[str]
) -> None:
    states, threads = (torch.get_rng_state(), np.random.get_state()[1]), torch.get_num_threads()
    TextClassifier(**{**small, "threads": 2, "epochs": 1}, features="bow").fit(texts, labels).predict(texts)
    assert torch.equal(torch.get_rng_state(), states[0])
    assert np.array_equal(np.random.get_state()[1], states[1])
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize(
    "changed",
    [
        *[{"features": features} for features in FEATURES],
        *[{"features": features, "precision": "float64"} for features in FEATURES],
        *[{"precision": precision} for precision in ("float64", "float32", "bfloat16", "high")],
        *[{"cell": cell, "bidirectional": False, "num_layers": 2} for cell in CELLS],
        *[{"pooling": pooling} for pooling in ("last", "mean", "max", "last+mean+max", None)],
        *[{"pooling": pooling, "attention": None} for pooling in ("last", "mean+max")],
        {"ngrams": 1},
        {"ngrams": 5},
        {"positions": 1},
        {"positions": 3, "precision": "float64"},
        {"direct": True},
        {"direct": True, "ngrams": 1, "positions": 3, "precision": "float64"},
        {"averaging": 0.9},
        {"weight_decay": 0.1, "clip_norm": 0.0},
        {"dropout": 0.0, "validation_fraction": 0},
        {"tokenizer": "auto", "lowercase": 1, "bidirectional": 0},
        {"batch_size": 1000, "max_length": 2},
        {"random_state": None, "threads": None},
    ],
    ids=str,
)
def test_every_setting_trains(
    small: dict[str, Any], texts: list[str], labels: list[str], changed: dict[str, Any]
) -> None:
    model = TextClassifier(**{**small, **changed}).fit(texts, labels)
    assert {value.dtype for value in weights(model).values() if value.is_floating_point()} == {
        torch.float64 if changed.get("precision") == "float64" else torch.float32
    }
    check_probabilities(model, texts[:7])
    assert math.isfinite(model.metrics_["valid_loss"])


@pytest.mark.parametrize("features", [None, "bow"])
def test_numbers_may_be_numpy_s(
    small: dict[str, Any], texts: list[str], labels: list[str], features: str | None, tmp_path: Path
) -> None:
    """A search hands over what it drew: np.int64, np.float32, fractions."""
    plain = {
        **small,
        "num_layers": 2,
        "ngrams": 2,
        "max_length": 9,
        "min_count": 2,
        "positions": 4,
        "dropout": 0.5,
        "random_state": 1,
    }
    plain |= {"learning_rate": 0.03125, "clip_norm": 1.0, "averaging": 0.5, "time_limit": 600.0, "weight_decay": 0.25}
    drawn = {
        name: Fraction(value) if name == "learning_rate" else np.float32(value)
        for name, value in plain.items()
        if isinstance(value, float)
    }
    drawn |= {name: np.int64(value) for name, value in plain.items() if isinstance(value, int)}
    model = TextClassifier(**{**plain, **drawn}, features=features, bidirectional=np.bool_(True)).fit(texts, labels)
    assert same_bits(model, TextClassifier(**plain, features=features).fit(texts, labels))
    model.save(tmp_path / "m")
    assert load(tmp_path / "m").max_length == 9


def test_places_tell_apart_what_their_tokens_do_not(small: dict[str, Any], tmp_path: Path) -> None:
    """A net of no memory to speak of, with all states alike: the place of the one T is all there is to go by."""
    texts = ["A" * n + "T" + "A" * (9 - n) for n in (2, 7)] * 30
    settings = {**small, "hidden_size": 1, "bidirectional": False, "attention": None, "pooling": "max", "dropout": 0.0}
    settings |= {
        "epochs": 20,
        "patience": 20,
        "learning_rate": 0.05,
        "averaging": 0.0,
        "embedding_size": 8,
        "ngrams": 1,
    }
    model = TextClassifier(**settings, positions=10).fit(texts, ["early", "late"] * 30)
    assert model.score(texts, ["early", "late"] * 30) == 1.0
    with torch.no_grad():
        model.net_.places.weight[7:] = model.net_.places.weight[2:5].clone()
    assert model.score(texts, ["early", "late"] * 30) < 1.0
    model.save(tmp_path / "m")
    assert np.array_equal(load(tmp_path / "m").predict_proba(texts[:2]), model.predict_proba(texts[:2]))
    assert len(model.predict(["A" * 30])) == 1  # longer than any place


def test_runs_speak_for_classes_past_the_net(small: dict[str, Any], tmp_path: Path) -> None:
    """A net of one unit that sees at most the tokens: what tells the classes apart is a run, or where it stands."""
    settings = {**small, "hidden_size": 1, "embedding_size": 1, "attention": None, "dropout": 0.0, "epochs": 10}
    settings |= {"bidirectional": False, "pooling": "max", "averaging": 0.0, "min_count": 1, "direct": True}
    runs = ["가나" + "다라" * 3, "나가" + "라다" * 3] * 30
    places = ["가" * n + "나" + "가" * (9 - n) for n in (2, 7)] * 30
    labels = ["하나", "둘"] * 30
    for texts, own in ((runs, {"ngrams": 2}), (places, {"ngrams": 1, "positions": 10})):
        model = TextClassifier(**settings, **own).fit(texts, labels)
        assert model.score(texts, labels) == 1.0
        folder = tmp_path / str(len(own))
        model.save(folder)
        assert same_bits(load(folder), model)
        assert np.array_equal(load(folder).predict_proba(texts[:4]), model.predict_proba(texts[:4]))
        with torch.no_grad():
            model.net_.direct.weight.zero_()
        assert model.score(texts, labels) < 1.0
    assert len(model.predict(["나" * 30, "모르는 글자"])) == 2


def test_what_stands_in_too_few_texts_says_nothing(small: dict[str, Any]) -> None:
    texts = ["가 나"] * 900 + ["가 다"] * 100 + ["라 라 라"]
    settings = {**small, "min_count": 2, "epochs": 1, "ngrams": 1, "tokenizer": "whitespace", "direct": True}
    model = TextClassifier(**settings).fit(texts, ["하나", "둘"] * 500 + ["둘"])
    tokens = model.inputs_.vocabulary.tokens
    assert "라" in tokens
    assert sorted(tokens[number] for number in model.direct_) == ["가", "나", "다"]  # 라: three times, in one text


def test_weights_of_classes_move_the_answer(small: dict[str, Any]) -> None:
    texts, labels = ["아무 말"] * 40, ["많음"] * 30 + ["적음"] * 10
    lone = {**small, "epochs": 8, "dropout": 0.0}
    assert set(TextClassifier(**lone).fit(texts, labels).predict(texts)) == {"많음"}
    plain = TextClassifier(**lone).fit(texts, labels).predict_proba(texts[:1])[0, 1]
    balanced = TextClassifier(**lone, class_weight="balanced").fit(texts, labels)
    heavy = TextClassifier(**lone, class_weight={"적음": 30}).fit(texts, labels)
    assert plain < balanced.predict_proba(texts[:1])[0, 1] < heavy.predict_proba(texts[:1])[0, 1]
    assert set(heavy.predict(texts)) == {"적음"}
    assert "valid_weighted_accuracy" in balanced.metrics_


def test_validation_is_given_or_split_off(small: dict[str, Any], texts: list[str], labels: list[str]) -> None:
    split = TextClassifier(**small, validation_fraction=0.25).fit(texts, labels)
    assert split.about_["examples"] == 30
    assert "10 of 40" in split.about_["validation"]
    given_model = TextClassifier(**small).fit(
        texts, labels, validation=(["정말 좋다", "정말 나쁘다"], ["긍정", "부정"])
    )
    assert given_model.about_["examples"] == 40
    assert given_model.about_["validation"] == "given"
    for few in (2, 12):  # of twelve, one would be held back, and the best epoch be the one that says its class
        model = TextClassifier(**small).fit(texts[:2] * (few // 2), ["긍정", "부정"] * (few // 2))
        assert model.about_["validation"].startswith("none: too few examples")
        assert model.about_["examples"] == few
    rare = TextClassifier(**{**small, "epochs": 1}).fit(["좋다", *["싫다"] * 149], [1] + [0] * 149)
    assert "15 of 150 examples" in rare.about_["validation"]


def test_a_text_of_fifty_thousand_characters(small: dict[str, Any], texts: list[str], labels: list[str]) -> None:
    long = "정말 좋아요 " * 7150
    for features in (None, *FEATURES):
        model = TextClassifier(**small, features=features).fit([*texts, long], [*labels, "긍정"])
        check_probabilities(model, [long, "좋다"])


def test_a_baseline_meets_texts_of_which_it_knows_nothing(small: dict[str, Any]) -> None:
    texts = [f"{'좋아' if i % 2 else '싫어'} 영화" for i in range(1000)]
    texts[10:14] = ["홀로", "낯선", "처음", "한번"]  # too rare to be known: rows without a column
    tiny = {**small, "epochs": 1, "batch_size": 2, "tokenizer": "whitespace", "min_count": 2}
    for features in FEATURES:
        model = TextClassifier(**tiny, features=features).fit(texts, [i % 2 for i in range(1000)])
        check_probabilities(model, ["전혀 모르는 말", "좋아 영화"])


# What is refused: in one line, by the right name.


@pytest.mark.parametrize(
    ("X", "y", "error", "expected"),
    [
        (["좋다", "", "싫다"], [1, 0, 1], DataError, "text 1 is empty"),
        (["좋다", None, "싫다"], [1, 0, 1], DataError, "text 1 is None"),
        (["좋다", 3.5, "싫다"], [1, 0, 1], DataError, "text 1 is 3.5"),
        ("좋다", [1, 0], DataError, "a list of texts was expected"),
        (["좋다", "싫다"], None, DataError, "requires y to be passed"),
        (["좋다", "싫다"], [1], DataError, "2 texts and 1 labels"),
        (["좋다", "싫다"], [1, 1], DataError, "one class only, 1"),
        (["좋다", "싫다"], ["말" * 500] * 2, DataError, "one class only"),
        (["좋다", "싫다"], [1.0, math.nan], DataError, "label 1 is missing"),
        (["좋다", "싫다"], ["긍정", None], DataError, "label 1 is missing"),
        ([f"글 {i}" for i in range(21)], [f"{i}번" for i in range(21)], DataError, "no two of the 21 labels"),
    ],
)
def test_data_that_cannot_be_used(small: dict[str, Any], X: Any, y: Any, error: type[Exception], expected: str) -> None:
    with pytest.raises(error) as caught:
        TextClassifier(**small).fit(X, y)
    message = str(caught.value)
    assert expected in message
    assert len(message.splitlines()) == 1
    assert len(message) < 300


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"cell": "lstn"}, "cell='lstn' is not known; did you mean 'lstm'?"),
        ({"hidden_size": 0, "epochs": "8"}, "hidden_size=0"),
        ({"ngrams": 30}, "ngrams=30 over"),
        ({"ngrams": 10**6}, "ngrams=1000000 over"),
        ({"attention": None, "pooling": None}, "neither attention nor a pooling"),
        ({"class_weight": {"중립": 2.0}}, "'중립', which is no label here"),
        ({"class_weight": "even"}, "class_weight='even' must be"),
        ({"tokenizer": 3}, "tokenizer=3"),
        ({"random_state": -1}, "random_state=-1"),
    ],
)
def test_settings_that_cannot_be(
    small: dict[str, Any], texts: list[str], labels: list[str], changed: dict[str, Any], expected: str
) -> None:
    with pytest.raises(ParameterError) as caught:
        TextClassifier(**{**small, **changed}).fit(texts, labels)
    assert expected in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("labels_of", [["긍정", "중립"], ["긍정\n", "x\ny" * 300]])
def test_a_label_never_seen(model: TextClassifier, labels_of: list[str]) -> None:
    with pytest.raises(DataError, match="never seen in training; known are: '긍정', '부정'") as caught:
        model.evaluate(["좋다", "싫다"], labels_of)
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "validation",
    ["x", 5, (["좋다"],), (["좋다"], ["중립"]), ([], []), (["좋다"], [math.nan]), (["좋다"], ["긍정"] * 2)],
)
def test_a_validation_part_that_cannot_be_used(
    small: dict[str, Any], texts: list[str], labels: list[str], validation: Any
) -> None:
    with pytest.raises(DataError) as caught:
        TextClassifier(**small).fit(texts, labels, validation=validation)
    assert len(str(caught.value).splitlines()) == 1


def test_unfitted(texts: list[str], labels: list[str], tmp_path: Path) -> None:
    model = TextClassifier()
    for ask in (
        lambda: model.predict(texts),
        lambda: model.predict_proba(texts),
        lambda: model.evaluate(texts, labels),
        lambda: model.save(tmp_path / "m"),
    ):
        with pytest.raises(NotFittedError, match=r"call fit\(\.\.\.\) first"):
            ask()
    assert not any(tmp_path.iterdir())
