"""Word vectors trained by Gensim, the only file that knows it: word2vec and fastText, from texts of any amount.

The tokens of the texts are written to a file once, which Gensim's threads then read by themselves: lists in Python
would keep one core busy. Words may be spelled in jamo while training (`gyeol.inputs.vectors.subword_vectors`).
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from gyeol import parameters
from gyeol.errors import DataError, MissingExtraError, ParameterError
from gyeol.inputs.tokens.base import Tokenizer
from gyeol.inputs.tokens.columns import tokenize_column
from gyeol.inputs.tokens.jamo import FIRST_SYLLABLE, LAST_SYLLABLE
from gyeol.inputs.tokens.state import fitted_tokenizer, settings_of
from gyeol.inputs.tokens.tokenizers import MORPHEME_RULES, tokenizer_rule, tokenizer_with
from gyeol.inputs.vectors.subword_vectors import SPELLINGS, Subwords, spell, unspell, used_buckets
from gyeol.inputs.vectors.word_table import WordTable
from gyeol.parameters import Rule, choice, fraction, positive, switch, whole

__all__ = ["ALGORITHMS", "train_vectors", "write_corpus"]

#: What predicts what: the word its neighbours, or they the word (Mikolov et al. 2013).
ALGORITHMS = ("skipgram", "cbow")

#: Receives the share of a long computation that is done, from 0 to 1.
Progress = Callable[[float], None]

_SAMPLE = 200_000  # texts that a tokenizer learns from
_CHUNK = 20_000  # texts cut at once

_RULES: dict[str, Rule] = {
    "algorithm": choice(ALGORITHMS),
    "size": whole(1, 1 << 16),
    "window": whole(1, 1 << 16),
    "min_count": whole(1),
    "negative": whole(1, 1 << 16),
    "epochs": whole(1),
    "learning_rate": positive(),
    "sample": fraction(),
    "subwords": choice((None, *SPELLINGS)),
    "shortest": whole(1, 100),
    "longest": whole(1, 100),
    "buckets": whole(1, 1 << 31),
    "tokenizer": tokenizer_rule(),
    "lowercase": switch,
    "threads": whole(1, 1024, none=True),
    "random_state": whole(0),
    **MORPHEME_RULES,
}


def train_vectors(
    texts: Iterable[str],
    *,
    algorithm: str = "skipgram",
    size: int = 100,
    window: int = 5,
    min_count: int = 5,
    negative: int = 5,
    epochs: int = 5,
    learning_rate: float = 0.025,
    sample: float = 1e-3,
    subwords: str | None = None,
    shortest: int = 3,
    longest: int = 6,
    buckets: int = 200_000,
    tokenizer: Any = "word",
    lowercase: bool = False,
    threads: int | None = None,
    random_state: int = 0,
    user_dictionary: Any = None,
    keep_tags: Any = None,
    stop_tags: Any = None,
    progress: Progress | None = None,
) -> WordTable:
    """Train word vectors with negative sampling.

    Parameters
    ----------
    texts : iterable of str
        A sentence, a review, a paragraph each; read once, so that a stream does.
    algorithm : {"skipgram", "cbow"}
        The word predicts its neighbours, or they the word.
    size, window : int
        Numbers of a vector; words looked at on either side.
    min_count : int
        Rarer words are left out.
    negative, sample : int, float
        Noise words a word; above this share of the corpus words are thinned out.
    epochs, learning_rate : int, float
        Passes; the rate falls from here to 0.0001.
    subwords : {None, "letters", "jamo"}
        None is word2vec; else fastText: a word is the sum of its n-grams of letters, or of jamo.
    shortest, longest, buckets : int
        Letters of an n-gram; the number of buckets that n-grams share, each with a vector.
    tokenizer, lowercase
        As in `TextVectorizer`; ``"morpheme"`` takes Korean particles off, ``"content"`` endings, too.
    threads : int, optional
        Cores to use, all by default. With one, the same seed gives the same bits; several update one table without
        locks (Recht et al. 2011), and give other vectors each time.
    random_state : int
        The seed.
    user_dictionary, keep_tags, stop_tags
        Of ``"content"`` and ``"morpheme"``: see `gyeol.inputs.tokens.morphemes.Content`.
    progress : callable, optional
        Called with the share that is done, from 0 to 1.

    Returns
    -------
    WordTable
        The most frequent word first.

    Raises
    ------
    MissingExtraError, ParameterError, DataError
        Gensim is not installed; a setting cannot be; no word is frequent enough.
    """
    settings = {name: value for name, value in locals().items() if name in _RULES}
    parameters.check(settings, _RULES)
    if shortest > longest:
        raise ParameterError(
            f"shortest={shortest} is more than longest={longest}: n-grams have from one to the other letters"
        )
    try:
        with _quiet():
            from gensim.models import FastText, Word2Vec
    except ImportError:
        raise MissingExtraError("training word vectors", "gensim", "vectors") from None
    cores = threads or (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    with tempfile.TemporaryDirectory(prefix="gyeol.") as folder:
        corpus = Path(folder) / "corpus.txt"
        which = tokenizer_with(tokenizer, user_dictionary=user_dictionary, keep_tags=keep_tags, stop_tags=stop_tags)
        cut, count = write_corpus(texts, corpus, tokenizer=which, lowercase=lowercase, jamo=subwords == "jamo")
        if not count:
            raise DataError("the texts hold no word to learn from: every one is empty or white space")
        shared: dict[str, Any] = {
            "corpus_file": str(corpus), "sg": int(algorithm == "skipgram"), "hs": 0, "vector_size": size,
            "window": window, "min_count": min_count, "negative": negative, "epochs": epochs, "alpha": learning_rate,
            "sample": sample, "workers": cores, "seed": random_state,
        }  # fmt: skip
        try:
            with _quiet(), _watched(epochs, progress):
                if subwords is None:
                    model = Word2Vec(**shared)
                else:
                    model = FastText(**shared, min_n=shortest, max_n=longest, bucket=buckets)
        except RuntimeError as error:  # Gensim's words for an empty vocabulary
            if "vocabulary" not in str(error):
                raise
            raise DataError(
                f"no word occurs {min_count} times in the {count:,} texts: give more text or set min_count=1"
            ) from error
    about = {
        **settings,
        **settings_of(cut),
        "tokenizer": cut.name,
        "texts": count,
        "words": int(model.corpus_total_words),
    }
    return _taken(model.wv, about)


def write_corpus(
    texts: Iterable[str], path: Path, *, tokenizer: Any = "word", lowercase: bool = False, jamo: bool = False
) -> tuple[Tokenizer, int]:
    """Write the tokens of texts, a text a line; return the tokenizer, and how many texts had any token."""
    stream = iter(texts)
    sample = list(islice(stream, _SAMPLE))
    if any(not isinstance(text, str) for text in sample[:1]):
        raise DataError(f"texts came as {type(sample[0]).__name__}, expected str")
    cut = fitted_tokenizer(tokenizer, sample, lowercase=lowercase)
    rest, count = chain(sample, stream), 0
    del sample
    syllables = [chr(code) for code in range(FIRST_SYLLABLE, LAST_SYLLABLE + 1)] if jamo else []
    spelled = [spell(syllable) for syllable in syllables]
    with path.open("wb") as file:
        while chunk := list(islice(rest, _CHUNK)):
            lines = tokenize_column(cut, chunk).list.join(" ")
            lines = lines.str.replace_all(r"\s+", " ").str.strip_chars(" ")  # a space may be a token
            lines = lines.filter(lines != "")
            count += len(lines)
            if jamo:
                lines = lines.str.replace_many(syllables, spelled)
            pl.DataFrame({"line": lines}).write_csv(file, include_header=False, quote_style="never")
    return cut, count


def _taken(trained: Any, about: dict[str, Any]) -> WordTable:
    words = list(trained.index_to_key)
    if about["subwords"] == "jamo":
        words = [unspell(word) for word in words]
    sub = None
    if about["subwords"] is not None:
        known = used_buckets(trained.buckets_word)
        ngrams = np.ascontiguousarray(trained.vectors_ngrams[known], dtype=np.float32)
        sub = Subwords(about["subwords"], about["shortest"], about["longest"], about["buckets"], known, ngrams)
    return WordTable(words, trained.vectors, sub, about)


@contextmanager
def _quiet() -> Iterator[None]:
    """Hide Gensim's deprecation warnings about libraries it uses."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


@contextmanager
def _watched(epochs: int, progress: Progress | None) -> Iterator[None]:
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
