"""Word vectors trained by our own kernels beside Gensim's: words per second, and what the vectors know, over seeds.

Both get the same words: the corpora are lowercased and hold nothing but letters, as text8 does. Where the data are not
on this machine, a generated corpus with planted meanings serves.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable, Collection, Iterable
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from statistics import mean, median
from typing import Any, NamedTuple

import torch

from gyeol.bench.figures import figure, lowest
from gyeol.data.catalogue.lookup import resolve_file
from gyeol.data.synthetic.word_families import word_families
from gyeol.data.text.sources import Texts, find_source
from gyeol.errors import DataError
from gyeol.inputs import WordVectors
from gyeol.inputs.vectors.benchmarks import evaluate_vectors
from gyeol.inputs.vectors.corpus import number_corpus, write_corpus
from gyeol.inputs.vectors.own_training import train_numbered
from gyeol.inputs.vectors.training import ALGORITHMS

__all__ = ["PEERS", "run"]

PEERS = ("gensim",)

#: Corpora by name: data sets that each is read from, letters that make its words, and the tests of its vectors.
CORPORA: dict[str, tuple[tuple[str, ...], str, str, tuple[str, ...]]] = {
    "English": (("wikitext2", "ptb", "imdb"), "[a-z]+", "words_en", ("analogies", "wordsim353", "simlex999", "rare")),
    "Korean": (("nsmc", "korean_chatbot", "ko_en"), "[가-힣]+", "words_ko", ("analogies", "wordsim353")),
}
SEEDS = (1, 2, 3)
_SETTINGS: dict[str, Any] = {
    "size": 100, "window": 5, "min_count": 5, "negative": 5, "epochs": 5, "learning_rate": 0.025, "sample": 1e-3,
}  # fmt: skip
_FEWEST = 30  # questions that a test must ask
_MOST = 4_000_000  # words of a corpus: Gensim takes minutes for so many


class Corpus(NamedTuple):
    """A corpus: a file, a sentence a line, words and single spaces; the files of tests; how many words it has."""

    name: str
    path: Path
    tests: list[Path]
    words: int


class Trained(NamedTuple):
    """One training: seconds from texts to vectors; seconds and seconds of all cores of the training alone."""

    vectors: WordVectors
    whole: float
    seconds: float
    core_seconds: float


def run(
    *, quick: bool = False, note: Callable[[str], None] = lambda line: None, peers: Collection[str] = PEERS
) -> dict[str, Any]:
    """Train each in turns, a seed after the other; see `gyeol.bench.run`."""
    rows: list[dict[str, Any]] = []
    engines: dict[str, Callable[..., Trained]] = {"gyeol": _ours}
    absent = {}
    if "gensim" in peers and find_spec("gensim"):
        engines["Gensim"] = _gensims
    elif "gensim" in peers:
        absent["Gensim"] = "pip install 'gyeol[vectors]'"
    with tempfile.TemporaryDirectory(prefix="gyeol.") as folder:
        corpora = [_families(Path(folder), quick)]
        if not quick:
            found = [_corpus(name, Path(folder)) for name in CORPORA]
            corpora = [corpus for corpus in found if corpus is not None] or corpora
        for corpus in corpora:
            for algorithm in ALGORITHMS:
                trained: dict[str, list[Trained]] = {who: [] for who in engines}
                for seed in SEEDS[:2] if quick else SEEDS:
                    for who, train in engines.items():
                        trained[who].append(train(corpus, algorithm, seed))
                if len({frozenset(each.vectors.words) for all_of in trained.values() for each in all_of}) > 1:
                    raise AssertionError(f"{corpus.name}, {algorithm}: not all were trained on the same words")
                rows += _rows(corpus, algorithm, trained)
                for row in rows[-len(engines) :]:
                    shown = ", ".join(
                        f"{t} {f['mean']:.4f} (spread {f['spread']:.4f})" for t, f in row["tests"].items()
                    )
                    note(f"{corpus.name}, {algorithm}, {row['who']}: {row['words/s']:,.0f} words/s; {shown}")
    return {"data": ", ".join(corpus.name for corpus in corpora), "rows": rows, "absent": absent,
            "summary": _summary(rows), "precisions": dict.fromkeys(engines, "float32")}  # fmt: skip


def _rows(corpus: Corpus, algorithm: str, trained: dict[str, list[Trained]]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    scores = {
        who: [{test.stem: _score(each.vectors, test) for test in corpus.tests} for each in all_of]
        for who, all_of in trained.items()
    }
    for who, all_of in trained.items():
        peers = trained.get("Gensim") if who != "Gensim" else None
        tests = {}
        for test in corpus.tests:
            values = [value for each in scores[who] if (value := each[test.stem]) is not None]
            if values:
                tests[test.stem] = {"mean": mean(values), "spread": max(values) - min(values), "all": values}
        pairs = list(zip(all_of, peers or [], strict=bool(peers)))
        rows.append(
            {
                "corpus": corpus.name, "algorithm": algorithm, "who": who,
                "words/s": corpus.words * _SETTINGS["epochs"] / median(each.seconds for each in all_of),
                "ratio": median(theirs.seconds / ours.seconds for ours, theirs in pairs) if pairs else None,
                "ratio, core seconds": (
                    median(theirs.core_seconds / ours.core_seconds for ours, theirs in pairs) if pairs else None
                ),
                "ratio, from texts": median(theirs.whole / ours.whole for ours, theirs in pairs) if pairs else None,
                **{name: f"{t['mean']:.4f} ({t['spread']:.4f})" for name, t in tests.items()},
                "tests": tests,
                "times": {"seconds": [each.seconds for each in all_of], "whole": [each.whole for each in all_of],
                          "core seconds": [each.core_seconds for each in all_of]},
            }
        )  # fmt: skip
    return rows


def _summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Set the worst ratio beside its target; of the tests, how far above Gensim's mean less the greater spread."""
    theirs = {(row["corpus"], row["algorithm"]): row["tests"] for row in rows if row["who"] == "Gensim"}
    margins, differences = [], []
    for row in rows:
        beside = theirs.get((row["corpus"], row["algorithm"]), {}) if row["who"] != "Gensim" else {}
        for test, found in beside.items():
            mine, where = row["tests"][test], f"{row['corpus']}, {row['algorithm']}, {test}"
            difference = mine["mean"] - found["mean"]
            differences.append((difference, where))
            margins.append((difference + max(mine["spread"], found["spread"]), where))
    least = min(margins, default=(None, ""), key=lambda case: case[0])
    return {
        "words per second, times Gensim's": lowest(
            [(row["ratio"], f"{row['corpus']}, {row['algorithm']}") for row in rows if row["ratio"] is not None],
            at_least=3.0,
        ),
        "least difference of a test's mean to Gensim's": lowest(differences),
        "the same, plus the greater spread over seeds": figure(least[0], at_least=0.0, where=least[1]),
    }


