"""Whether the benchmark of word vectors runs, and what it makes of trainings; never how fast."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gyeol import WordVectors, bench
from gyeol.bench import word2vec
from gyeol.bench.word2vec import Corpus, Trained


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Gensim leaves the file it reads open
def test_quick() -> None:
    pytest.importorskip("gensim", reason="Gensim is not installed")
    told: list[str] = []
    result = bench.run("word2vec", quick=True, threads=1, note=told.append)
    json.dumps(result, allow_nan=False)
    assert result["data"] == "word families (generated)"
    assert [(row["algorithm"], row["who"]) for row in result["rows"]] == [
        (algorithm, who) for algorithm in ("skipgram", "cbow") for who in ("gyeol", "Gensim")
    ]
    for row in result["rows"]:
        assert row["words/s"] > 0
        assert set(row["tests"]) == {"analogies", "pairs"}
        assert (row["ratio"] is None) == (row["who"] == "Gensim")
    assert len(result["summary"]) == 3
    assert len([line for line in told if "words/s" in line]) == 4


def test_without_gensim(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word2vec, "find_spec", lambda name: None)
    result = bench.run("word2vec", quick=True, threads=1)
    assert {row["who"] for row in result["rows"]} == {"gyeol"}
    assert list(result["absent"]) == ["Gensim"]
    assert all(found["value"] is None for found in result["summary"].values())


def test_other_words_are_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    def fewer(corpus: Corpus, algorithm: str, seed: int) -> Trained:
        return Trained(WordVectors(["a"], np.ones((1, 2))), 1.0, 1.0, 1.0)

    monkeypatch.setattr(word2vec, "find_spec", lambda name: "here")
    monkeypatch.setattr(word2vec, "_gensims", fewer)
    with pytest.raises(AssertionError, match="not all were trained on the same words"):
        word2vec.run(quick=True)


def a_row(who: str, mean: float, spread: float, ratio: float | None) -> dict[str, Any]:
    return {"corpus": "x", "algorithm": "cbow", "who": who, "ratio": ratio,
            "tests": {"t": {"mean": mean, "spread": spread, "all": []}}}  # fmt: skip


def test_the_summary_sets_a_difference_beside_the_spread() -> None:
    rows = [a_row("gyeol", 0.40, 0.01, 4.0), a_row("Gensim", 0.42, 0.03, None)]
    found = {name: (f["value"], f["met"]) for name, f in word2vec._summary(rows).items()}
    assert found["words per second, times Gensim's"] == (4.0, True)
    assert found["least difference of a test's mean to Gensim's"][0] == pytest.approx(-0.02)
    value, met = found["the same, plus the greater spread over seeds"]
    assert value == pytest.approx(0.01)
    assert met
    rows[1]["tests"]["t"]["spread"] = 0.015
    assert not word2vec._summary(rows)["the same, plus the greater spread over seeds"]["met"]


def test_a_corpus_is_letters(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    words: list[str] = []
    count = word2vec._write(["One <unk> two, 3 three!", "alone", "a b", "c d"], "[a-z]+", 5, words.append)
    assert words == ["one two three\n", "a b\n"]
    assert count == 5
    monkeypatch.setenv("GYEOL_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert word2vec._corpus("Korean", tmp_path) is None
