"""Why an image has its caption: the words' log-probabilities, with and without places of the grid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gyeol import Captioner, DataError, ParameterError
from gyeol.explain.attribution.path import adds_up

from .test_captioner import X, fitted, painted


@pytest.fixture(scope="module")
def model() -> Captioner:
    return fitted(epochs=10)


def test_every_place_of_an_image_is_explained(model: Captioner) -> None:
    image = painted("blue", "red")
    ((best, *_),) = model.captions([image])
    found = model.explain(image)
    first, second = found.attributions
    rows, columns, _ = model.grid_
    assert found.prediction == model.predict([image])[0]
    assert found.kind == "image"
    assert found.tokens[columns] == "2,1"
    assert len(found.tokens) == rows * columns
    assert found.values is not None
    assert found.values.shape == (1, 256, 256, 3)
    assert list(found.output) == best.words
    assert first.total == pytest.approx(best.log_probability, abs=1e-4)
    assert adds_up(first)
    (attention,) = found.attention
    assert list(attention.rows) == best.words
    assert best.attention is not None
    np.testing.assert_allclose(attention.weights, best.attention.flatten(1).numpy(), atol=1e-5)
    (layer,) = found.layers
    assert found.axis(layer) == "output"
    assert layer.states["hidden"].shape == (len(best.words), 32)
    assert layer.gradients["hidden"].shape == (len(best.words),)

    def without(hidden: torch.nn.Module, place: int) -> float:
        """Let the encoder's place be zeros, and look again: by a hook, not by what is tested."""

        def put_out(_: Any, __: Any, output: Any) -> Any:
            output = output.clone()
            output[:, place] = 0.0
            return output

        handle = hidden.register_forward_hook(put_out)
        try:
            return float(model.explain(image, target=" ".join(best.words[:-1])).attributions[0].total)
        finally:
            handle.remove()

    for place in (0, rows * columns // 2):
        assert second.values[place] == pytest.approx(first.total - without(model.net_.norm, place), abs=1e-4)


def test_one_word_or_another_caption_can_be_asked_for(model: Captioner) -> None:
    image = painted("blue", "red")
    whole = model.explain(image)
    each = [model.explain(image, position=n).attributions[0] for n in range(len(whole.output))]
    assert sum(one.total for one in each) == pytest.approx(whole.attributions[0].total, abs=1e-4)
    assert each[0].target == f"log-probability of {whole.output[0]!r}"
    other = model.explain(image, target="green left of white")
    assert list(other.output) == ["green", "left", "of", "white", "\n"]
    assert other.prediction == whole.prediction
    assert other.attributions[0].total < whole.attributions[0].total
    for wrong in ({"position": len(whole.output)}, {"position": -1}):
        with pytest.raises(ParameterError, match="expected 0 to"):
            model.explain(image, **wrong)


def test_without_attention_places_are_explained_all_the_same() -> None:
    model = fitted(attention=None, num_layers=2, epochs=1)
    found = model.explain(X[0])
    assert not found.attention
    assert adds_up(found.attributions[0])
    assert [layer.layer for layer in found.layers] == [0, 1]


def test_what_cannot_be_explained_is_refused_as_predict_does(model: Captioner, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    (tmp_path / "b.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    bad: list[Any] = [tmp_path / "none.png", tmp_path / "a.png", tmp_path / "b.png", np.zeros((4, 4)), np.zeros(0), 5]
    for one in bad:
        with pytest.raises(DataError) as predicted:
            model.predict([one])
        with pytest.raises(DataError) as explained:
            model.explain(one)
        assert str(explained.value) == str(predicted.value)
