"""`gyeol` on biological sequences: a folder of classes, letters and their tags."""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

import pytest

from gyeol.cli.app import main
from gyeol.data.text.fasta import read_fasta

from ..conftest import TINY, Run

CHAINS = [("MKVLA", "CHHHC"), ("GGKVL", "CCHHH"), ("AKVGG", "CHHCC"), ("KVMAK", "HHCCH")] * 6
SMALL = [
    *("--set", "characters=none"), *("--set", "hidden_size=16"), *("--set", "embedding_size=8"), *("--threads", "1"),
    *("--set", "learning_rate=0.03"), *("--set", "batch_size=6"), *("--set", "epochs=8"), "--json",
]  # fmt: skip


def fasta(path: Path, sequences: list[str]) -> Path:
    path.write_text("".join(f">{number}\n{letters}\n" for number, letters in enumerate(sequences)), "utf-8")
    return path


def test_a_folder_of_classes(gyeol: Run, tmp_path: Path) -> None:
    folder = tmp_path / "dna"
    folder.mkdir()
    fasta(folder / "promoter.fa", ["TATAATTATAAT"] * 20)
    one = fasta(folder / "other.fa", ["GCCGGCGCCGGC"] * 20)
    answer = gyeol("fit", "classify", folder, "--out", tmp_path / "m", *TINY, "--json").object
    assert answer["classes"] == ["other", "promoter"]
    assert gyeol("evaluate", tmp_path / "m", folder, "--json").object["count"] == 40
    rows = gyeol("predict", tmp_path / "m", "--file", one, "--json").object["predictions"]
    assert [row["line"] for row in rows[:3]] == [1, 3, 5]
    told = gyeol("fit", "classify", one, "--out", tmp_path / "n")
    assert (told.status, "a folder with one FASTA file a class" in told.err) == (2, True)


def test_letters_and_their_tags(gyeol: Run, tmp_path: Path) -> None:
    chains = fasta(tmp_path / "chains.fa", [letters for letters, _ in CHAINS])
    states = fasta(tmp_path / "states.fa", [tags for _, tags in CHAINS])
    gyeol("fit", "tag", chains, "--target", states, "--out", tmp_path / "m", *SMALL)
    figures = gyeol("evaluate", tmp_path / "m", chains, "--target", states, "--json").object
    assert figures["accuracy"] > 0.9
    assert gyeol("predict", tmp_path / "m", "--file", chains).out.startswith("# name = 0\nM\tC\nK\tH\n")
    for arguments, message in (
        (["fit", "tag", chains, "--out", tmp_path / "n"], "with --target FILE"),
        (
            ["fit", "tag", chains, "--target", states, "--valid", chains, "--out", tmp_path / "n"],
            "--valid needs a file",
        ),
        (["evaluate", tmp_path / "m", chains], "with --target FILE"),
    ):
        told = gyeol(*arguments)
        assert (told.status, message in told.err) == (2, True)


