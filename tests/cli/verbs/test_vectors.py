"""`gyeol vectors`: trained, asked, tested, converted; what is wrong said in a line."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np
import pytest

from gyeol import WordVectors
from gyeol.inputs.vectors.initial_embedding import tokenizer_for
from gyeol.inputs.vectors.subword_vectors import Subwords

from ..conftest import Run

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
    (tmp_path / "a.txt").write_text("왕 이 산다\n여왕 이 산다\n" * 20, "utf-8")
    (tmp_path / "b.tsv").write_text("text\tlabel\n개 가 산다\t1\n고양이 가 산다\t0\n" * 1, "utf-8")
    small = ("--size", "4", "--min-count", "1", "--epochs", "1", "--threads", "1")
    answer = gyeol(
        "vectors", "train", tmp_path / "a.txt", tmp_path / "b.tsv", "--out", tmp_path / "v.bin", *small, "--json"
    )
    assert answer.object["words"] == 7
    assert answer.object["words_per_second"] > 0
    assert answer.object["about"]["engine"] == "gyeol"
    assert answer.object["about"]["data"] == [str(tmp_path / "a.txt"), str(tmp_path / "b.tsv")]
    assert "고양이" in WordVectors.load(tmp_path / "v.bin")
    again = gyeol("vectors", "train", tmp_path / "a.txt", "--out", tmp_path / "v.bin", *small)
    assert f"were renamed to {tmp_path / 'v.1.bin'} (--force replaces them)" in again.err
    assert "고양이" in WordVectors.load(tmp_path / "v.1.bin")
    assert (
        "kept" not in gyeol("vectors", "train", tmp_path / "a.txt", "--out", tmp_path / "v.bin", *small, "--force").err
    )
    assert " words/s" in again.err


def test_train_by_gensim(gyeol: Run, tmp_path: Path) -> None:
    pytest.importorskip("gensim", reason="Gensim is not installed")
    (tmp_path / "a.txt").write_text("왕 이 산다\n여왕 이 산다\n" * 20, "utf-8")
    small = ("--size", "4", "--min-count", "1", "--epochs", "1", "--threads", "1")
    answer = gyeol(
        "vectors", "train", tmp_path / "a.txt", "--out", tmp_path / "w.vec", *small, "--engine", "gensim", "--json"
    ).object
    assert (answer["words"], answer["words_per_second"]) == (4, None)
    assert answer["about"]["engine"] == "gensim"
    jamo = ("--subwords", "jamo", "--buckets", "100")
    result = gyeol("vectors", "train", tmp_path / "a.txt", "--out", tmp_path / "v", *small, *jamo)
    assert "4 words, 4 dimensions" in result.err
    assert gyeol("vectors", "similar", tmp_path / "v", "왕국이", "--top", "1").status == 0
    assert (
        "use a folder" in gyeol("vectors", "train", tmp_path / "a.txt", "--out", tmp_path / "w.vec", *small, *jamo).err
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
        (["train", "F", "--out", "x.vec", "--engine", "genism"], "did you mean 'gensim'"),
        (["train", "F", "--out", "x", "--engine", "gyeol", "--subwords", "jamo"], "whole words only"),
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


def test_words_taken_apart_are_found(gyeol: Run, tmp_path: Path) -> None:
    names = ["사과", "배", "왕", "여왕"]
    for form, words in (("NFD", names), ("NFC", names)):
        written = [unicodedata.normalize(form, word) for word in words]
        typed = [unicodedata.normalize("NFC" if form == "NFD" else "NFD", word) for word in words]
        WordVectors(written, np.eye(4) + 0.1).save(tmp_path / "v.vec")
        assert gyeol("vectors", "similar", tmp_path / "v.vec", typed[0], "--json").object["answers"][0]["near"]
        answer = gyeol("vectors", "analogy", tmp_path / "v.vec", *typed[:3], "--json").object
        assert [one["word"] for one in answer["answers"]] == [written[3]]
        gyeol("vectors", "convert", tmp_path / "v.vec", "--out", tmp_path / "v.bin")
        assert WordVectors.load(tmp_path / "v.bin").words == written
        (tmp_path / "q.txt").write_text(" ".join(typed) + "\n", "utf-8")
        result = gyeol("vectors", "evaluate", tmp_path / "v.bin", tmp_path / "q.txt", "--json").object["results"][0]
        assert result["asked"] == 1
        (tmp_path / "words.txt").write_text("\n".join(typed) + "\n", "utf-8")
        drawn = ("--words", tmp_path / "words.txt", "--method", "pca", "--groups", "1", "--out", tmp_path / "m.html")
        assert gyeol("vectors", "map", tmp_path / "v.vec", *drawn, "--json").object["words"] == 4


def test_answers_by_subwords_are_told(gyeol: Run, tmp_path: Path) -> None:
    known = Subwords("letters", 1, 1, 1 << 20, np.zeros(0, np.int64), np.zeros((0, 3), np.float32))
    numbers = np.unique(known.numbers("아들램"))
    sub = Subwords("letters", 1, 1, 1 << 20, numbers, np.ones((len(numbers), 3), np.float32))
    place = tmp_path / "v"
    WordVectors(WORDS, TABLE, subwords=sub).save(place)
    said = "'아들램' is unknown; its vector is composed of its subwords; spelled alike: 아들"
    answer = gyeol("vectors", "analogy", place, "왕", "여왕", "아들램", "--json")
    assert answer.object["from_subwords"] == ["아들램"]
    assert said in answer.err
    for question in (
        ("analogy", "왕", "여왕", "아들램"),
        ("similar", "아들램"),
        ("doesnt_match", "왕", "딸", "아들램"),
    ):
        assert said in gyeol("vectors", question[0], place, *question[1:]).err
    assert gyeol("vectors", "distance", place, "왕", "아들램", "--json").object["from_subwords"] == ["아들램"]
    assert gyeol("vectors", "similar", place, "왕", "--json").object["from_subwords"] == []
    (tmp_path / "s.csv").write_text("왕,여왕,9\n왕,아들램,7\n왕,집,0\n", "utf-8")
    result = gyeol("vectors", "evaluate", place, tmp_path / "s.csv", "--json").object["results"][0]
    assert (result["asked"], result["from_subwords"]) == (3, 1)
    assert "1 word by its subwords" in gyeol("vectors", "evaluate", place, tmp_path / "s.csv").out
    WordVectors(WORDS, TABLE).save(tmp_path / "w.vec")  # no subwords: an error, as ever
    assert "did you mean '아들'" in gyeol("vectors", "analogy", tmp_path / "w.vec", "왕", "여왕", "아들램").mistake


def test_training_on_content_words(gyeol: Run, tmp_path: Path) -> None:
    pytest.importorskip("kiwipiepy", reason="kiwipiepy is not installed: pip install 'gyeol[korean]'")
    (tmp_path / "x.txt").write_text("우리 아들램이 러시아에 가서 월드컵을 관람했다\n" * 20, "utf-8")
    (tmp_path / "words.tsv").write_text("아들램\tNNG\n", "utf-8")
    own = ("--tokenizer", "content", "--user-dictionary", tmp_path / "words.tsv", "--size", "4", "--epochs", "1")
    made = gyeol("vectors", "train", tmp_path / "x.txt", *own, "--out", tmp_path / "v", "--threads", "1", "--json")
    assert made.object["about"]["user_dictionary"] == [["아들램", "NNG", 0.0]]
    vectors = WordVectors.load(tmp_path / "v")
    assert sorted(vectors.words) == ["가다", "관람", "러시아", "아들램", "월드컵"]
    chosen = tokenizer_for(vectors, ["아들램이 갔다"])
    assert not isinstance(chosen, str)
    assert chosen.tokenize("아들램이 갔다") == ["아들램", "가다"]
