"""What becomes of a training that fails, is broken off, or is taken up again; and of what others hold meanwhile."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gyeol import DataError, GyeolError, ModelError, ParameterError, SaveError, TextClassifier
from gyeol.inputs import Tokenizer, make_tokenizer


def same_bits(one: TextClassifier, other: TextClassifier) -> bool:
    mine, theirs = one.net_.state_dict(), other.net_.state_dict()
    return mine.keys() == theirs.keys() and all(torch.equal(mine[name], theirs[name]) for name in mine)


class Breaks:
    """Watches a training and breaks it off at a step."""

    def __init__(self, step: int, how: Any) -> None:
        self.left = step
        self.how = how

    def epoch(self, number: int, epochs: int, examples: int, done: int) -> None: ...

    def step(self, examples: int, loss: float, right: float) -> None:
        self.left -= 1
        if self.left == 0:
            self.how()

    def record(self, record: dict[str, Any]) -> None: ...

    def note(self, message: str) -> None: ...


def crash() -> None:
    raise MemoryError("no room")


def press_ctrl_c() -> None:
    signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("fails", ["at the data", "while training"])
def test_a_failed_fit_leaves_the_estimator_as_it_was(
    small: dict[str, Any], texts: list[str], labels: list[str], fails: str
) -> None:
    for own in ("syllable", make_tokenizer("bpe")):
        model = TextClassifier(**{**small, "tokenizer": own}).fit(texts, labels)
        before, answers = dict(model.__dict__), model.predict_proba(texts)
        bits = {name: value.clone() for name, value in model.net_.state_dict().items()}
        second = ["x", "x"] if fails == "at the data" else ["x", "y"]
        with pytest.raises((GyeolError, MemoryError)):
            model.fit(["a b", "c d"] * 20, second * 20, progress=Breaks(3, crash))
        assert model.__dict__ == before
        assert np.array_equal(model.predict_proba(texts), answers)
        assert all(torch.equal(bits[name], value) for name, value in model.net_.state_dict().items())
        fresh = TextClassifier(**small)
        with pytest.raises(MemoryError):
            fresh.fit(texts, labels, progress=Breaks(2, crash))
        assert vars(fresh) == vars(TextClassifier(**small))


def test_two_models_share_a_tokenizer_object_and_nothing_else(
    small: dict[str, Any], texts: list[str], labels: list[str]
) -> None:
    own = make_tokenizer("bpe")
    first = TextClassifier(**{**small, "tokenizer": own}).fit(texts, labels)
    answers = first.predict_proba(texts)
    TextClassifier(**{**small, "tokenizer": own}).fit([f"the cat {i}" for i in range(40)], labels)
    assert np.array_equal(first.predict_proba(texts), answers)
    with pytest.raises(ParameterError, match="has not learned"):
        own.state()  # the constructor's argument is as it was given


class Own(Tokenizer):
    """A tokenizer of the user's own."""

    name = "own"

    def cut(self, text: str) -> list[Any]:
        return make_tokenizer("syllable").cut(text)


def test_lower_case_is_asked_for_at_either_place(small: dict[str, Any]) -> None:
    texts, labels = ["GOOD film", "bad FILM"] * 8, [1, 0] * 8
    for tokenizer, lowercase in [(Own, True), (Own(), True), (Own(lowercase=True), False), ("word", True)]:
        for features in (None, "bow"):
            model = TextClassifier(**{**small, "tokenizer": tokenizer}, lowercase=lowercase, features=features)
            model.fit(texts, labels)
            assert np.array_equal(model.predict_proba(["GOOD"]), model.predict_proba(["good"]))


@pytest.mark.parametrize(
    "changed",
    [{}, {"features": "tfidf"}, {"cell": "gru", "num_layers": 2}, {"averaging": 0.9, "class_weight": "balanced"}],
    ids=str,
)
@pytest.mark.parametrize("accident", [crash, press_ctrl_c])
def test_taken_up_again_it_is_as_if_nothing_had_happened(
    small: dict[str, Any], texts: list[str], labels: list[str], changed: dict[str, Any], accident: Any, tmp_path: Path
) -> None:
    def fresh() -> TextClassifier:
        return TextClassifier(**{**small, "epochs": 4, **changed})

    undisturbed = fresh().fit(texts, labels)
    keep, broken = tmp_path / "keep", fresh()
    watcher = Breaks(13, accident)  # in the third epoch of five batches
    if accident is crash:
        with pytest.raises(MemoryError):
            broken.fit(texts, labels, checkpoint=keep, progress=watcher)
    else:
        broken.fit(texts, labels, checkpoint=keep, progress=watcher)
        assert broken.history_.stopped == "interrupted"
        assert np.isfinite(broken.predict_proba(texts)).all()  # the best so far
    resumed = fresh().fit(texts, labels, checkpoint=keep, resume=True)
    assert same_bits(resumed, undisturbed)
    assert resumed.metrics_ == undisturbed.metrics_
    assert len(resumed.history_.records) == len(undisturbed.history_.records)
    for mine, theirs in zip(resumed.history_.records, undisturbed.history_.records, strict=True):
        free = {"seconds", "examples_per_second"}
        assert {k: v for k, v in mine.items() if k not in free} == {k: v for k, v in theirs.items() if k not in free}
    assert same_bits(fresh().fit(texts, labels, checkpoint=keep, resume=True), undisturbed)  # finished: nothing to do


def test_a_checkpoint_of_another_training_is_not_taken_up(
    small: dict[str, Any], texts: list[str], labels: list[str], tmp_path: Path
) -> None:
    TextClassifier(**small).fit(texts, labels, checkpoint=tmp_path / "keep")
    for model, X in [(TextClassifier(**{**small, "hidden_size": 4}), texts), (TextClassifier(**small), texts[::-1])]:
        with pytest.raises(ModelError, match="belongs to another training"):
            model.fit(X, labels, checkpoint=tmp_path / "keep", resume=True)
    with pytest.raises(ParameterError, match="resume=True needs a checkpoint"):
        TextClassifier(**small).fit(texts, labels, resume=True)


def test_a_checkpoint_never_takes_the_place_of_anything_else(
    small: dict[str, Any], texts: list[str], labels: list[str], tmp_path: Path
) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "love.txt").write_text("dear", encoding="utf-8")
    for place in (tmp_path / "letters", tmp_path / "letters" / "love.txt"):
        with pytest.raises(SaveError, match="choose another place"):
            TextClassifier(**small).fit(texts, labels, checkpoint=place)
    assert (tmp_path / "letters" / "love.txt").read_text(encoding="utf-8") == "dear"


@pytest.mark.parametrize("rate", [1e30, 1e300])
def test_a_training_that_ran_away_is_no_model(
    small: dict[str, Any], texts: list[str], labels: list[str], rate: float
) -> None:
    for batch_size in (8, 1000):
        with pytest.raises(DataError, match="learning_rate is too high"):
            TextClassifier(**{**small, "learning_rate": rate, "batch_size": batch_size, "epochs": 1}).fit(texts, labels)
