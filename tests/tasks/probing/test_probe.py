"""Linear probes: properties by hand, a model that is sure to hold one, and what is refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch

import gyeol
from gyeol.errors import DataError, ParameterError
from gyeol.layers import Recurrent
from gyeol.tasks.probing.probe import probe
from gyeol.tasks.probing.properties import PROPERTIES
from gyeol.tasks.probing.texts import generated_texts


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("position", "abc", [1, 2, 3]),
        ("length", "ab. c!", [1, 2, 3, 1, 2, 3]),
        ("bracket", "a(b)c", [0, 1, 1, 0, 0]),
        ("depth", "([a]))", [1, 2, 2, 1, 0, 0]),
        ("depth", "(a]b)", [1, 1, 1, 1, 0]),
        ("quotation", 'a"b"c', [0, 1, 1, 0, 0]),
        ("quotation", "“b”c", [1, 1, 0, 0]),
    ],
)
def test_properties_by_hand(name: str, text: str, expected: list[float]) -> None:
    assert PROPERTIES[name].measure(text, range(1, len(text) + 1)) == expected


def test_tokens_of_several_letters_are_measured_behind_them() -> None:
    assert PROPERTIES["depth"].measure("(a (b) c)", [2, 6, 9]) == [1, 1, 0]
    assert PROPERTIES["length"].measure("one two. three", [3, 8, 14]) == [1, 2, 1]


@pytest.mark.parametrize("korean", [False, True])
def test_generated_texts_have_everything_that_is_probed_for(korean: bool) -> None:
    texts = generated_texts(50, korean=korean, seed=1)
    assert texts == generated_texts(50, korean=korean, seed=1) != generated_texts(50, korean=korean, seed=2)
    for one in PROPERTIES.values():
        measured = [one.measure(text, range(1, len(text) + 1)) for text in texts]
        assert len({value for values in measured for value in values}) > 1
        if one.signs:
            assert all(values[-1] == 0 for values in measured)  # whatever is opened is closed
    assert any("가" <= letter <= "힣" for letter in "".join(texts)) is korean


@pytest.fixture(scope="module")
def model() -> gyeol.TextClassifier:
    texts = generated_texts(60, korean=False, seed=3)
    small: dict[str, Any] = {"hidden_size": 8, "embedding_size": 8, "epochs": 1, "threads": 1, "tokenizer": "syllable"}
    fitted = gyeol.TextClassifier(cell="gru", **small).fit(texts, ["a", "b"] * 30)
    net = fitted.net_.recurrent  # the first unit counts brackets: one in, one out
    with torch.no_grad():
        vectors = fitted.net_.embedding.weight
        for weight in (vectors, *fitted.net_.grams.parameters()):
            weight[:, 0] = 0
        for sign, value in (("(", 1.0), (")", -1.0)):
            vectors[fitted.inputs_.vocabulary.tokens.index(sign), 0] = value
    from gyeol.layers import Cell, Recurrent

    class Counting(Cell):
        gates, hidden_product = 1, False

        @staticmethod
        def step(u: Any, state: Any, weights: Any) -> Any:
            return (state[0] + u,)

    counter = Recurrent(Counting, 8, 8, bidirectional=True, batch_first=True)
    with torch.no_grad():
        for name, parameter in counter.named_parameters():
            parameter.zero_()
            if name.startswith("weight_ih"):
                parameter[0, 0] = 1.0
    fitted.net_.recurrent = counter
    assert net.hidden_size == counter.hidden_size
    return fitted


def test_a_layer_that_counts_brackets_is_found_out(model: gyeol.TextClassifier) -> None:
    texts = generated_texts(40, korean=False, seed=5)
    (forward, reverse), about = probe(model, "depth", texts)
    assert (forward.layer, reverse.layer) == ("recurrent, layer 1, forward", "recurrent, layer 1, reverse")
    assert forward.score > 0.999
    assert forward.from_token < 0.5
    assert about["texts"] == 40
    assert about["states"] == sum(map(len, texts))
    (bracket, _), about = probe(model, "bracket", texts)
    assert bracket.score > 0.9 > bracket.from_token
    assert bracket.baseline == 0.5
    assert 0 < about["share"] < 1
    assert probe(model, "bracket", texts)[0][0] == bracket
    (position, _), _ = probe(model, "position", texts)
    assert position.score < 0.5


def test_language_models_are_probed_behind_their_first_mark() -> None:
    texts = generated_texts(30, korean=True, seed=3)
    settings: dict[str, Any] = {"hidden_size": 8, "embedding_size": 8, "epochs": 1, "threads": 1, "num_layers": 2}
    language = gyeol.LanguageModel(tokenizer="syllable", bptt=8, batch_size=4, **settings).fit(texts)
    found, about = probe(language, "position", texts)
    assert [one.layer for one in found] == ["recurrent, layer 1, forward", "recurrent, layer 2, forward"]
    assert about["states"] == sum(len(language.inputs_.tokenizer.tokenize(text)) for text in texts)
    assert all(np.isfinite(one.score) for one in found)


def test_what_cannot_be_probed_is_one_line(model: gyeol.TextClassifier) -> None:
    texts = generated_texts(20, korean=False, seed=5)
    with pytest.raises(ParameterError, match=r"nothing to probe for by the name 'brackets'.*bracket"):
        probe(model, "brackets", texts)
    with pytest.raises(DataError, match=r"3 texts .* came; a probe needs 10"):
        probe(model, "bracket", texts[:3])
    with pytest.raises(DataError, match="0 texts"):
        probe(model, "bracket", [])
    with pytest.raises(DataError, match="is 0 after every token of these texts: none has any of"):
        probe(model, "bracket", ["no signs at all"] * 12)
    with pytest.raises(ParameterError, match="seed=-1 is not a whole number from 0"):
        probe(model, "bracket", texts, seed=-1)
    with pytest.raises(DataError, match="NoneType where a list of texts"):
        probe(model, "bracket", None)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="is not a text"):
        probe(model, "bracket", [*texts, None])  # type: ignore[list-item]
    series = gyeol.SeriesClassifier()
    with pytest.raises(ParameterError, match="a SeriesClassifier is not probed"):
        probe(series, "position", texts)


def test_a_probe_leaves_the_model_alone(model: gyeol.TextClassifier) -> None:
    texts = generated_texts(20, korean=False, seed=5)
    alone = probe(model, "position", texts)
    with ThreadPoolExecutor(2) as pool:
        both = [found.result() for found in [pool.submit(probe, model, "position", texts) for _ in range(2)]]
    assert both == [alone, alone]
    assert all(layer.recorder is None for layer in model.net_.modules() if isinstance(layer, Recurrent))
