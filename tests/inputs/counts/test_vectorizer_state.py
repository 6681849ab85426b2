"""A vectorizer written and read again, and files that no vectorizer wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gyeol.errors import ModelError
from gyeol.inputs import KINDS, TextVectorizer, Token, Tokenizer, vectorizer
from gyeol.inputs.counts import vectorizer_state

TEXTS = ["참 좋은 영화", "참 좋다 참 Good", "나쁜 영화", "나쁜 나쁜 영화 참"]
NEW = ["참 나쁜 영화 good", "모름", "", "Good Good 좋다"]


@pytest.mark.parametrize("tokenizer", ["word", "syllable", "jamo", "bpe", "auto"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_same_bits_again(kind: str, tokenizer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectorizer_state, "_TERMS", 3)  # written in several pieces
    runs = (1, 1) if kind == "onehot" else (1, 2)
    made = vectorizer(kind, tokenizer=tokenizer, lowercase=True, ngram_range=runs, dtype=np.float32, norm="l1")
    made.fit(TEXTS)
    made.save(tmp_path / "v.json")
    again = TextVectorizer.load(tmp_path / "v.json")
    assert again.get_feature_names_out().tolist() == made.get_feature_names_out().tolist()
    matrix, expected = again.transform(NEW), made.transform(NEW)
    assert matrix.dtype == np.float32
    assert np.array_equal(matrix.toarray(), expected.toarray())
    again.save(tmp_path / "w.json")
    assert (tmp_path / "w.json").read_bytes() == (tmp_path / "v.json").read_bytes()
    assert json.loads((tmp_path / "v.json").read_text("utf-8"))["documents"] == 4


class Own(Tokenizer):
    name = "own"

    def cut(self, text: str) -> list[Token]:
        return [Token(text[:1], 0, 1)]


def test_a_tokenizer_of_ones_own_must_be_handed_over(tmp_path: Path) -> None:
    made = vectorizer("dtm", tokenizer=Own).fit(TEXTS)
    made.save(tmp_path / "v.json")
    with pytest.raises(ModelError, match="'own': load it with tokenizer="):
        TextVectorizer.load(tmp_path / "v.json")
    assert TextVectorizer.load(tmp_path / "v.json", tokenizer=Own).transform(["참"]).sum() == 1


CHANGES: dict[str, Any] = {
    "format": "gyeol-vocabulary-9",
    "kind": "tfdif",
    "tokenizer": "nope",
    "ngram_range": [2],
    "norm": 3,
    "terms": ["참", "참"],
    "idf": [1.0, float("inf")],
    "dtype": "object",
    "stop_words": 7,
    "documents": "x",
    "lowercase": None,
    "min_df": "1",
}


@pytest.mark.parametrize("key", [k for k in CHANGES if k != "lowercase"])
@pytest.mark.parametrize("gone", [False, True])
def test_files_that_were_never_written(key: str, gone: bool, tmp_path: Path) -> None:
    path = tmp_path / "v.json"
    vectorizer("tfidf").fit(TEXTS).save(path)
    state = json.loads(path.read_text("utf-8"))
    if gone:
        del state[key]
    else:
        state[key] = CHANGES[key]
    path.write_text(json.dumps(state), "utf-8")
    with pytest.raises(ModelError, match=r"v\.json|nope"):
        TextVectorizer.load(path)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, b'"x"'])
def test_files_of_something_else(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "v.json").write_bytes(content)
    with pytest.raises(ModelError, match="not a saved vocabulary"):
        TextVectorizer.load(tmp_path / "v.json")


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="there is no file"):
        TextVectorizer.load(tmp_path / "v.json")
    with pytest.raises(ModelError, match="cannot be read"):
        TextVectorizer.load(tmp_path)
