"""`gyeol fit spell`, `correct`, `evaluate`, `data make typos`: a corrector from a file of lines."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from ..conftest import Run

TEXTS = [
    f"{what} {how} {end}"
    for what in ("이 영화", "그 배우", "새로운 음악")
    for how in ("정말", "너무", "아주")
    for end in ("재미있다", "좋았습니다", "훌륭합니다")
] * 4
SMALL = [
    *("--set", "hidden_size=16", "--set", "embedding_size=8", "--set", "batch_size=4", "--set", "epochs=3"),
    *("--set", "learning_rate=0.02", "--set", "averaging=0", "--threads", "1"),
]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "corpus.txt"
    texts = list(TEXTS)
    random.Random(0).shuffle(texts)
    path.write_text("\n".join(texts) + "\n", "utf-8")
    return path


def test_from_a_file_to_corrections(gyeol: Run, file: Path, tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.tsv"
    assert gyeol("data", "make", "typos", "--from", file, "--out", pairs, "--count", 60, "--rate", 0.3).status == 0
    shown = gyeol("fit", "spell", file, "--out", tmp_path / "m", *SMALL, "--quiet")
    assert shown.status == 0, shown.err
    assert "gyeol correct" in shown.out
    model = tmp_path / "m"
    answer = gyeol("correct", model, "이 영화 정말 재미이다", TEXTS[0], "--threshold", "0.2", "--json").object
    first, second = answer["corrections"]
    assert first["corrected"] == "이 영화 정말 재미있다"
    assert first["changes"][0]["why"] == "받침 ㅆ missing"
    assert (second["corrected"], second["changes"]) == (TEXTS[0], [])
    told = gyeol("correct", model, "이 영화 정말 재미이다", "--threshold", "0.2").out.splitlines()
    assert told[0] == "이 영화 정말 재미있다"
    assert "재미이다 -> 재미있다" in told[1]
    assert gyeol("correct", model, "--file", file).out == file.read_text("utf-8")
    assert len(gyeol("correct", model, "--file", file, "--json").object["corrections"]) == len(TEXTS)
    figures = gyeol("evaluate", model, pairs, "--json").object
    assert {"accuracy", "precision", "recall", "spoiled"} < set(figures)
    assert "precision" in gyeol("evaluate", model, pairs).out
    assert gyeol("info", model, "--json").object["task"] == "spell"
    assert "gyeol correct" in gyeol("predict", model, "x").mistake
    assert "fit spell" in gyeol("suggest", model, "x").mistake


def test_pairs_of_a_list(gyeol: Run, file: Path, tmp_path: Path) -> None:
    pairs = tmp_path / "list.txt"
    pairs.write_text("정말: 정멀 점말\n재미있다: 재밌따 재미이다\n", "utf-8")
    answer = gyeol("fit", "spell", file, "--pairs", pairs, "--out", tmp_path / "m", *SMALL, "--json").object
    assert (answer["task"], answer["pairs"]) == ("spell", 4)
    pairs.write_text("정말: 정멀\n재미있다\n", "utf-8")
    assert "line 2" in gyeol("fit", "spell", file, "--pairs", pairs, "--out", tmp_path / "n", *SMALL, "--quiet").mistake


def test_mistakes(gyeol: Run, file: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text("!!!\n???\n", "utf-8")
    assert "no word" in gyeol("fit", "spell", empty, "--out", tmp_path / "m", *SMALL, "--quiet").mistake
    assert "give either texts or" in gyeol("correct", tmp_path / "m").mistake
    assert "--threshold 2" in gyeol("correct", tmp_path / "m", "x", "--threshold", "2").mistake
    assert "there is no model" in gyeol("correct", tmp_path / "m", "x").mistake
    assert "--from" in gyeol("data", "make", "typos", "--out", tmp_path / "t.tsv").mistake
    assert ".tsv" in gyeol("data", "make", "typos", "--from", file, "--out", tmp_path / "t.json").mistake
