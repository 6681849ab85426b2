"""Why a token has its tag."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gyeol import DataError, ParameterError, SequenceTagger
from gyeol.explain.attribution.path import adds_up
from gyeol.tasks.tagging.inquiries import token_position

SENTENCES = [["나는", "서울에", "산다"], ["그는", "부산에", "갔다"], ["서울은", "크다"]] * 8
TAGS = [["O", "B-LC", "O"], ["O", "B-LC", "O"], ["B-LC", "O"]] * 8
QUICK: dict[str, Any] = {
    "hidden_size": 8, "embedding_size": 6, "character_size": 5, "epochs": 6, "learning_rate": 0.03, "batch_size": 4,
    "threads": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def model() -> SequenceTagger:
    return SequenceTagger(**QUICK).fit(SENTENCES, TAGS)


def log_odds(model: SequenceTagger, sentence: list[str], place: int, tag: str) -> float:
    share = model.predict_proba([sentence])[0][place, model.classes_.index(tag)]
    return float(np.log(share / (1 - share)))


@pytest.mark.parametrize("settings", [{}, {"head": "linear"}, {"members": 2}, {"characters": None}], ids=str)
def test_the_first_name_is_explained(settings: dict[str, Any]) -> None:
    model = SequenceTagger(**QUICK, **settings).fit(SENTENCES, TAGS)
    sentence = ["그는", "서울에", "산다"]
    found = model.explain(sentence)
    assert found.prediction == model.predict([sentence])[0] == ["O", "B-LC", "O"]
    assert list(found.output) == found.prediction
    first = found.attributions[0]
    assert first.target == "log-odds of B-LC for 서울에"
    assert adds_up(first)
    assert first.total == pytest.approx(log_odds(model, sentence, 1, "B-LC"), abs=1e-3)
    assert first.values.argmax() == 1
    assert found.text == "그는 서울에 산다"
    assert [found.text[start:end] for start, end in found.spans] == sentence
    assert {layer.name.rpartition(".")[2] for layer in found.layers} == {"recurrent"}
    assert found.reading is not None
    assert list(found.reading.steps) == [2, 3]
    np.testing.assert_allclose(found.reading.probabilities[-1], list(found.probabilities.values()), atol=1e-6)


def test_any_token_and_any_tag_may_be_asked_of(model: SequenceTagger) -> None:
    sentence = ["그는", "서울에", "산다"]
    found = model.explain(sentence, position=2, target="B-LC")
    assert found.attributions[0].total == pytest.approx(log_odds(model, sentence, 2, "B-LC"), abs=1e-3)
    assert found.attributions[0].target == "log-odds of B-LC for 산다"
    assert found.notes == ("explained is the tag of token 2 (from 0), '산다'",)
    without = model.explain(sentence, position=2, target="O")
    np.testing.assert_allclose(without.attributions[1].values, -found.attributions[1].values, atol=1e-5)
    with pytest.raises(ParameterError, match="tokens 0 to 2"):
        model.explain(sentence, position=3)
    with pytest.raises(ParameterError, match="no class of this model"):
        model.explain(sentence, target="B-PS")
    with pytest.raises(DataError, match="10,000 at most"):
        model.explain(["나"] * 10_001)


def test_who_names_no_token_is_shown_what_is_of_interest() -> None:
    shares = np.array([[0.9, 0.1], [0.6, 0.4], [0.8, 0.2]])
    assert token_position(["O", "O", "B"], shares, 0) == 2
    assert token_position(["O", "O", "O"], shares, 0) == 1
    assert token_position(["N", "V", "N"], shares, None) == 1


def test_sequences_of_letters_are_texts() -> None:
    letters = SequenceTagger(**QUICK).fit(["AACC", "CCAA", "ACAC"] * 8, ["xxyy", "yyxx", "xyxy"] * 8)
    found = letters.explain("ACCA")
    assert (found.text, list(found.tokens)) == ("ACCA", list("ACCA"))
    assert adds_up(found.attributions[0])
