"""Every cell of the table in every task: trained, stepped, saved and loaded; and custom cells beside the table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gyeol import LanguageModel, ModelError, ParameterError, TextClassifier, Translator, load
from gyeol.layers import CELLS, Cell, Recurrent, Stepper
from gyeol.tasks import TASKS

from .test_estimators import EXAMPLES, LABELS, TEXTS

QUICK = {"epochs": 1, "hidden_size": 4}


class Leaky(Cell):
    """``h_t = h_{t-1} / 2 + tanh(W x_t + b)``: a class names what a `Cell` has."""

    gates, hidden_product = 1, False

    @staticmethod
    def step(u: torch.Tensor, state: Any, weights: Any) -> Any:
        return (state[0] / 2 + torch.tanh(u),)


class Other(Leaky):
    """Of the same shapes, and nothing else."""


OWN = {"a class": Leaky, "an object": Cell("blend", 1, Leaky.step, hidden_product=False)}


def fitted(task: str, cell: Any, **settings: Any) -> Any:
    X, y, example = EXAMPLES[task]
    return TASKS[task](**{**example, **QUICK, **settings, "cell": cell}).fit(X, y)


def figures(model: Any) -> dict[str, float]:
    X, y, _ = EXAMPLES[model.task]
    if model.task == "spell":
        X, y = X[:2], X[:2]
    found = model.evaluate(X) if y is None else model.evaluate(X, y)
    return {name: value for name, value in found.items() if isinstance(value, float) and "second" not in name}


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("cell", CELLS)
def test_every_task_trains_saves_and_loads_every_cell(cell: str, task: str, tmp_path: Path) -> None:
    model = fitted(task, cell)
    expected = figures(model)
    assert expected
    assert all(np.isfinite(value) for value in expected.values())
    model.save(tmp_path / "m")
    again = load(tmp_path / "m")
    assert again.cell == cell
    assert figures(again) == expected


@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_steps_as_it_walks(cell: str) -> None:
    """By `step`, and by a `Stepper` in either direction."""
    layer = Recurrent(cell, 3, 4, bidirectional=True, batch_first=True, dtype=torch.float64)
    x = torch.randn(2, 9, 3, dtype=torch.float64)
    with torch.no_grad():
        expected, _ = layer(x)
    for direction in (0, 1):
        stepper = Stepper(layer, 2, direction=direction)
        steps = [stepper(x_t).clone() for x_t in (x.flip(1) if direction else x).unbind(1)]
        walked = torch.stack(steps[::-1] if direction else steps, 1)
        torch.testing.assert_close(walked, expected[:, :, 4 * direction : 4 * direction + 4])
    one_way = Recurrent(cell, 3, 4, num_layers=2, batch_first=True)
    state, single = None, x.float()
    for t in range(9):
        y, state = one_way.step(single[:, t], state)
    torch.testing.assert_close(y, one_way(single)[0][:, -1], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_suggests_generates_and_translates(cell: str, tmp_path: Path) -> None:
    language = fitted("language", cell)
    assert isinstance(language, LanguageModel)
    suggested = language.suggest("정말 ")
    assert suggested
    written = language.generate("정말", length=5, random_state=1)
    translator = fitted("translate", cell, bidirectional=True, num_layers=2)
    assert isinstance(translator, Translator)
    translated = translator.predict(TEXTS[:2])
    language.save(tmp_path / "l")
    translator.save(tmp_path / "t")
    assert load(tmp_path / "l").suggest("정말 ") == suggested  # type: ignore[attr-defined]
    assert load(tmp_path / "l").generate("정말", length=5, random_state=1) == written  # type: ignore[attr-defined]
    assert list(load(tmp_path / "t").predict(TEXTS[:2])) == list(translated)  # type: ignore[attr-defined]


@pytest.mark.parametrize("task", TASKS)
def test_every_task_takes_a_class(task: str, tmp_path: Path) -> None:
    model = fitted(task, Leaky)
    model.save(tmp_path / "m")
    assert figures(load(tmp_path / "m", cell=Leaky)) == figures(model)


@pytest.mark.parametrize("kind", OWN)
def test_a_custom_cell_is_given_again_to_load(kind: str, tmp_path: Path) -> None:
    own = OWN[kind]
    name = "Leaky" if kind == "a class" else "blend"
    model = fitted("classify", own)
    model.save(tmp_path / "m")
    assert np.array_equal(load(tmp_path / "m", cell=own).predict_proba(TEXTS), model.predict_proba(TEXTS))
    with pytest.raises(ModelError, match=rf"cell='{name}', a custom one .* gyeol.load\(path, cell={name}\)"):
        load(tmp_path / "m")
    with pytest.raises(ParameterError, match=f"with cell='{name}', 'Other' came"):
        load(tmp_path / "m", cell=Other)
    with pytest.raises(ParameterError, match=f"with cell='{name}', 'lstm' came"):
        load(tmp_path / "m", cell="lstm")


class NoGates(Cell):
    step = Leaky.step


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (NoGates, "the class 'NoGates' has no gates: a cell needs both"),
        (Cell, "the class 'Cell' has no gates and no step"),
        (dict, "is not known"),
        ("lstn", "did you mean 'lstm'"),
        (3, "is not known"),
    ],
)
def test_what_is_no_cell_is_refused(cell: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        fitted("classify", cell)


def test_a_linear_cell_has_no_hidden_product() -> None:
    with pytest.raises(ParameterError, match="'odd' cannot be linear"):
        Cell("odd", 1, Leaky.step, linear=lambda u: (u, u))


def test_weight_dropout_needs_weights_between_states() -> None:
    with pytest.raises(ParameterError, match=r"weight_dropout=0\.5 drops weights between states"):
        fitted("language", "min_gru", weight_dropout=0.5)


def test_a_classifier_learns_with_each_of_the_newer_cells() -> None:
    for cell in ("min_gru", "s_lstm"):
        settings = {**EXAMPLES["classify"][2], "epochs": 12, "cell": cell}
        assert TextClassifier(**settings).fit(TEXTS, LABELS).score(TEXTS, LABELS) == 1.0
