"""word2vec by our own kernels (`gyeol.kernels.words.word2vec`): skip-gram and CBOW with negative sampling.

Subsampling, the dynamic window and the noise are word2vec.c's, the first vectors Gensim's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gyeol.errors import DataError
from gyeol.inputs.vectors.corpus import END, Numbered, number_corpus
from gyeol.inputs.vectors.word_table import Trained, check_read
from gyeol.kernels.words.word2vec import LONGEST_SENTENCE, ROW, Pass, noise_table, train_words

__all__ = ["train", "train_numbered"]

_LAST_SHARE = 0.1  # of the learning rate is left at the end: Gensim's with two threads, see decision 40
_POWER = 0.75  # noise words are drawn in proportion to their counts to the power of this
_CHUNK = 200_000  # words of a thread between two reports, and before Ctrl-C is heard
_ROWS = 1 << 16  # rows drawn at a time

Floats = npt.NDArray[np.float32]
Report = Callable[[float], None]


def train(
    texts: Iterable[str],
    folder: Path,
    settings: dict[str, Any],
    threads: int,
    *,
    progress: Report | None = None,
    speed: Report | None = None,
) -> Trained:
    """Train; the settings are those of `gyeol.inputs.vectors.training.train_vectors`, checked.

    Raises
    ------
    DataError
        No word is frequent enough; the learning rate is too high.
    """
    cut, count, corpus = number_corpus(
        texts, folder, tokenizer=settings["tokenizer"], lowercase=settings["lowercase"],
        min_count=settings["min_count"], longest=LONGEST_SENTENCE, threads=threads,
    )  # fmt: skip
    check_read(count, len(corpus.words), settings["min_count"])
    vectors = train_numbered(corpus, settings, threads, progress=progress, speed=speed)
    return Trained(corpus.words, vectors, None, cut, count, corpus.total)


def train_numbered(
    corpus: Numbered,
    settings: dict[str, Any],
    threads: int,
    *,
    progress: Report | None = None,
    speed: Report | None = None,
) -> Floats:
    """Train on a numbered corpus of one word or more; return the vectors (V, D)."""
    size, epochs, seed = settings["size"], settings["epochs"], settings["random_state"]
    how = Pass(
        keep_thresholds(corpus.counts, settings["sample"]),
        noise_table(corpus.counts**_POWER),
        settings["window"],
        settings["negative"],
        settings["algorithm"] == "cbow",
    )
    width = -(-size // ROW) * ROW
    inputs, outputs = _table(len(corpus.words), width), _table(len(corpus.words), width)
    draw = np.random.default_rng(seed)
    for first in range(0, len(inputs), _ROWS):  # uniform, within 1 / D
        rows = inputs[first : first + _ROWS, :size]
        rows[:] = (2 * draw.random(rows.shape, dtype=np.float32) - 1) / np.float32(size)
    whole = len(corpus.tokens) * epochs
    first_rate = settings["learning_rate"]
    started, words = time.perf_counter(), 0
    for number, (done, chunk) in enumerate(_chunks(corpus.tokens, epochs, _CHUNK * threads)):
        rates = [first_rate * (1.0 - (1.0 - _LAST_SHARE) * at / whole) for at in (done, done + len(chunk))]
        seeds = np.random.SeedSequence([seed, number]).generate_state(1, np.uint64)
        train_words(inputs, outputs, chunk, how, rate=rates[0], last_rate=rates[1], seed=int(seeds[0]), threads=threads)
        words += int((chunk != END).sum())
        if speed is not None:
            speed(words / max(time.perf_counter() - started, 1e-9))
        if progress is not None:
            progress((done + len(chunk)) / whole)
    del outputs
    vectors = np.ascontiguousarray(inputs[:, :size])
    if not np.isfinite(vectors).all():
        raise DataError(f"the vectors became infinite: learning_rate={first_rate:g} is too high, 0.025 is usual")
    return vectors


def keep_thresholds(counts: npt.NDArray[np.int64], sample: float) -> npt.NDArray[np.uint32]:
    """Return for words that occur so often the largest of 2^32 draws by which one stays.

    Examples
    --------
    >>> (keep_thresholds(np.array([900, 99, 1]), 0.01) / 2**32).round(3).tolist()
    [0.117, 0.419, 1.0]
    """
    always = float(0xFFFFFFFF)
    if not sample:
        return np.full(len(counts), int(always), dtype=np.uint32)
    limit = sample * float(counts.sum())
    stay = (np.sqrt(counts / limit) + 1.0) * (limit / counts)
    thresholds: npt.NDArray[np.uint32] = np.minimum(stay * 2.0**32, always).astype(np.uint32)
    return thresholds


def _table(rows: int, width: int) -> Floats:
    """Return zeros, shape (rows, width), that begin on a cache line."""
    memory = np.zeros(rows * width + ROW, dtype=np.float32)
    first = -memory.ctypes.data % 64 // 4
    return memory[first : first + rows * width].reshape(rows, width)


def _chunks(tokens: npt.NDArray[np.int32], epochs: int, size: int) -> Iterator[tuple[int, npt.NDArray[np.int32]]]:
    """Yield whole sentences of about so many tokens, with the number of tokens before them, for each epoch."""
    for epoch in range(epochs):
        first = 0
        while first < len(tokens):
            last = min(first + size, len(tokens))
            while tokens[last - 1] != END:
                ahead = np.flatnonzero(tokens[last : last + LONGEST_SENTENCE] == END)
                last = last + int(ahead[0]) + 1 if len(ahead) else min(last + LONGEST_SENTENCE, len(tokens))
            yield epoch * len(tokens) + first, np.asarray(tokens[first:last])
            first = last
