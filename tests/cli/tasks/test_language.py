"""`gyeol fit language`, `generate`, `suggest`, `score`, `evaluate`: a model from a file of lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..conftest import Run

TEXTS = ["나는 학교에 간다", "나는 집에 간다", "너는 집에 온다"] * 12
SMALL = [
    *(
        "--set",
        "tokenizer=whitespace",
        "--set",
        "hidden_size=12",
        "--set",
        "embedding_size=10",
        "--set",
        "batch_size=3",
    ),
    *("--set", "learning_rate=0.02", "--set", "bptt=6", "--set", "documents=line", "--threads", "1"),
]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "corpus.txt"
    path.write_text("\n".join(TEXTS) + "\n", "utf-8")
    return path


@pytest.fixture
def model(gyeol: Run, file: Path, tmp_path: Path) -> Path:
    answer = gyeol("fit", "language", file, "--out", tmp_path / "m", *SMALL, "--set", "epochs=12", "--json").object
    assert answer["task"] == "language"
    assert answer["perplexity"] > 1
    assert answer["epochs"] == 12
    return tmp_path / "m"


def test_from_a_file_to_answers(gyeol: Run, model: Path, file: Path) -> None:
    figures = gyeol("evaluate", model, file, "--json").object
    assert figures["tokens"] == 144
    assert "perplexity" in gyeol("evaluate", model, file).out
    assert gyeol("info", model, "--json").object["task"] == "language"
    words = gyeol("suggest", model, "너는 집에 ", "--top", "2", "--json").object["suggestions"]
    assert len(words) == 2
    assert words[0]["probability"] >= words[1]["probability"]
    assert len(gyeol("suggest", model, "나는 ").out.splitlines()) <= 5
    text = gyeol("generate", model, "--prompt", "나는", "--length", "6", "--seed", "1", "--json").object["text"]
    assert gyeol("generate", model, "--prompt", "나는", "--length", "6", "--seed", "1").out == f"나는{text}\n"
    scores = gyeol("score", model, "나는 집에 간다", "간다 간다", "--json").object["scores"]
    assert scores[0]["perplexity"] < scores[1]["perplexity"]
    assert [token for token, _ in scores[0]["tokens"]] == ["나는", "집에", "간다"]
    assert "perplexity" in gyeol("score", model, "나는 집에 간다").out
    lines = gyeol("score", model, "--file", file).out.splitlines()
    assert len(lines) == 36
    assert len(gyeol("score", model, "--file", file, "--json").object["scores"]) == 36


def test_texts_are_told(gyeol: Run, file: Path, tmp_path: Path) -> None:
    result = gyeol("fit", "language", file, "--out", tmp_path / "m", *SMALL, "--set", "epochs=1")
    assert "36 lines" in result.err
    assert "perplexity" in result.out
    assert "gyeol generate" in result.out


def test_the_settings_are_listed(gyeol: Run) -> None:
    assert "weight_dropout" in gyeol("fit", "language", "--settings").out


def test_mistakes(gyeol: Run, model: Path, file: Path, tmp_path: Path) -> None:
    assert "temperature=0" in gyeol("generate", model, "--temperature", "0").mistake
    assert "give either texts or --file" in gyeol("score", model).mistake
    assert "this task" in gyeol("fit", "language", file, "--out", tmp_path / "x", "--set", "bttp=3").mistake
    assert "use gyeol generate" in gyeol("predict", model, "나는").mistake
    (tmp_path / "empty.txt").write_text("\n \n", "utf-8")
    assert gyeol("fit", "language", tmp_path / "empty.txt", "--out", tmp_path / "x").mistake
    assert "no file" in gyeol("fit", "language", tmp_path / "none.txt", "--out", tmp_path / "x").mistake


def test_a_classifier_is_no_language_model(gyeol: Run, tmp_path: Path) -> None:
    data = tmp_path / "r.tsv"
    data.write_text("text\tlabel\n" + "".join(f"좋다 {i}\tg\n싫다 {i}\tb\n" for i in range(10)), "utf-8")
    gyeol("fit", "classify", data, "--out", tmp_path / "c", "--set", "epochs=1", "--set", "hidden_size=4", "-q")
    for command in (("generate",), ("suggest",), ("score", "x")):
        assert "is a model of 'fit classify'" in gyeol(command[0], tmp_path / "c", *command[1:]).mistake


def test_a_long_text_is_read_once(gyeol: Run, model: Path, file: Path, tmp_path: Path) -> None:
    state = tmp_path / "so-far"
    read = ["--read", file, "--prompt", "나는 집에"]
    assert gyeol("generate", model, *read, "--length", 0, "--state", state).out == "나는 집에\n"
    kept = state.read_bytes()
    whole = gyeol("generate", model, "--read", file, "--prompt", "나는 집에 너는", "--length", 8, "--seed", 3).out
    text = gyeol("generate", model, "--prompt", "너는", "--length", 8, "--seed", 3, "--state", state).out
    assert f"나는 집에 {text}" == whole
    assert state.read_bytes() != kept
    state.write_bytes(kept)
    words = gyeol("suggest", model, "너는 ", "--state", state, "--json").object["suggestions"]
    assert words != gyeol("suggest", model, "너는 ", "--json").object["suggestions"]
    assert state.read_bytes() == kept
    assert "is missing" in gyeol("suggest", model, "너는 ", "--state", tmp_path / "none").mistake
    state.write_bytes(kept[: len(kept) // 2])
    assert "is damaged" in gyeol("suggest", model, "너는 ", "--state", state).mistake
    assert gyeol("fit", "language", file, "--out", tmp_path / "n", *SMALL, "--set", "epochs=1", "--json").status == 0
    state.write_bytes(kept)
    assert "another model" in gyeol("generate", tmp_path / "n", "--state", state).mistake
    assert state.read_bytes() == kept


def test_a_cache_is_chosen_on_texts_that_are_no_test_s(gyeol: Run, model: Path, file: Path, tmp_path: Path) -> None:
    assert "reaches over lines" in gyeol("evaluate", model, file, "--cache", file).mistake
    settings = [*SMALL, "--set", "documents=file", "--set", "epochs=1"]
    assert gyeol("fit", "language", file, "--out", tmp_path / "f", *settings, "--json").status == 0
    figures = gyeol("evaluate", tmp_path / "f", file, "--cache", file, "--json").object
    assert figures["cached"]["perplexity"] < figures["perplexity"]
    assert "with a cache of the last 2,000 tokens" in gyeol("evaluate", tmp_path / "f", file, "--cache", file).out


def test_scores_keep_the_lines_of_the_file(gyeol: Run, model: Path, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,text\nx1,나는 간다\nx2,\nx3,너는 온다\n", "utf-8")
    told = gyeol("score", model, "--file", tmp_path / "t.csv", "--json").object
    assert [(one["line"], one["id"], one["perplexity"] is None) for one in told["scores"]] == [
        (2, "x1", False), (3, "x2", True), (4, "x3", False),
    ]  # fmt: skip
    assert [line.split("\t")[:1] for line in gyeol("score", model, "--file", tmp_path / "t.csv").out.splitlines()] == [
        ["2"], ["3"], ["4"],
    ]  # fmt: skip
    assert gyeol("score", model, "--file", tmp_path / "t.csv", "--strict").status == 2
