"""Models that version 0.1.0 saved, one of each task and of a few settings: they load, and answer as they did.

The folders in ``saved_models`` were written before the rooms by subject (docs/decisions/0029-rooms.md). They are never
written anew: a format that changes must still read them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gyeol import load
from gyeol.tasks import TASKS

from .test_estimators import EXAMPLES, LABELS, TEXTS

FOLDER = Path(__file__).with_name("saved_models")
EXPECTED: dict[str, dict[str, Any]] = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))
SEVERAL = [["긍정", "짧다"], ["긍정"], ["부정"], ["부정", "짧다"]] * 5


def data(name: str) -> tuple[Any, Any]:
    """Give what the model was asked when it was saved."""
    task = next(task for task in sorted(TASKS, key=len, reverse=True) if name.startswith(task))
    X, y, _ = EXAMPLES[task]
    if name == "classify-several":
        y = SEVERAL
    if task == "classify":
        assert (X, y) in ((TEXTS, LABELS), (TEXTS, SEVERAL))
    if task == "spell":
        return X[:6], X[:6]
    return (X, None) if task == "forecast" else (X[:6], None if y is None else y[:6])


def test_every_task_has_a_saved_model() -> None:
    assert set(TASKS) <= set(EXPECTED) == {path.name for path in FOLDER.iterdir() if path.is_dir()}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_saved_model_answers_as_it_did(name: str) -> None:
    model, (X, y), expected = load(FOLDER / name), data(name), EXPECTED[name]
    figures = model.evaluate(X) if y is None else model.evaluate(X, y)  # type: ignore[attr-defined]
    for key, value in expected["evaluate"].items():
        assert figures[key] == pytest.approx(value, rel=1e-3), key
    for method in ("predict_proba", "predict"):
        if method in expected:
            found = getattr(model, method)(X)
            assert len(found) == len(expected[method])
            for one, then in zip(found, expected[method], strict=True):
                np.testing.assert_allclose(np.asarray(one, float), np.asarray(then, float), rtol=1e-3, atol=1e-4)
