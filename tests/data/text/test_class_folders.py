"""A folder of texts: one folder per class, one file per text."""

from __future__ import annotations

import gzip
import unicodedata
from pathlib import Path

import pytest

from gyeol.data.text.class_folders import class_folders
from gyeol.data.text.example import Example
from gyeol.data.text.sources import find_source, read_labelled, read_texts
from gyeol.errors import DataError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """As IMDB comes: train and test, pos and neg, and texts without a class."""
    for role in ("train", "test"):
        for label in ("pos", "neg", "unsup"):
            (tmp_path / role / label).mkdir(parents=True)
            for n in range(3):
                (tmp_path / role / label / f"{n}_{n}.txt").write_text(f"{role} {label}\nline {n}\n", "utf-8")
        (tmp_path / role / "labeledBow.feat").write_text("9 0:9")
        (tmp_path / role / "pos" / ".DS_Store").write_bytes(b"\0\1")
    return tmp_path


def test_classes_and_parts(folder: Path) -> None:
    data = read_labelled(find_source(str(folder / "train"), "train"))
    assert data.labels == ["neg"] * 3 + ["pos"] * 3
    assert data.texts[0] == "train neg\nline 0"
    assert "neg 3, pos 3" in data.notes[0]
    assert set(data.about()) >= {"data", "sha256"}
    for role in ("train", "test"):
        assert read_labelled(find_source(str(folder), role)).texts[-1] == f"{role} pos\nline 2"


def test_names_without_an_ending_and_both_forms(tmp_path: Path) -> None:
    for label in ("sci.space", unicodedata.normalize("NFD", "각"), unicodedata.normalize("NFC", "각")):
        (tmp_path / label).mkdir(exist_ok=True)
    for n, label in enumerate(sorted(p.name for p in tmp_path.iterdir())):
        (tmp_path / label / f"5{n}").write_text("좋다", "cp949")
        (tmp_path / label / f"6{n}.txt.gz").write_bytes(gzip.compress("글".encode("utf-16")))
    assert set(class_folders(tmp_path)) == {"sci.space", "각"}
    assert set(read_labelled(find_source(str(tmp_path), "train")).texts) == {"글"}


def test_files_that_hold_no_text_are_named(folder: Path) -> None:
    (folder / "train/neg/1_1.txt").write_bytes(b"caf\xe9\xff and \x00")
    source = find_source(str(folder / "train"), "train")
    with pytest.raises(DataError, match=r"neg/1_1\.txt.*--skip-bad-rows"):
        read_labelled(source)
    data = read_labelled(source, skip_bad_rows=True)
    assert len(data.texts) == 5
    assert "1_1.txt" in data.left_out()
    (folder / "train/neg/1_1.txt").write_text("")
    assert len(read_labelled(source, skip_bad_rows=True).texts) == 5
    with pytest.raises(DataError, match="no columns"):
        read_labelled(find_source(str(folder / "train"), "train", input="text"))
    assert class_folders(folder / "train" / "pos") == class_folders(folder / "none") == {}


def test_texts_of_a_folder(folder: Path) -> None:
    source = find_source(str(folder), "test")
    rows = list(read_texts(source))
    assert [row.input for row in rows if isinstance(row, Example)][:2] == ["test neg\nline 0", "test neg\nline 1"]
    assert [dict(row.others)["file"] for row in rows if isinstance(row, Example)][-1] == "pos/2_2.txt"
    first = read_labelled(source).about()["sha256"]
    (folder / "test/pos/0_0.txt").write_text("other")
    assert read_labelled(source).about()["sha256"] != first
