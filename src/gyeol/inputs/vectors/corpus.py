"""A corpus on disk, for trainings that pass over it several times: a stream of texts is read once.

Memory grows with the number of different words only. The corpus is written as lines of
tokens, which Gensim's and fastText's threads read by themselves; or as numbers of words (`Numbered`), four bytes a
word, memory-mapped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from gyeol.errors import DataError
from gyeol.inputs.counts.counting import in_turn
from gyeol.inputs.tokens.base import Tokenizer
from gyeol.inputs.tokens.columns import is_plain, tokenize_column
from gyeol.inputs.tokens.jamo import FIRST_SYLLABLE, LAST_SYLLABLE
from gyeol.inputs.tokens.state import fitted_tokenizer
from gyeol.inputs.vectors.subword_vectors import spell

__all__ = ["END", "Numbered", "number_corpus", "write_corpus"]

#: Ends a sentence.
END = -1

_SAMPLE = 200_000  # texts that a tokenizer learns from
_CHUNK = 20_000  # texts cut at once
_BLOCK = 1 << 22  # numbers in memory at a time: 16 MB
_LEFT_OUT = -2  # the number of a word that is too rare


@dataclass(frozen=True, slots=True)
class Numbered:
    """A corpus as numbers.

    Parameters
    ----------
    words : list of str
        V words, the most frequent first; of equally frequent ones, the first that was read.
    counts : int64 array, shape (V,)
        How often they occur.
    tokens : int32 array, shape (N,)
        Words by number, `END` after each sentence; a memory map.
    total : int
        Words read, rare ones included.
    """

    words: list[str]
    counts: npt.NDArray[np.int64]
    tokens: npt.NDArray[np.int32]
    total: int


class _Read(NamedTuple):
    """Some texts: how many had tokens; their tokens' codes with `END`; the codes that occur and their words."""

    texts: int
    codes: npt.NDArray[np.int32]
    found: pl.Series


def write_corpus(
    texts: Iterable[str], path: Path, *, tokenizer: Any = "word", lowercase: bool = False, jamo: bool = False
) -> tuple[Tokenizer, int]:
    """Write the tokens of texts, a text a line; return the tokenizer, and how many texts had any token."""
    cut, rest = _fitted(texts, tokenizer, lowercase)
    count = 0
    syllables = [chr(code) for code in range(FIRST_SYLLABLE, LAST_SYLLABLE + 1)] if jamo else []
    spelled = [spell(syllable) for syllable in syllables]
    with path.open("wb") as file:
        for chunk in _chunks(rest):
            lines = _lines(tokenize_column(cut, chunk))
            lines = lines.filter(lines != "")
            count += len(lines)
            if jamo:
                lines = lines.str.replace_many(syllables, spelled)
            pl.DataFrame({"line": lines}).write_csv(file, include_header=False, quote_style="never")
    return cut, count


def number_corpus(
    texts: Iterable[str],
    folder: Path,
    *,
    tokenizer: Any = "word",
    lowercase: bool = False,
    min_count: int = 1,
    longest: int = 10_000,
    threads: int = 1,
) -> tuple[Tokenizer, int, Numbered]:
    """Write the tokens of texts as numbers; return the tokenizer, how many texts had any token, and the corpus.

    Parameters
    ----------
    texts : iterable of str
    folder : Path
        Where the file of numbers is written; it must stay as long as the corpus is used.
    tokenizer, lowercase
        As in `TextVectorizer`.
    min_count : int
        Rarer words are left out, as if they were not there.
    longest : int
        A longer sentence is cut into several.
    threads : int
        Cores to use.

    Raises
    ------
    DataError
        A text is no string; there are more than 2^31 - 1 different words.
    """
    cut, rest = _fitted(texts, tokenizer, lowercase)
    codes = pl.Categorical(pl.Categories.random())
    words: dict[int, str] = {}
    counts = np.zeros(1024, dtype=np.int64)
    count = 0
    with (folder / "read").open("wb") as file:
        for read in _reads(cut, rest, codes, threads):
            count += read.texts
            numbers = read.found.to_physical().to_list()
            words.update(zip(numbers, read.found.cast(pl.String).to_list(), strict=True))
            more = np.bincount(read.codes[read.codes >= 0])
            if len(more) > len(counts):
                counts = np.concatenate([counts, np.zeros(max(len(more), 2 * len(counts)) - len(counts), np.int64)])
            counts[: len(more)] += more
            read.codes.tofile(file)
    known = np.fromiter(words, dtype=np.int64, count=len(words))
    known = known[counts[known] >= min_count]
    known = known[np.argsort(-counts[known], kind="stable")]
    renamed = np.full(len(counts), _LEFT_OUT, dtype=np.int32)
    renamed[known] = np.arange(len(known), dtype=np.int32)
    path = folder / "tokens"
    _rename(folder / "read", path, renamed, longest)
    (folder / "read").unlink()
    tokens: npt.NDArray[np.int32] = np.zeros(0, dtype=np.int32)
    if path.stat().st_size:
        tokens = np.memmap(path, dtype=np.int32, mode="r")
    return cut, count, Numbered([words[code] for code in known.tolist()], counts[known], tokens, int(counts.sum()))


