"""`gyeol vectors`: trained, asked, tested, converted; what is wrong said in a line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gyeol import WordVectors

from .conftest import Run

WORDS = ["왕", "여왕", "아들", "딸", "집"]
TABLE = [[1.0, 0, 1], [1, 1, 1], [0, 0, 1], [0, 1, 1], [-9, 1, 0]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    WordVectors(WORDS, TABLE).save(tmp_path / "my.vec")
    return tmp_path / "my.vec"


def test_similar(gyeol: Run, file: Path) -> None:
    lines = gyeol("vectors", "similar", file, "왕", "--top", "2").out.splitlines()
    assert lines[0].split() == ["여왕", "0.8165"]
    answer = gyeol("vectors", "similar", file, "왕", "딸", "--top", "1", "--json").object
    assert [one["word"] for one in answer["answers"]] == ["왕", "딸"]
    assert answer["answers"][0]["near"] == [{"word": "여왕", "score": pytest.approx(0.8164966)}]
    far = gyeol("vectors", "similar", file, "왕", "--farthest", "--top", "1", "--json").object
    assert far["answers"][0]["near"][0]["word"] == "집"
    assert "여왕:" in gyeol("vectors", "similar", file, "왕", "여왕").out


def test_analogy(gyeol: Run, file: Path) -> None:
    assert gyeol("vectors", "analogy", file, "왕", "여왕", "아들", "--top", "1").out.split()[0] == "딸"
    for method in ("3cosadd", "3cosmul"):
        answer = gyeol("vectors", "analogy", file, "왕", "여왕", "아들", "--method", method, "--json").object
        assert answer["answers"][0]["word"] == "딸"


def test_distance_and_the_odd_one_out(gyeol: Run, file: Path) -> None:
    assert gyeol("vectors", "distance", file, "왕", "여왕").out == "cosine 0.8165   distance 0.1835\n"
    assert gyeol("vectors", "distance", file, "왕", "왕", "--json").object["cosine"] == pytest.approx(1.0)
    assert gyeol("vectors", "doesnt_match", file, "왕", "여왕", "집").out == "집\n"
    assert gyeol("vectors", "doesnt_match", file, "왕", "여왕", "집", "--json").object["doesnt_match"] == "집"


def test_evaluate(gyeol: Run, file: Path, tmp_path: Path) -> None:
    (tmp_path / "q.txt").write_text(": 가족\n왕 여왕 아들 딸\n왕 여왕 아들 공주\n", "utf-8")
    (tmp_path / "s.csv").write_text("word 1,word 2,score\n왕,여왕,9\n왕,아들,7\n왕,집,0\n", "utf-8")
    shown = gyeol("vectors", "evaluate", file, tmp_path / "q.txt", tmp_path / "s.csv").out
    assert "q.txt: accuracy 100.00 %   1 of 2 known (50.00 %)" in shown
    assert "가족" in shown
    assert "s.csv: Spearman 1.0000   3 of 3 known" in shown
    results = gyeol("vectors", "evaluate", file, tmp_path / "q.txt", "--json").object["results"]
    assert results[0]["sections"]["가족"]["correct"] == 1


@pytest.mark.parametrize("name", ["v.bin", "v.glove", "v.txt", "folder"])
def test_convert_there_and_back(gyeol: Run, file: Path, tmp_path: Path, name: str) -> None:
    gyeol("vectors", "convert", file, "--out", tmp_path / name)
    answer = gyeol("vectors", "convert", tmp_path / name, "--out", tmp_path / "again.vec", "--json").object
    assert (answer["words"], answer["size"]) == (5, 3)
    assert (tmp_path / "again.vec").read_bytes() == file.read_bytes()
    assert "2 words" in gyeol("vectors", "convert", file, "--limit", "2", "--out", tmp_path / "few.vec").err


def test_train(gyeol: Run, tmp_path: Path) -> None:
    pytest.importorskip("gensim", reason="Gensim is not installed")
    (tmp_path / "a.txt").write_text("왕 이 산다\n여왕 이 산다\n" * 20, "utf-8")
    (tmp_path / "b.tsv").write_text("text\tlabel\n개 가 산다\t1\n고양이 가 산다\t0\n" * 1, "utf-8")
    small = ("--size", "4", "--min-count", "1", "--epochs", "1", "--threads", "1")
    answer = gyeol(
        "vectors", "train", tmp_path / "a.txt", tmp_path / "b.tsv", "--out", tmp_path / "v.bin", *small, "--json"
    )
    assert answer.object["words"] == 7
    assert answer.object["about"]["data"] == [str(tmp_path / "a.txt"), str(tmp_path / "b.tsv")]
    assert "고양이" in WordVectors.load(tmp_path / "v.bin")
    again = gyeol("vectors", "train", tmp_path / "a.txt", "--out", tmp_path / "v.bin", *small)
    assert f"held other vectors, which are kept as {tmp_path / 'v.1.bin'} (--force replaces them)" in again.err
    assert "고양이" in WordVectors.load(tmp_path / "v.1.bin")
    assert (
        "kept" not in gyeol("vectors", "train", tmp_path / "a.txt", "--out", tmp_path / "v.bin", *small, "--force").err
    )
    jamo = ("--subwords", "jamo", "--buckets", "100")
    result = gyeol("vectors", "train", tmp_path / "a.txt", "--out", tmp_path / "v", *small, *jamo)
    assert "4 words of 4 numbers" in result.err
    assert gyeol("vectors", "similar", tmp_path / "v", "왕국이", "--top", "1").status == 0
    assert (
        "name a folder" in gyeol("vectors", "train", tmp_path / "a.txt", "--out", tmp_path / "w.vec", *small, *jamo).err
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["similar", "F", "영화"], "'영화' is not among the 5 words"),
        (["similar", "F", "여왕님"], "did you mean '여왕'"),
        (["analogy", "F", "왕", "여왕", "아들", "--method", "x"], "method='x'"),
        (["doesnt_match", "F", "왕", "여왕"], "three words"),
        (["similar", "nowhere.vec", "왕"], "nowhere.vec"),
        (["similar", "F", "왕", "--form", "golve"], "glove"),
        (["convert", "F", "--out", "x.csv"], "not written as '.csv'"),
        (["train", "nowhere.txt", "--out", "x.vec"], "nowhere.txt"),
        (["train", "F", "--out", "x.vec", "--algorithm", "skip"], "algorithm='skip'"),
        (["train", "F", "--out", "x.csv"], "not written as"),
        (["evaluate", "F", "words_kr"], "words_kr"),
    ],
)
def test_mistakes(gyeol: Run, file: Path, arguments: list[str], message: str) -> None:
    assert message in gyeol("vectors", *(file if a == "F" else a for a in arguments)).mistake


def test_what_was_mended_is_told(gyeol: Run, tmp_path: Path) -> None:
    (tmp_path / "two.txt").write_text("a 1 2\nb 3 4\na 5 6\n", "utf-8")
    result = gyeol("vectors", "distance", tmp_path / "two.txt", "a", "b")
    assert "line 3: 'a'" in result.err
    assert np.isclose(float(result.out.split()[1]), 0.9839, atol=1e-4)
