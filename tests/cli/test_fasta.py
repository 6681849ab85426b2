"""`gyeol` on biological sequences: a folder of classes, letters and their tags."""

from __future__ import annotations

from pathlib import Path

from .conftest import TINY, Run

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
            "--valid is for files",
        ),
        (["evaluate", tmp_path / "m", chains], "with --target FILE"),
    ):
        told = gyeol(*arguments)
        assert (told.status, message in told.err) == (2, True)