def _ours(corpus: Corpus, algorithm: str, seed: int) -> Trained:
    threads = torch.get_num_threads()
    with tempfile.TemporaryDirectory(prefix="gyeol.") as folder, corpus.path.open(encoding="utf-8") as lines:
        started = time.perf_counter()
        numbered = number_corpus(
            lines, Path(folder), tokenizer="whitespace", min_count=_SETTINGS["min_count"], threads=threads
        )[-1]
        before, cores = time.perf_counter(), time.process_time()
        vectors = train_numbered(numbered, {**_SETTINGS, "algorithm": algorithm, "random_state": seed}, threads)
        seconds, core_seconds = time.perf_counter() - before, time.process_time() - cores
        whole = time.perf_counter() - started
        return Trained(WordVectors(numbered.words, vectors), whole, seconds, core_seconds)


def _gensims(corpus: Corpus, algorithm: str, seed: int) -> Trained:
    """Train in the fastest way that Gensim has: from a file, which its threads read."""
    from gensim.models import Word2Vec

    with tempfile.TemporaryDirectory(prefix="gyeol.") as folder, corpus.path.open(encoding="utf-8") as lines:
        started = time.perf_counter()
        path = Path(folder) / "corpus.txt"
        write_corpus(lines, path, tokenizer="whitespace")
        model = Word2Vec(
            sg=int(algorithm == "skipgram"), vector_size=_SETTINGS["size"], window=_SETTINGS["window"],
            min_count=_SETTINGS["min_count"], negative=_SETTINGS["negative"], alpha=_SETTINGS["learning_rate"],
            sample=_SETTINGS["sample"], workers=torch.get_num_threads(), seed=seed,
        )  # fmt: skip
        model.build_vocab(corpus_file=str(path))
        before, cores = time.perf_counter(), time.process_time()
        model.train(
            corpus_file=str(path), total_examples=model.corpus_count, total_words=model.corpus_total_words,
            epochs=_SETTINGS["epochs"],
        )  # fmt: skip
        seconds, core_seconds = time.perf_counter() - before, time.process_time() - cores
        whole = time.perf_counter() - started
        return Trained(WordVectors(model.wv.index_to_key, model.wv.vectors), whole, seconds, core_seconds)


def _score(vectors: WordVectors, test: Path) -> float | None:
    found = evaluate_vectors(vectors, test)
    score: float | None = found["accuracy"] if found["kind"] == "analogy" else found["spearman"]
    return score if found["asked"] >= _FEWEST else None


def _corpus(name: str, folder: Path) -> Corpus | None:
    """Read a corpus, or what of it is on this machine; None where nothing is."""
    sets, letters, tests, roles = CORPORA[name]
    names, places = [], []
    path, words = folder / f"{name}.txt", 0
    with path.open("w", encoding="utf-8") as file:
        for data in sets:
            try:
                source = find_source(data, "train")
                words += _write(Texts(source), letters, _MOST - words, file.write)
                names.append(data)
            except DataError:
                continue
    for role in roles:
        try:
            places.append(resolve_file(tests, role))
        except DataError:
            continue
    return Corpus(f"{name} ({' + '.join(names)}, {words:,} words)", path, places, words) if names else None


def _write(texts: Iterable[str], letters: str, most: int, write: Callable[[str], object]) -> int:
    words = 0
    for text in texts:
        if words >= most:
            break
        found = re.findall(letters, text.lower().replace("<unk>", " ").replace("<br />", " "))
        if len(found) > 1:
            write(" ".join(found) + "\n")
            words += len(found)
    return words


def _families(folder: Path, quick: bool) -> Corpus:
    """Write a corpus with planted meanings, and the questions about them."""
    drawn = word_families(500, stems=8) if quick else word_families(200_000)
    path, analogies, pairs = (folder / f"{name}.txt" for name in ("families", "analogies", "pairs"))
    path.write_text("".join(f"{text}\n" for text in drawn.texts), encoding="utf-8")
    analogies.write_text("".join(f"{' '.join(words)}\n" for words in islice(drawn.analogies, 2000)), encoding="utf-8")
    pairs.write_text("".join(f"{a}\t{b}\t{score}\n" for a, b, score in drawn.pairs), encoding="utf-8")
    return Corpus("word families (generated)", path, [analogies, pairs], 9 * len(drawn.texts))
