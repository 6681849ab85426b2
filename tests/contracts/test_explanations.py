"""Every estimator explains: what `Explanation` promises, over `TASKS` and the models that older versions saved."""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gyeol import ParameterError, load
from gyeol.explain.attribution.path import adds_up
from gyeol.explain.explanation import Explanation
from gyeol.tasks import TASKS, NotFittedError

from .test_estimators import EXAMPLES
from .test_saved_models import EXPECTED, FOLDER

#: Tasks that do not explain yet, and why. This list only ever gets shorter.
NOT_YET = {
    "caption": "keeps its CaptionMap until the one renderer shows an Explanation",
}


def task_of(name: str) -> str:
    return next(task for task in sorted(TASKS, key=len, reverse=True) if name.startswith(task))


NAMES = [name for name in sorted(EXPECTED) if task_of(name) not in NOT_YET]


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
    if found.kind == "series":
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


def test_what_does_not_explain_says_so() -> None:
    unknown = set(NOT_YET) - set(TASKS)
    assert not unknown
    for task in set(NOT_YET) - {"caption"}:
        name = task if (Path(FOLDER) / task).is_dir() else None
        assert name is not None
        with pytest.raises(ParameterError, match="cannot be explained"):
            load(FOLDER / name).explain(example(name))  # type: ignore[attr-defined]


@pytest.mark.parametrize("task", sorted(set(TASKS) - set(NOT_YET)))
def test_only_a_fitted_model_explains(task: str) -> None:
    with pytest.raises(NotFittedError):
        TASKS[task]().explain(example(task))
