"""The page of gradients through time: what it draws, in which place, and what it escapes."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

from gyeol.errors import SaveError
from gyeol.explain.gradients.page import draw_panel, gradients_page, save_gradients

CURVES = [
    {"name": "rnn <b>", "steps": 5, "before": [1e-4, 1e-3, 1e-2, 1e-1, 1.0], "after": [0.0, 1e-30, 1.0, 1.0, 1.0]},
    {"name": "lstm", "steps": 5, "before": [1.0] * 5, "after": []},
    {"name": "gru", "steps": 9, "before": [1.0] * 9, "after": [100.0] * 8 + [1.0]},
]


def points(panel: str) -> list[list[tuple[float, float]]]:
    return [
        [(float(x), float(y)) for x, y in (pair.split(",") for pair in found.split())]
        for found in re.findall(r'points="([^"]*)"', panel)
    ]


def test_a_panel_has_a_curve_for_each_net_before_and_after() -> None:
    panel = draw_panel(CURVES[:2], 5)
    before, after, flat = points(panel)  # none where there is no training
    assert [x for x, _ in before] == sorted({x for x, _ in before})
    heights = [y for _, y in before]
    drops = [round(a - b, 1) for a, b in pairwise(heights)]
    assert len(set(drops)) == 1  # powers of ten are evenly far apart
    assert heights[-1] == after[-1][1] == flat[0][1]
    assert after[0][1] == after[1][1] == max(y for curve in (before, after, flat) for _, y in curve)  # the least drawn
    assert "rnn &lt;b&gt;, after training" in panel


def test_the_page_has_a_panel_for_each_length_and_no_script() -> None:
    page = gradients_page(CURVES, [{"cell": "rnn <b>", "mse": "0.1"}]).decode()
    assert page.count("<svg") == 2
    assert re.findall(r"<h2>(\d+) steps", page) == ["5", "9"]
    assert "<b>" not in page
    assert "<script" not in page
    assert "<th>mse</th>" in page
    assert "http" not in page.replace("http-equiv", "")


def test_long_curves_are_thinned() -> None:
    panel = draw_panel([{"name": "rnn", "steps": 5000, "before": [1.0] * 5000, "after": []}], 5000)
    assert len(points(panel)[0]) == 200


def test_it_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    save_gradients(tmp_path / "g.html", CURVES, [])
    assert (tmp_path / "g.html").read_bytes() == gradients_page(CURVES, [])
    with pytest.raises(SaveError):
        save_gradients(tmp_path, CURVES, [])
