"""Why a corrector changed a word, or left it."""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np
import pytest

from gyeol import ParameterError, SpellingCorrector
from gyeol.explain.attribution.path import adds_up
from gyeol.inputs.spelling.weights import log_shares

TEXTS = ["이 영화 정말 재미있다", "정말 좋은 영화 였다", "다시 보고 싶은 영화"] * 40


@pytest.fixture(scope="module")
def model() -> SpellingCorrector:
    return SpellingCorrector(hidden_size=16, embedding_size=8, epochs=2, learning_rate=0.02, threads=1).fit(TEXTS)


@pytest.mark.parametrize("text", ["이 영하 정말 재미있다", "정멀 좋은 영화", "영하"])
def test_the_score_is_that_of_the_witnesses(model: SpellingCorrector, text: str) -> None:
    found: Any = model.explain(text)
    assert found.prediction == model.predict([text])[0]
    assert list(found.tokens) == list(text)
    scores = []
    for place in model._places([text]):
        logs = log_shares(place.features, model.weights_["alone" if place.alone else "within"])
        scores += (logs[1:] - logs[0]).tolist()
    for one in found.attributions:
        assert np.isclose(scores, one.total, atol=1e-4).any()
    assert adds_up(found.attributions[0])
    assert [(one.name, one.direction, one.shape[0]) for one in found.layers] == [
        ("left", "forward", len(text)), ("right", "reverse", len(text)),
    ]  # fmt: skip


def test_the_letters_of_the_place_itself_are_no_context(model: SpellingCorrector) -> None:
    found = model.explain("이 영하 정말 재미있다")
    assert "'영화' in place of '영하'" in found.notes[0]
    for one in found.attributions:
        assert one.values[2:4].tolist() == [0.0, 0.0]
        assert np.abs(one.values).max() > 0


def test_a_threshold_that_kept_what_was_typed_is_noted(model: SpellingCorrector) -> None:
    text = "이 영하 정말 재미있다"
    assert not any("was kept" in one for one in model.explain(text).notes)
    strict = copy(model)
    strict.threshold = 1.0
    found = strict.explain(text)
    assert found.prediction == text
    assert found.attributions[0].total > 0
    assert "'영하' was kept" in found.notes[-1]
    assert "below the threshold of 1" in found.notes[-1]


def test_a_text_without_candidates_is_explained_by_nothing(model: SpellingCorrector) -> None:
    found = model.explain("쀍쀍 !!")
    assert found.prediction == "쀍쀍 !!"
    assert found.notes == ("no word of this text has a known word near it: there is nothing to weigh",)
    assert not found.attributions[0].values.any()


def test_another_word_and_another_candidate(model: SpellingCorrector) -> None:
    text = "이 영하 정멀 재미있다"
    one, other = (model.explain(text, position=n) for n in (0, 1))
    assert "'영하'" in one.notes[0]
    assert "'정멀'" in other.notes[0]
    assert model.explain(text, position=0, target="영화").attributions[0].total == one.attributions[0].total
    with pytest.raises(ParameterError, match="is no class of this model"):
        model.explain(text, position=0, target="사과")
    with pytest.raises(ParameterError, match="words with others near"):
        model.explain(text, position=9)
