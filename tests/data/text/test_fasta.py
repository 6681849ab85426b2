"""FASTA files, folders of them, and what is wrong with some."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gyeol.data.tables.rows import BadRow
from gyeol.data.text.example import Example
from gyeol.data.text.example_files import columns_of, read_examples
from gyeol.data.text.fasta import class_files, is_fasta, read_fasta
from gyeol.data.text.fasta_examples import piped_fasta, record_examples
from gyeol.data.text.sources import Source, read_labelled
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
        (">a\nAC1T\n", "line 2: '1' is not a letter"),
        (">a\nA C\n", "line 2: ' ' is not a letter"),
        ("\n\n", "holds no sequence"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        list(read_fasta(write(tmp_path, "a.fa", text)))


def test_a_sequence_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gyeol.data.text.fasta.MAX_SEQUENCE", 5)
    assert len(list(read_fasta(write(tmp_path, "a.fa", ">a\nACG\nTT\n")))) == 1
    with pytest.raises(DataError, match="line 3: a sequence of more than 5 letters"):
        list(read_fasta(write(tmp_path, "b.fa", ">a\nACG\nTTT\n")))


def test_as_examples(tmp_path: Path) -> None:
    path = write(tmp_path, "a.fa", TWO)
    assert [(e.input, e.target, e.line) for e in read_examples(path, need_target=False)] == [
        ("ACGTac", None, 1),
        ("TT", None, 5),
    ]
    assert [e.others for e in read_examples(path, need_target=False)] == [(("name", "one first"),), (("name", ""),)]
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


def test_a_bad_record_keeps_its_place_and_its_name(tmp_path: Path) -> None:
    path = write(tmp_path, "a.fa", ">a\nAC\n>b\nA1\nCC\n>c\n>d\nGG\n")
    bad: list[BadRow] = []
    assert [e.input for e in read_examples(path, need_target=False, on_bad_row=bad.append)] == ["AC", "GG"]
    assert [(row.line, row.kind, row.others) for row in bad] == [
        (4, "sequence", (("name", "b"),)),
        (6, "sequence", (("name", "c"),)),
    ]
    with pytest.raises(DataError, match="line 4: '1' is not a letter"):
        list(read_examples(path, need_target=False))


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.txt", ">x\nACGT\nACGT\n>y\nacgu\n", True),
        ("a", "\ufeff\n>x desc\r\nMKVL*\r\n", True),
        ("a.seq.gz", ">x\nACGT\n", True),
        ("a.txt", ">x\nACGT\nAC1T\nACGT\nACGT\n", True),  # one bad line
        ("a.txt", "> as you said\nno, not so\n", False),
        ("a.txt", ">>good\nbad\n", False),
        ("a.txt", ">x\n>y\n", False),
        ("a.txt", "ACGT\nACGT\n", False),
        ("a.csv", ">x\nACGT\n", False),
        ("a.txt", ">x\n", False),
    ],
)
def test_by_its_content(tmp_path: Path, name: str, text: str, expected: bool) -> None:
    path = write(tmp_path, name, text)
    assert is_fasta(path) is expected
    if expected:
        rows = read_examples(path, need_target=False, on_bad_row=lambda row: None)
        assert all(row.others[0][0] == "name" for row in rows)


def test_a_folder_of_text_files_that_are_fasta(tmp_path: Path) -> None:
    for name in ("promoter.txt", "other.txt"):
        write(tmp_path, name, TWO)
    assert list(class_files(tmp_path)) == ["other", "promoter"]


LINES: list[tuple[int, str] | BadRow] = [(1, ">a"), (2, "AC"), (3, "GT"), (4, ">b"), (5, "TT")]


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_lines_of_a_pipe(size: int) -> None:
    batches = [LINES[n : n + size] for n in range(0, len(LINES), size)]
    again, fasta = piped_fasta(batches)
    assert fasta
    rows = list(record_examples(chain.from_iterable(again)))
    assert [(row.input, row.others[0][1], row.line) for row in rows if isinstance(row, Example)] == [
        ("ACGT", "a", 1),
        ("TT", "b", 4),
    ]


def test_a_pipe_of_texts_is_told_from_its_first_line() -> None:
    read: list[int] = []

    def batches() -> Iterator[list[tuple[int, str] | BadRow]]:
        for number, line in enumerate(["", "good", "bad"], 1):
            read.append(number)
            yield [(number, line)]

    again, fasta = piped_fasta(batches())
    assert (fasta, read) == (False, [1, 2])
    assert [row for batch in again for row in batch] == [(1, ""), (2, "good"), (3, "bad")]
    assert piped_fasta([[(1, ">quoted")], [(2, "so it is")]])[1] is False
    assert list(piped_fasta([])[0]) == []


def test_a_line_that_cannot_be_read_is_a_fault_of_its_record() -> None:
    rows = list(record_examples([(1, ">a"), BadRow(2, "a NUL byte", "encoding"), (3, "GT"), (4, ">b"), (5, "TT")]))
    assert rows[0] == BadRow(2, "a NUL byte", "sequence", (("name", "a"),))
    assert isinstance(rows[1], Example)


def test_names() -> None:
    assert [is_fasta(Path(n)) for n in ("a.fa", "b.faa.gz", "c.ffn", "fa", "d.fa.txt")] == [True] * 3 + [False] * 2
