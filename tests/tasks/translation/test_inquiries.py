"""Why a translator wrote what it wrote."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gyeol import DataError, ParameterError, Translator
from gyeol.explain.attribution.path import adds_up

SOURCES = ["하나", "둘", "셋", "하나 둘", "둘 셋", "셋 하나"] * 10
TARGETS = ["one", "two", "three", "one two", "two three", "three one"] * 10
QUICK: dict[str, Any] = {
    "hidden_size": 16, "embedding_size": 16, "tokenizer": "whitespace", "epochs": 12, "batch_size": 40,
    "learning_rate": 0.02, "dropout": 0.0, "num_layers": 1, "threads": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def model() -> Translator:
    return Translator(**QUICK).fit(SOURCES, TARGETS)


def test_a_translation_is_explained_by_its_source(model: Translator) -> None:
    found, (best,) = model.explain("둘 셋"), model.translate(["둘 셋"])[0]
    assert found.prediction == model.predict(["둘 셋"])[0] == "two three"
    assert list(found.tokens) == ["둘", "셋", "\n"]
    assert list(found.spans) == [(0, 1), (2, 3), (3, 3)]
    assert list(found.output) == ["two", "three", "\n"]
    first = found.attributions[0]
    assert adds_up(first)
    assert first.total == pytest.approx(best.log_probability, abs=1e-4)
    (attention,) = found.attention
    assert best.attention is not None
    np.testing.assert_allclose(attention.weights, best.attention.numpy(), atol=1e-5)
    np.testing.assert_allclose(attention.weights.sum(1), 1, atol=1e-6)
    assert attention.rows == found.output
    assert {(layer.name, layer.shape[0]) for layer in found.layers} == {("encoder", 3), ("decoder", 3)}


def test_each_word_of_it_may_be_asked_of_alone(model: Translator) -> None:
    parts = [model.explain("둘 셋", position=n) for n in range(3)]
    whole = model.explain("둘 셋").attributions
    for n in range(2):
        np.testing.assert_allclose(
            sum(part.attributions[n].values for part in parts),
            whole[n].values,
            atol=0.01 * np.abs(whole[n].values).sum(),
        )
    assert parts[0].attributions[0].target == "log-probability of two"
    assert parts[0].attributions[1].values.argmax() == 0  # "둘" is what "two" comes of


def test_another_target_may_be_asked_of(model: Translator) -> None:
    found = model.explain("둘", target="three")
    assert found.prediction == "two"
    assert list(found.output) == ["three", "\n"]
    assert found.attributions[0].total < model.explain("둘").attributions[0].total


@pytest.mark.parametrize(
    "settings",
    [
        {"attention": None},
        {"input_feeding": True, "cell": "gru"},
        {"self_attention": True, "num_layers": 2},
        {"attention": "local-p", "shared": True},
    ],
    ids=str,
)
def test_every_form_of_the_net_is_explained(settings: dict[str, Any]) -> None:
    model = Translator(**{**QUICK, "epochs": 2, **settings}).fit(SOURCES, TARGETS)
    found = model.explain("둘 셋")
    assert adds_up(found.attributions[0])
    names = [one.name for one in found.attention]
    assert names == ([] if settings.get("attention", "") is None else ["decoder"]) + ["encoder"] * (
        "self_attention" in settings
    )
    for one in found.attention:
        np.testing.assert_allclose(one.weights.sum(1), 1, atol=1e-6)


def test_what_cannot_be_explained_is_refused(model: Translator) -> None:
    with pytest.raises(DataError, match="the text is empty"):
        model.explain(" ")
    with pytest.raises(DataError, match="reads 256 at most"):
        model.explain("둘 " * 300)
    with pytest.raises(ParameterError, match="its end the last"):
        model.explain("둘", position=9)
    assert "1 of 1 tokens are not known" in model.explain("넷").notes[0]
