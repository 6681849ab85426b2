"""Authors of the Bible's books, beside TF-IDF and logistic regression: the run behind ``gyeol reproduce authors``.

Passages are three verses of a chapter. Every fourth chapter is test, for all authors and seeds; of the
others the seed draws 15 in a hundred, book by book, to choose the epoch (and the baseline's features and strength).
The authors are the traditional ones.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from gyeol.engine import Progress
from gyeol.reproduce.entry import Reproduction, check_complete

__all__ = ["AUTHORS", "AUTHOR_CLASSIFIERS", "LANGUAGES", "TRIPLES", "passages_of", "reproduce_authors"]

#: Books by author.
TRIPLES: dict[str, dict[str, tuple[str, ...]]] = {
    "Paul, Luke, John": {
        "Paul": (
            "Romans", "1 Corinthians", "2 Corinthians", "Galatians", "Philippians", "1 Thessalonians", "Philemon",
        ),
        "Luke": ("Luke", "Acts"),
        "John": ("John", "1 John", "2 John", "3 John"),
    },
    "Isaiah, Jeremiah, Ezekiel": {
        "Isaiah": ("Isaiah",), "Jeremiah": ("Jeremiah", "Lamentations"), "Ezekiel": ("Ezekiel",),
    },
}  # fmt: skip

#: Columns of the verses.
LANGUAGES = {"Korean": "ko_krv1961", "English": "en_kjv"}

#: The setting, written out so that nothing hides in a default.
AUTHORS: dict[str, Any] = {
    "cell": "lstm",
    "hidden_size": 96,
    "num_layers": 1,
    "embedding_size": 96,
    "tokenizer": "syllable",
    "ngrams": 5,
    "min_count": 2,
    "dropout": 0.3,
    "batch_size": 32,
    "epochs": 6,
    "learning_rate": 0.012,
    "averaging": 0.99,
    "discrimination": 5.0,
    "shared": True,
    "precision": "auto",
}
_VERSES, _TEST, _WATCHED = 3, 4, 0.15

Part = tuple[list[str], list[str]]


def passages_of(verses: pl.DataFrame, triple: dict[str, tuple[str, ...]], column: str, seed: int) -> dict[str, Part]:
    """Cut an author's chapters into passages, and share the chapters out: ``train``, ``valid``, ``test``."""
    parts: dict[str, Part] = {role: ([], []) for role in ("train", "valid", "test")}
    draw = np.random.default_rng([seed, 0xB00C])
    for author, books in triple.items():
        for book in books:
            rows = verses.filter((pl.col("book") == book) & pl.col(column).is_not_null() & (pl.col(column) != ""))
            chapters = rows.group_by("chapter", maintain_order=True).agg(pl.col(column)).rows()
            rest = [number for number, _ in chapters if number % _TEST]
            watched = set(draw.permutation(rest)[: round(_WATCHED * len(rest))].tolist())
            for number, texts in chapters:
                role = "test" if number % _TEST == 0 else "valid" if number in watched else "train"
                for first in range(0, len(texts), _VERSES):
                    parts[role][0].append(" ".join(texts[first : first + _VERSES]))
                    parts[role][1].append(author)
    return parts


def reproduce_authors(seed: int, threads: int | None, out: Path | None, progress: Progress | None) -> dict[str, Any]:
    """Train on each triple in each language; the figure is the mean test accuracy, and so is the baseline's."""
    from gyeol.data.catalogue.lookup import resolve_file
    from gyeol.tasks import AuthorClassifier
    from gyeol.tasks.authors.baseline import author_baseline

    verses = pl.read_csv(resolve_file("ko_en", "bible"), separator="\t", quote_char=None)
    answers: list[dict[str, Any]] = []
    for name, triple in TRIPLES.items():
        for language, column in LANGUAGES.items():
            parts = passages_of(verses, triple, column, seed)
            model = AuthorClassifier(**AUTHORS, random_state=seed, threads=threads)
            model.fit(
                *parts["train"], validation=parts["valid"], progress=progress, about={"data": f"{name}, {column}"}
            )
            check_complete(model)
            if out is not None and not answers:
                model.save(out)
            here = model.evaluate(*parts["test"])
            other = author_baseline(parts["train"], parts["valid"], parts["test"], seed=seed)
            answers.append(
                {
                    "authors": name,
                    "language": language,
                    "test": here["count"],
                    "accuracy": round(here["accuracy"], 4),
                    "baseline": round(other["accuracy"], 4),
                    "valid": round(model.metrics_["valid_accuracy"], 4),
                    "baseline_valid": round(other["valid_accuracy"], 4),
                    "baseline_features": f"{other['features']}, C={other['C']:g}",
                }
            )
            if progress is not None:
                progress.note(str(answers[-1]))
    figure, beside = (float(np.mean([answer[key] for answer in answers])) for key in ("accuracy", "baseline"))
    return {"figure": figure, "beside": beside, "parts": answers, "count": sum(answer["test"] for answer in answers)}


AUTHOR_CLASSIFIERS: dict[str, Reproduction] = {
    "authors": Reproduction(
        title="Three authors' passages of three verses, Korean and English: mean test accuracy over two triples",
        metric="accuracy",
        setting="one shared LSTM of 96 units on characters, authors' runs of up to 5, discrimination 5; 6 epochs",
        data="Paul, Luke, John and Isaiah, Jeremiah, Ezekiel (KRV 1961, KJV); every fourth chapter is test",
        published=(),
        run=reproduce_authors,
        beside="measured here, not published: TF-IDF and logistic regression, tuned on the same validation chapters",
    ),
}
