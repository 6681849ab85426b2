"""An attention score is a class and a line in `SCORES`: what CONTRIBUTING promises, done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gyeol import Captioner, Translator, load
from gyeol.errors import ModelError, ParameterError
from gyeol.layers import SCORES, Alignment, Score, attend
from gyeol.parameters import range_of

SOURCES = ["하나 둘", "둘 셋", "셋 하나", "하나", "둘", "셋"] * 4
TARGETS = ["one two", "two three", "three one", "one", "two", "three"] * 4
TINY: dict[str, Any] = {
    "hidden_size": 8, "embedding_size": 6, "tokenizer": "whitespace", "epochs": 2, "batch_size": 20, "threads": 1,
}  # fmt: skip
IMAGES = [np.full((16, 16, 3), 60 * n, np.uint8) for n in range(4)]
CAPTIONS = ["dark", "dim", "clear", "bright"]
SEEING: dict[str, Any] = {
    "hidden_size": 8, "embedding_size": 6, "channels": 4, "image_size": 16, "epochs": 1, "batch_size": 4, "threads": 1,
    "augmentation": None,
}  # fmt: skip


class Distance(Score):
    """Steps near the query matter most."""

    def __call__(self, query: Tensor, keys: Tensor) -> Tensor:
        return -torch.cdist(query, keys)


class Sharp(Score):
    """A cosine whose sharpness is learned."""

    def create(self, query_size: int, key_size: int, *, size: int, longest: int) -> Any:
        learned = super().create(query_size, key_size, size=size, longest=longest)
        return {**learned, "sharpness": nn.Parameter(torch.full((), 3.0))}

    def __call__(self, query: Tensor, keys: Tensor, *, sharpness: Tensor) -> Tensor:
        return sharpness * nn.functional.normalize(query, dim=2) @ nn.functional.normalize(keys, dim=2).mT


NEWCOMERS: dict[str, Any] = {"distance": Distance(), "sharp": Sharp}  # an object, as the others are; a class will do


@pytest.fixture(params=NEWCOMERS)
def name(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setitem(SCORES, request.param, NEWCOMERS[request.param])  # the one line
    return str(request.param)


def test_attend_and_alignment_take_it(name: str) -> None:
    query, values, lengths = torch.randn(2, 3, 4), torch.randn(2, 5, 4), torch.tensor([5, 2])
    alignment = Alignment(4, 4, score=name)
    found = alignment(query, alignment.prepare(values, lengths), torch.arange(3))
    mask = torch.arange(5) < lengths[:, None]
    torch.testing.assert_close(found, attend(query, values, values, mask, score=name, **alignment.learned))


@pytest.mark.parametrize(
    "settings", [{"num_layers": 2}, {"attention": "local-p", "input_feeding": True, "cell": "gru"}]
)
def test_a_translator_is_trained_saved_loaded_and_translates_the_same(
    name: str, settings: dict[str, Any], tmp_path: Path
) -> None:
    model = Translator(attention_score=name, **TINY, **settings).fit(SOURCES, TARGETS)
    model.save(tmp_path / "m")
    again = load(tmp_path / "m")
    for texts in (["둘 셋"], SOURCES[:4]):  # a single source goes by weights that were made ready
        for (one, *_), (other, *_) in zip(model.translate(texts), again.translate(texts), strict=True):
            assert (one.text, one.score) == (other.text, other.score)
            assert one.attention is not None
            assert torch.equal(one.attention, other.attention)
            torch.testing.assert_close(one.attention.sum(1), torch.ones(len(one.target)))
    several = model.translate([SOURCES[0], SOURCES[1]])
    (alone,) = model.translate([SOURCES[1]])
    assert alone[0].log_probability == pytest.approx(several[1][0].log_probability, abs=1e-4)


def test_a_captioner_takes_it(name: str, tmp_path: Path) -> None:
    model = Captioner(attention_score=name, **SEEING).fit(IMAGES * 3, CAPTIONS * 3)
    assert isinstance(model.net_.decoder.alignment, Alignment)
    model.save(tmp_path / "m")
    assert load(tmp_path / "m").predict(IMAGES) == model.predict(IMAGES)


def test_it_is_among_what_is_possible(name: str) -> None:
    assert name in range_of(Translator.rules["attention_score"])
    with pytest.raises(ParameterError, match=f"did you mean '{name}'"):
        Translator(attention_score=name + "s", **TINY).fit(SOURCES, TARGETS)


@pytest.mark.parametrize("score", [Sharp, Distance()])
def test_a_class_or_an_object_itself_is_taken(score: Any, tmp_path: Path) -> None:
    model = Translator(attention_score=score, **TINY).fit(SOURCES, TARGETS)
    model.save(tmp_path / "m")
    with pytest.raises(
        ModelError, match=rf"attention_score='{'Sharp' if score is Sharp else 'Distance'}'.*gyeol\.load"
    ):
        load(tmp_path / "m")
    again = load(tmp_path / "m", attention_score=score)
    assert again.predict(SOURCES[:3]) == model.predict(SOURCES[:3])
    with pytest.raises(ParameterError, match="attention_score=<class 'int'> is not known"):
        load(tmp_path / "m", attention_score=int)


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_every_score_of_the_table_is_trained_saved_and_loaded(score: str, precision: str, tmp_path: Path) -> None:
    settings = {**TINY, "attention_score": score, "precision": precision}
    model = Translator(**settings).fit(SOURCES, TARGETS)
    with torch.random.fork_rng():
        torch.manual_seed(model.random_state)
        fresh = model._build().to(model._dtype())
    for (part, weight), untrained in zip(model.net_.named_parameters(), fresh.parameters(), strict=True):
        assert not torch.equal(weight, untrained), f"{part} did not move"
    model.save(tmp_path / "m")
    assert load(tmp_path / "m").predict(SOURCES) == model.predict(SOURCES)
