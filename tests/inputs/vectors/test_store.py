"""Vectors written and read again, and folders that nobody wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gyeol import WordVectors
from gyeol.errors import ModelError, ParameterError, SaveError
from gyeol.inputs.vectors.subword_vectors import Subwords

WORDS = ["왕", "여 왕", "a\tb", "🙂"]


@pytest.fixture
def vectors() -> WordVectors:
    table = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)
    sub = Subwords("jamo", 3, 5, 1000, np.array([2, 7, 900]), table[:3] * 2)
    return WordVectors(WORDS, table, subwords=sub, about={"algorithm": "cbow"})


def test_a_folder_keeps_everything(vectors: WordVectors, tmp_path: Path) -> None:
    vectors.save(tmp_path / "v")
    again = WordVectors.load(tmp_path / "v")
    assert again.words == WORDS
    assert np.array_equal(again.vectors, vectors.vectors)
    assert again.about == {"algorithm": "cbow"}
    assert again.subwords is not None
    assert vectors.subwords is not None
    assert (again.subwords.spelling, again.subwords.longest) == ("jamo", 5)
    assert np.array_equal(again.subwords.vectors, vectors.subwords.vectors)
    assert isinstance(again.vectors.base, np.memmap) or isinstance(again.vectors, np.memmap)
    assert len(WordVectors.load(tmp_path / "v", limit=2)) == 2
    again.save(tmp_path / "v")  # over the files that are mapped
    assert np.array_equal(WordVectors.load(tmp_path / "v").vectors, vectors.vectors)


@pytest.mark.parametrize("ending", [".vec", ".txt", ".bin", ".glove"])
def test_files_keep_words_and_bits(ending: str, tmp_path: Path) -> None:
    table = np.random.default_rng(1).standard_normal((3, 5)).astype(np.float32)
    vectors = WordVectors(["왕", "여왕", "b.c"], table)
    vectors.save(tmp_path / f"v{ending}")
    again = WordVectors.load(tmp_path / f"v{ending}")
    assert again.words == vectors.words
    assert np.array_equal(again.vectors, table)


def test_places_that_cannot_be(vectors: WordVectors, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"not written as '\.csv'.*\.vec"):
        vectors.save(tmp_path / "v.csv")
    with pytest.raises(ParameterError, match="did you mean 'glove'"):
        vectors.save(tmp_path / "v", form="golve")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "thesis.txt").write_text("years of work")
    with pytest.raises(SaveError, match="contains other things"):
        vectors.save(tmp_path / "own")
    assert (tmp_path / "own" / "thesis.txt").exists()


def change(folder: Path, **values: Any) -> None:
    config = json.loads((folder / "config.json").read_text("utf-8"))
    config.update(values)
    (folder / "config.json").write_text(json.dumps(config), "utf-8")


SUB = {"spelling": "jamo", "shortest": 3, "longest": 5, "buckets": 1000}
BREAK: dict[str, Any] = {
    "no config": lambda f: (f / "config.json").unlink(),
    "no words": lambda f: (f / "words.json").unlink(),
    "no vectors": lambda f: (f / "vectors.npy").unlink(),
    "other format": lambda f: change(f, format="gyeol-vectors-9"),
    "no json": lambda f: (f / "config.json").write_bytes(b"\xff{"),
    "a list": lambda f: (f / "config.json").write_text("[]"),
    "words of numbers": lambda f: (f / "words.json").write_text("[1, 2, 3, 4]"),
    "too few words": lambda f: (f / "words.json").write_text('["a"]'),
    "words twice": lambda f: (f / "words.json").write_text('["a", "a", "b", "c"]'),
    "doubles": lambda f: np.save(f / "vectors.npy", np.zeros((4, 3))),
    "a cube": lambda f: np.save(f / "vectors.npy", np.zeros((4, 3, 1), np.float32)),
    "not finite": lambda f: np.save(f / "vectors.npy", np.full((4, 3), np.nan, np.float32)),
    "objects": lambda f: np.save(f / "vectors.npy", np.array([[{}]], dtype=object), allow_pickle=True),
    "cut": lambda f: (f / "vectors.npy").write_bytes((f / "vectors.npy").read_bytes()[:-5]),
    "empty": lambda f: (f / "vectors.npy").write_bytes(b""),
    "subwords of what": lambda f: change(f, subwords={**SUB, "spelling": "runes"}),
    "subwords of none": lambda f: change(f, subwords={**SUB, "buckets": 0}),
    "subwords in parts": lambda f: change(f, subwords={"spelling": "jamo"}),
    "subwords unsorted": lambda f: np.save(f / "subword_numbers.npy", np.array([7, 2, 900])),
    "subwords too few": lambda f: np.save(f / "subword_numbers.npy", np.array([7])),
}


@pytest.mark.parametrize("how", BREAK)
def test_folders_that_were_never_written(how: str, vectors: WordVectors, tmp_path: Path) -> None:
    vectors.save(tmp_path / "v")
    BREAK[how](tmp_path / "v")
    with pytest.raises((ModelError, ValueError)) as caught:
        WordVectors.load(tmp_path / "v")
    assert type(caught.value).__module__ == "gyeol.errors"
