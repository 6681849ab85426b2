"""FASTA files, folders of them, and what is wrong with some."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gyeol.data.fasta import class_files, is_fasta, read_fasta
from gyeol.data.files import columns_of, read_examples
from gyeol.data.sources import Source, read_labelled
from gyeol.errors import DataError

TWO = ">one first\nACGT\nac\n\n> \nTT\n"


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


@pytest.mark.parametrize("name", ["a.fa", "a.FASTA", "a.fna.gz", "a.txt"])
def test_records(tmp_path: Path, name: str) -> None:
    found = list(read_fasta(write(tmp_path, name, TWO)))
    assert [(r.name, r.letters, r.line) for r in found] == [("one first", "ACGTac", 1), ("", "TT", 5)]


@given(st.lists(st.text("ACGTN*-.", min_size=1, max_size=50), min_size=1, max_size=5), st.integers(1, 60))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, letters: list[str], width: int) -> None:
    lines = [f">{i}\n" + "\n".join(s[k : k + width] for k in range(0, len(s), width)) for i, s in enumerate(letters)]
    path = write(tmp_path_factory.mktemp("fasta"), "a.fa", "\r\n".join(lines))
    assert [r.letters for r in read_fasta(path)] == letters


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ACGT\n>a\nA\n", "line 1: 'ACGT' before the first header"),
        (">a\n>b\nA\n", "line 1: the sequence 'a' has no letters"),
        (">a\nA\n>b\n", "line 3: the sequence 'b' has no letters"),
        (">a\nAC1T\n", "line 2: '1' is no letter"),
        (">a\nA C\n", "line 2: ' ' is no letter"),
        ("\n\n", "holds no sequence"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        list(read_fasta(write(tmp_path, "a.fa", text)))


def test_a_sequence_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gyeol.data.fasta.MAX_SEQUENCE", 5)
    assert len(list(read_fasta(write(tmp_path, "a.fa", ">a\nACG\nTT\n")))) == 1
    with pytest.raises(DataError, match="line 3: a sequence of more than 5 letters"):
        list(read_fasta(write(tmp_path, "b.fa", ">a\nACG\nTTT\n")))


def test_as_examples(tmp_path: Path) -> None:
    path = write(tmp_path, "a.fa", TWO)
    assert [(e.input, e.target, e.line) for e in read_examples(path, need_target=False)] == [
        ("ACGTac", None, 1),
        ("TT", None, 5),
    ]
    assert columns_of(path) == ["1"]
    with pytest.raises(DataError, match="without labels; give a folder"):
        read_examples(path)
    with pytest.raises(DataError, match="no columns: leave --input seq out"):
        read_examples(path, input="seq", need_target=False)


def test_a_folder_is_classes(tmp_path: Path) -> None:
    assert class_files(tmp_path) == {}
    write(tmp_path, "other.fa.gz", ">x\nGG\n")
    with pytest.raises(DataError, match="one FASTA file, other"):
        class_files(tmp_path)
    write(tmp_path, "promoter.fasta", TWO)
    write(tmp_path, "notes.txt", "not read")
    read = read_labelled(Source(tmp_path, None, None, "dna"))
    assert (read.texts, read.labels, read.lines) == (
        ["GG", "ACGTac", "TT"],
        ["other", "promoter", "promoter"],
        [1, 1, 5],
    )
    before = read.about()["sha256"]
    write(tmp_path, "promoter.fasta", TWO.replace("ACGT", "ACGG"))
    assert read.about()["sha256"] != before
    write(tmp_path, "other.fna", ">x\nG\n")
    with pytest.raises(DataError, match="two files of one class, 'other'"):
        class_files(tmp_path)


def test_names() -> None:
    assert [is_fasta(Path(n)) for n in ("a.fa", "b.faa.gz", "c.ffn", "fa", "d.fa.txt")] == [True] * 3 + [False] * 2
