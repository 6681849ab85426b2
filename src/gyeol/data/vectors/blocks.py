"""What both forms of vector files share: the file as blocks of bytes, its header, and the rows read so far."""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from gyeol.errors import DataError

__all__ = [
    "EXPECTED",
    "HEADER",
    "MAX_DIMENSION",
    "MAX_WORD",
    "NO_NUMBER",
    "NUMBER",
    "ByteBlocks",
    "VectorRows",
    "VectorTable",
    "clip",
    "is_like_number",
]

MAX_DIMENSION = 1 << 17  # numbers a word; the largest models have some 10,000
MAX_WORD = 1 << 16  # bytes
BLOCK = 1 << 22  # bytes read at a time; larger ones are hardly faster and take ten times their size at work

NUMBER = re.compile(rb"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
NO_NUMBER = re.compile(rb"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)  # in the place of a number
HEADER = re.compile(rb"\s*(\d{1,18})[ \t]+(\d{1,18})\s*")
EXPECTED = "words with their vectors were expected, one word per line"


class VectorTable(NamedTuple):
    """Words, their vectors, float32 of shape (V, D), and what was fixed in their file, a line each.

    The vectors are C-contiguous; they may be a map of a file, which cannot be written to. No word occurs twice.
    """

    words: list[str]
    vectors: npt.NDArray[np.float32]
    notes: list[str]


class ByteBlocks:
    """A file's bytes, unpacked, without a byte order mark, in pieces.

    Attributes
    ----------
    path : path
        Where it is.
    size : int or None
        Bytes it has; of a packed file nobody knows.
    """

    def __init__(self, path: Path, on_progress: Callable[[float], None] | None = None) -> None:
        self.path, self._on_progress = path, on_progress
        self.marked = False
        try:
            self._raw = path.open("rb")
            self._bytes = path.stat().st_size
        except OSError as error:
            raise self._explained(error) from None
        is_packed = path.suffix.lower() == ".gz"
        self._file = cast(BinaryIO, gzip.GzipFile(fileobj=self._raw)) if is_packed else cast(BinaryIO, self._raw)
        self.size = None if is_packed else self._bytes

    def __enter__(self) -> ByteBlocks:
        try:
            head = self.read(3)
            if not head:
                raise DataError(f"{self.path} is empty; {EXPECTED}")
            self.marked = head == codecs.BOM_UTF8
            if not self.marked:
                self._file.seek(0)
        except BaseException:
            self._raw.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._raw.close()

    def read(self, count: int = BLOCK) -> bytes:
        """Read on; nothing comes at the end only."""
        try:
            piece = self._file.read(count)
        except (OSError, EOFError, zlib.error) as error:
            raise self._explained(error) from None
        if self._on_progress is not None:
            self._on_progress(min(1.0, self._raw.tell() / max(1, self._bytes)))
        return piece

    def header(self, least: Callable[[int, int], int]) -> tuple[int, int]:
        """Read "V D" and hold it against the file's size; ``least`` gives the bytes that V words of D numbers take."""
        try:
            line = self._file.readline(256)
        except (OSError, EOFError, zlib.error) as error:
            raise self._explained(error) from None
        match = HEADER.fullmatch(line)
        if match is None:
            raise DataError(
                f"{self.path}, line 1: {clip(line)} is not a header; how many words and how many numbers per word were "
                "expected ('400000 100'); if the file has none, read it as 'glove'"
            )
        rows, dimension = int(match[1]), int(match[2])
        promise = f"{self.path}, line 1: the header promises {rows:,} words of {dimension:,} numbers"
        if rows < 1 or dimension < 1:
            raise DataError(f"{promise}; at least 1 of each was expected; fix the header or fetch the file again")
        rest = None if self.size is None else self.size - len(line) - 3 * self.marked
        if rest is not None and least(rows, dimension) > rest:
            lines = sum(piece.count(b"\n") for piece in iter(self.read, b""))
            raise DataError(
                f"{promise}, which take {least(rows, dimension):,} bytes at least, but {rest:,} bytes follow it "
                f"(line breaks: {lines:,}); fix the header or fetch the file again"
            )
        self.check_dimension(dimension, 1)
        return rows, dimension

    def check_dimension(self, dimension: int, line: int) -> None:
        """Refuse more numbers a word than there is use for."""
        if dimension > MAX_DIMENSION:
            raise DataError(
                f"{self.path}, line {line}: {dimension:,} numbers per word; at most {MAX_DIMENSION:,} are read"
            )

    def _explained(self, error: Exception) -> DataError:
        if isinstance(error, (EOFError, zlib.error, gzip.BadGzipFile)):
            return DataError(f"{self.path} is not a whole gzip file ({error}); fetch or pack it again")
        cause = (getattr(error, "strerror", None) or str(error)).lower()
        return DataError(f"{self.path} cannot be read: {cause}; check the name and the permissions")


class VectorRows:
    """The words and vectors read so far; where a word comes again its row is dropped.

    Parameters
    ----------
    dimension, room : int
        Numbers per word, and rows to allocate; more are allocated when needed.
    """

    def __init__(self, dimension: int, room: int) -> None:
        self._words: dict[str, None] = {}
        self._vectors = np.empty((room, dimension), np.float32)
        self._dropped, self._first = 0, ""

    def add(self, words: list[str], vectors: npt.NDArray[np.float32], place: str, number: int) -> None:
        """Take some more rows, the first of which is, say, ``"line"`` 17."""
        start, fresh = len(self._words), dict.fromkeys(words)
        if len(fresh) == len(words) and self._words.keys().isdisjoint(fresh):
            self._words.update(fresh)
        else:
            kept = []
            for i, word in enumerate(words):
                if word in self._words:
                    self._first = self._first or f"{place} {number + i}: {word[:40]!r}"
                    self._dropped += 1
                else:
                    self._words[word] = None
                    kept.append(i)
            vectors = vectors[kept]
        end = len(self._words)
        if end > len(self._vectors):  # moved by the system, page by page, not copied
            self._vectors.resize((end + end // 8, self._vectors.shape[1]), refcheck=False)
        self._vectors[start:end] = vectors

    def table(self, notes: list[str]) -> VectorTable:
        """Give everything, with a note about what was dropped."""
        self._vectors.resize((len(self._words), self._vectors.shape[1]), refcheck=False)
        if self._dropped:
            which = "1 word occurs" if self._dropped == 1 else f"{self._dropped:,} words occur"
            notes = [*notes, f"{which} twice; the first of each was kept ({self._first})"]
        return VectorTable(list(self._words), self._vectors, notes)


def clip(text: bytes) -> str:
    """Show the beginning of some bytes, on one line."""
    shown = repr(text[:40].decode("utf-8", "replace"))
    return shown if len(text) <= 40 else f"{shown}..."


def is_like_number(token: bytes) -> bool:
    """Tell whether that is a decimal number, or a NaN or infinity in the place of one."""
    return (NUMBER.fullmatch(token) or NO_NUMBER.fullmatch(token)) is not None
