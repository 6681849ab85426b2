"""Every estimator explains: what `Explanation` promises, over `TASKS` and the models that older versions saved."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import pytest
import torch

from gyeol import load
from gyeol.errors import ParameterError
from gyeol.explain.attribution.path import adds_up
from gyeol.explain.explanation import Explanation
from gyeol.tasks import TASKS, NotFittedError

from .test_estimators import EXAMPLES
from .test_saved_models import EXPECTED, FOLDER


def task_of(name: str) -> str:
    return next(task for task in sorted(TASKS, key=len, reverse=True) if name.startswith(task))


NAMES = sorted(EXPECTED)


def example(name: str) -> Any:
    X = EXAMPLES[task_of(name)][0]
    return X if task_of(name) == "forecast" else X[0]  # of forecasts the one series is all there is


def explanation(name: str) -> tuple[Any, Explanation]:
    model = load(FOLDER / name)
    model.threads = 1
    return model, model.explain(example(name))


def check(found: Explanation, task: str) -> None:
    """Check what holds for every explanation."""
    T = len(found.tokens)
    assert T > 0
    assert found.task == task
    assert all(isinstance(token, str) for token in found.tokens)
    assert all(0 <= share <= 1 for share in found.probabilities.values())
    assert len(found.attributions) >= 2
    assert {one.method for one in found.attributions} >= {"occlusion"}
    for one in found.attributions:
        assert one.values.shape == (T,)
        assert np.isfinite(one.values).all()
        assert math.isfinite(one.start)
        assert math.isfinite(one.total)
        assert one.target
        if one.method in ("integrated gradients", "exact"):
            assert adds_up(one)
    for layer in found.attention:
        assert layer.weights.shape[0] == len(layer.rows)
        np.testing.assert_allclose(layer.weights.sum(1), 1, atol=1e-6)
        assert (layer.weights >= 0).all()
    if found.kind == "text":
        assert found.text
        assert len(found.spans) == T
        assert all(0 <= start <= end <= len(found.text) for start, end in found.spans)
    if found.kind in ("series", "sound", "frames"):
        assert found.values is not None
        assert found.values.shape[0] == T
        assert np.isfinite(found.values).all()
    if found.reading is not None:
        steps, shares = found.reading.steps, found.reading.probabilities
        assert list(steps) == sorted(set(steps))
        assert steps[-1] == T
        assert shares.shape == (len(steps), len(found.reading.names))
        assert np.isfinite(shares).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_model_explains_what_it_predicts(name: str) -> None:
    model, found = explanation(name)
    check(found, task_of(name))
    if hasattr(model, "predict"):  # a language model has none
        predicted = model.predict([example(name)])[0]
        assert found.prediction == (predicted.tolist() if hasattr(predicted, "tolist") else predicted)


@pytest.mark.parametrize("name", NAMES)
def test_explaining_changes_nothing_and_is_repeatable(name: str) -> None:
    model = load(FOLDER / name)
    model.threads = 1
    weights = {key: value.clone() for key, value in model.net_.state_dict().items()}
    modules = [(module, copy.copy(module.__dict__)) for module in model.net_.modules()]
    asked = [weight.requires_grad for weight in model.net_.parameters()]
    threads, drawn = torch.get_num_threads(), torch.get_rng_state()
    one = model.explain(example(name))
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):  # the caller's, which decide nothing
        two = model.explain(example(name))
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), drawn)
    assert [weight.requires_grad for weight in model.net_.parameters()] == asked
    assert all(torch.equal(weights[key], value) for key, value in model.net_.state_dict().items())
    for module, before in modules:
        assert set(module.__dict__) == set(before)
        assert all(module.__dict__[key] is value for key, value in before.items()), type(module).__name__
    for a, b in zip(one.attributions, two.attributions, strict=True):
        assert np.array_equal(a.values, b.values)


def test_every_task_is_explained_here() -> None:
    assert {task_of(name) for name in NAMES} == set(TASKS)


@pytest.mark.parametrize("task", sorted(TASKS))
def test_only_a_fitted_model_explains(task: str) -> None:
    with pytest.raises(NotFittedError):
        TASKS[task]().explain(example(task))


@pytest.mark.parametrize("position", ["a", 1.5, True])
def test_a_position_is_a_whole_number(position: Any) -> None:
    for name in NAMES:
        with pytest.raises(ParameterError, match="is not a whole number"):
            load(FOLDER / name).explain(example(name), position=position)
