"""`gyeol bench`: what there is, a table, JSON, mistakes."""

from __future__ import annotations

from typing import Any

import pytest

from gyeol import bench

from ..conftest import Run


def test_the_list(gyeol: Run) -> None:
    listed = {name: {"title": b.title, "peers": list(b.peers)} for name, b in bench.BENCHES.items()}
    assert gyeol("bench", "--json").object == {"benches": listed}
    shown = gyeol("bench").out
    assert all(text in shown for name, b in bench.BENCHES.items() for text in (name, b.title, *b.peers))


def test_a_table_for_people_and_an_object_for_programs(gyeol: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, ...]] = []

    def run(*, quick: bool, note: Any, peers: tuple[str, ...]) -> dict[str, Any]:
        note("a case is done")
        seen.append(peers)
        figures = {"worst ratio": {"value": 1.25, "target": "at least 2", "met": quick, "where": "lstm"}}
        first = {"cell": "lstm", "of_sgemm": 0.5, "seconds": {"gyeol": {"median": 1.0}}}
        return {
            "rows": [first, {"length": 10}], "summary": figures, "data": "some", "absent": {"keras": "not installed"},
            "precisions": {"gyeol": "float32"}, "reduced": ["lstm: 2 rounds"],
        }  # fmt: skip

    monkeypatch.setitem(bench.BENCHES, "layers", bench.Bench("Layers", run, ("torch", "autocast")))
    shown = gyeol("bench", "layers", "--threads", 1)
    assert (shown.status, "a case is done" in shown.err) == (0, True)
    for expected in (
        "gyeol float32",
        "for lack of time: lstm: 2 rounds",
        "of sgemm",
        "lstm",
        "length",
        "kernels: ",
        "1 threads",
        "worst ratio",
        "missed",
        "keras: not",
    ):
        assert expected in shown.out
    assert "median" not in shown.out
    told = gyeol("bench", "layers", "--quick", "--peer", "autocast", "--json")
    gyeol("bench", "layers", "--quick", "--peer", "none", "--json")
    assert seen == [("torch", "autocast"), ("autocast",), ()]
    assert told.err == ""
    assert told.object["name"] == "layers"
    assert told.object["summary"]["worst ratio"] == {
        "value": 1.25, "target": "at least 2", "met": None, "where": "lstm"
    }  # fmt: skip


def test_mistakes(gyeol: Run) -> None:
    assert "did you mean 'layers'?" in gyeol("bench", "layer").mistake
    assert "has no peer 'keras'. Possible:" in gyeol("bench", "layers", "--peer", "keras").mistake
    assert "--threads" in gyeol("bench", "layers", "--threads", 0).mistake
