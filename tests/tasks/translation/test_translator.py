"""Encoder and decoder: they learn, their batches do not matter, what they looked at sums to 1, what is bad is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gyeol import DataError, ParameterError, load
from gyeol.data.synthetic.sequences import MAKERS
from gyeol.engine import Hypothesis
from gyeol.tasks import Translator
from gyeol.tasks.translation.net import scheduled_samples
from gyeol.tasks.translation.search import translation_of

WORDS = {"하나": "one", "둘": "two", "셋": "three", "넷": "four", "다섯": "five"}
DRAW = np.random.default_rng(0)
SOURCES = [" ".join(DRAW.choice(list(WORDS), size=DRAW.integers(1, 6))) for _ in range(300)]
TARGETS = [" ".join(WORDS[word] for word in text.split()) for text in SOURCES]
TINY: dict[str, Any] = {
    "tokenizer": "whitespace", "hidden_size": 24, "embedding_size": 16, "num_layers": 1, "dropout": 0.0, "threads": 1,
    "epochs": 2, "batch_size": 60, "learning_rate": 0.02, "label_smoothing": 0.0,
}  # fmt: skip


def fitted(**settings: Any) -> Translator:
    return Translator(**{**TINY, **settings}).fit(SOURCES, TARGETS)


@pytest.fixture(scope="module")
def model() -> Translator:
    return fitted(epochs=16, hidden_size=32)


def test_it_learns(model: Translator) -> None:
    assert model.metrics_["valid_bleu"] > 90
    assert model.predict(["셋 하나 둘", "다섯"]) == ["three one two", "five"]
    figures = model.evaluate(SOURCES[:50], TARGETS[:50])
    assert {"bleu", "chrf", "perplexity", "loss", "signature", "count", "beam_size"} == set(figures)
    assert "tok:13a" in figures["signature"]
    assert model.score(SOURCES[:50], TARGETS[:50]) == figures["bleu"] > 90


def test_where_it_looked(model: Translator) -> None:
    (found,) = model.translate(["셋 하나 둘 넷"])
    (best,) = found
    assert best.source == ["셋", "하나", "둘", "넷", "\n"]
    assert best.target == ["three", "one", "two", "four", "\n"]
    assert best.attention is not None
    assert best.attention.shape == (5, 5)
    torch.testing.assert_close(best.attention.sum(1), torch.ones(5), atol=1e-6, rtol=0)
    several = model.translate(["셋 하나", "다섯 넷 셋 둘 하나"], n_best=3)
    for row in several:
        assert len({each.text for each in row}) == 3
        assert [each.score for each in row] == sorted((each.score for each in row), reverse=True)
    short, long = several[0][0], several[1][0]
    assert short.attention is not None
    assert short.attention.shape[1] == 3  # padding beside the longer one is not shown
    assert long.log_probability < 0


def test_what_stands_beside_does_not_matter(model: Translator) -> None:
    together = model.translate(SOURCES[:30])
    for text, row in zip(SOURCES[:30], together, strict=True):
        (alone,) = model.translate([text])
        assert alone[0].text == row[0].text
        assert alone[0].log_probability == pytest.approx(row[0].log_probability, abs=1e-4)


@pytest.mark.parametrize(
    "settings",
    [
        {"attention": None}, {"attention": "local-m", "window": 1}, {"attention": "local-p", "attention_score": "dot"},
        {"attention_score": "general", "cell": "gru"}, {"attention_score": "location", "cell": "rnn"},
        {"attention_score": "scaled_dot", "num_layers": 2}, {"input_feeding": True, "num_layers": 2},
        {"self_attention": True, "bidirectional": False}, {"shared": True, "label_smoothing": 0.1},
        {"teacher_forcing": 0.5, "dropout": 0.2}, {"precision": "float64"},
    ],
)  # fmt: skip
def test_every_setting_trains_saves_and_loads(settings: dict[str, Any], tmp_path: Path) -> None:
    model = fitted(**settings)
    assert model.history_.records[1]["train_loss"] < model.history_.records[0]["train_loss"]
    model.save(tmp_path / "m")
    again = load(tmp_path / "m")
    assert isinstance(again, Translator)
    assert again.get_params() == model.get_params()
    expected, got = model.translate(SOURCES[:5], n_best=2), again.translate(SOURCES[:5], n_best=2)
    assert [[each.text for each in row] for row in got] == [[each.text for each in row] for row in expected]
    for row in got:
        assert (row[0].attention is None) == (settings.get("attention", "") is None)
        if row[0].attention is not None:
            torch.testing.assert_close(
                row[0].attention.sum(1), torch.ones_like(row[0].attention[:, 0]), atol=1e-6, rtol=0
            )


def test_reading_backwards_is_learned() -> None:
    rows = list(MAKERS["reverse"](1500, 6, 0))
    model = Translator(**{**TINY, "hidden_size": 48, "epochs": 12, "batch_size": 300}).fit(*zip(*rows, strict=True))
    test = list(MAKERS["reverse"](60, 6, 9))
    right = [wrote == wanted for wrote, (_, wanted) in zip(model.predict([s for s, _ in test]), test, strict=True)]
    assert sum(right) / len(right) > 0.9


def test_an_ensemble_decides_together() -> None:
    held = SOURCES[:20], TARGETS[:20]
    model, other = (Translator(**TINY, random_state=seed).fit(SOURCES, TARGETS, validation=held) for seed in (0, 5))
    (alone,), (both,) = model.translate(["둘 셋"]), model.translate(["둘 셋"], ensemble=[other])
    assert both[0].log_probability != alone[0].log_probability
    (same,) = model.translate(["둘 셋"], ensemble=[model])
    assert same[0].log_probability == pytest.approx(alone[0].log_probability, abs=1e-5)
    stranger = Translator(**TINY).fit(TARGETS, SOURCES)
    with pytest.raises(DataError, match="the same vocabularies"):
        model.translate(["둘"], ensemble=[stranger])


def test_what_is_drawn_depends_on_the_seed_and_the_place_alone(model: Translator) -> None:
    some = ["둘 셋", "하나", "셋 하나"]
    first, again, other = (model.translate(some, temperature=2.0, n_best=3, seed=seed) for seed in (0, 0, 1))
    texts = [[[each.text for each in row] for row in found] for found in (first, again, other)]
    assert texts[0] == texts[1] != texts[2]
    (alone,) = model.translate(some[:1], temperature=2.0, n_best=3, seed=0)
    assert [each.text for each in alone] == texts[0][0]
    (best,), (likely,) = model.translate(["둘 셋"], beam_size=1), model.translate(["둘 셋"], top_k=1)
    assert best[0].text == likely[0].text
    assert best[0].log_probability == pytest.approx(likely[0].log_probability, abs=1e-4)


def test_an_unknown_word_is_copied(model: Translator) -> None:
    assert model.unknown_share("하나 일곱") == (1, 2)
    looked = torch.tensor([[0.1, 0.7, 0.2], [0.3, 0.3, 0.4]])
    found = Hypothesis([1], -1.0, -1.0, looked)
    target, source = model.inputs_.target, ["하나", "일곱", "\n"]
    assert translation_of(found, source, target, has_attention=True, replace_unknown=True).text == "일곱"
    assert translation_of(found, source, target, has_attention=True, replace_unknown=False).text == "<unk>"
    assert translation_of(found, source, target, has_attention=False, replace_unknown=True).text == "<unk>"


def test_predicted_words_replace_some_of_those_given(model: Translator) -> None:
    encoded = model._encode(SOURCES[:20], TARGETS[:20])
    pairs, _ = encoded.batch(np.arange(20))
    net = model.net_
    assert torch.equal(scheduled_samples(net, pairs, 1.0), pairs.inputs)
    swapped = scheduled_samples(net, pairs, 0.0)
    assert torch.equal(swapped[:, 0], pairs.inputs[:, 0])
    assert torch.equal(swapped == 0, pairs.inputs == 0)


def test_bad_input(model: Translator) -> None:
    with pytest.raises(DataError, match="got 2 sources and 1 targets"):
        Translator(**TINY).fit(["a", "b"], ["c"])
    with pytest.raises(DataError, match="the target y is None"):
        Translator(**TINY).fit(["a", "b"])
    with pytest.raises(DataError, match="text 1 is empty"):
        Translator(**TINY).fit(["a", "b"], ["c", " "])
    with pytest.raises(DataError, match=r"text 1 has 10,001 tokens, and this model reads 256 at most"):
        model.translate(["하나", "하나 " * 10_000])
    with pytest.raises(DataError, match="every pair has a side of more than 256 tokens"):
        Translator(**TINY).fit(["하나 " * 300] * 20, ["one"] * 20)
    with pytest.raises(ParameterError, match="n_best=9: must be from 1 to beam_size=5"):
        model.translate(["하나"], n_best=9)
    with pytest.raises(ParameterError, match="attention='globl' is not known"):
        Translator(attention="globl").fit(SOURCES, TARGETS)
    assert isinstance(model.predict(["ελληνικά"])[0], str)  # an unknown script is unknown words


def test_long_pairs_are_left_out_and_counted() -> None:
    model = Translator(**TINY).fit([*SOURCES, "하나 " * 300], [*TARGETS, "one"], validation=(SOURCES[:9], TARGETS[:9]))
    assert model.describe_data()["pairs left out"].startswith("1,")
