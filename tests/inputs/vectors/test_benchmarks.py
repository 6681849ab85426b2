"""Analogy and similarity sets: read, asked, counted; Gensim counts the same."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gyeol import WordVectors
from gyeol.errors import DataError
from gyeol.inputs.vectors.benchmarks import evaluate_vectors

ROYAL = WordVectors(
    ["king", "queen", "son", "Daughter", "house"], [[1, 0, 1], [1, 1, 1], [0, 0, 1], [0, 1, 1], [-9, 1, 0]]
)
DATA = Path(os.environ.get("GYEOL_DATA", "/nowhere"))


def written(folder: Path, text: str) -> Path:
    path = folder / "set.txt"
    path.write_text(text, "utf-8")
    return path


def test_analogies_by_section(tmp_path: Path) -> None:
    family = ["King queen son daughter", "king queen son house", "king queen son prince"]
    text = "\n".join([": family", *family, "", ": more", "son daughter king queen", ""])
    result = evaluate_vectors(ROYAL, written(tmp_path, text))
    assert (result["kind"], result["correct"], result["asked"], result["total"]) == ("analogy", 2, 3, 4)
    assert result["coverage"] == 0.75
    assert result["sections"]["family"] == {"accuracy": 0.5, "correct": 1, "asked": 2, "total": 3, "coverage": 2 / 3}
    assert evaluate_vectors(ROYAL, tmp_path / "set.txt", ignore_case=False)["asked"] == 1
    assert evaluate_vectors(ROYAL, tmp_path / "set.txt", among=2)["accuracy"] is None


@pytest.mark.parametrize("between", ["\t", ",", " "])
def test_similarities(between: str, tmp_path: Path) -> None:
    rows = ["word 1|word 2|score"] if between != " " else []
    rows += ["king|queen|9", "king|son|7.5", "king|house|0", "king|prince|8"]
    result = evaluate_vectors(ROYAL, written(tmp_path, "\ufeff" + "\n".join(rows).replace("|", between)))
    assert (result["kind"], result["asked"], result["total"], result["coverage"]) == ("similarity", 3, 4, 0.75)
    assert result["spearman"] == pytest.approx(1.0)


def test_too_few_pairs_give_no_figure(tmp_path: Path) -> None:
    assert evaluate_vectors(ROYAL, written(tmp_path, "king queen 3\n"))["spearman"] is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("king queen son daughter\nking queen\n", "line 2.*expected four words"),
        ("king queen 3\nking queen son daughter\n", "line 2.*two words and a number"),
        ("king\n", "line 1"),
        ("a b c d e\n", "line 1"),
        (": only a section\n", "no question"),
        ("king queen 3\nking son many\n", "line 2"),
        ("king queen 3\nking son nan\n", "line 2"),
    ],
)
def test_files_that_ask_nothing(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        evaluate_vectors(ROYAL, written(tmp_path, text))


@pytest.mark.skipif(not (DATA / "wordvec_eval").is_dir(), reason="GYEOL_DATA does not name the data sets")
@pytest.mark.parametrize("case", [True, False])
def test_gensim_counts_the_same(case: bool) -> None:
    models = pytest.importorskip("gensim.models", reason="Gensim is not installed")
    path = next((DATA / "glove_small").glob("*.txt"))
    ours = WordVectors.load(path, limit=4000, cache=False)
    theirs = models.KeyedVectors(ours.size)
    theirs.add_vectors(ours.words, ours.vectors)
    sets = DATA / "wordvec_eval"
    score, sections = theirs.evaluate_word_analogies(sets / "questions-words.txt", case_insensitive=case)
    mine: Any = evaluate_vectors(ours, sets / "questions-words.txt", ignore_case=case)
    assert mine["asked"] == sum(len(s["correct"]) + len(s["incorrect"]) for s in sections[:-1])
    assert mine["accuracy"] == pytest.approx(score, abs=2e-3)  # Gensim looks at the best five only
    expected = theirs.evaluate_word_pairs(sets / "EN-WS-353-ALL.txt", case_insensitive=case)
    pairs = evaluate_vectors(ours, sets / "EN-WS-353-ALL.txt", ignore_case=case)
    assert pairs["spearman"] == pytest.approx(expected[1].statistic, abs=1e-6)
    assert pairs["coverage"] == pytest.approx(1 - expected[2] / 100)
    assert np.isfinite(pairs["pearson"])
