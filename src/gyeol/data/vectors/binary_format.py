"""word2vec's binary form: the words' bytes with the vectors' between them.

A word ends at its first space, its vector D float32 after that. Nothing else says where one is, so that a wrong D, or a
byte lost, shows only by what does not look like words any more: those that hold a line break or are no UTF-8.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from gyeol.data.vectors.blocks import MAX_WORD, ByteBlocks, VectorRows, VectorTable, clip
from gyeol.data.vectors.words import decode_words
from gyeol.errors import DataError

__all__ = ["read_rows", "write_rows"]

_ENTRIES = 1 << 14  # entries taken together


def read_rows(source: ByteBlocks, limit: int | None) -> VectorTable:
    """Read the entries of a binary file; see `gyeol.data.vectors.vector_files.read_vectors`."""
    promised, dimension = source.header(lambda rows, dimension: rows * (4 * dimension + 2))
    limit_rows = promised if limit is None else min(limit, promised)
    rows = VectorRows(dimension, limit_rows if source.size is not None else 0)
    data, count = b"", 0
    while count < limit_rows:
        words, vectors, used = _entries(data, 4 * dimension, min(_ENTRIES, limit_rows - count))
        if words:
            block = np.frombuffer(b"".join(vectors), "<f4").reshape(len(words), dimension)
            _check(source, words, block, count)
            rows.add(_decoded(source, words, count), block.astype(np.float32, copy=False), "entry", count + 1)
            count, data = count + len(words), data[used:]
            continue
        if len(data) > MAX_WORD and b" " not in data[: MAX_WORD + 2]:
            raise DataError(f"{source.path}, entry {count + 1:,}: no space ends the word {clip(data)}; {_WRONG}")
        if not (piece := source.read()):
            raise DataError(
                f"{source.path} ends within entry {count + 1:,} ({clip(data)}); the header promises {promised:,} words "
                f"of {dimension:,} numbers; fetch it again, or pass limit={count} for what is whole"
            )
        data += piece
    if limit_rows == promised:
        _check_end(source, data, promised, dimension)
    return rows.table([])


def write_rows(out: BinaryIO, words: Sequence[str], vectors: npt.NDArray[np.float32]) -> None:
    """Write the entries without line breaks between them, as Gensim does."""
    step = max(1, (1 << 20) // vectors.shape[1])
    for start in range(0, len(words), step):
        part = np.ascontiguousarray(vectors[start : start + step], "<f4")
        out.write(
            b"".join([b"%b %b" % (w.encode(), row) for w, row in zip(words[start : start + step], part, strict=True)])
        )


def _entries(data: bytes, width: int, most: int) -> tuple[list[bytes], list[bytes], int]:
    """Cut up to so many whole entries off: their words, their vectors' bytes, and the bytes they took together."""
    words, vectors, used = [], [], 0
    for _ in range(most):
        start = used + (data[used : used + 1] == b"\n")
        space = data.find(b" ", start, start + MAX_WORD + 1)
        if space < 0 or space + 1 + width > len(data):
            break
        used = space + 1 + width
        words.append(data[start:space])
        vectors.append(data[space + 1 : used])
    return words, vectors, used


def _check(source: ByteBlocks, words: list[bytes], block: npt.NDArray[np.float32], count: int) -> None:
    good: npt.NDArray[np.bool_] = np.asarray(np.isfinite(block).all(axis=1))
    for i in range(len(words)) if b"" in words or b"\n" in b"".join(words) or not good.all() else ():
        at = f"{source.path}, entry {count + i + 1:,}"
        if not words[i]:
            raise DataError(f"{at}: a word is missing; {_WRONG}")
        if b"\n" in words[i]:
            raise DataError(f"{at}: the word {clip(words[i])} holds a line break; {_WRONG}")
        if not good[i]:
            column = int(np.argmin(np.isfinite(block[i])))
            raise DataError(
                f"{at}: number {column + 1:,} of the word {clip(words[i])} is {block[i, column]}; finite numbers were "
                "expected; train or fetch the vectors again"
            )


def _decoded(source: ByteBlocks, words: list[bytes], count: int) -> list[str]:
    return decode_words(words, lambda i: f"{source.path}, entry {count + i + 1:,}", clip, _WRONG)


def _check_end(source: ByteBlocks, data: bytes, promised: int, dimension: int) -> None:
    count = promised
    while True:
        words, _, used = _entries(data, 4 * dimension, _ENTRIES)
        count, data = count + len(words), data[used:]
        if words:
            continue
        if len(data) > 4 * dimension + MAX_WORD + 2 or not (piece := source.read()):
            break
        data += piece
    if count > promised or data.strip():
        rest = f" and {len(data):,} bytes" if data.strip() else ""
        raise DataError(
            f"{source.path}, line 1: the header promises {promised:,} words of {dimension:,} numbers, but {count:,} "
            f"words{rest} follow it; fix the header or fetch the file again"
        )


_WRONG = "is the header's count of numbers per word right, and the file whole? Fetch it again"
