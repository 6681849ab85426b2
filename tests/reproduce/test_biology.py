"""`gyeol reproduce dna-promoters | protein-ss` on small files: what is counted, and what is left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gyeol.data.catalogue import lookup
from gyeol.reproduce import biology
from gyeol.reproduce.biology import domains, folded, related, share_right


def test_relatives_share_a_run_of_twenty() -> None:
    chain = "MKVLAETRSDNQWYFPIGHC"
    assert related([chain, "A" + chain[:-1], "AAAA"], [list(chain)]) == [True, False, False]
    assert related([chain], ["GG" + chain + "GG"]) == [True]


def test_only_the_domains_count(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("input,cb513_mask\nMKV,1.0 0.0 1.0\n", "utf-8")
    masks = domains(tmp_path / "a.csv")
    assert share_right([["H", "H", "C"]], [["H", "C", "H"]], masks) == pytest.approx(1 / 2)
    assert share_right([["H", "H", "C"]], [["H", "C", "H"]], [np.ones(3, dtype=bool)]) == pytest.approx(1 / 3)


def test_ten_folds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    small = {
        **biology.PROMOTERS,
        "hidden_size": 8,
        "embedding_size": 8,
        "epochs": 4,
        "learning_rate": 0.02,
        "ngrams": 2,
    }
    monkeypatch.setattr(biology, "PROMOTERS", small)
    folds = folded(["TATAAT" * 3] * 20, ["GCCGGC" * 3] * 20, 0, 1, tmp_path / "m", None)
    assert len(folds) == 10
    assert all(fold == {"sensitivity": 1.0, "specificity": 1.0, "correlation": 1.0} for fold in folds)
    assert (tmp_path / "m" / "config.json").is_file()


def test_copies_are_left_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    chains = ["M" + "AL" * 10, *("KV" * 12 for _ in range(30))]
    texts = {
        "sequences": "".join(f">{i}\n{chain}\n" for i, chain in enumerate(chains)),
        "states": "".join(
            f">{i}\n{'H' * len(c) if 'A' in c else 'EC' * (len(c) // 2)}\n" for i, c in enumerate(chains)
        ),
        "test": f"input,dssp3,cb513_mask\n{chains[0]},{'H' * 21},{'1.0 ' * 21}\nKV,EC,1.0 1.0\n",
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.{'csv' if name == 'test' else 'fa'}").write_text(text, "utf-8")
    files = {name: next(tmp_path.glob(f"{name}.*")) for name in texts}
    monkeypatch.setattr(lookup, "resolve_file", lambda name, role: files[role])
    monkeypatch.setattr(biology, "PROTEINS", {**biology.PROTEINS, "hidden_size": 8, "epochs": 2, "batch_size": 8})
    answer = biology._proteins(0, 1, None, None)
    assert answer["left_out"] == 1
    assert answer["related_chains"] == 0  # the only relative was left out
    assert answer["residues"] == 23
    assert answer["beside"] == pytest.approx(2 / 23)  # K is E, V is C; no chain that was read has an H
