"""Planted meanings: what is drawn, and that word vectors find it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gyeol import WordVectors
from gyeol.data.synthetic.word_families import word_families
from gyeol.inputs.vectors.benchmarks import evaluate_vectors
from gyeol.kernels import native_available


def test_the_same_seed_gives_the_same_families() -> None:
    first, again, other = word_families(20), word_families(20), word_families(20, seed=1)
    assert first == again
    assert first.texts != other.texts
    assert len(first.texts) == 20
    assert {len(text.split()) for text in first.texts} == {9}
    assert len(first.analogies) == 30 * 29 * 6
    assert sum(score for *_, score in first.pairs) == 30 * 6


@pytest.mark.skipif(not native_available(), reason="the reference takes a minute")
@pytest.mark.parametrize(("algorithm", "least"), [("skipgram", 0.95), ("cbow", 0.8)])
def test_word_vectors_find_them(algorithm: str, least: float, tmp_path: Path) -> None:
    drawn = word_families(3000, stems=15)
    (tmp_path / "analogies").write_text("".join(f"{' '.join(words)}\n" for words in drawn.analogies), "utf-8")
    (tmp_path / "pairs").write_text("".join(f"{a}\t{b}\t{score}\n" for a, b, score in drawn.pairs), "utf-8")
    vectors = WordVectors.train(
        drawn.texts, algorithm=algorithm, size=32, learning_rate=0.05, sample=0.0, min_count=1, epochs=6, threads=1,
        tokenizer="whitespace",
    )  # fmt: skip
    assert evaluate_vectors(vectors, tmp_path / "analogies")["accuracy"] > least
    alike = [(vectors.similarity(a, b), score) for a, b, score in drawn.pairs]
    of_a_stem = [cosine for cosine, score in alike if score]
    others = [cosine for cosine, score in alike if not score]
    assert sum(of_a_stem) / len(of_a_stem) > sum(others) / len(others) + 0.3
