"""`gyeol reproduce vanishing`, in small: what vanishes, what explodes, and the page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import gyeol.reproduce as table
from gyeol.cli.app import app
from gyeol.errors import GyeolError
from gyeol.reproduce.series import vanishing

QUICK = {**vanishing.SETTINGS, "hidden_size": 16, "epochs": 1, "batch_size": 20}
COUNTS = {"train": 40, "valid": 20, "test": 20}


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    page = tmp_path_factory.mktemp("page") / "vanishing.html"
    found = vanishing._vanishing(QUICK, {10: 60.0, 40: 60.0}, COUNTS, 0, 1, page, None)
    return {**found, "page": page}


def test_an_rnn_vanishes_gates_keep_and_a_large_matrix_explodes(answer: dict[str, Any]) -> None:
    before = {(part["steps"], part["cell"]): float(part["before"]) for part in answer["parts"]}
    assert before[40, "rnn"] < 1e-6 < before[10, "rnn"] < 0.1
    assert 0.05 < before[40, "lstm"] < 1
    assert 0.05 < before[40, "gru"] < 1
    assert before[40, "rnn, matrix x 3, no clipping"] > 2
    assert len(answer["parts"]) == len(answer["curves"]) == 8
    assert answer["figure"] > 0


def test_curves_have_a_value_for_each_step_and_the_page_shows_them(answer: dict[str, Any]) -> None:
    for curve in answer["curves"]:
        assert len(curve["before"]) == len(curve["after"]) == curve["steps"]
        assert curve["before"][-1] == pytest.approx(1)
    assert answer["page"].read_text(encoding="utf-8").count("<polyline") == 16
    json.dumps(answer["curves"], allow_nan=False)


def test_a_linear_chain_by_hand() -> None:
    model = vanishing._regressor(1.0, cell="rnn", **{**QUICK, "hidden_size": 1})
    series = [np.zeros((4, 2)) + n for n in range(20)]
    model.fit(series, np.zeros(20))
    net = model.net_.recurrent
    for name, parameter in net.named_parameters():
        parameter.data.fill_(0.5 if name == "weight_hh_l0" else 0.0)
    curve = vanishing.gradient_curve(model, model.net_, series[:3], np.ones(3))
    np.testing.assert_allclose(curve, [0.125, 0.25, 0.5, 1.0], rtol=1e-6)
    assert vanishing.first_over_last(curve) == pytest.approx(0.125)


def test_out_is_a_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for wrong in (tmp_path / "model", tmp_path / "page.png"):
        result = CliRunner().invoke(app, ["reproduce", "vanishing", "--out", str(wrong)])
        assert isinstance(result.exception, GyeolError)
        assert "writes a page; name it .html" in str(result.exception)
    assert table.REPRODUCTIONS["vanishing"].page
