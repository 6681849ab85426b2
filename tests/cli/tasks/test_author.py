"""`gyeol fit author`, and `explain`, `predict`, `evaluate` of what it makes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ..conftest import Run

ONE = ["나는 학교에 간다", "나는 집에 간다", "나는 산에 간다"]
TWO = ["그대는 어디로 가는가", "그대는 언제 오는가", "그대는 왜 우는가"]
SMALL = [*("--set", "hidden_size=6", "--set", "embedding_size=6", "--set", "epochs=3"), "--threads", "1"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two authors, in two encodings."""
    path = tmp_path / "books"
    path.mkdir()
    (path / "소월.txt").write_text("\n".join(ONE * 8), "utf-8")
    (path / "이상.txt").write_bytes("\n".join(TWO * 8).encode("cp949"))
    return path


@pytest.fixture
def model(gyeol: Run, folder: Path, tmp_path: Path) -> Path:
    answer = gyeol("fit", "author", folder, "--out", tmp_path / "m", "--lines", 2, *SMALL, "--json").object
    assert answer["classes"] == ["소월", "이상"]
    assert (answer["examples"], answer["validation"]) == (22, 2)
    assert {"accuracy", "features", "C"} < set(answer["baseline"])
    return tmp_path / "m"


def test_from_a_folder_to_answers(gyeol: Run, model: Path, tmp_path: Path) -> None:
    test = tmp_path / "test.csv"
    test.write_text(
        "text,author\n" + "".join(f"{t},소월\n" for t in ONE) + "".join(f"{t},이상\n" for t in TWO), "utf-8"
    )
    figures = gyeol("evaluate", model, test, "--json").object
    assert (figures["accuracy"], figures["count"]) == (1.0, 6)
    assert gyeol("predict", model, "그대는 오는가", "--json").object["predictions"][0]["label"] == "이상"
    assert gyeol("predict", model, "--file", test, "--input", "text").out.count("\n") == 7
    assert gyeol("info", model, "--json").object["task"] == "author"


def test_explain(gyeol: Run, model: Path, tmp_path: Path) -> None:
    seen = gyeol("explain", model, "그대는 집에 가는가", "--json").object
    assert seen["prediction"] == "이상"
    exact = seen["methods"][0]
    assert exact["method"] == "exact"
    assert seen["start"] + sum(seen["attributions"]) == pytest.approx(seen["total"])
    assert "log-odds" in gyeol("explain", model, "그대는 집에", "--top", 2).out
    assert gyeol("explain", model, "그대는 집에 가는가", "--out", tmp_path / "why.json").status == 0
    assert json.loads((tmp_path / "why.json").read_text("utf-8"))["attributions"] == seen["attributions"]
    assert "why.html" in gyeol("explain", model, "그대는", "--out", tmp_path / "why.html").err
    assert "그대는" in re.sub("<[^>]*>", "", (tmp_path / "why.html").read_text("utf-8"))
    assert gyeol("explain", model, stdin="그대는 오는가".encode()).out.startswith("이상")


def test_from_a_table(gyeol: Run, tmp_path: Path) -> None:
    table = tmp_path / "letters.csv"
    rows = [f"{i},{text},{author}" for i in range(6) for author, texts in (("가", ONE), ("나", TWO)) for text in texts]
    table.write_text("year,text,author\n" + "\n".join(rows), "utf-8")
    result = gyeol("fit", "author", table, "--out", tmp_path / "m", *SMALL, "--input", "text")
    assert "tfidf + logistic regression" in result.out
    assert "gyeol explain" in result.out
    assert "2 authors" in result.err
    quiet = gyeol(
        "fit", "author", table, "--out", tmp_path / "m", *SMALL, "--input", "text", "-q", "--no-baseline", "--force"
    )
    assert "tfidf" not in quiet.out
    assert quiet.err == ""


def test_mistakes(gyeol: Run, model: Path, folder: Path, tmp_path: Path) -> None:
    out = ("--out", tmp_path / "x")
    assert "give one of them" in gyeol("fit", "author", folder, *out, "--lines", 2, "--characters", 9).mistake
    assert "1 or more" in gyeol("fit", "author", folder, *out, "--lines", 0).mistake
    assert "has no columns" in gyeol("fit", "author", folder, *out, "--input", "text").mistake
    (folder / "이상.txt").unlink()
    assert "expected two or more" in gyeol("fit", "author", folder, *out).mistake
    table = tmp_path / "t.csv"
    table.write_text("text,author\n나는 간다,가\n나는 온다,가\n", "utf-8")
    assert "one class only" in gyeol("fit", "author", table, *out).mistake
    assert "split the files of a folder" in gyeol("fit", "author", table, *out, "--lines", 2).mistake
    assert ".html, .png or .json" in gyeol("explain", model, "나는", "--out", tmp_path / "why.docx").mistake
    assert "is empty" in gyeol("explain", model, " ").mistake
    assert "not UTF-8" in gyeol("explain", model, stdin="나는".encode("cp949")).mistake
    assert "but this command needs" in gyeol("score", model, "나는").mistake


def test_a_language_model_is_explained_too(gyeol: Run, folder: Path, tmp_path: Path) -> None:
    gyeol("fit", "language", folder / "소월.txt", "--out", tmp_path / "l", *SMALL, "-q")
    assert "log-probability of" in gyeol("explain", tmp_path / "l", "나는").out
    assert "use gyeol generate" in gyeol("predict", tmp_path / "l", "나는").mistake
