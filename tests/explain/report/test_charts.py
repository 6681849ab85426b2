"""Charts are whole whatever numbers come, and say what they show."""

from __future__ import annotations

import math
import re
import xml.dom.minidom as xml
from itertools import pairwise

import pytest

from gyeol.explain.report.charts import Line, bar_chart, interval_bar, line_chart, point_chart, series_chart
from gyeol.explain.report.scales import Axis, ticks_between


def numbers_of(svg: str) -> list[float]:
    found = re.findall(r'(?:x|y|x1|x2|y1|y2|cx|cy|width|height)="([^"%]+)"', svg)
    return [float(value) for value in found if not value.startswith("0 0")]


@pytest.mark.parametrize(
    "svg",
    [
        line_chart([Line("a", [1, 2, 3], [0.5, None, math.nan])], "label", "epoch", mark=2),
        line_chart([Line("a", [1], [0.5]), Line("b", [1], [0.1], 2)], "label", "epoch"),
        line_chart([Line("a", [], [])], "label", "epoch"),
        line_chart([Line("a", [1, 2, 4, 8], [1e-9, 1.0, 1e3, 5.0])], "label", "steps", log=True, log_x=True),
        line_chart([Line("a", [0.2, 0.9], [0.1, 0.8])], "label", "p", bounds=(0, 1), diagonal=True),
        bar_chart(["<1>", "2-3"], [-1.0, 2.0], "label", "n", spans=[(-2.0, 0.5), (1.0, 3.0)], counts=[3, 4]),
        bar_chart([f"{n}000-{n}999" for n in range(30)], [0.5] * 30, "label", "n", bounds=(0, 1)),
        point_chart([(1.0, 2.0), (1e12, -1e12)], "label", "x", "y"),
        series_chart([[None, None], [1.0, 1.0]], [0.0, 0.0], "label"),
        series_chart([], [], "label"),
        interval_bar(0.1, 0.1, 0.1, 0.1, 0.1),
    ],
)
def test_a_chart_is_whole(svg: str) -> None:
    drawing = re.match(r"<svg.*?</svg>", svg, re.DOTALL)
    assert drawing is not None
    xml.parseString(drawing[0])
    assert "nan" not in svg
    assert "inf" not in svg
    assert all(-20 <= value <= 400 for value in numbers_of(drawing[0]))
    assert 'aria-label="label"' in svg or 'aria-hidden="true"' in svg
    assert " style=" not in svg


def test_names_at_the_axis_do_not_run_into_each_other() -> None:
    svg = bar_chart([f"{n}000-{n}999" for n in range(30)], [0.5] * 30, "label", "n")
    places = [float(x) for x in re.findall(r'class="axis middle" x="([\d.]+)"', svg)]
    assert min(b - a for a, b in pairwise(places)) > 6 * len("10000-10999")


def test_what_lies_outside_bounds_lies_on_the_edge() -> None:
    axis = Axis.around([5.0], 100.0, 0.0, bounds=(0.0, 1.0))
    assert axis.at(5.0) == 0.0
    assert axis.at(-1.0) == 100.0


@pytest.mark.parametrize(("low", "high"), [(0.0, 1e-7), (-3.0, 4.0), (1e8, 3e8), (0.97, 0.99)])
def test_ticks_are_few_and_between(low: float, high: float) -> None:
    found = ticks_between(low, high)
    assert 2 <= len(found) <= 6
    assert low - 1e-12 <= found[0]
    assert found[-1] <= high * (1 + 1e-9) + 1e-12
