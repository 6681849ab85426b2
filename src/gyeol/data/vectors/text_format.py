"""Text of word vectors, with a header or without: lines to words and float32, and back.

A block of lines is cut with NumPy and its decimals are parsed by polars, which rounds each once, to the nearest
float32. Lines that do not fit (spaces in a row, too few numbers) are taken apart one by one, and come out the same or
as an error with the line's number.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO, NoReturn

import numpy as np
import numpy.typing as npt
import polars as pl
from polars.exceptions import PanicException, PolarsError

from gyeol.data.tables.lines import MAX_LINE
from gyeol.data.vectors.blocks import (
    MAX_DIMENSION,
    MAX_WORD,
    NO_NUMBER,
    NUMBER,
    ByteBlocks,
    VectorRows,
    VectorTable,
    clip,
    is_like_number,
)
from gyeol.data.vectors.words import decode_words
from gyeol.errors import DataError

__all__ = ["check_table", "read_rows", "write_rows"]

_LINES = 1 << 16  # lines taken together, so that short ones do not make many objects at once
_FIRST = 100  # lines that tell how many numbers a word has
_IN_NUMBERS = b"0123456789+-.eE "
_SPACE, _BREAK = 32, 10
_ROWS = 1 << 14  # rows looked at together
# Of all float32 this one's shortest decimal, 7.038531e-26, becomes its neighbour where it is rounded twice, as NumPy
# and Gensim do; found by trying every one.
_TWICE_ROUNDED, _LONGER = np.uint32(0x15AE43FD), "7.0385307e-26"


def read_rows(source: ByteBlocks, limit: int | None, *, has_header: bool) -> VectorTable:
    """Read the lines of a text file; see `gyeol.data.vectors.vector_files.read_vectors`."""
    promised: int | None = None
    if has_header:
        # a byte of the word, a space and a digit for each number, and a line break, but for the last line
        promised, dimension = source.header(lambda rows, dimension: rows * (2 * dimension + 2) - 1)
    if promised is not None and limit is not None and limit >= promised:
        limit = None
    blocks = _blocks(source, 1 + has_header)
    first = next(blocks, None)
    if not has_header:
        dimension = _dimension(source, first or b"")
    wanted = min(x for x in (limit, promised, 1 << 62) if x is not None)
    room = wanted if source.size is not None else 0  # the size of a compressed file is unknown
    if (
        promised is None and source.size is not None and first
    ):  # it may go on like its beginning; no line is shorter than this
        alike = (first.count(b"\n") + 1) * source.size // len(first)
        room = min(wanted, alike, source.size // (2 * dimension + 1))
    reader = _Reader(source, VectorRows(dimension, room), dimension, wanted, has_header=has_header)
    for block in itertools.chain([] if first is None else [first], blocks):
        reader.take(block)
        if limit is not None and reader.count >= limit:
            return reader.table()
    if promised is not None and reader.count != promised:
        raise DataError(
            f"{source.path}, line 1: the header promises {promised:,} words, but {reader.count:,} lines follow it; "
            "fix the header or fetch the file again"
        )
    return reader.table()


class _Reader:
    """Takes blocks of lines and gives a table."""

    def __init__(self, source: ByteBlocks, rows: VectorRows, dimension: int, wanted: int, *, has_header: bool) -> None:
        self.path, self.rows, self.dimension, self.wanted, self.above = source.path, rows, dimension, wanted, has_header
        self.count = 0  # lines below the header
        self.long, self.first_long = 0, (0, "")  # lines with a number more, or whose word ends in one
        self.notes = ["a byte order mark at the beginning was passed over"] if source.marked else []

    def take(self, block: bytes) -> None:
        """Read some whole lines; those beyond the wanted ones are only counted."""
        is_first = self.count == 0
        breaks = np.flatnonzero(np.frombuffer(block, np.uint8) == _BREAK)
        starts, ends = np.concatenate(([0], breaks + 1)), np.concatenate((breaks, [len(block)]))
        for i in range(0, min(len(starts), self.wanted - self.count), _LINES):
            until = min(i + _LINES, len(starts), self.wanted - self.count)
            at, number = starts[i], 1 + self.above + self.count + i
            self._take(block[at : ends[until - 1]], starts[i:until] - at, ends[i:until] - at, number)
        self.count += len(starts)
        if is_first:
            self._check_long(len(starts))

    def table(self) -> VectorTable:
        """Give what was read, with a note about lines that may hold a number too many."""
        self._check_long(self.count)
        if self.long:
            number, word = self.first_long
            which = "1 word ends" if self.long == 1 else f"{self.long:,} words end"
            self.notes.append(
                f"{which} in a number (line {number}: {word[-40:]!r}), unless these lines hold more than "
                f"{self.dimension:,} numbers"
            )
        return self.rows.table(self.notes)

    def _take(self, block: bytes, starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64], number: int) -> None:
        text = np.frombuffer(block, np.uint8)
        spaces = np.flatnonzero(text == _SPACE)
        last = np.searchsorted(spaces, ends)  # spaces before each line's end
        fits = last - self.dimension >= np.searchsorted(spaces, starts)
        cuts = np.where(fits, spaces[np.where(fits, last - self.dimension, 0)] if len(spaces) else 0, starts)
        # A word is there and neither begins nor ends with a space; no two spaces are adjacent below it.
        fits &= cuts > starts
        fits[fits] &= (text[starts[fits]] != _SPACE) & (text[cuts[fits] - 1] != _SPACE)
        doubled = spaces[1:][np.diff(spaces) == 1]
        if len(doubled) or (len(block) and block[-1] == _SPACE):
            line = np.searchsorted(ends, doubled)
            fits[line[doubled > cuts[line]]] = False
        words = [block[a:b] for a, b in zip(starts.tolist(), cuts.tolist(), strict=True)]
        numbers = [block[a + 1 : b] for a, b in zip(cuts.tolist(), ends.tolist(), strict=True)]
        for i in np.flatnonzero(~fits).tolist():
            words[i], numbers[i] = self._taken_apart(block[starts[i] : ends[i]], number + i)
        vectors = self._parsed(numbers, number)
        decoded = self._decoded(words, number)
        if any(" " in word for word in decoded):
            self._count_long(decoded, number)
        self.rows.add(decoded, vectors, "line", number)

    def _taken_apart(self, line: bytes, number: int) -> tuple[bytes, bytes]:
        """Cut the last D numbers from a line, whatever spaces separate them."""
        tokens: list[bytes] = []
        end = len(line.rstrip(b" \r"))
        while len(tokens) < self.dimension and (at := line.rfind(b" ", 0, end)) >= 0:
            tokens.append(line[at + 1 : end])
            end = at
            while end and line[end - 1] == _SPACE:
                end -= 1
        word = line[:end].strip(b" ")
        if len(tokens) < self.dimension:
            self._refuse(line, number, len(tokens))
        if not word:
            raise DataError(
                f"{self.path}, line {number}: a word is missing before {clip(line)}; write it or drop the line"
            )
        return word, b" ".join(reversed(tokens))

    def _refuse(self, line: bytes, number: int, count: int) -> NoReturn:
        if not line.strip():
            raise DataError(f"{self.path}, line {number}: empty; a word and its vector were expected; drop the line")
        why = "as the header says" if self.above else "as on most of the first lines"
        hint = "separate them with spaces, not tabs" if b"\t" in line else "fix the line or drop it"
        if number == 1 and not self.above and count == 1:
            hint = "if it is a header, read the file as 'word2vec'"
        raise DataError(
            f"{self.path}, line {number}: too few numbers, {count:,} after the word {clip(line.partition(b' ')[0])}; "
            f"{self.dimension:,} were expected, {why}; {hint}"
        )

    def _parsed(self, numbers: list[bytes], number: int) -> npt.NDArray[np.float32]:
        """Parse the numbers of some lines to shape (lines, D)."""
        text = b" ".join(numbers)
        wanted = len(numbers) * self.dimension
        vectors = None
        if not text.translate(None, _IN_NUMBERS):
            vectors = _parse(text, wanted)
        if vectors is None:  # a token that is no number, or no finite one, or that only polars does not know
            self._check_numbers(numbers, number)
            vectors = np.array([_nearest(token) for line in numbers for token in line.split(b" ")], np.float32)
        vectors = vectors.reshape(len(numbers), self.dimension)
        if not np.isfinite(vectors).all():
            row, column = np.argwhere(~np.isfinite(vectors))[0].tolist()
            token = numbers[row].split(b" ")[column]
            raise DataError(
                f"{self.path}, line {number + row}: number {column + 1:,} is {clip(token)}, too large for float32; "
                "finite numbers up to 3.4e38 were expected; fix the line or drop it"
            )
        return vectors

    def _check_numbers(self, numbers: list[bytes], number: int) -> None:
        for i, line in enumerate(numbers):
            for column, token in enumerate(line.split(b" "), 1):
                if NUMBER.fullmatch(token):
                    continue
                what = "is not finite" if NO_NUMBER.fullmatch(token) else "is not a number"
                raise DataError(
                    f"{self.path}, line {number + i}: {clip(token)} {what}; {self.dimension:,} finite decimal numbers "
                    f"were expected after the word, and this is number {column:,}; fix the line or drop it"
                )

    def _decoded(self, words: list[bytes], number: int) -> list[str]:
        mend = "save the file as UTF-8, or drop the line"
        return decode_words(words, lambda i: f"{self.path}, line {number + i}", clip, mend)

    def _count_long(self, words: list[str], number: int) -> None:
        for i, word in enumerate(words):
            if " " not in word:
                continue
            *_, last = numeric = [is_like_number(token.encode()) for token in word.split(" ")]
            if sum(numeric) >= max(self.dimension, 3):
                raise DataError(
                    f"{self.path}, line {number + i}: {sum(numeric):,} numbers more than the {self.dimension:,} of a "
                    "vector; is a line break missing there? Fix the line or drop it"
                )
            if last:
                self.first_long = self.first_long if self.long else (number + i, word)
                self.long += 1

    def _check_long(self, lines: int) -> None:
        if self.long * 10 > lines:
            why = "the header promises" if self.above else "most of the first lines have"
            raise DataError(
                f"{self.path}, line {self.first_long[0]}: more numbers than the {self.dimension:,} that {why}, on "
                f"{self.long:,} of {lines:,} lines; every line must hold as many"
            )


def _blocks(source: ByteBlocks, number: int) -> Iterator[bytes]:
    """Cut a file into blocks of whole lines, without the break of the last one; blank lines at the end are dropped.

    Windows' line ends and one space at a line's end, which fastText writes, are taken away.
    """
    rest, piece = b"", source.read()
    while piece:
        following = source.read()
        block = rest + piece
        body = len(block.rstrip(b" \r\n"))
        cut = block.rfind(b"\n", 0, body) if following else body or -1
        if len(block) - cut > MAX_LINE + len(piece):
            raise DataError(f"{source.path}: a line from line {number} on has more than {MAX_LINE:,} bytes; drop it")
        if cut >= 0:
            number += block.count(b"\n", 0, cut + 1)
            yield _trimmed(block[:cut])
        rest, piece = block[cut + 1 :], following


def _trimmed(block: bytes) -> bytes:
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n").removesuffix(b"\r")
    if b" \n" in block:
        block = block.replace(b" \n", b"\n")
    return block.removesuffix(b" ")


def _dimension(source: ByteBlocks, block: bytes) -> int:
    """Infer how many numbers follow the word from the first lines: by majority, or else by the first."""
    counts: Counter[int] = Counter()
    for line in block.split(b"\n", _FIRST)[:_FIRST]:
        source.check_dimension(line.count(b" ") if line.count(b" ") > 4 * MAX_DIMENSION else 1, 1)
        tokens = [token for token in line.split(b" ") if token][1:]
        counts[next((i for i, token in enumerate(reversed(tokens)) if not is_like_number(token)), len(tokens))] += 1
    dimension = counts.most_common(1)[0][0]
    if dimension == 0:
        line = block.partition(b"\n")[0]
        raise DataError(
            f"{source.path}, line 1: {clip(line)} ends in no number; a word and its vector were "
            "expected, with a space between; is it a file of word vectors?"
        )
    source.check_dimension(dimension, 1)
    return dimension


def _parse(text: bytes, wanted: int) -> npt.NDArray[np.float32] | None:
    """Parse decimals with a space between; None if that does not give as many numbers as are wanted."""
    try:
        column = pl.read_csv(
            text, has_header=False, schema={"x": pl.Float32}, separator=",", eol_char=" ", quote_char=None
        ).to_series()
    except (PolarsError, PanicException):
        return None
    return column.to_numpy() if len(column) == wanted and not column.null_count() else None


def _nearest(token: bytes) -> np.float32:
    """Round a decimal once, to the nearest float32, of two as near to the even one; for what polars does not parse."""
    wide = float(token)
    with np.errstate(over="ignore"):
        near = np.float32(wide)
    for side in (np.inf, -np.inf):
        other = np.nextafter(near, np.float32(side))
        # Beyond the largest float32 the next one would be 2**128.
        low, high = (min(max(float(x), -(2.0**128)), 2.0**128) for x in (near, other))
        if low != high and (low + high) / 2 == wide:  # just between the two, for float64: the decimal itself decides
            exact = Fraction(token.decode())
            if abs(exact - Fraction(high)) < abs(exact - Fraction(low)):
                return np.float32(other)
    return near


def check_table(path: Path, words: Sequence[str], vectors: npt.NDArray[np.float32], form: str) -> None:
    """Refuse what would not come back from a file of that form.

    Raises
    ------
    DataError
        Naming the first word, or the shape, that cannot be kept.
    """
    shape, kind = np.shape(vectors), getattr(vectors, "dtype", type(vectors).__name__)
    if kind != np.float32 or len(shape) != 2 or 0 in shape or shape[0] != len(words):
        raise DataError(
            f"{len(words):,} words and vectors of shape {shape}, {kind}, were given for {path}; at least one word, "
            "with a float32 vector each, was expected, shape (V, D)"
        )
    if shape[1] > MAX_DIMENSION:
        raise DataError(
            f"vectors of {shape[1]:,} numbers were given for {path}; at most {MAX_DIMENSION:,} were expected"
        )
    if len(set(words)) < len(words):
        twice = next(word for word, n in Counter(words).items() if n > 1)
        raise DataError(f"the word {twice[:40]!r} occurs twice; write each word once to {path}")
    _check_words(path, words, form)
    for start in range(0, len(words), _ROWS):
        good = np.isfinite(vectors[start : start + _ROWS]).all(axis=1)
        if not good.all():
            word = words[start + int(np.argmin(good))]
            raise DataError(f"the vector of {word[:40]!r} has a NaN or an infinity; {path} stores finite numbers only")


def write_rows(out: BinaryIO, words: Sequence[str], vectors: npt.NDArray[np.float32]) -> None:
    """Write a line a word: every number as the shortest decimal that is read as the same float32."""
    step = max(1, (1 << 20) // vectors.shape[1])
    for start in range(0, len(words), step):
        part = np.ascontiguousarray(vectors[start : start + step])
        lines = pl.Series(part).cast(pl.List(pl.String)).list.join(" ").to_list()
        for i in np.flatnonzero(((part.view(np.uint32) & 0x7FFFFFFF) == _TWICE_ROUNDED).any(axis=1)).tolist():
            lines[i] = lines[i].replace("7.038531e-26", _LONGER)
        out.write(
            "".join([f"{w} {line}\n" for w, line in zip(words[start : start + step], lines, strict=True)]).encode()
        )


def _check_words(path: Path, words: Sequence[str], form: str) -> None:
    for word in words:
        encoded = word.encode("utf-8", "surrogatepass")
        why = ""
        if not word:
            why = "is empty"
        elif "\n" in word:
            why = "holds a line break"
        elif " " in word and form != "glove":
            why = "holds a space; write '_' in its place, or the form 'glove'"
        elif word[0] == " " or word[-1] == " ":
            why = "begins or ends with a space"
        elif " " in word and is_like_number(word.rpartition(" ")[2].encode("utf-8", "replace")):
            why = "ends in a number after a space, which would be read as a part of its vector"
        elif len(encoded) > MAX_WORD:
            why = f"has more than {MAX_WORD:,} bytes"
        elif not _is_whole(word):
            why = "holds half a surrogate pair, which UTF-8 cannot"
        if why:
            raise DataError(f"the word {word[:40]!r} {why}; it cannot be stored in {path} ({form})")
    if form == "glove" and words[0].startswith("\ufeff"):
        raise DataError(f"the first word {words[0][:40]!r} begins with a byte order mark; {path} cannot store it")


def _is_whole(word: str) -> bool:
    return word.isascii() or not any("\ud800" <= c <= "\udfff" for c in word)