@pytest.fixture(scope="module")
def promoters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of two kinds of sequences of twelve bases."""
    place = tmp_path_factory.mktemp("promoters")
    folder = place / "dna"
    folder.mkdir()
    fasta(folder / "promoter.fa", ["TATAATTATAAT", "TTTAATTATAAA"] * 10)
    fasta(folder / "other.fa", ["GCCGGCGCCGGC", "GCCGCCGGCGGC"] * 10)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["gyeol", "fit", "classify", str(folder), "--out", str(place / "m"), *TINY, "-q"])
        main()
    return place / "m"


CASE = ">one a gene\ntataat\nuauaau\n>two\nGCCGGC\nGCCGGC\n"


def test_through_a_pipe_as_from_a_file(gyeol: Run, promoters: Path, tmp_path: Path) -> None:
    path = tmp_path / "case.txt"
    path.write_text(CASE, "utf-8")
    packed = tmp_path / "case.fa.gz"
    packed.write_bytes(gzip.compress(CASE.encode()))
    piped = gyeol("predict", promoters, "--json", stdin=CASE.encode()).object["predictions"]
    assert [(row["line"], row["name"], row["label"], row["text"]) for row in piped] == [
        (1, "one a gene", "promoter", "tataatuauaau"),
        (4, "two", "other", "GCCGGCGCCGGC"),
    ]
    for other in (path, packed):
        assert gyeol("predict", promoters, "--file", other, "--json").object["predictions"] == piped
    told = gyeol("predict", promoters, stdin=CASE.replace("\n", "\r\n").encode())
    assert told.out.splitlines()[0] == "line\tlabel\tprobability\tname\ttext"
    assert [line.split("\t")[3] for line in told.out.splitlines()[1:]] == ["one a gene", "two"]
    assert told.err == ""
    out = tmp_path / "answers.csv"
    assert gyeol("predict", promoters, "--file", path, "--out", out).status == 0
    assert out.read_text("utf-8").splitlines()[1].endswith("one a gene,tataatuauaau")


def test_a_bad_record_does_not_stop_the_others(gyeol: Run, promoters: Path) -> None:
    told = gyeol("predict", promoters, "--json", stdin=b">a\nTATAATTATAAT\n>b\nTA1A\n>c\nGCCGGCGCCGGC\n")
    rows = told.object["predictions"]
    assert [(row["name"], row["label"]) for row in rows] == [("a", "promoter"), ("b", None), ("c", "other")]
    assert (told.status, "line 4: '1' is not a letter of a sequence" in told.err) == (0, True)


def test_texts_that_begin_with_a_sign_are_texts(gyeol: Run, model: Path) -> None:
    rows = gyeol("predict", model, "--json", stdin="> 정말 좋아요\n정말 싫어요\n".encode()).object["predictions"]
    assert [row["text"] for row in rows] == ["> 정말 좋아요", "정말 싫어요"]


@pytest.mark.parametrize(("sequence", "share"), [("MKVLAEGIVGLL", 0.75), ("NNNNNNNNNNNN", 1.0), ("RYRYRYRYRYRY", 1.0)])
def test_a_foreign_alphabet_is_told(gyeol: Run, promoters: Path, sequence: str, share: float) -> None:
    line = f"1 of 2 texts: most letters are not A, C, G, T or U (up to {100 * share:.0f} %, first '{sequence}')"
    named = gyeol("predict", promoters, "TATAATTATAAT", sequence, "--json")
    assert [row.get("unknown") for row in named.object["predictions"]] == [None, share]
    assert line in named.err
    assert line in gyeol("predict", promoters, stdin=f">a\nTATAATTATAAT\n>b\n{sequence}\n".encode()).err


def test_texts_in_an_alphabet_never_seen(gyeol: Run, model: Path, tmp_path: Path) -> None:
    told = gyeol("predict", model, "a wonderful film", "정말 좋아요", "--json")
    assert "1 of 2 texts: most letters did not occur in training (up to 100 %" in told.err
    assert [row.get("unknown") for row in told.object["predictions"]] == [1.0, None]
    path = tmp_path / "a.csv"
    path.write_text("text,label\na wonderful film,긍정\nan awful film,부정\n", "utf-8")
    assert "2 of 2 texts: most letters did not occur" in gyeol("evaluate", model, path).err


def test_sequences_of_another_length_than_the_aligned_ones(gyeol: Run, promoters: Path) -> None:
    told = gyeol("predict", promoters, "TATAATTATAAT", "TATAATTATAA")
    assert "1 of 2 texts are not 12 letters long" in told.err


def test_what_was_noticed_is_said(gyeol: Run, promoters: Path, tmp_path: Path) -> None:
    about = gyeol("info", promoters, "--json").object["about"]
    assert about["aligned"].startswith(
        "all sequences have 12 letters and are read as aligned: positions=12, direct=true"
    )
    assert about["nucleotides"].startswith("small letters are read as capitals")
    table = tmp_path / "a.csv"
    rows = [f"TATAATTATAAT,promoter,p{n}\nGCCGGCGCCGGC,other,o{n}\n" for n in range(12)]
    table.write_text("seq,kind,id\n" + "".join(rows), "utf-8")
    fit = ("fit", "classify", table, "--input", "seq", "--target", "kind", *TINY, "--set", "epochs=1")
    told = gyeol(*fit, "--out", tmp_path / "m")
    assert "aligned: all sequences have 12 letters" in told.err
    assert "positions=0 turns this off" in told.err
    assert "aligned" not in gyeol(*fit, "--set", "positions=0", "--out", tmp_path / "n").err
    path = fasta(tmp_path / "new.fa", ["TATAATTATAAT"])
    rows = gyeol("predict", tmp_path / "m", "--file", path, "--json").object["predictions"]
    assert rows[0]["name"] == "0"


def test_tags_as_fasta(gyeol: Run, tmp_path: Path) -> None:
    chains = fasta(tmp_path / "chains.fa", [letters for letters, _ in CHAINS])
    states = fasta(tmp_path / "states.fa", [tags for _, tags in CHAINS])
    gyeol("fit", "tag", chains, "--target", states, "--out", tmp_path / "m", *SMALL)
    case = b">first chain\nMKV\nLA\n>second\nGGKVL\n"
    tags = tmp_path / "tags.fa"
    assert gyeol("predict", tmp_path / "m", "--out", tags, stdin=case).status == 0
    told = gyeol("predict", tmp_path / "m", "--json", stdin=case).object["predictions"]
    assert [row["name"] for row in told] == ["first chain", "second"]
    records = list(read_fasta(tags))
    assert [(record.name, list(record.letters)) for record in records] == [(row["name"], row["tags"]) for row in told]
    plain = gyeol("predict", tmp_path / "m", stdin=case).out
    assert plain.startswith("# name = first chain\nM\tC\n")
    assert plain.count("\n\n") == 2
    # What was written can be read again, with the file of the letters.
    again = gyeol("evaluate", tmp_path / "m", fasta_of(tmp_path / "case.fa", case), "--target", tags, "--json").object
    assert again["accuracy"] == 1.0
    protein = gyeol("predict", tmp_path / "m", "JJJJJ", "--json")
    assert protein.object["predictions"][0]["unknown"] == 1.0
    assert "1 of 1 sentences: most letters did not occur" in protein.err


def fasta_of(path: Path, text: bytes) -> Path:
    path.write_bytes(text)
    return path


def test_dna_asked_of_a_model_of_proteins_is_told(gyeol: Run, tmp_path: Path) -> None:
    rows = [("MKVLAAGIVGLLLAGC", "a"), ("DEFHNPQRSTWYDEFH", "b"), ("WYKLMNPQACDEFG", "a"), ("STVWHIKLMRST", "b")] * 6
    (tmp_path / "a.csv").write_text("seq,label\n" + "".join(f"{text},{own}\n" for text, own in rows), "utf-8")
    done = gyeol("fit", "classify", tmp_path / "a.csv", "--out", tmp_path / "m", *TINY)
    assert done.status == 0, done.err
    told = gyeol("predict", tmp_path / "m", "ACGTACGTTGCAACGT", "GCUAGCUAGCUAGCUA", "MKVLAAGIVGLLLAGC", "ACGT").err
    assert "2 of 4 texts look like DNA or RNA, but this model was trained on proteins" in told
