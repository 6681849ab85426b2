"""`gyeol reproduce attention` on a few toy sentences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gyeol import load, reproduce
from gyeol.reproduce import attention

WORDS = {"하나": "one", "둘": "two", "셋": "three"}
SOURCES = [f"{a} {b} {c}" for a in WORDS for b in WORDS for c in WORDS] * 2
TARGETS = [" ".join(WORDS[w] for w in text.split()) for text in SOURCES]


def test_sources_are_measured_by_their_lengths() -> None:
    sources = ["a b", "a " * 10, "a " * 11, "a " * 21]
    figures = attention.by_length(sources, ["x y z w", "x y z w", "x y z w", "q"], ["x y z w"] * 4)
    assert list(figures) == ["to 10", "11 to 15", "over 20"]
    assert figures["to 10"] == (pytest.approx(100.0), 2)
    assert figures["11 to 15"] == (pytest.approx(100.0), 1)
    assert figures["over 20"] == (0.0, 1)


def test_one_row_a_way(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    small: dict[str, Any] = {
        "hidden_size": 12, "embedding_size": 8, "tokenizer": "whitespace", "batch_size": 60, "epochs": 1,
    }  # fmt: skip
    monkeypatch.setattr(attention, "SETTINGS", {**attention.SETTINGS, **small})
    part = SOURCES, TARGETS
    monkeypatch.setattr(attention, "captions", lambda source, target: [part, part, part])
    answer = reproduce.run("attention", threads=1, out=tmp_path / "m")
    assert [row["attention"] for row in answer["parts"]] == list(attention.WAYS)
    by_name = {row["attention"]: row for row in answer["parts"]}
    assert answer["figure"] == float(by_name["global, additive"]["test"])
    assert answer["published"] == float(by_name["none"]["test"])
    assert {f"to 10 words ({2 * len(SOURCES)})"} < set(answer["parts"][0])
    assert load(tmp_path / "m").attention == "global"
