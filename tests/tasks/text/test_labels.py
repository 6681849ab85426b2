"""`TextClassifier` of several labels a text: learned, given, measured, saved, loaded, resumed, inside scikit-learn."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from gyeol import DataError, ModelError, TextClassifier, load
from gyeol.inputs import FEATURES
from gyeol.tasks.text.labels import LABELS

WORDS = {"긍정": ["좋아요", "최고다"], "부정": ["싫어요", "별로다"], "액션": ["총격", "추격"], "멜로": ["사랑", "이별"]}
SETS = [["긍정"], ["긍정", "액션"], ["부정", "멜로"], ["부정"], ["긍정", "멜로", "액션"], ["멜로"]] * 16
TEXTS = [" ".join(WORDS[label][i % 2] for label in own) + f" {i}" for i, own in enumerate(SETS)]
CLASSES = ["긍정", "멜로", "부정", "액션"]
MATRIX = np.array([[label in own for label in CLASSES] for own in SETS]).astype(int)


@pytest.fixture(scope="module")
def settings(small: dict[str, Any]) -> dict[str, Any]:
    return {**small, "epochs": 8, "learning_rate": 0.05, "dropout": 0.1, "averaging": 0.9}


@pytest.fixture(scope="module")
def several(settings: dict[str, Any]) -> TextClassifier:
    return TextClassifier(**settings).fit(TEXTS, SETS)


def test_it_learns_all_labels_of_a_text(several: TextClassifier) -> None:
    assert several.classes_.tolist() == CLASSES
    assert several.predict(TEXTS[:6]) == [sorted(own) for own in SETS[:6]]
    probabilities = several.predict_proba(TEXTS)
    assert probabilities.shape == (96, 4)
    assert (probabilities.sum(1) > 1.5).any()  # no distribution over classes
    figures = several.evaluate(TEXTS, SETS)
    assert figures["micro_f1"] == figures["macro_f1"] == figures["subset_accuracy"] == several.score(TEXTS, SETS) == 1.0
    assert figures["per_class"]["액션"]["count"] == 32
    assert figures["per_class"]["액션"]["threshold"] == several.thresholds_[3]  # type: ignore[index]
    assert {"valid_micro_f1", "valid_macro_f1", "valid_accuracy", "valid_loss"} <= set(several.metrics_)


@pytest.mark.parametrize("features", [None, *FEATURES])
def test_it_is_saved_and_loaded(settings: dict[str, Any], features: str | None, tmp_path: Path) -> None:
    model = TextClassifier(**{**settings, "epochs": 2}, features=features).fit(TEXTS, SETS)
    model.save(tmp_path / "m")
    again = load(tmp_path / "m")
    assert np.array_equal(again.predict_proba(TEXTS), model.predict_proba(TEXTS))
    assert np.array_equal(again.thresholds_, model.thresholds_)
    assert again.predict(TEXTS) == model.predict(TEXTS)
    card = (tmp_path / "m" / "README.md").read_text("utf-8")
    assert "one or several a text; 긍정: 48, 멜로: 48, 부정: 32, 액션: 32" in card


def test_the_thresholds_are_those_of_the_best_epoch(settings: dict[str, Any]) -> None:
    model = TextClassifier(**{**settings, "patience": 2}).fit(TEXTS, SETS)
    held, truth = TEXTS[:48], SETS[:48]
    given = clone(model).fit(TEXTS[48:], SETS[48:], validation=(held, truth))
    best = given.history_.best
    assert (
        given._score(given.predict_proba(held), given._checked_validation(held, truth)[1])["micro_f1"]
        == (best["valid_micro_f1"])
    )
    thresholds = given.thresholds_.copy()  # type: ignore[union-attr]
    given._score(given.predict_proba(held), given._checked_validation(held, truth)[1])  # learns them anew
    assert np.array_equal(given.thresholds_, thresholds)


def test_a_matrix_goes_in_and_a_matrix_comes_out(settings: dict[str, Any], several: TextClassifier) -> None:
    model = TextClassifier(**settings).fit(TEXTS, MATRIX)
    assert model.classes_.tolist() == [0, 1, 2, 3]
    assert np.array_equal(model.predict_proba(TEXTS), several.predict_proba(TEXTS))
    assert np.array_equal(model.predict(TEXTS), MATRIX)
    assert model.predict(TEXTS).dtype.kind == "i"
    assert model.score(TEXTS, MATRIX) == 1.0
    with pytest.raises(DataError, match="3 columns, and training knew 4 classes"):
        model.evaluate(TEXTS, MATRIX[:, :3])


def test_strings_are_split_where_that_is_said(settings: dict[str, Any], several: TextClassifier) -> None:
    strings, quick = ["|".join(own) for own in SETS], {**settings, "epochs": 1}
    split = TextClassifier(**quick, labels="several").fit(TEXTS, strings)
    assert split.classes_.tolist() == CLASSES
    for how in ("auto", "one"):
        whole = TextClassifier(**quick, labels=how).fit(TEXTS, strings)
        assert whole.thresholds_ is None
        assert "긍정|액션" in whole.classes_
    assert set(LABELS) == {"auto", "one", "several", "any"}
    with pytest.raises(DataError, match="text or a whole number was expected"):
        TextClassifier(**quick, labels="one").fit(TEXTS, SETS)


def test_no_label_is_an_answer_only_where_training_had_texts_without(settings: dict[str, Any]) -> None:
    never = TextClassifier(**{**settings, "epochs": 1}).fit(TEXTS, SETS)
    strange = ["전혀 다른 말", "1234"]
    assert all(never.predict(strange + TEXTS))
    bare = [[label for label in own if label != "멜로"] for own in SETS]
    model = TextClassifier(**settings).fit(TEXTS, bare)
    assert model.predict(TEXTS) == [sorted(own) for own in bare]
    assert [] in model.predict(TEXTS)
    assert "any number a text" in model.describe_data()["labels"]
    strings = ["|".join(own) for own in bare]
    with pytest.raises(DataError, match="text 5 has no label"):
        TextClassifier(**settings, labels="several").fit(TEXTS, strings)
    assert TextClassifier(**{**settings, "epochs": 1}, labels="any").fit(TEXTS, strings).classes_.tolist() == [
        "긍정", "부정", "액션",
    ]  # fmt: skip


def test_a_rare_label_stays_in_training_and_gets_a_threshold(settings: dict[str, Any]) -> None:
    sets = [[*own, "희귀"] if i == 7 else own for i, own in enumerate(SETS)]
    model = TextClassifier(**{**settings, "epochs": 1}).fit(TEXTS, sets)
    assert model.counts_["희귀"] == 1
    thresholds = dict(zip(model.classes_.tolist(), model.thresholds_.tolist(), strict=True))  # type: ignore[union-attr]
    assert 0.2 < thresholds["희귀"] < 0.8
    everywhere = TextClassifier(**{**settings, "epochs": 1}).fit(TEXTS, np.c_[MATRIX, np.ones(96), np.zeros(96)])
    assert everywhere.predict(TEXTS[:3])[:, 4:].tolist() == [[1, 0]] * 3


@pytest.mark.parametrize("weight", ["balanced", {"액션": 20.0}])
def test_weights_of_labels(settings: dict[str, Any], weight: Any) -> None:
    plain = TextClassifier(**{**settings, "epochs": 1}).fit(TEXTS, SETS)
    heavy = TextClassifier(**{**settings, "epochs": 1}, class_weight=weight).fit(TEXTS, SETS)
    assert heavy.predict_proba(TEXTS)[:, 3].mean() > plain.predict_proba(TEXTS)[:, 3].mean()
    assert heavy._settings().monitor == "macro_f1"


def test_what_training_never_saw(several: TextClassifier) -> None:
    with pytest.raises(DataError, match="text 1: label 1: '공포' was never seen in training"):
        several.evaluate(TEXTS[:2], [["긍정"], ["부정", "공포"]])
    with pytest.raises(DataError, match="got 2 texts and labels of 1"):
        several.evaluate(TEXTS[:2], [["긍정"]])


class CtrlC:
    """Watches a training and presses Ctrl-C at a step."""

    def __init__(self, step: int) -> None:
        self.left = step

    def step(self, examples: int, loss: float, right: float) -> None:
        self.left -= 1
        if self.left == 0:
            signal.raise_signal(signal.SIGINT)

    def epoch(self, *of: Any) -> None: ...

    def record(self, record: dict[str, Any]) -> None: ...

    def note(self, message: str) -> None: ...


def test_an_interrupted_training_goes_on_to_the_same_bits(
    settings: dict[str, Any], several: TextClassifier, tmp_path: Path
) -> None:
    part = TextClassifier(**settings).fit(TEXTS, SETS, checkpoint=tmp_path / "c", progress=CtrlC(30))
    assert part.history_.stopped == "interrupted"
    part.fit(TEXTS, SETS, checkpoint=tmp_path / "c", resume=True)
    for name, tensor in several.net_.state_dict().items():
        assert torch.equal(tensor, part.net_.state_dict()[name]), name
    with pytest.raises(ModelError):
        part.fit(TEXTS, [*SETS[:-1], ["액션"]], checkpoint=tmp_path / "c", resume=True)


def test_a_search_over_a_matrix(settings: dict[str, Any]) -> None:
    search = GridSearchCV(TextClassifier(**{**settings, "epochs": 2}), {"hidden_size": [4, 8]}, cv=2)
    search.set_params(error_score="raise").fit(TEXTS, MATRIX)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize(
    "several_of", [{"matrix": 1, "none": False}, {"matrix": True}, {"matrix": True, "none": False, "x": True}]
)
def test_damaged_models_are_refused(several: TextClassifier, several_of: dict[str, Any]) -> None:
    learned, inputs = several._state()
    with pytest.raises(ModelError, match="what is said of the labels is damaged"):
        TextClassifier()._restore({**learned, "several": several_of}, inputs)


def test_a_model_written_before_there_were_several_labels_is_read(settings: dict[str, Any]) -> None:
    """Such a folder has neither the setting nor what is learned of them."""
    model = TextClassifier(**{**settings, "epochs": 1}).fit(TEXTS, [own[0] for own in SETS])
    assert model.given(np.array([[0.2, 0.7, 0.1]])).tolist() == [[False, True, False]]
    learned, inputs = model._state()
    assert "several" not in learned
    old = TextClassifier(**{name: value for name, value in model.get_params().items() if name != "labels"})
    old._restore(learned, inputs)
    assert old.classes_.tolist() == ["긍정", "멜로", "부정"]
