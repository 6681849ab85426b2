"""Every task reports: outcomes that give the figures of ``evaluate``, a page, and a comparison with another model.

Models are those of ``saved_models``, so that nothing is trained.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import numpy as np
import pytest

from gyeol import load
from gyeol.cli.tasks import FILES, commands_of
from gyeol.engine.metrics import bootstrap
from gyeol.engine.metrics.bootstrap import intervals
from gyeol.engine.metrics.figure_kinds import FIGURES
from gyeol.engine.metrics.outcomes import Outcomes
from gyeol.explain.drawing import page as drawing_page
from gyeol.explain.report.comparison import render_comparison
from gyeol.explain.report.page import render_report
from gyeol.tasks import TASKS
from gyeol.tasks.report.comparison import Contender, aligned_outcomes, compared
from gyeol.tasks.report.content import answers_part, folder_part
from gyeol.tasks.report.model_facts import versions

from .test_saved_models import EXPECTED, FOLDER, data

#: What a page without a script or a network never holds.
FOREIGN = ("<script", "http://", "https://", " style=", "javascript:", "@import", "nan", "None")


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Resample less than users do, and embed no font: what is tested here is that it can be done."""
    monkeypatch.setattr(drawing_page, "embed_font", lambda page: page)
    monkeypatch.setattr(bootstrap, "_MOST", 40)
    monkeypatch.setattr(bootstrap, "_FEWEST", 40)


@cache
def loaded(name: str) -> tuple[Any, Any, Any, Outcomes]:
    model = load(FOLDER / name)
    model.set_params(threads=1)
    X, y = data(name)
    if model.task == "forecast":
        X = [X]
    found = model.outcomes(X, y)
    assert found is not None
    return model, X, y, found


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_the_figures_of_outcomes_are_those_of_evaluate(name: str) -> None:
    model, X, y, found = loaded(name)
    figures = model.evaluate(X) if y is None else model.evaluate(X, y)
    counted = {key: float(values[0]) for key, values in found.figures().items()}
    same = {key: value for key, value in counted.items() if key in figures}
    assert len(same) >= min(2, len(counted))
    for key, value in same.items():
        assert value == pytest.approx(figures[key], rel=1e-9, abs=1e-12), key


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_outcomes_of_parts_together_are_those_of_the_whole(name: str) -> None:
    model, X, y, found = loaded(name)
    if model.ordered or model.task == "forecast":
        return
    parts = [model.outcomes(X[rows], None if y is None else y[rows]) for rows in (slice(0, 2), slice(2, None))]
    joined = Outcomes.joined(parts)
    assert len(joined) == len(found) == len(X)
    for key, values in joined.figures().items():
        np.testing.assert_allclose(values, found.figures()[key], rtol=1e-4, atol=1e-4)
    assert joined.truth == found.truth
    again = joined.take(np.array([3, 0]))
    assert again.truth == [found.truth[3], found.truth[0]]
    weights = np.zeros((1, len(X)))
    weights[0, [0, 3]] = 1
    for key, values in again.figures().items():
        np.testing.assert_allclose(values, joined.figures(weights)[key], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_every_task_reports(name: str) -> None:
    model, X, _, found = loaded(name)
    content = folder_part(model, FOLDER / name, "0.1.0")
    pages = {"en": render_report(content, "en").decode()}
    assert "</html>" in pages["en"]
    content |= answers_part(model, found, X, name="<data>", noun="texts", about={}, training=X)
    content["data"] |= {"of": len(X), "left_out": 0, "seconds": 0.5}
    json.dumps(content, ensure_ascii=False, allow_nan=False)
    pages["ko"] = render_report(content, "ko").decode()
    for language, text in pages.items():
        assert f'<html lang="{language}">' in text
        shown = text.partition("<body>")[2]
        assert not [word for word in FOREIGN if word in shown]
    assert "&lt;data&gt;" in pages["ko"]
    assert "<data>" not in pages["ko"]
    assert content["data"]["overlap"] == content["data"]["count"]
    for figure in content["results"]["figures"]:
        assert figure["low"] <= figure["high"]
    assert set(content["results"]["profiles"]) == set(found.profiles)
    if found.kind not in ("forecasts", "tokens"):
        assert (len(content["worst"]) > 0) == bool((np.asarray(found.scores) != best_score(found.kind)).any())


def best_score(kind: str) -> float:
    return {"right": 1.0, "share_right": 1.0, "chrf": 100.0}.get(FIGURES[kind].score, 0.0)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_model_does_not_differ_from_itself(name: str) -> None:
    model, X, _, found = loaded(name)
    names = ["a", "b"]
    own = aligned_outcomes(names, [found, found])
    contenders = [Contender(n, FOLDER / name, model, each, 0.5, len(found)) for n, each in zip(names, own, strict=True)]
    content = compared(contenders, X)
    (pair,) = content["pairs"]
    assert pair["p_adjusted"] == 1.0
    assert all(figure["low"] == figure["value"] == figure["high"] == 0.0 for figure in pair["figures"])
    assert content["disagreements"] == []
    whole = {**content, "task": model.task, "data": {"name": "d", "noun": "n", "count": len(found)}}
    page = render_comparison({**whole, "versions": versions(1)}, "ko").decode()
    assert not [word for word in FOREIGN if word in page.partition("<body>")[2]]


def test_every_command_reads_the_examples_that_it_evaluates() -> None:
    assert [task for task in FILES if commands_of(task).examples is None] == []
    assert set(FILES) == set(TASKS)


def test_intervals_are_the_same_for_the_same_seed() -> None:
    *_, found = loaded("classify")
    assert intervals(found, seed=1) == intervals(found, seed=1)


def test_pages_are_the_same_each_time() -> None:
    model, X, _, found = loaded("tag")
    content = folder_part(model, FOLDER / "tag", "0.1.0")
    content |= answers_part(model, found, X, name="d", noun="sentences", about={})
    content["data"] |= {"of": len(X), "left_out": 0, "seconds": 0.5}
    assert render_report(content) == render_report(content)
