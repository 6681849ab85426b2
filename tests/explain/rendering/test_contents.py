"""Explanations as JSON: the design's names, units, digits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gyeol import ParameterError
from gyeol.errors import SaveError
from gyeol.explain.explanation import Attribution, Explanation
from gyeol.explain.rendering.units import busyness, chosen_units

from .examples import every_kind, of_text, of_translation, trace

KEYS = {"prediction", "tokens", "attention", "gates", "states", "gradients", "attributions"}


@pytest.mark.parametrize(("name", "seen"), every_kind().items())
def test_every_kind_has_the_design_s_names(name: str, seen: Explanation, tmp_path: Path) -> None:
    written = seen.to_json(tmp_path / "why.json")
    assert (tmp_path / "why.json").read_text("utf-8") == written
    found = json.loads(written)
    assert found == json.loads(json.dumps(seen.to_dict()))
    assert set(found) > KEYS
    assert found["kind"] == seen.kind
    assert len(found["states"]) == len(seen.layers)
    assert (found["attention"] is None) == (not seen.attention)


def test_numbers_are_those_of_the_arrays() -> None:
    seen = of_text()
    found = seen.to_dict()
    why = found["methods"][0]
    assert (found["attributions"], found["start"], found["total"]) == (why["values"], why["start"], why["total"])
    assert why["values"] == pytest.approx(seen.attributions[0].values.tolist(), abs=1e-8)
    assert why["error"] == seen.attributions[0].error
    assert np.sum(found["attention"][0]["weights"], axis=1) == pytest.approx([1.0], abs=1e-6)
    gates, layer = found["gates"][2], seen.layers[2]
    assert (gates["name"], gates["layer"], gates["direction"], gates["over"]) == ("recurrent", 1, "forward", "input")
    assert gates["units"] == list(range(12))
    assert np.array(gates["values"]["forget"]) == pytest.approx(layer.gates["forget"], rel=1e-5)
    assert gates["mean"]["forget"] == pytest.approx(layer.gates["forget"].mean(axis=1).tolist(), rel=1e-5)
    assert np.array(gates["quantiles"]["forget"])[:, 1] == pytest.approx(np.median(layer.gates["forget"], 1), rel=1e-5)
    assert found["gradients"][0]["norms"]["cell"] == pytest.approx(seen.layers[0].gradients["cell"].tolist(), rel=1e-5)
    assert found["reading"]["steps"] == [1, 2, 3, 4, 5, 6, 7]
    assert of_translation().to_dict()["states"][2]["over"] == "output"


def test_many_units_are_summarised_and_all_of_them_come_on_request() -> None:
    seen = of_text(units=200, layers=1)
    found: Any = seen.to_dict()["states"][0]
    assert (found["size"], len(found["units"])) == (200, 32)
    assert np.array(found["values"]["hidden"]).shape == (7, 32)
    assert found["mean"]["hidden"] == pytest.approx(seen.layers[0].states["hidden"].mean(axis=1).tolist(), rel=1e-5)
    assert len(seen.to_dict(units="all")["states"][0]["units"]) == 200
    assert len(seen.to_dict(units=3)["states"][0]["units"]) == 3
    for wrong in (0, -1, "some", True):
        with pytest.raises(ParameterError, match="units="):
            seen.to_dict(units=wrong)  # type: ignore[arg-type]


def test_the_busiest_units_are_chosen_and_the_least_busy_ones() -> None:
    layer = trace(9, 40, direction="reverse")
    moved = busyness(layer)
    hidden = np.vstack([layer.states["hidden"], np.zeros((1, 40))])
    assert moved == pytest.approx(np.abs(np.diff(hidden, axis=0)).mean(axis=0))
    chosen, order = chosen_units(layer, 8), np.argsort(-moved)
    assert set(chosen) == {*order[:6].tolist(), *order[-2:].tolist()}
    assert chosen == sorted(chosen)


def test_lone_surrogates_and_places_that_cannot_be_written(tmp_path: Path) -> None:
    seen = Explanation("classify", "text", "\ud800", ["\udfff"], "\udfff", [(0, 1)])
    seen.to_json(tmp_path / "why.json")
    assert json.loads((tmp_path / "why.json").read_text("utf-8"))["tokens"] == ["\udfff"]
    with pytest.raises(SaveError, match="is a folder"):
        seen.to_json(tmp_path)


def test_tiny_numbers_keep_their_digits() -> None:
    why = Attribution("exact", "x", [1.25e-12], 0.0, 1.25e-12)
    assert Explanation("x", "text", "a", ["t"], attributions=[why]).to_dict()["attributions"] == [1.25e-12]
