"""`gyeol encode`: files in, matrices out, and what is wrong said in a line."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import scipy.io
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfVectorizer

from gyeol.inputs import TOKENIZERS, Token, Tokenizer, make_tokenizer

from ..conftest import Run

TEXTS = ["어제 러시아에 갔다가 러시아 월드컵을 관람했다", "어제 영화를 봤다", "", "영화 영화 영화 어제"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(TEXTS) + "\n", "utf-8")
    return path


def test_tfidf_is_scikit_learns(gyeol: Run, file: Path, tmp_path: Path) -> None:
    result = gyeol("encode", "tfidf", file, "--out", tmp_path / "x.npz", "--ngrams", "1-2", "--threads", 2)
    assert (result.status, result.out) == (0, "")
    assert "4 texts x" in result.err
    cut = make_tokenizer("word").tokenize
    theirs = TfidfVectorizer(tokenizer=cut, token_pattern=None, ngram_range=(1, 2), lowercase=False)
    expected = theirs.fit_transform(TEXTS).toarray()
    np.testing.assert_allclose(sp.load_npz(tmp_path / "x.npz").toarray(), expected, rtol=1e-12)
    saved = json.loads((tmp_path / "x.vocabulary.json").read_text("utf-8"))
    assert saved["terms"] == theirs.get_feature_names_out().tolist()


def test_a_vocabulary_is_used_again(gyeol: Run, file: Path, tmp_path: Path) -> None:
    gyeol("encode", "tfidf", file, "--out", tmp_path / "x.npz", "--min-df", "2")
    (tmp_path / "new.txt").write_text("새 영화 어제\n모름\n", "utf-8")
    saved = tmp_path / "x.vocabulary.json"
    answer = gyeol(
        "encode", "tfidf", tmp_path / "new.txt", "--vocabulary", saved, "--out", tmp_path / "y.mtx", "--json"
    ).object
    assert answer["shape"] == {"documents": 2, "rows": 2, "columns": 1, "cells": 1}
    assert scipy.io.mmread(tmp_path / "y.mtx").toarray().tolist() == [[1.0], [0.0]]
    assert (tmp_path / "y.vocabulary.json").read_bytes() == saved.read_bytes()
    assert "is for 'tfidf', not 'bow'" in gyeol("encode", "bow", file, "--vocabulary", saved, "--show").mistake
    other = ("--vocabulary", saved, "--tokenizer", "jamo", "--show")
    assert "has the tokenizer word" in gyeol("encode", "tfidf", file, *other).mistake


class Pairs(Tokenizer):
    """Two characters a token."""

    def cut(self, text: str) -> list[Token]:
        return [Token(text[i : i + 2], i, min(i + 2, len(text))) for i in range(0, len(text), 2)]


def test_a_new_tokenizer_is_one_line(gyeol: Run, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TOKENIZERS, "two-letters", Pairs)
    command = ("encode", "dtm", file, "--tokenizer", "two-letters", "--out", tmp_path / "x.npz", "--json")
    assert gyeol(*command).object["shape"]["documents"] == 4
    saved = tmp_path / "x.vocabulary.json"
    assert {"어제", " 러", "시아"} <= set(json.loads(saved.read_text("utf-8"))["terms"])
    first = sp.load_npz(tmp_path / "x.npz")
    assert gyeol(*command, "--vocabulary", saved).object["shape"]["columns"] == first.shape[1]
    assert (sp.load_npz(tmp_path / "x.npz") != first).nnz == 0
    again = ("--tokenizer", "word", "--vocabulary", saved, "--show")
    assert "has the tokenizer two-letters" in gyeol("encode", "dtm", file, *again).mistake


def test_one_hot_rows_are_tokens(gyeol: Run, file: Path, tmp_path: Path) -> None:
    answer = gyeol("encode", "onehot", file, "--out", tmp_path / "x.parquet", "--json").object
    assert answer["shape"]["rows"] == 13
    frame = pl.read_parquet(tmp_path / "x.parquet")
    assert frame.filter(pl.col("document") == 3)["term"].to_list() == ["영화", "영화", "영화", "어제"]
    assert frame["value"].unique().to_list() == [1.0]


def test_what_each_text_is_about(gyeol: Run, file: Path) -> None:
    lines = gyeol("encode", "dtm", file, "--show", "--top", "2").out.splitlines()
    assert lines == ["1\t갔다가 1  관람했다 1", "2\t봤다 1  어제 1", "3\t", "4\t영화 3  어제 1"]
    answer = gyeol("encode", "dtm", file, "--show", "--top", "1", "--json").object
    assert answer["documents"][3] == {"document": 4, "terms": [["영화", 3.0]]}


def test_stop_words_of_ones_own(gyeol: Run, file: Path, tmp_path: Path) -> None:
    (tmp_path / "stop.txt").write_text("영화\n\n어제 \n", "utf-8")
    lines = gyeol("encode", "bow", file, "--show", "--stop-words", tmp_path / "stop.txt").out.splitlines()
    assert lines[3] == "4\t"


def test_rows_that_cannot_be_read(gyeol: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"text": "참 좋다"}\n{"text": 3\n{"text": ""}\n', "utf-8")
    assert "line 2" in gyeol("encode", "bow", path, "--show").mistake
    result = gyeol("encode", "bow", path, "--show", "--skip-bad-rows")
    assert result.out.splitlines() == ["1\t좋다 1  참 1", "2\t"]
    assert "1 row(s)" in result.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["tfidf"], "no output given"),
        (["tfdif", "--show"], "did you mean 'tfidf'"),
        (["tfidf", "--out", "x.csv"], "is not a matrix format"),
        (["tfidf", "--show", "--ngrams", "x"], "--ngrams 'x'"),
        (["tfidf", "--show", "--ngrams", "3-1"], "low <= high"),
        (["tfidf", "--show", "--min-df", "many"], "--min-df 'many'"),
        (["tfidf", "--show", "--min-df", "9"], "no term can satisfy both"),
        (["tfidf", "--show", "--tokenizer", "wrod"], "did you mean 'word'"),
        (["tfidf", "--show", "--stop-words", "englisch"], "is neither a file nor one of"),
        (["tfidf", "--show", "--norm", "l9"], "norm='l9'"),
        (["tfidf", "--show", "--dtype", "int8"], "float64 or float32"),
        (["tfidf", "--show", "--vocabulary", "nowhere.json"], "there is no file nowhere.json"),
    ],
)
def test_mistakes(gyeol: Run, file: Path, arguments: list[str], message: str) -> None:
    assert message in gyeol("encode", arguments[0], file, *arguments[1:]).mistake


def test_no_such_file(gyeol: Run, tmp_path: Path) -> None:
    assert "there is no" in gyeol("encode", "bow", tmp_path / "no.txt", "--show").mistake
    (tmp_path / "empty.txt").write_text("")
    assert "is empty" in gyeol("encode", "bow", tmp_path / "empty.txt", "--show").mistake


def test_words_of_any_script_and_nothing_invisible(gyeol: Run, tmp_path: Path) -> None:
    lines = ["영화 좋다", "영\u200b화 좋다\u200b", "\ufeff영화 좋다", "हिन्दी मानक", "ภาษาไทย ดีมาก", "مرحباً"]
    (tmp_path / "x.txt").write_text("\n".join(lines), "utf-8")
    gyeol("encode", "dtm", tmp_path / "x.txt", "--out", tmp_path / "x.npz", "--threads", 1)
    saved = json.loads((tmp_path / "x.vocabulary.json").read_text("utf-8"))
    assert saved["terms"] == sorted(["영화", "좋다", "हिन्दी", "मानक", "ภาษาไทย", "ดีมาก", "مرحباً"])
    assert (saved["tokenizer"], saved["tokenizer_version"]) == ("word", 2)
    matrix = sp.load_npz(tmp_path / "x.npz").toarray()
    assert matrix[0].tolist() == matrix[1].tolist() == matrix[2].tolist()


def test_signs_are_not_among_the_weightiest_terms(gyeol: Run, tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("영화 . . . , ! ? 좋다 ㅋㅋ\n!!\n~^^ ♥\n", "utf-8")
    shown = gyeol("encode", "dtm", tmp_path / "x.txt", "--show", "--ngrams", "1-2", "--json", "--threads", 1).object
    terms = [[term for term, _ in document["terms"]] for document in shown["documents"]]
    assert set(terms[0]) >= {"영화", "좋다", "ㅋㅋ", "좋다 ㅋㅋ", "영화 ."}
    assert not {".", ",", "!", "?", ". .", "! ?"} & set(terms[0])
    assert [sorted(found) for found in terms[1:]] == [[], ["^ ♥", "♥"]]
    answer = gyeol("encode", "dtm", tmp_path / "x.txt", "--out", tmp_path / "x.npz", "--json", "--threads", 1).object
    assert answer["shape"]["columns"] == 10  # they are columns all the same


@pytest.mark.parametrize("name", ["character", "char"])
def test_other_names_of_tokenizers(gyeol: Run, file: Path, tmp_path: Path, name: str) -> None:
    gyeol("encode", "bow", file, "--tokenizer", name, "--out", tmp_path / "x.npz")
    saved = tmp_path / "x.vocabulary.json"
    assert json.loads(saved.read_text("utf-8"))["tokenizer"] == "syllable"
    assert gyeol("encode", "bow", file, "--tokenizer", name, "--vocabulary", saved, "--show").status == 0


def test_content_words_with_a_dictionary(gyeol: Run, tmp_path: Path) -> None:
    pytest.importorskip("kiwipiepy", reason="kiwipiepy is not installed: pip install 'gyeol[korean]'")
    text, words, out = tmp_path / "x.txt", tmp_path / "words.tsv", tmp_path / "x.npz"
    text.write_text("어제 러시아 가서 월드컵 관람했다\n우리 아들램이 갔다\n", "utf-8")
    words.write_text("아들램\tNNG\n", "utf-8")
    own = ("--tokenizer", "content", "--user-dictionary", words, "--stop-tags", "MAG")
    for kind in ("bow", "dtm", "tfidf", "onehot"):
        assert gyeol("encode", kind, text, *own, "--out", out).status == 0
        saved = json.loads((tmp_path / "x.vocabulary.json").read_text("utf-8"))
        assert saved["terms"] == ["가다", "관람", "러시아", "아들램", "월드컵"]
    words.unlink()
    again = ("--vocabulary", tmp_path / "x.vocabulary.json", "--show")
    assert "아들램" in gyeol("encode", "onehot", text, *again).out
    assert "already has its words" in gyeol("encode", "onehot", text, *again, "--keep-tags", "N").mistake
    assert "there is no file" in gyeol("encode", "bow", text, *own, "--show").mistake
    assert "knows no parts of speech" in gyeol("encode", "bow", text, "--stop-tags", "N", "--show").mistake


def test_stop_words_taken_apart(gyeol: Run, file: Path, tmp_path: Path) -> None:
    (tmp_path / "stop.txt").write_text(unicodedata.normalize("NFD", "영화\n어제\n"), "utf-8")
    shown = gyeol("encode", "bow", file, "--show", "--stop-words", tmp_path / "stop.txt").out
    assert shown.splitlines()[1:] == ["2\t봤다 1  영화를 1", "3\t", "4\t"]
