"""`gyeol fit regress` of texts, and ``--weight``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ..conftest import TINY, Run

WORDS = {"최고다": "9,800", "좋아요": "8,000", "그저 그래요": "5,150", "별로다": "3,000", "최악이다": "1,000"}
ROWS = [(f"{word} {i}", price) for i in range(10) for word, price in WORDS.items()]
QUICK = [*TINY, "--set", "epochs=1", "-q"]


def as_csv(rows: list[tuple[str, str]]) -> str:
    return "감상,가격\n" + "".join(f'{text},"{price}"\n' for text, price in rows)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("prices") / "prices.csv"
    path.write_text(as_csv(ROWS), encoding="utf-8")
    return path


def test_from_prices_with_thousands_to_the_answer(gyeol: Run, table: Path, tmp_path: Path) -> None:
    out = tmp_path / "m"
    done = gyeol("fit", "regress", table, "--target", "가격", "--out", out, *TINY, "--compare")
    assert done.status == 0, done.err
    assert "prices.csv: 50 texts, numbers from 1000 to 9800, mean 5390" in done.err
    assert "tfidf, ridge" in done.out
    figures = gyeol("evaluate", out, table, "--target", "가격", "--json").object
    assert {"mse", "mae", "r2", "pearson", "spearman", "count", "data", "sha256"} <= set(figures)
    assert figures["pearson"] > 0.5
    assert "Pearson" in gyeol("evaluate", out, table, "--target", "가격").out
    answer = gyeol("predict", out, "최고다", "--json").object["predictions"][0]
    assert list(answer) == ["value", "text"]
    assert 500 < answer["value"] < 12_000
    lines = gyeol("predict", out, "--file", table, "--input", "감상").out.splitlines()
    assert lines[0].split("\t")[:2] == ["line", "value"]
    assert len(lines) == 51
    assert float(lines[1].split("\t")[1]) > 0
    piped = gyeol("predict", out, stdin="좋아요\n\n별로다\n".encode())
    assert [line.split("\t")[1] == "" for line in piped.out.splitlines()[1:]] == [False, True, False]
    written = gyeol("predict", out, "--file", table, "--input", "감상", "--out", tmp_path / "a.jsonl")
    assert written.status == 0, written.err
    assert isinstance(json.loads((tmp_path / "a.jsonl").read_text("utf-8").splitlines()[0])["value"], float)
    assert "--top is for models of 'fit classify', " in gyeol("predict", out, "좋아요", "--top", 2).mistake
    info = gyeol("info", out, "--json").object
    assert (info["task"], info["about"]["decimal"]) == ("regress-text", ".")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.tsv", "text\tscore\n" + "".join(f"{t}\t{i % 10}.5\n" for i, (t, _) in enumerate(ROWS))),
        ("a.jsonl", "".join(json.dumps({"text": t, "rating": i % 10}) + "\n" for i, (t, _) in enumerate(ROWS))),
        ("a.csv", "review;rating\n" + "".join(f"{t};{i % 10},25\n" for i, (t, _) in enumerate(ROWS))),
    ],
    ids=["tsv", "jsonl", "semicolons"],
)
def test_files_of_texts_and_numbers(gyeol: Run, tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    done = gyeol("fit", "regress", tmp_path / name, "--out", tmp_path / "m", *QUICK, "--json")
    assert done.object["task"] == "regress-text"
    assert done.object["mae"] < 10
    assert "of 'fit regress-text':" in gyeol("fit", "regress", "--settings").out


def test_numeric_sequences_are_read_as_before(gyeol: Run, tmp_path: Path) -> None:
    path = tmp_path / "wear.csv"
    path.write_text("hours,a,b,c\n" + "".join(f"{i},{i}.0,{i + 1}.5,{i}\n" for i in range(30)))
    done = gyeol("fit", "regress", path, "--out", tmp_path / "m", "--set", "epochs=1", "--threads", 1, "--json")
    assert done.object["task"] == "regress"
    short = tmp_path / "short.csv"
    short.write_text("".join(f"{i},{i}.5\n" for i in range(30)))  # a number and a sequence of one: no text
    done = gyeol("fit", "regress", short, "--out", tmp_path / "m", "--set", "epochs=1", "--json")
    assert done.object["task"] == "regress"
    for option in (["--compare"], ["--features", "bow"], ["--weight", "a"], ["--skip-bad-rows"]):
        refused = gyeol("fit", "regress", path, "--out", tmp_path / "m", *option).mistake
        assert f"{option[0]} is for texts, but this file holds numbers" in refused


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["5", "부정", "6"], "line 3: the target is '부정'; expected a finite number"),
        (["5", "inf", "6"], "line 3: the target is 'inf'"),
        (["5", "n/a", "6"], "line 3: the target is 'n/a'"),
        (["5", "", "6"], "line 3: the label is missing"),
        (["5", "5", "5.0"], "every target is 5: there is nothing to learn"),
        (["1,234", "2,500", "3,100"], "may be 1234 or 1.234"),
    ],
)
def test_numbers_that_cannot_be_read(gyeol: Run, tmp_path: Path, cells: list[str], message: str) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("text\tscore\n" + "".join(f"글 {i} 하나\t{cell}\n" for i, cell in enumerate(cells)), "utf-8")
    assert message in gyeol("fit", "regress", path, "--out", tmp_path / "m", *QUICK).mistake


def test_rows_without_a_number_are_left_out_where_that_is_said(gyeol: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("text\tscore\n글 하나\t5\n글 둘\t-\n글 셋\t6\n글 넷\t모름\n", "utf-8")
    done = gyeol("fit", "regress", path, "--out", tmp_path / "m", *QUICK, "--skip-bad-rows")
    assert "a.tsv: 2 row(s) left out, line 3, 5: the target is '-'" in done.err
    assert gyeol("evaluate", tmp_path / "m", path, "--skip-bad-rows", "--json").object["left_out"] == 2
    decided = tmp_path / "b.tsv"
    decided.write_text("text\tscore\n글 하나\t1,234\n글 둘\t2,345\n", "utf-8")
    assert gyeol("fit", "regress", decided, "--out", tmp_path / "m", *QUICK, "--decimal", ",", "--json").status == 0
    assert gyeol("info", tmp_path / "m", "--json").object["about"]["decimal"] == ","


def test_weights_are_a_column(gyeol: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    rows = [(text, "좋음" if i % 5 < 2 else "나쁨", i % 3) for i, (text, _) in enumerate(ROWS)]
    path.write_text("text\tlabel\tweight\n" + "".join(f"{t}\t{y}\t{w}\n" for t, y, w in rows), "utf-8")
    done = gyeol("fit", "classify", path, "--weight", "weight", "--out", tmp_path / "m", *QUICK, "--json")
    assert done.object["task"] == "classify"
    assert "a.tsv: 17 texts with weight 0 are ignored" in done.err
    assert gyeol("info", tmp_path / "m", "--json").object["about"]["examples"] == 30  # of 33, three are held back
    both = gyeol("fit", "regress", path, "--target", "weight", "--weight", "weight", "--out", tmp_path / "m", *QUICK)
    assert both.status == 0, both.err
    assert "no column 'wieght'; did you mean 'weight'?" in (
        gyeol("fit", "classify", path, "--weight", "wieght", "--out", tmp_path / "m", *QUICK).mistake
    )
    done = gyeol("fit", "classify", path, "--weight", "label", "--out", tmp_path / "m", *QUICK)
    assert (done.status, done.err.count("\n")) == (2, 2)  # which columns were taken, and what is wrong
    assert "line 2: '좋음' in column 'label' is not a number" in done.err.splitlines()[-1]
    path.write_text(path.read_text("utf-8").replace("\t2\n", "\t-2\n"), "utf-8")
    done = gyeol("fit", "classify", path, "--weight", "weight", "--out", tmp_path / "m", *QUICK)
    assert done.status == 2
    assert "line 4: the weight is '-2'; expected a number of 0 or more" in done.err.splitlines()[-1]
