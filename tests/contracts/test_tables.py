"""What holds for every line of the tables: a new cell, tokenizer, pooling or kind of features is tested unasked."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from gyeol import TextClassifier, load
from gyeol.inputs import FEATURES, TOKENIZERS
from gyeol.layers import CELLS, POOLINGS, Recurrent
from gyeol.tasks import TASKS, Estimator

TINY: dict[str, Any] = {
    "hidden_size": 6,
    "embedding_size": 5,
    "tokenizer": "syllable",
    "epochs": 2,
    "learning_rate": 0.02,
    "batch_size": 8,
    "threads": 1,
}
TEXTS = [
    f"{text} {i}" for i in range(4) for text in ("정말 좋아요", "진짜 재밌네 ㅋㅋ", "정말 싫어요", "별로였다 good")
]
LABELS = ["긍정", "긍정", "부정", "부정"] * 4
LENGTHS = {
    "alike": [8, 7, 8, 6, 8],
    "far apart": [2, 30, 1, 5, 8],
}  # PyTorch's operation walks these, the reference those
CLOSE = {"float32": 1e-5, "float64": 1e-10}


def trains_saves_loads(folder: Path, **settings: Any) -> TextClassifier:
    model = TextClassifier(**{**TINY, **settings}).fit(TEXTS, LABELS)
    probabilities = model.predict_proba(TEXTS)
    assert probabilities.shape == (len(TEXTS), 2)
    np.testing.assert_allclose(probabilities.sum(1), 1.0, rtol=0, atol=1e-12)
    model.save(folder / "m")
    assert np.array_equal(load(folder / "m").predict_proba(TEXTS), probabilities)
    return model


@pytest.mark.parametrize("precision", CLOSE)
@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_is_trained_saved_and_loaded(cell: str, precision: str, tmp_path: Path) -> None:
    model = trains_saves_loads(tmp_path, cell=cell, precision=precision, num_layers=2)
    assert model.net_.recurrent.cell is CELLS[cell]
    with torch.random.fork_rng():
        torch.manual_seed(model.random_state)
        fresh = model._build().to(model._dtype())
    for (name, weight), untrained in zip(model.net_.named_parameters(), fresh.parameters(), strict=True):
        assert not torch.equal(weight, untrained), f"{name} did not move"


@pytest.mark.parametrize("which", TOKENIZERS)
@pytest.mark.parametrize("features", [None, "tfidf"])
def test_every_tokenizer_is_trained_with_saved_and_loaded(which: str, features: str | None, tmp_path: Path) -> None:
    if "keep_tags" in TOKENIZERS[which].settings and importlib.util.find_spec("kiwipiepy") is None:
        pytest.skip("kiwipiepy is not installed: pip install 'gyeol[korean]'")
    model = trains_saves_loads(tmp_path, tokenizer=which, features=features)
    assert model.inputs_.tokenizer.name == which


@pytest.mark.parametrize("pooling", POOLINGS)
def test_every_pooling_is_trained_saved_and_loaded(pooling: str, tmp_path: Path) -> None:
    trains_saves_loads(tmp_path, pooling=pooling, attention=None)


@pytest.mark.parametrize("features", FEATURES)
def test_every_kind_of_features_is_trained_saved_and_loaded(features: str, tmp_path: Path) -> None:
    trains_saves_loads(tmp_path, features=features)


def test_every_task_is_known_by_its_own_name() -> None:
    for name, task in TASKS.items():
        assert task.task == name
        assert issubclass(task, Estimator)


def gradients(net: torch.nn.Module) -> dict[str, Tensor]:
    found = {}
    for name, weight in net.named_parameters():
        assert weight.grad is not None, name
        found[name] = weight.grad.to_dense() if weight.grad.is_sparse else weight.grad
        weight.grad = None
    return found


def close(one: Tensor, other: Tensor, precision: str) -> None:
    torch.testing.assert_close(one, other, atol=CLOSE[precision], rtol=CLOSE[precision])


@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("precision", CLOSE)
@pytest.mark.parametrize("cell", CELLS)
def test_a_padded_batch_through_a_layer_is_its_rows_one_by_one(
    cell: str, precision: str, bidirectional: bool, lengths: str
) -> None:
    """In outputs, final states, and gradients of weights and inputs."""
    rows = LENGTHS[lengths]
    dtype = getattr(torch, precision)
    layer = Recurrent(cell, 5, 6, num_layers=2, bidirectional=bidirectional, batch_first=True, dtype=dtype)
    x = torch.randn(len(rows), max(rows), 5, dtype=dtype, requires_grad=True)
    for need_state in (True, False):
        output, state = layer(x, lengths=rows, need_state=need_state)
        weigh = torch.randn_like(output)
        (output * weigh).sum().backward()
        together = {**gradients(layer), "x": x.grad}
        x.grad = None
        for i, length in enumerate(rows):
            alone, last = layer(x[i : i + 1, :length])
            close(output[i : i + 1, :length], alone, precision)
            assert not output[i, length:].any()
            (alone * weigh[i : i + 1, :length]).sum().backward()
            if need_state:
                for all_of_them, mine in zip(*map(parts, (state, last)), strict=True):
                    close(all_of_them[:, i : i + 1], mine, precision)
        for name, gradient in {**gradients(layer), "x": x.grad}.items():
            close(together[name], gradient, precision)
        x.grad = None
    with torch.no_grad():  # where a native kernel may walk
        close(layer(x, lengths=rows)[0], output, precision)


def parts(state: Any) -> tuple[Tensor, ...]:
    return state if isinstance(state, tuple) else (state,)


@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("precision", CLOSE)
@pytest.mark.parametrize("cell", CELLS)
def test_a_padded_batch_through_a_classifier_is_its_rows_one_by_one(cell: str, precision: str, lengths: str) -> None:
    """In logits, attention, and the gradients of every weight, embeddings and runs among them."""
    settings = {**TINY, "cell": cell, "precision": precision, "epochs": 1, "pooling": "last+mean+max"}
    model = TextClassifier(**settings).fit(TEXTS, LABELS)
    letters = "".join(TEXTS)
    rows = model.inputs_.encode([letters[7 * i : 7 * i + length] for i, length in enumerate(LENGTHS[lengths])])
    targets = torch.arange(len(rows)) % 2

    def loss(which: list[int]) -> tuple[Tensor, Tensor]:
        logits, attention = model.net_(model.inputs_.batch(rows, np.array(which)))
        F.cross_entropy(logits, targets[which], reduction="sum").backward()
        return logits.detach(), attention.detach()

    logits, attention = loss(list(range(len(rows))))
    together = gradients(model.net_)
    for i in range(len(rows)):
        alone, looked = loss([i])
        close(logits[i : i + 1], alone, precision)
        close(attention[i : i + 1, : looked.shape[1]], looked, precision)
        assert not attention[i, int(rows.lengths[i]) :].any()
    for name, gradient in gradients(model.net_).items():
        close(together[name], gradient, precision)