def _fitted(texts: Iterable[str], tokenizer: Any, lowercase: bool) -> tuple[Tokenizer, Iterator[str]]:
    """Fit a tokenizer to the first texts; return it and all texts."""
    stream = iter(texts)
    sample = list(islice(stream, _SAMPLE))
    if any(not isinstance(text, str) for text in sample[:1]):
        raise DataError(f"texts came as {type(sample[0]).__name__}, expected str")
    return fitted_tokenizer(tokenizer, sample, lowercase=lowercase), chain(sample, stream)


def _chunks(texts: Iterator[str]) -> Iterator[list[str]]:
    while chunk := list(islice(texts, _CHUNK)):
        yield chunk


def _lines(lists: pl.Series) -> pl.Series:
    """Join tokens by single spaces; a space may be a token."""
    return lists.list.join(" ").str.replace_all(r"\s+", " ").str.strip_chars(" ")


def _reads(cut: Tokenizer, texts: Iterator[str], codes: Any, threads: int) -> Iterator[_Read]:
    def read(lists: pl.Series) -> _Read:
        if lists.explode().str.contains(r"\s").any():
            lists = _lines(lists).str.split(" ").list.filter(pl.element() != "")
        lists = lists.filter(lists.list.len() > 0)
        lengths = lists.list.len().to_numpy().astype(np.int64)
        coded = lists.explode().cast(codes)
        numbers = np.insert(coded.to_physical().to_numpy().astype(np.int32), np.cumsum(lengths), END)
        return _Read(len(lists), numbers, coded.unique(maintain_order=True))

    if is_plain(cut):
        yield from in_turn(lambda chunk: read(tokenize_column(cut, chunk)), _chunks(texts), threads)
    else:  # a tokenizer in Python may not be thread-safe: one thread cuts, the others number
        yield from in_turn(read, (tokenize_column(cut, chunk) for chunk in _chunks(texts)), threads)


def _rename(source: Path, target: Path, names: npt.NDArray[np.int32], longest: int) -> None:
    """Rename numbers by ``names``, leave out rare words and empty sentences, cut long ones."""
    ended, length = True, 0  # whether a sentence has just ended; the words of the one that has not
    with source.open("rb") as file, target.open("wb") as out:
        while len(block := np.fromfile(file, dtype=np.int32, count=_BLOCK)):
            named = np.where(block >= 0, names[block], np.int32(END))
            named = named[named != _LEFT_OUT]
            if not len(named):
                continue
            ends = named == END
            named = named[~(ends & np.concatenate([[ended], ends[:-1]]))]
            if not len(named):
                continue
            ended = bool(named[-1] == END)
            named, length = _shortened(named, length, longest)
            named.tofile(out)
        if not ended:
            np.array([END], dtype=np.int32).tofile(out)


def _shortened(tokens: npt.NDArray[np.int32], length: int, longest: int) -> tuple[npt.NDArray[np.int32], int]:
    """Insert an end after every ``longest`` words; ``length`` words of the first sentence have been written already.

    Examples
    --------
    >>> tokens, length = _shortened(np.array([7, 7, 7, END, 7, 7, 7], dtype=np.int32), 1, 2)
    >>> tokens.tolist(), length
    ([7, -1, 7, 7, -1, 7, 7, -1, 7], 1)
    """
    ends = np.flatnonzero(tokens == END)
    first = np.full(len(tokens), -length, dtype=np.int64)  # where a token's sentence begins
    after = ends[ends + 1 < len(tokens)] + 1
    first[after] = after
    np.maximum.accumulate(first, out=first)
    place = np.arange(len(tokens)) - first
    cuts = np.flatnonzero((place > 0) & (place % longest == 0) & (tokens != END))
    left = 0 if tokens[-1] == END else int(place[-1]) % longest + 1
    return np.insert(tokens, cuts, END), left
