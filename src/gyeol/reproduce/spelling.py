"""Spelling correctors, trained and measured: English on Norvig's first test set, Korean on errors made by rule."""

from __future__ import annotations

import gzip
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gyeol.engine import Progress
from gyeol.reproduce.entry import Published, Reproduction, check_complete

__all__ = ["ENGLISH", "KOREAN", "SPELLING", "english", "korean"]

#: The setting of `spelling-en`; the rest are defaults.
ENGLISH: dict[str, Any] = {"min_count": 5, "reader_characters": 2_000_000}
#: The setting of `spelling-ko`.
KOREAN: dict[str, Any] = {
    "min_count": 2,
    "reader_characters": 1_500_000,
    "validation_fraction": 0.02,
}

_SENTENCE = re.compile(r"(?<=[.!?]) +")
_RUNNING = 1500  # lines of running text, nothing wrong in them, in which nothing should be changed
_REVIEWS = 1500  # reviews of the Korean test


def english(seed: int, threads: int | None, out: Path | None, progress: Progress | None) -> dict[str, Any]:
    """Train on Wikipedia, film reviews and the Bible, and on the lists of errors without the pairs of the test set."""
    from gyeol.data.catalogue.lookup import resolve_file
    from gyeol.data.text.typo_pairs import read_typo_pairs

    test = read_typo_pairs(resolve_file("spelling_en", "test"))
    lists = [
        pair
        for role in ("birkbeck", "aspell", "wikipedia")
        for pair in read_typo_pairs(resolve_file("spelling_en", role))
    ]
    pairs = [pair for pair in lists if pair not in set(test)]
    lines = list(_english_lines())
    model = _fitted(ENGLISH, lines, pairs, seed, threads, out, progress, "wikitext2, imdb, Bible (English)")
    figures = model.evaluate([typed for typed, _ in test], [meant for _, meant in test])
    right = sorted({meant for _, meant in test})
    running = list(_wikipedia("test"))[:_RUNNING]
    return {
        "figure": figures["accuracy"],
        "pairs": len(test),
        "pairs_left_out_of_training": len(lists) - len(pairs),
        "right_words": len(right),
        "right_words_changed": 1 - model.evaluate(right, right)["accuracy"],
        "running_words_changed": model.evaluate(running, running)["spoiled"],
        "threshold": model.threshold,
    }


def korean(seed: int, threads: int | None, out: Path | None, progress: Progress | None) -> dict[str, Any]:
    """Train on film reviews, the Bible and sentences; fix the errors that a typist made in others."""
    from gyeol.inputs.spelling.typos import Typist

    reviews = [" ".join(text.split()) for text in _column("nsmc", "test") if text.strip()][:_REVIEWS]
    sentences = list(_conllu("test"))
    excluded = {*reviews, *sentences}
    lines = [line for line in _korean_lines() if line.strip() and line not in excluded]
    model = _fitted(KOREAN, lines, None, seed, threads, out, progress, "nsmc, Bible, Tatoeba, UD Korean (Korean)")
    typist = Typist(seed=seed + 1000)
    answer: dict[str, Any] = {"threshold": model.threshold}
    for name, texts in (("nsmc", reviews), ("ud_korean", sentences)):
        wrong = [typist.type(text) for text in texts]
        figures = model.evaluate(wrong, texts)
        clean = model.evaluate(texts, texts)
        answer[name] = {k: figures[k] for k in ("precision", "recall", "f1", "errors", "changes", "spoiled", "count")}
        answer[name]["clean_words_changed"] = clean["spoiled"]
    both = [answer["nsmc"], answer["ud_korean"]]
    mended = sum(part["precision"] * part["changes"] for part in both)
    answer["figure"] = mended / max(1, sum(part["changes"] for part in both))
    answer["recall"] = mended / max(1, sum(part["errors"] for part in both))
    return answer


def _fitted(
    setting: dict[str, Any],
    lines: list[str],
    pairs: list[tuple[str, str]] | None,
    seed: int,
    threads: int | None,
    out: Path | None,
    progress: Progress | None,
    name: str,
) -> Any:
    from gyeol.tasks import SpellingCorrector

    random.Random(0).shuffle(lines)  # noqa: S311 -- the lines held out shall be of all kinds
    model = SpellingCorrector(**setting, random_state=seed, threads=threads)
    model.fit(lines, pairs, progress=progress, about={"data": name})
    check_complete(model)
    if out is not None:
        model.save(out)
    return model


def _english_lines() -> Iterator[str]:
    yield from _wikipedia("train")
    for role in ("train", "test"):
        for text in _column("imdb", role):
            yield from _SENTENCE.split(text.replace("<br />", " "))
    yield from _bible("en_web")


def _wikipedia(role: str) -> Iterator[str]:
    """Sentences of WikiText-2, its signs put together again, without those whose rare words were taken out."""
    for line in _column("wikitext2", role):
        if line.strip() and not line.strip().startswith("="):
            text = re.sub(r" @(.)@ ", r"\1", line.strip())
            text = re.sub(r" (?=[.,;:!?)]|'s\b|n't\b)|(?<=\() ", "", text)
            yield from (part for part in _SENTENCE.split(text) if "<unk>" not in part or role == "train")


def _korean_lines() -> Iterator[str]:
    yield from _column("nsmc", "train")
    yield from _column("nsmc", "unlabelled")
    yield from _conllu("valid")
    yield from _bible("ko_okb_modern")
    yield from _column("ko_en", "all", "2", "1")


def _column(name: str, role: str, column: str | None = None, other: str | None = None) -> Iterator[str]:
    from gyeol.data.text.sources import Texts, find_source

    yield from Texts(find_source(name, role, input=column, target=other), skip_bad_rows=True)


def _bible(column: str) -> Iterator[str]:
    from gyeol.data.catalogue.lookup import resolve_file
    from gyeol.data.text.sources import Source, Texts

    yield from Texts(Source(resolve_file("ko_en", "bible"), column, None, "ko_en (bible)"), skip_bad_rows=True)


def _conllu(role: str) -> Iterator[str]:
    from gyeol.data.catalogue.lookup import resolve_file

    with gzip.open(resolve_file("ud_korean", role), "rt", encoding="utf-8") as file:
        yield from (line.removeprefix("# text = ").strip() for line in file if line.startswith("# text = "))


SPELLING: dict[str, Reproduction] = {
    "spelling-en": Reproduction(
        title="English spelling: words of Norvig's first test set put right, each alone",
        metric="accuracy",
        examples="characters",
        setting="edits learned from pairs, two GRUs of 192 units over letters, log-linear weights",
        data="270 pairs, none of which is trained on; Birkbeck, Aspell, Wikipedia lists; wikitext2, imdb, Bible",
        published=(Published(0.75, "Norvig, How to Write a Spelling Corrector (norvig.com), the same 270 pairs"),),
        run=english,
    ),
    "spelling-ko": Reproduction(
        title="Korean spelling: typing errors made by rule in reviews and sentences, found and fixed",
        metric="precision",
        examples="characters",
        setting="edits of jamo, two GRUs of 192 units over syllables, log-linear weights",
        data="1,500 reviews of NSMC's test part and 989 sentences of UD Korean's; a word in ten mistyped",
        published=(Published(0.9, "no publication: the aim; the errors are those of gyeol data make typos"),),
        run=korean,
    ),
}
