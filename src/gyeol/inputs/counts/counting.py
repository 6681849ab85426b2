"""Terms of documents counted on all cores, a chunk at a time, in memory that does not grow with the documents.

A term is a code, given by Polars' categories while reading; its column is known when all documents are read. Until
then the chunks are buffered in memory or, where they are many, in a file.
"""

from __future__ import annotations

import os
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from gyeol.inputs.tokens.base import Tokenizer
from gyeol.inputs.tokens.columns import is_plain, tokenize_column

__all__ = ["UNKNOWN", "Piece", "Spool", "TermReader", "in_turn"]

UNKNOWN = np.uint32(0xFFFFFFFF)  # the code of a term outside the vocabulary

_CHARACTERS = 500_000  # of a chunk
_DOCUMENTS = 100_000  # of a chunk, at most
_BUFFERED = 32_000_000  # entries buffered in memory: 256 MB

_In = TypeVar("_In")
_Out = TypeVar("_Out")


class Piece(NamedTuple):
    """Some documents' terms: those of document i are ``codes[starts[i]:starts[i + 1]]``, with their counts."""

    starts: npt.NDArray[np.int64]
    codes: npt.NDArray[np.uint32]
    counts: npt.NDArray[np.int32]


def in_turn(work: Callable[[_In], _Out], things: Iterable[_In], threads: int) -> Iterator[_Out]:
    """Map in threads and yield the results in order; few are pending at a time."""
    if threads == 1:
        yield from map(work, things)
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[_Out]] = deque()
        for thing in things:
            waiting.append(pool.submit(work, thing))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


@dataclass(slots=True)
class TermReader:
    """Documents to pieces.

    Parameters
    ----------
    tokenizer : Tokenizer
        Cuts documents into tokens.
    codes : Polars data type
        Gives terms their codes: a ``Categorical`` that learns, or an ``Enum`` of known terms.
    low, high : int
        N-grams of so many tokens are terms.
    stop_words : frozenset of str
        Tokens left out before n-grams are formed.
    threads : int
        Cores to use.
    ordered : bool
        A piece contains every token in order; otherwise each term once a document, by ascending code.
    """

    tokenizer: Tokenizer
    codes: Any
    low: int
    high: int
    stop_words: frozenset[str]
    threads: int
    ordered: bool = False

    def read(self, documents: Iterable[str]) -> Iterator[tuple[Piece, pl.Series]]:
        """Yield pieces, each with the terms that occur in it."""
        chunks = _chunks(documents)
        if is_plain(self.tokenizer):
            yield from in_turn(lambda texts: self._piece(tokenize_column(self.tokenizer, texts)), chunks, self.threads)
        else:  # a tokenizer in Python may not be thread-safe: one thread cuts, the others count
            columns = (tokenize_column(self.tokenizer, texts) for texts in chunks)
            yield from in_turn(self._piece, columns, self.threads)

    def _piece(self, lists: pl.Series) -> tuple[Piece, pl.Series]:
        count = len(lists)
        lengths = lists.list.len().to_numpy().astype(np.int64)
        tokens = lists.filter(lengths > 0).explode()
        rows = np.repeat(np.arange(count, dtype=np.int64), lengths)
        if self.stop_words:
            content = ~tokens.is_in(list(self.stop_words))
            tokens, rows = tokens.filter(content), rows[content.to_numpy()]
        terms, rows = self._ngrams(tokens, rows)
        coded = terms.cast(self.codes, strict=False)
        found = coded.drop_nulls().unique()
        codes = coded.to_physical().cast(pl.UInt32).fill_null(int(UNKNOWN)).to_numpy()
        if self.ordered:
            counts = np.ones(len(codes), dtype=np.int32)
        else:
            keys = (rows << 32) | codes
            keys.sort()
            first = np.flatnonzero(np.diff(keys, prepend=-1))
            counts = np.diff(first, append=len(keys)).astype(np.int32)
            keys = keys[first]
            rows, codes = keys >> 32, (keys & 0xFFFFFFFF).astype(np.uint32)
        starts = np.zeros(count + 1, dtype=np.int64)
        np.cumsum(np.bincount(rows, minlength=count), out=starts[1:])
        return Piece(starts, codes, counts), found

    def _ngrams(self, tokens: pl.Series, rows: npt.NDArray[np.int64]) -> tuple[pl.Series, npt.NDArray[np.int64]]:
        if self.high == 1:
            return tokens, rows
        terms, places = ([tokens], [rows]) if self.low == 1 else ([], [])
        for n in range(max(2, self.low), self.high + 1):
            starts = np.flatnonzero(rows[: len(rows) - n + 1] == rows[n - 1 :])
            ngrams = tokens.gather(starts)
            for offset in range(1, n):
                ngrams = ngrams + self.tokenizer.joint + tokens.gather(starts + offset)
            terms.append(ngrams)
            places.append(rows[starts])
        return pl.concat(terms), np.concatenate(places)


class Spool:
    """A queue of pieces, in memory while they are few, then in an unnamed file. It is read once."""

    def __init__(self, buffered: int = _BUFFERED) -> None:
        self._left = buffered
        self._pieces: list[Piece] = []
        self._sizes: list[tuple[int, int]] = []
        self._file: Any = None

    def append(self, piece: Piece) -> None:
        """Append a piece."""
        self._left -= len(piece.codes)
        if self._left >= 0:
            self._pieces.append(piece)
            return
        if self._file is None:
            self._file = tempfile.TemporaryFile(dir=os.environ.get("TMPDIR"))  # noqa: SIM115
        self._sizes.append((len(piece.starts), len(piece.codes)))
        for part in piece:
            part.tofile(self._file)

    def __iter__(self) -> Iterator[Piece]:
        pieces, self._pieces = self._pieces[::-1], []
        while pieces:
            yield pieces.pop()
        if self._file is None:
            return
        self._file.seek(0)
        for documents, entries in self._sizes:
            starts = np.fromfile(self._file, np.int64, documents)
            codes = np.fromfile(self._file, np.uint32, entries)
            yield Piece(starts, codes, np.fromfile(self._file, np.int32, entries))
        self.close()

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Close and discard the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _chunks(documents: Iterable[str]) -> Iterator[Sequence[str]]:
    documents = iter(documents)
    while True:
        chunk: list[str] = []
        left = _CHARACTERS
        for text in islice(documents, _DOCUMENTS):
            chunk.append(text)
            left -= len(text) + 10
            if left < 0:
                break
        if not chunk:
            return
        yield chunk
