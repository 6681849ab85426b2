"""Words into numbers: TF-IDF beside scikit-learn, word vectors read, queried and trained beside Gensim."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.feature_extraction.text import TfidfVectorizer

from gyeol.bench.figures import lowest
from gyeol.bench.timing import Contestant, Timing, take_turns
from gyeol.data.catalogue.lookup import resolve_file
from gyeol.data.text.sources import Texts, find_source
from gyeol.data.vectors.vector_files import read_vectors
from gyeol.errors import DataError
from gyeol.inputs import TextVectorizer, WordVectors, make_tokenizer
from gyeol.inputs.vectors.benchmarks import evaluate_vectors
from gyeol.inputs.vectors.corpus import write_corpus

__all__ = ["PEERS", "run"]

PEERS = ("scikit-learn", "gensim", "fasttext")

WORDS, SIZE = 400_000, 100  # of the table that is read and queried
_QUESTIONS = 20  # a call that is timed
_CORPORA = {"nsmc": "words_ko", "wikitext2": "words_en"}  # what is trained on, and tested with
_TRAINED: dict[str, Any] = {"size": 100, "window": 5, "min_count": 5, "negative": 5, "epochs": 3}


def run(
    *,
    quick: bool = False,
    note: Callable[[str], None] = lambda line: None,
    peers: Collection[str] = PEERS,
    seconds: float = 10.0,
) -> dict[str, Any]:
    """Time each kind of work; see `gyeol.bench.run`."""
    name, texts = _texts(quick)
    absent = {} if find_spec("gensim") else {"gensim": "pip install 'gyeol[vectors]'"}
    if not find_spec("fasttext"):
        absent["fasttext"] = "pip install fasttext"
    limits: dict[str, Any] = {"seconds": 0.01, "least": 2} if quick else {"seconds": seconds, "least": 3}
    rows: list[dict[str, Any]] = []

    def add(work: str, times: dict[str, Timing], **more: Any) -> None:
        others = {who: t for who, t in times.items() if not who.startswith("gyeol")}
        best = min(others, key=lambda who: others[who].median, default=None)
        for who in (who for who in times if who.startswith("gyeol")):
            ratio = others[best].median / times[who].median if best else None
            rows.append(
                {
                    "work": work, "who": who, "seconds": times[who].median, "peer": best,
                    "peer seconds": others[best].median if best else None, "ratio": ratio,
                    "all": {k: t.as_dict() for k, t in times.items()}, **more,
                }
            )  # fmt: skip
            beside = f", {ratio:.2f} times as fast as {best}" if best else ""
            note(f"{work}, {who}: {times[who].median:.4f} s{beside}")
        for who, tests in more.get("figures", {}).items():
            for test, found in tests.items():
                shown = ", ".join(f"{key} {value}" for key, value in found.items() if value is not None)
                note(f"  {who}, {test}: {shown}")

    for label, tokenizer, runs in (("word", "word", (1, 1)), ("word 1-2", "word", (1, 2))):
        add(f"tfidf {label}", _tfidf(texts, tokenizer, runs, peers, limits))
    with tempfile.TemporaryDirectory(prefix="gyeol.") as folder:
        count = 300 if quick else WORDS
        table = _table(count)
        add("read GloVe text", _read(table, Path(folder), quick, peers, limits))
        add("ten nearest words", _ask(table, peers, limits))
        for corpus, tests in _CORPORA.items() if "gensim" not in absent else ():
            read = (name, texts) if corpus == "nsmc" else _texts(quick, corpus)
            if read[1]:
                times, figures = _train(read[1], tests, Path(folder), quick, peers)
                add(f"train on {read[0]}", times, figures=figures)
    ratios: dict[str, list[tuple[float, str]]] = {}
    for row in rows:
        if row["ratio"] is not None:
            ratios.setdefault(row["work"].split(" on ")[0], []).append((row["ratio"], row["work"]))
    return {
        "data": name,
        "precisions": {who: "float64 and float32" for row in rows for who in row["all"]},
        "rows": rows,
        "absent": absent,
        "summary": {
            "TF-IDF, times as fast as scikit-learn": lowest(ratios.get("tfidf word", []), at_least=1.8),
            "GloVe text read, times as fast as Gensim": lowest(ratios.get("read GloVe text", []), at_least=5.0),
            "nearest words, times as fast as Gensim": lowest(ratios.get("ten nearest words", []), at_least=2.0),
            "training, times as fast as Gensim's own loop": lowest(ratios.get("train", [])),
        },
    }


def _texts(quick: bool, name: str = "nsmc") -> tuple[str, list[str]]:
    """Read a corpus; where it is not on this machine, the built-in reviews for NSMC, and nothing for others."""
    try:
        source = find_source("reviews" if quick and name == "nsmc" else name, "train")
        return source.name, list(islice(Texts(source), 200 if quick and name != "nsmc" else None))
    except DataError:
        return ("", []) if name != "nsmc" else _texts(True)


def _tfidf(
    texts: list[str], tokenizer: str, runs: tuple[int, int], peers: Collection[str], limits: dict[str, Any]
) -> dict[str, Timing]:
    cut = make_tokenizer(tokenizer).tokenize
    threads = torch.get_num_threads()
    ours = TextVectorizer("tfidf", tokenizer=tokenizer, ngram_range=runs, threads=threads)
    theirs = TfidfVectorizer(tokenizer=cut, token_pattern=None, lowercase=False, ngram_range=runs)
    mine, expected = ours.fit_transform(texts), theirs.fit_transform(texts)
    assert ours.get_feature_names_out().tolist() == theirs.get_feature_names_out().tolist()
    assert abs(mine - expected).max() < 1e-12
    del mine, expected
    # Its own defaults, too: they cut with its own pattern, and drop signs and single letters.
    plain = TfidfVectorizer(ngram_range=runs)
    return _turns(
        [
            Contestant("gyeol", lambda: ours.fit_transform(texts)),
            Contestant("scikit-learn, same tokens", lambda: theirs.fit_transform(texts)),
            Contestant("scikit-learn, own tokens", lambda: plain.fit_transform(texts)),
        ],
        peers,
        **limits,
    )


def _turns(contestants: list[Contestant], peers: Collection[str], **limits: Any) -> dict[str, Timing]:
    """Time gyeol and those who were chosen."""
    return take_turns([c for c in contestants if c.name.lower().startswith(("gyeol", *peers))], **limits)


def _table(count: int) -> WordVectors:
    draw = np.random.default_rng(0).standard_normal((count, SIZE)).astype(np.float32)
    return WordVectors([f"word{i}" for i in range(count)], np.round(draw, 5))


def _read(
    table: WordVectors, folder: Path, quick: bool, peers: Collection[str], limits: dict[str, Any]
) -> dict[str, Timing]:
    path = folder / "glove.txt"
    table.save(path, form="glove")
    assert np.array_equal(read_vectors(path, cache=False).vectors, table.vectors)
    contestants = [Contestant("gyeol", lambda: read_vectors(path, cache=False))]
    if find_spec("gensim"):
        from gensim.models import KeyedVectors

        assert np.array_equal(KeyedVectors.load_word2vec_format(path, no_header=True).vectors, table.vectors)
        contestants.append(Contestant("Gensim", lambda: KeyedVectors.load_word2vec_format(path, no_header=True)))
    return _turns(contestants, peers, **{**limits, "least": 1 if not quick else 2, "warm": 0})


def _ask(table: WordVectors, peers: Collection[str], limits: dict[str, Any]) -> dict[str, Timing]:
    queries = table.words[: len(table) : max(1, len(table) // _QUESTIONS)]
    contestants = [Contestant("gyeol", lambda: [table.similar(word, 10) for word in queries])]
    if find_spec("gensim"):
        from gensim.models import KeyedVectors

        theirs = KeyedVectors(table.size)
        theirs.add_vectors(table.words, table.vectors)
        for word in queries:
            mine, expected = table.similar(word, 10), theirs.most_similar(word, topn=10)
            np.testing.assert_allclose([c for _, c in mine], [c for _, c in expected], atol=1e-5)
        contestants.append(Contestant("Gensim", lambda: [theirs.most_similar(word, topn=10) for word in queries]))
    return _turns(contestants, peers, **limits)


def _train(
    texts: list[str], name: str, folder: Path, quick: bool, peers: Collection[str]
) -> tuple[dict[str, Timing], dict[str, Any]]:
    """Train by each once: that takes a minute. All read the same tokens; what is timed begins with texts."""
    from gensim.models import Word2Vec

    threads, cut = torch.get_num_threads(), make_tokenizer("word").tokenize
    settings = {**_TRAINED, "epochs": 1, "min_count": 1} if quick else _TRAINED
    trained: dict[str, WordVectors] = {}

    def ours() -> None:
        trained["gyeol"] = WordVectors.train(texts, threads=threads, **settings)

    def gensims() -> None:
        model = Word2Vec(
            [cut(text) for text in texts], sg=1, vector_size=settings["size"], window=settings["window"],
            min_count=settings["min_count"], negative=settings["negative"], epochs=settings["epochs"], workers=threads,
        )  # fmt: skip
        trained["Gensim, lists of tokens"] = WordVectors(model.wv.index_to_key, model.wv.vectors)

    def fasttexts() -> None:
        import fasttext

        corpus = folder / "corpus.txt"
        write_corpus(texts, corpus)
        model = fasttext.train_unsupervised(
            str(corpus), "skipgram", dim=settings["size"], ws=settings["window"], minCount=settings["min_count"],
            neg=settings["negative"], epoch=settings["epochs"], thread=threads, maxn=0, lr=0.025, t=1e-3, verbose=0,
        )  # fmt: skip
        words = model.words
        trained["fastText"] = WordVectors(words, np.stack([model.get_word_vector(word) for word in words]))

    contestants = [Contestant("gyeol", ours), Contestant("Gensim, lists of tokens", gensims)]
    if find_spec("fasttext"):
        contestants.append(Contestant("fastText", fasttexts))
    times = _turns(contestants, peers, seconds=0.0, least=1, warm=0)
    tests = []
    for role in ("analogies", "wordsim353"):
        try:
            tests.append(resolve_file(name, role))
        except DataError:
            continue
    figures = {
        who: {
            test.name: {k: found.get(k) for k in ("accuracy", "spearman", "asked")}
            for test in tests
            for found in [evaluate_vectors(vectors, test)]
        }
        for who, vectors in trained.items()
    }
    return times, figures
