"""Word vectors trained by Gensim, the only file that knows it: word2vec and fastText.

The tokens of the texts are written to a file once, which Gensim's threads then read by themselves: lists in Python
would keep one core busy.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from gyeol.errors import MissingExtraError
from gyeol.inputs.vectors.corpus import write_corpus
from gyeol.inputs.vectors.subword_vectors import Subwords, unspell, used_buckets
from gyeol.inputs.vectors.word_table import Trained, check_read

__all__ = ["train"]


def train(
    texts: Iterable[str],
    folder: Path,
    settings: dict[str, Any],
    threads: int,
    *,
    progress: Callable[[float], None] | None = None,
) -> Trained:
    """Train; the settings are those of `gyeol.inputs.vectors.training.train_vectors`, checked.

    Raises
    ------
    MissingExtraError, DataError
        Gensim is not installed; no word is frequent enough.
    """
    try:
        with _quiet():
            from gensim.models import FastText, Word2Vec
    except ImportError:
        raise MissingExtraError("training word vectors by Gensim", "gensim", "vectors") from None
    corpus, subwords, epochs = folder / "corpus.txt", settings["subwords"], settings["epochs"]
    cut, count = write_corpus(
        texts, corpus, tokenizer=settings["tokenizer"], lowercase=settings["lowercase"], jamo=subwords == "jamo"
    )
    check_read(count, 1, settings["min_count"])
    shared: dict[str, Any] = {
        "corpus_file": str(corpus), "sg": int(settings["algorithm"] == "skipgram"), "hs": 0,
        "vector_size": settings["size"], "window": settings["window"], "min_count": settings["min_count"],
        "negative": settings["negative"], "epochs": epochs, "alpha": settings["learning_rate"],
        "sample": settings["sample"], "workers": threads, "seed": settings["random_state"],
    }  # fmt: skip
    try:
        with _quiet(), _watched(epochs, progress):
            if subwords is None:
                model = Word2Vec(**shared)
            else:
                ngrams = {"min_n": settings["shortest"], "max_n": settings["longest"], "bucket": settings["buckets"]}
                model = FastText(**shared, **ngrams)
    except RuntimeError as error:  # Gensim's words for an empty vocabulary
        if "vocabulary" in str(error):
            check_read(count, 0, settings["min_count"])
        raise
    words = list(model.wv.index_to_key)
    if subwords == "jamo":
        words = [unspell(word) for word in words]
    found = None if subwords is None else _subwords(model.wv, settings)
    return Trained(words, model.wv.vectors, found, cut, count, int(model.corpus_total_words))


def _subwords(trained: Any, settings: dict[str, Any]) -> Subwords:
    known = used_buckets(trained.buckets_word)
    ngrams = np.ascontiguousarray(trained.vectors_ngrams[known], dtype=np.float32)
    numbers = (settings["shortest"], settings["longest"], settings["buckets"])
    return Subwords(settings["subwords"], *numbers, known, ngrams)


@contextmanager
def _quiet() -> Iterator[None]:
    """Hide Gensim's deprecation warnings about libraries it uses."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


@contextmanager
def _watched(epochs: int, progress: Callable[[float], None] | None) -> Iterator[None]:
    """Report Gensim's progress, which it writes to its log only."""
    if progress is None:
        yield
        return

    report = progress

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if str(record.msg).startswith("EPOCH %i - PROGRESS") and isinstance(record.args, tuple):
                epoch, percent = record.args[:2]
                report(min(1.0, (float(str(epoch)) + float(str(percent)) / 100) / epochs))

    log, listener = logging.getLogger("gensim.models.word2vec"), Listener(logging.INFO)
    before = log.level, log.propagate
    log.addHandler(listener)
    log.setLevel(logging.INFO)
    log.propagate = False
    try:
        yield
    finally:
        log.removeHandler(listener)
        log.setLevel(before[0])
        log.propagate = before[1]
    progress(1.0)
