"""Why a language model expects what comes next."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from gyeol import DataError, LanguageModel, ParameterError
from gyeol.explain.attribution.path import adds_up

TEXTS = ["나는 학교에 간다", "나는 집에 간다", "너는 학교에 온다", "너는 집에 온다"] * 10
QUICK: dict[str, Any] = {
    "tokenizer": "whitespace", "hidden_size": 8, "embedding_size": 6, "epochs": 30, "patience": 30, "batch_size": 4,
    "dropout": 0.0, "learning_rate": 0.05, "bptt": 4, "averaging": 0.0, "documents": "line", "threads": 1,
    "min_count": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    return LanguageModel(**QUICK).fit(TEXTS)


def test_the_likeliest_next_word_is_explained(model: LanguageModel) -> None:
    found = model.explain("너는 학교에")
    assert found.prediction == "온다" == max(found.probabilities, key=lambda name: found.probabilities[name])
    assert list(found.tokens) == ["\n", "너는", "학교에"]
    assert list(found.spans) == [(0, 0), (0, 2), (3, 6)]
    first = found.attributions[0]
    assert adds_up(first)
    assert first.total == pytest.approx(math.log(found.probabilities["온다"]), abs=1e-5)
    assert [(one.layer, one.states["hidden"].shape) for one in found.layers] == [(0, (3, 8)), (1, (3, 6))]
    reader = model.reader()
    reader.read("너는 학교에")
    place = model.inputs_.vocabulary.tokens.index("온다")
    assert found.probabilities["온다"] == pytest.approx(math.exp(reader.scores()[place]), rel=1e-4)


def test_the_subject_decides_between_two_verbs(model: LanguageModel) -> None:
    for text, sign in (("너는 학교에", 1), ("나는 집에", -1)):
        comes, goes = (model.explain(text, target=verb) for verb in ("온다", "간다"))
        for one, other in zip(comes.attributions, goes.attributions, strict=True):
            difference = sign * (one.values - other.values)
            assert difference[1] > max(0, 3 * difference[2])


def test_attributions_equal_those_of_pytorch_s_own_lstm(model: LanguageModel) -> None:
    net: Any = model.net_
    walks = []
    for layer in net.walks:
        walk = nn.LSTM(layer.input_size, layer.hidden_size, batch_first=True).double()
        walk.load_state_dict({name: weight.double() for name, weight in layer.state_dict().items()})
        walks.append(walk)
    ids = [2, *model.inputs_.vocabulary.encode(["나는", "집에"]).tolist()]
    place = model.inputs_.vocabulary.encode(["간다"]).tolist()[0]
    even = ((torch.arange(2000) + 0.5) / 2000).double()  # the score is steep where the vectors are small
    scales = (even**4)[:, None].repeat(1, 3).requires_grad_()
    x = net.embedding.weight[ids].double()[None] * scales.unsqueeze(2)
    for walk in walks:
        x, _ = walk(x)
    logits = x[:, -1] @ net.softmax.double().T + net.bias.double()
    torch.log_softmax(logits, 1)[:, place].sum().backward()
    assert scales.grad is not None
    expected = (scales.grad * 4 * even[:, None] ** 3).mean(0).numpy()
    found = model.explain("나는 집에", target="간다").attributions[0].values
    np.testing.assert_allclose(found, expected, atol=0.01 * np.abs(expected).sum())


def test_the_reading_is_the_surprise_of_each_token(model: LanguageModel) -> None:
    found = model.explain("나는 집에 간다")
    assert found.reading is not None
    surprises = [-math.log2(share) for _, share in model.score_tokens("나는 집에 간다")]
    np.testing.assert_allclose(found.reading.probabilities[:, 0], surprises, rtol=1e-5)
    assert list(found.reading.steps) == [2, 3, 4]


def test_several_tokens_may_be_what_comes_next(model: LanguageModel) -> None:
    both = model.explain("나는", target="집에 간다")
    one, then = model.explain("나는", target="집에"), model.explain("나는 집에", target="간다")
    total = one.attributions[0].total + then.attributions[0].total
    assert both.attributions[0].total == pytest.approx(total, abs=1e-5)
    assert adds_up(both.attributions[0])
    assert {layer.shape[0] for layer in both.layers} == {2}
    end = model.explain("나는 집에 간다", target="\n")
    assert end.attributions[0].target == "log-probability of the end of the line"


def test_lines_are_read_as_the_model_was_trained(model: LanguageModel) -> None:
    alone, after = model.explain("나는 집에"), model.explain("너는 온다\n나는 집에")
    assert alone.tokens == after.tokens
    assert list(after.spans) == [(6, 6), (6, 8), (9, 11)]
    assert "only the last one counts" in after.notes[0]
    joined = LanguageModel(**{**QUICK, "documents": "file", "epochs": 1}).fit(TEXTS)
    found = joined.explain("너는 온다\n나는 집에")
    assert list(found.tokens) == ["\n", "너는", "온다", "\n", "나는", "집에"]
    reader = joined.reader()
    reader.read("너는 온다\n나는 집에")
    assert max(found.probabilities.values()) == pytest.approx(math.exp(reader.scores().max()), rel=1e-4)


def test_what_cannot_be_explained_is_refused(model: LanguageModel) -> None:
    with pytest.raises(DataError, match="the text is empty"):
        model.explain("")
    with pytest.raises(DataError, match="10,000 at most"):
        model.explain("나는 " * 20_000)
    for target in ("우주로", "", 3):
        with pytest.raises(ParameterError, match="target="):
            model.explain("나는", target=target)
    with pytest.raises(ParameterError, match="leave position out"):
        model.explain("나는", position=0)
    unknown = model.explain("가나다")
    assert unknown.notes[0] == "1 of 1 tokens are not known to the model"
