"""Every estimator ends when its time is over, leaves a model, and a checkpoint to go on from, and says all that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gyeol import load
from gyeol.engine import Deadline
from gyeol.tasks import TASKS, Estimator
from gyeol.tasks.card import measured_on

from .test_estimators import EXAMPLES


def fresh(task: str, **changed: Any) -> tuple[Estimator, Any, Any]:
    X, y, settings = EXAMPLES[task]
    return TASKS[task](**{**settings, **changed}), X, y


@pytest.mark.parametrize("task", TASKS)
def test_a_time_that_is_over_gives_a_model_that_can_be_taken_further(task: str, tmp_path: Path) -> None:
    model, X, y = fresh(task)
    model.fit(X, y, checkpoint=tmp_path / "keep", deadline=Deadline(1e-9))
    assert model.about_["stopped"] == "time limit"
    assert 0 < model.about_["trained_epochs"] <= 1
    assert model.about_["advice"].startswith("stopped by the time limit after ")
    assert model.about_["advice"].endswith("train longer")
    assert all(np.isfinite(value) for value in model.metrics_.values())
    assert (tmp_path / "keep" / "state.json").exists()
    model.save(tmp_path / "m")
    again = load(tmp_path / "m")
    assert (again.about_, again.metrics_) == (model.about_, model.metrics_)

    whole, X, y = fresh(task)
    whole.fit(X, y)
    further, X, y = fresh(task)
    further.fit(X, y, checkpoint=tmp_path / "keep", resume=True)
    assert further.about_["stopped"] in ("epochs", "no longer better")
    assert len(further.history_.records) == len(whole.history_.records)


@pytest.mark.parametrize("task", TASKS)
def test_figures_say_what_they_were_measured_on(task: str, tmp_path: Path) -> None:
    import json

    for share, expected in ((0.0, "training"), (0.5, "validation")):
        model, X, y = fresh(task, validation_fraction=share, epochs=1)
        model.fit(X, y)
        assert model.about_["measured_on"] == expected
        assert model.about_["validation"].startswith("none") == (expected == "training")
        model.save(tmp_path / expected)
        assert json.loads((tmp_path / expected / "metrics.json").read_text("utf-8"))["measured_on"] == expected
        card = (tmp_path / expected / "README.md").read_text("utf-8")
        assert f"| measured on | the {expected} part" in card
        assert f"The figures are those of the {expected} part" in card
        again = load(tmp_path / expected)
        assert again.metrics_ == model.metrics_
        assert measured_on(again.about_) == expected
