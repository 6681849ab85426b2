"""`gyeol fit translate`, `predict`, `evaluate`, `chat`."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from ..conftest import Run

WORDS = {"하나": "one", "둘": "two", "셋": "three"}
SMALL = [
    *("--set", "hidden_size=24"), *("--set", "embedding_size=16"), *("--set", "num_layers=1"), *("--threads", "1"),
    *("--set", "tokenizer=whitespace"), *("--set", "learning_rate=0.03"), *("--set", "batch_size=60"),
    *("--set", "dropout=0.0"), "--json",
]  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    texts = [f"{a} {b} {c} {a}" for a in WORDS for b in WORDS for c in WORDS] * 4
    path = tmp_path / "pairs.tsv"
    lines = ["ko\ten", *(f"{text}\t{' '.join(WORDS[w] for w in text.split())}" for text in texts)]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


@pytest.fixture
def model(gyeol: Run, file: Path, tmp_path: Path) -> Path:
    answer = gyeol(
        "fit",
        "translate",
        file,
        "--input",
        "ko",
        "--target",
        "en",
        "--out",
        tmp_path / "m",
        *SMALL,
        "--set",
        "epochs=30",
    ).object
    assert answer["task"] == "translate"
    assert answer["bleu"] > 50
    return tmp_path / "m"


def test_from_a_file_to_answers(gyeol: Run, model: Path, file: Path, tmp_path: Path) -> None:
    assert gyeol("predict", model, "셋 둘 하나 셋").out == "three two one three\n"
    told = gyeol("predict", model, "셋 둘 하나 셋", "--json").object["predictions"][0]["predictions"][0]
    assert told["source"] == ["셋", "둘", "하나", "셋", "\n"]
    assert len(told["attention"]) == len(told["target"])
    shown = gyeol("predict", model, "셋 둘 하나 셋", "--show-attention").out
    assert shown.startswith("three two one three\n")
    assert "one" in shown.split("\n", 1)[1]
    assert "하나" in shown
    assert gyeol("predict", model, "셋 둘", "--out", tmp_path / "look.html").status == 0
    assert "둘" in (tmp_path / "look.html").read_text("utf-8")
    several = gyeol("predict", model, "둘", "--top", 2).out.splitlines()
    assert len(several) == 2
    figures = gyeol("evaluate", model, file, "--input", "ko", "--target", "en", "--json").object
    assert figures["bleu"] > 50
    assert "sacrebleu" in gyeol("evaluate", model, file).out
    assert gyeol("info", model, "--json").object["task"] == "translate"
    (tmp_path / "t.txt").write_text("하나 둘\n\n셋 셋\n", "utf-8")
    assert len(gyeol("predict", model, "--file", tmp_path / "t.txt").out.splitlines()) == 3


def test_talk(gyeol: Run, model: Path) -> None:
    said = gyeol("chat", model, stdin="하나 둘 셋 하나\n\n일곱\n".encode())
    assert said.out.splitlines()[0] == "one two three one"
    assert "(1 of 1 tokens of this line are unknown to the model)" in said.err
    given = "하나 둘 셋 하나\n\n".encode() + b"\xff\xff\n" + "둘".encode()
    told = [json.loads(line) for line in gyeol("chat", model, "--json", stdin=given).out.splitlines()]
    assert [one["line"] for one in told] == [1, 2, 3, 4]
    assert told[0] == {"line": 1, "text": "하나 둘 셋 하나", "answer": "one two three one", "unknown": 0, "tokens": 4}
    assert [one["answer"] for one in told[1:3]] == [None, None]
    assert [one["error"][:9] for one in told[1:3]] == ["the text ", "not UTF-8"]


@pytest.mark.parametrize("line", [3, 188, 701])
def test_a_text_that_is_too_long_costs_itself_only(gyeol: Run, model: Path, tmp_path: Path, line: int) -> None:
    """Messages name the line of the file, whatever was read together."""
    texts = ["둘"] * 702
    texts[line - 1] = "하나 " * 300
    (tmp_path / "t.txt").write_text("\n".join(texts) + "\n", "utf-8")
    asked = gyeol("translate", model, "--file", tmp_path / "t.txt", "--beam", 1)
    assert asked.status == 0
    answers = asked.out.splitlines()
    assert (answers[line - 1], set(answers[: line - 1] + answers[line:])) == ("", {answers[0]})
    assert len(answers) == 702
    assert f"t.txt: 1 row(s) without an answer, line {line}: the text has 301 tokens" in asked.err
    if line == 701:
        stopped = gyeol("predict", model, "--file", tmp_path / "t.txt", "--out", tmp_path / "o.txt", "--strict").mistake
        assert "t.txt, line 701: the text has 301 tokens" in stopped
        assert not (tmp_path / "o.txt").exists()


def test_ids_and_pairs_that_are_too_long(gyeol: Run, model: Path, tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_text(f"id\tko\nx1\t둘\nx2\t\nx3\t{'하나 ' * 300}\nx4\t셋\n", "utf-8")
    assert gyeol("predict", model, "--file", tmp_path / "t.tsv", "--out", tmp_path / "o.csv").status == 0
    with (tmp_path / "o.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(r["line"], r["id"], r["translation"] != "") for r in rows] == [
        ("2", "x1", True), ("3", "x2", False), ("4", "x3", False), ("5", "x4", True),
    ]  # fmt: skip
    pairs = tmp_path / "p.tsv"
    pairs.write_text(f"ko\ten\n하나\tone\n{'하나 ' * 300}\tone\n", "utf-8")
    assert "p.tsv, line 3: the text has 301 tokens" in gyeol("evaluate", model, pairs).mistake
    assert gyeol("evaluate", model, pairs, "--skip-bad-rows", "--json").object["left_out"] == 1


def test_mistakes(gyeol: Run, model: Path, file: Path, tmp_path: Path) -> None:
    assert (
        "a picture shows the attention of one text"
        in gyeol("predict", model, "--file", file, "--out", tmp_path / "x.png").mistake
    )
    assert "is a model of 'fit translate'" in gyeol("evaluate", model, file, "--cache", file).mistake
    assert (
        "its own translation"
        in gyeol("fit", "translate", file, "--input", "ko", "--target", "ko", "--out", tmp_path / "n").mistake
    )
    assert "is a model of 'fit translate'" in gyeol("suggest", model, "하나").mistake
    (tmp_path / "short").write_text("one\n")
    assert "line 2" in gyeol("fit", "translate", file, tmp_path / "short", "--out", tmp_path / "n").mistake
    assert not (tmp_path / "n").exists()


def test_translate_searches_as_told(gyeol: Run, model: Path, tmp_path: Path) -> None:
    assert gyeol("translate", model, "셋 둘 하나 셋", "--beam", 1).out == "three two one three\n"
    (tmp_path / "t.txt").write_text("하나 둘\n\n셋 셋\n", "utf-8")
    assert gyeol("translate", model, "--file", tmp_path / "t.txt", "--out", tmp_path / "o.txt").status == 0
    lines = (tmp_path / "o.txt").read_text("utf-8").splitlines()
    assert len(lines) == 3
    assert not lines[1]
    told = gyeol("translate", model, "--file", tmp_path / "t.txt", "--json", "--top", 2).object
    assert [one["text"] for one in told["predictions"]] == ["하나 둘", "", "셋 셋"]
    assert [len(one["predictions"]) for one in told["predictions"]] == [2, 0, 2]
    assert gyeol("translate", model, "--json", stdin=b"").object["predictions"] == []
    alone, both = (
        gyeol("translate", model, "셋 둘 하나 셋", "--json", *more).object["predictions"][0]["predictions"][0]
        for more in ((), ("--ensemble", model))
    )
    assert both["log_probability"] == pytest.approx(alone["log_probability"], abs=1e-5)
    assert gyeol("translate", model, stdin="하나 하나 둘 하나\n".encode()).out == "one one two one\n"
    drawn = [gyeol("translate", model, "셋 둘", "--temperature", 3, "--seed", n, "--top", 4).out for n in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(drawn[0].splitlines()) == 4
    assert "temperature=0.0: must be above 0" in gyeol("translate", model, "셋", "--temperature", 0).mistake
    assert gyeol("chat", model, "--temperature", 0.1, stdin="하나 둘 셋 하나\n".encode()).out == "one two three one\n"
    short = gyeol("translate", model, "셋 둘 하나 셋", "--max-length", 2).out
    assert len(short.split()) <= 2
    assert "a text is empty" in gyeol("translate", model, " ").mistake
    assert "min_length=9: must be from 0 to max_length=3" in gyeol(
        "translate", model, "하나", "--min-length", 9, "--max-length", 3
    ).mistake  # fmt: skip
    assert "weights='int4' is not one" in gyeol("translate", model, "하나", "--weights", "int4").mistake
    assert "give either texts or --file" in gyeol("translate", model, "하나", "--file", tmp_path / "t.txt").mistake


def test_an_ensemble_is_measured(gyeol: Run, model: Path, file: Path) -> None:
    arguments = ("evaluate", model, file, "--input", "ko", "--target", "en", "--json")
    alone, both = (gyeol(*arguments, *more).object for more in ((), ("--ensemble", model)))
    assert both["bleu"] == pytest.approx(alone["bleu"])
