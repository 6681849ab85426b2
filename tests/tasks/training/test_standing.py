"""Where a training stands: what it had to beat, and whether more of it would help."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gyeol import SeriesClassifier, SeriesRegressor, Translator
from gyeol.engine import History
from gyeol.tasks.training.standing import references, standing


def trained(
    kind: type[Any], records: list[dict[str, float]], *, stopped: str = "epochs", trained: float = 3.0, **own: Any
) -> Any:
    """A model whose history is made up."""
    model = kind()
    full = [{"epoch": n, **{f"valid_{name}": v for name, v in one.items()}} for n, one in enumerate(records, 1)]
    model.history_ = History(full, full[-1], stopped, trained=trained)
    model._weights = None
    for name, value in own.items():
        setattr(model, name, value)
    return model


CLASSES = {"classes_": np.array(["긍정", "부정"])}
TRUTH = np.array([0] * 90 + [1] * 10)


def accuracies(*values: float) -> list[dict[str, float]]:
    return [{"accuracy": value, "macro_f1": value, "loss": 1 - value} for value in values]


def test_the_majority_is_that_of_the_training_part_and_its_share_that_of_what_was_measured() -> None:
    model = trained(SeriesClassifier, accuracies(0.95), **CLASSES)
    found = standing(model, np.array([1, 1, 0]), TRUTH)
    assert (found["majority"], found["majority_share"]) == ("부정", 0.1)
    assert "advice" not in found


@pytest.mark.parametrize(("accuracy", "poor"), [(0.9, True), (0.901, True), (0.85, True), (0.93, False)])
def test_no_better_than_the_majority_is_said(accuracy: float, poor: bool) -> None:
    found = standing(trained(SeriesClassifier, accuracies(accuracy), **CLASSES), TRUTH, TRUTH)
    assert ("is no better than always '긍정' (90.0 %): try more epochs" in found.get("advice", "")) == poor


def test_the_time_limit_is_said_with_what_it_left() -> None:
    model = trained(SeriesClassifier, accuracies(0.51), stopped="time limit", trained=0.4, **CLASSES)
    even = np.array([0, 1] * 50)
    assert standing(model, even, even)["advice"] == (
        "stopped by the time limit after 0.4 of an epoch; "
        "accuracy 51.0 % is no better than always '긍정' (50.0 %): train longer"
    ).replace("긍정", "부정")
    model = trained(SeriesClassifier, accuracies(0.8), stopped="time limit", trained=0.4, **CLASSES)
    assert standing(model, even, even)["advice"] == "stopped by the time limit after 0.4 of an epoch: train longer"


def test_steep_or_flat() -> None:
    even = np.array([0, 1] * 50)
    for values, said in (((0.7, 0.8), True), ((0.8, 0.801), False), ((0.8, 0.7), False)):
        model = trained(SeriesClassifier, accuracies(*values), stopped="time limit", trained=2.0, **CLASSES)
        assert ("went from 70.0 % to 80.0 % in the last epoch: train longer" in standing(model, even, even).get("advice", "")) == said  # fmt: skip  # noqa: E501
    ended = trained(SeriesClassifier, accuracies(0.7, 0.8), **CLASSES)
    assert "advice" not in standing(ended, even, even)


def test_translations_need_a_bleu_to_speak_of() -> None:
    for bleu, poor in ((0.1, True), (0.99, True), (12.0, False)):
        model = trained(Translator, [{"bleu": bleu, "loss": 5.0}], stopped="time limit", trained=1.0)
        advice = standing(model, ["a"], ["a"]).get("advice", "")
        assert (f"BLEU {bleu} is hardly better than nothing: train longer" in advice) == poor


def test_numbers_are_held_against_the_mean() -> None:
    y = np.array([0.0, 2.0])
    model = trained(SeriesRegressor, [{"mse": 1.0, "loss": 1.0}])
    (reference,) = references(model, y, y)
    assert (reference.figure, reference.value, reference.answer) == ("mse", 1.0, "always the mean")
    assert "MSE 1 is no better than always the mean (1)" in standing(model, y, y)["advice"]


def test_forecasts_are_held_against_the_season_and_speech_against_silence() -> None:
    model: Any = SimpleNamespace(
        history_=History([], {"valid_mse": 0.5, "valid_seasonal_naive_mse": 0.4, "valid_cer": 0.99}), monitor="loss"
    )
    found = {one.figure: (one.value, one.answer) for one in references(model, None, None)}
    assert found == {"mse": (0.4, "the last season once more"), "cer": (1.0, "nothing")}


def test_labels_of_which_an_example_has_several_have_no_majority() -> None:
    model = trained(SeriesClassifier, accuracies(0.5), **CLASSES)
    several = np.array([[1, 0], [1, 1]])
    assert "majority" not in standing(model, several, several)


def test_frames_and_tags_count_by_the_step() -> None:
    model = trained(SeriesClassifier, accuracies(0.9), **CLASSES)
    steps = [np.array([1, 1, 1]), np.array([0])]
    assert standing(model, steps, steps)["majority_share"] == 0.75
    tags = [["O", "O", "B-LC"], ["O"]]
    found = standing(model, tags, tags)
    assert (found["majority"], found["majority_share"]) == ("O", 0.75)
