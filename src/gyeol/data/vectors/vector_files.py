r"""Files of word vectors: word2vec's text and binary form and GloVe's text, read in blocks, written to the bit.

::

    word2vec         "V D", then a line a word: the word and D decimal numbers, one space between; fastText's .vec too
    word2vec-binary  "V D", then for each word its bytes, a space, D little-endian float32, perhaps a line break
    glove            word2vec's lines without the first

A decimal becomes the nearest float32 (NumPy and Gensim round twice, over float64, and miss it by one bit now and then).
Names that end in ``.gz`` are unpacked on the way. A large file's matrix is kept in the user's cache when it has been
read, and mapped into memory from there the next time.

What is read takes the matrix (4 V D bytes), about 100 bytes a word for the words, and some 64 MB at work; a header is
held against the size of the file before room is made for what it promises.
"""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from gyeol.data.atomic import replace_file
from gyeol.data.paths import check_file
from gyeol.errors import DataError, ParameterError, closest

__all__ = ["FORMS", "MAX_DIMENSION", "MAX_WORD", "VectorTable", "form_of", "read_vectors", "write_vectors"]

FORMS = ("word2vec", "word2vec-binary", "glove")
MAX_DIMENSION = 1 << 17  # numbers a word; the largest models have some 10,000
MAX_WORD = 1 << 16  # bytes
BLOCK = 1 << 22  # bytes read at a time; larger ones are hardly faster and take ten times their size at work

NUMBER = re.compile(rb"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
NO_NUMBER = re.compile(rb"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)  # what stands in a number's place and is none
_HEADER = re.compile(rb"\s*(\d{1,18})[ \t]+(\d{1,18})\s*")
_SAMPLE = 1 << 16  # bytes that a form is told from
_PICKLE = "a pickle, which is never opened; save the vectors with save_word2vec_format"
_FOREIGN = {
    b"\xba\x16\x4f\x2f": "a fastText model; read the .vec file that belongs to it",
    **{b"\x80%c" % version: _PICKLE for version in (2, 3, 4, 5)},
    b"\x93NUMPY": "a NumPy array without its words",
    b"\x1f\x8b": "a gzip file; let its name end in .gz",
    b"PK\x03\x04": "a zip file; unpack it first",
    codecs.BOM_UTF16_LE: "UTF-16; save it as UTF-8",
    codecs.BOM_UTF16_BE: "UTF-16; save it as UTF-8",
}
_EXPECTED = "words with their vectors were expected, one word a line"


class VectorTable(NamedTuple):
    """Words, their vectors, float32 of shape (V, D), and what was mended in the file they come from, a line each.

    The vectors are C-contiguous; they may be a map of a file, which cannot be written to. No word stands twice.
    """

    words: list[str]
    vectors: npt.NDArray[np.float32]
    notes: list[str]


def read_vectors(
    path: Path,
    *,
    form: str = "auto",
    limit: int | None = None,
    cache: bool = True,
    on_progress: Callable[[float], None] | None = None,
) -> VectorTable:
    r"""Read a file of word vectors.

    Of a word that stands twice the first vector is kept, and a note says so. In the text forms the last D numbers of
    a line are the vector and everything before them is the word, so that words with spaces in them come whole. D is
    the header's; without one, what most of the first hundred lines agree on. A word that ends in a number (``area 51``)
    cannot be told from a line with a number too many: it is taken as a word, and a note says so, unless more than one
    line in ten is like that, which is an error.

    Parameters
    ----------
    path : path
        The file; unpacked on the way if its name ends in ``.gz``.
    form : str
        One of ``FORMS``, or ``"auto"`` to tell from the content (`form_of`).
    limit : int, optional
        Rows to read from the beginning; all, if not given.
    cache : bool
        Whether to map what an earlier call left in the user's cache, and to leave it there: of text from a megabyte
        on, of binary from 16 MB. A cache that is stale, damaged or cannot be written to is passed over.
    on_progress : callable, optional
        Told from time to time what part of the file is read, from 0 to 1.

    Returns
    -------
    VectorTable
        The words, their vectors of shape (V, D), and notes.

    Raises
    ------
    DataError
        If the file cannot be read or is no such file: names the line (or the entry, in binary) and the mend. So it
        does for a header that promises more or fewer words than there are, and for what is no finite float32.
    ParameterError
        If there is no such form, or ``limit`` is below 1.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "three.txt")
    ...     _ = path.write_bytes(b"the 0.1 0.2\n. . . 1 2\nthe 3 4\n")
    ...     table = read_vectors(path)
    >>> table.words, table.vectors.tolist()
    (['the', '. . .'], [[0.10000000149011612, 0.20000000298023224], [1.0, 2.0]])
    >>> table.notes
    ["1 word stands twice; the first of each was kept (line 3: 'the')"]
    """
    from gyeol.data.vectors import binary_format, parse_cache, text_format

    if form != "auto":
        _check_form(form)
    if limit is not None and limit < 1:
        raise ParameterError(f"limit is {limit}; the number of rows to read, at least 1, was expected")
    path = _checked(path)
    form = form_of(path) if form == "auto" else form
    seen = parse_cache.identity(path) if cache and parse_cache.is_worth_it(path, form) else None
    if seen is not None and (kept := parse_cache.load(path, seen, form, limit)) is not None:
        table = VectorTable(*kept)
    else:
        with Source(path, on_progress) as source:
            if form == "word2vec-binary":
                table = binary_format.read_rows(source, limit)
            else:
                table = text_format.read_rows(source, limit, has_header=form == "word2vec")
        if seen is not None and parse_cache.identity(path) == seen:  # else it was changed while it was read
            parse_cache.store(path, seen, form, limit, table)
    if on_progress is not None:
        on_progress(1.0)
    return table


def write_vectors(path: Path, words: Sequence[str], vectors: npt.NDArray[np.float32], *, form: str) -> None:
    """Write words and their vectors, so that reading them gives the same bits, in Gensim as here.

    Parameters
    ----------
    path : path
        Where the file shall stand, once it is whole; packed if the name ends in ``.gz``.
    words : sequence of str
        V words, each once. None may hold a line break, and a space only in ``"glove"``, inside, where what follows
        the last space is no number: Gensim cannot read such words, `read_vectors` can.
    vectors : array of float32, shape (V, D)
        Finite numbers.
    form : str
        One of ``FORMS``.

    Raises
    ------
    DataError
        If a word or a number cannot be kept by the form; nothing is written.
    ParameterError
        If there is no such form.
    SaveError
        If the file cannot be written; what stood there before still stands.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "two.vec")
    ...     write_vectors(path, ["가", "나"], np.array([[0.1, -0.0], [1, 2]], np.float32), form="word2vec")
    ...     path.read_text(encoding="utf-8").splitlines()
    ['2 2', '가 0.1 -0.0', '나 1.0 2.0']
    """
    from gyeol.data.vectors import binary_format, text_format

    path = Path(path)
    _check_form(form)
    text_format.check_table(path, words, vectors, form)
    write_rows = binary_format.write_rows if form == "word2vec-binary" else text_format.write_rows

    def write(beside: Path) -> None:
        with beside.open("wb") as raw:
            if path.suffix.lower() != ".gz":
                _write(cast(BinaryIO, raw))
                return
            with gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=6, mtime=0) as packed:
                _write(cast(BinaryIO, packed))

    def _write(out: BinaryIO) -> None:
        if form != "glove":
            out.write(b"%d %d\n" % vectors.shape)
        write_rows(out, words, vectors)

    replace_file(path, write)


def form_of(path: Path) -> str:
    """Tell a file's form from its beginning.

    Two whole numbers alone on the first line are a header; a file for D = 1 without one, whose first word is a whole
    number, is taken for one that has it. Below a header it is text if the first line ends in the D numbers promised,
    or else if there is nothing in it that text cannot hold.

    Raises
    ------
    DataError
        If the file cannot be read, or is known to be something else.
    """
    path = _checked(path)
    with Source(path) as source:
        sample = source.read(_SAMPLE)
    for magic, what in _FOREIGN.items():
        if sample.startswith(magic):
            raise DataError(f"{path} is not a file of word vectors but {what}")
    line, _, rest = sample.partition(b"\n")
    header = _HEADER.fullmatch(line)
    if header is None:
        if b"\0" in sample:
            raise DataError(
                f"{path} is not a file of word vectors: it begins with {clip(line)}, neither text nor 'V D'"
            )
        return "glove"
    row = rest.partition(b"\n")[0].rstrip(b" \r").split(b" ")
    tail = row[1:][-int(header[2]) :]
    if len(tail) == int(header[2]) and all(is_like_number(token) for token in tail):
        return "word2vec"
    return "word2vec" if _is_text(rest) else "word2vec-binary"


class Source:
    """A file's bytes, unpacked, without a byte order mark, in pieces.

    Attributes
    ----------
    path : path
        Where it is.
    size : int or None
        Bytes it has; of a packed file nobody knows.
    """

    def __init__(self, path: Path, on_progress: Callable[[float], None] | None = None) -> None:
        self.path, self._told = path, on_progress
        self.marked = False
        try:
            self._raw = path.open("rb")
            self._bytes = path.stat().st_size
        except OSError as error:
            raise self._explained(error) from None
        is_packed = path.suffix.lower() == ".gz"
        self._file = cast(BinaryIO, gzip.GzipFile(fileobj=self._raw)) if is_packed else cast(BinaryIO, self._raw)
        self.size = None if is_packed else self._bytes

    def __enter__(self) -> Source:
        try:
            head = self.read(3)
            if not head:
                raise DataError(f"{self.path} is empty; {_EXPECTED}")
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
        if self._told is not None:
            self._told(min(1.0, self._raw.tell() / max(1, self._bytes)))
        return piece

    def header(self, least: Callable[[int, int], int]) -> tuple[int, int]:
        """Read "V D" and hold it against the file's size; ``least`` gives the bytes that V words of D numbers take."""
        try:
            line = self._file.readline(256)
        except (OSError, EOFError, zlib.error) as error:
            raise self._explained(error) from None
        match = _HEADER.fullmatch(line)
        if match is None:
            raise DataError(
                f"{self.path}, line 1: {clip(line)} is no header; how many words and how many numbers a word were "
                "expected ('400000 100'); if the file has none, read it as 'glove'"
            )
        rows, dimension = int(match[1]), int(match[2])
        promise = f"{self.path}, line 1: the header promises {rows:,} words of {dimension:,} numbers"
        if rows < 1 or dimension < 1:
            raise DataError(f"{promise}; at least 1 of each was expected; mend the header or fetch the file again")
        rest = None if self.size is None else self.size - len(line) - 3 * self.marked
        if rest is not None and least(rows, dimension) > rest:
            lines = sum(piece.count(b"\n") for piece in iter(self.read, b""))
            raise DataError(
                f"{promise}, which take {least(rows, dimension):,} bytes at least, but {rest:,} bytes follow it "
                f"(line breaks: {lines:,}); mend the header or fetch the file again"
            )
        self.check_dimension(dimension, 1)
        return rows, dimension

    def check_dimension(self, dimension: int, line: int) -> None:
        """Refuse more numbers a word than there is use for."""
        if dimension > MAX_DIMENSION:
            raise DataError(
                f"{self.path}, line {line}: {dimension:,} numbers a word; at most {MAX_DIMENSION:,} are read"
            )

    def _explained(self, error: Exception) -> DataError:
        if isinstance(error, (EOFError, zlib.error, gzip.BadGzipFile)):
            return DataError(f"{self.path} is not a whole gzip file ({error}); fetch or pack it again")
        cause = (getattr(error, "strerror", None) or str(error)).lower()
        return DataError(f"{self.path} cannot be read: {cause}; check the name and the permissions")


class Rows:
    """The words and vectors read so far; where a word comes again its row is dropped.

    Parameters
    ----------
    dimension, room : int
        Numbers a word, and how many rows to make room for; for more, room is made when they come.
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
            which = "1 word stands" if self._dropped == 1 else f"{self._dropped:,} words stand"
            notes = [*notes, f"{which} twice; the first of each was kept ({self._first})"]
        return VectorTable(list(self._words), self._vectors, notes)


def clip(text: bytes) -> str:
    """Show the beginning of some bytes, on one line."""
    shown = repr(text[:40].decode("utf-8", "replace"))
    return shown if len(text) <= 40 else f"{shown}..."


def is_like_number(token: bytes) -> bool:
    """Tell whether that is a decimal number, or a NaN or infinity in the place of one."""
    return (NUMBER.fullmatch(token) or NO_NUMBER.fullmatch(token)) is not None


def _is_text(sample: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)  # a character cut off at the end is none wrong
    except UnicodeDecodeError:
        return False
    return not sample.translate(None, bytes(range(32, 256)) + b"\t\n\r")


def _checked(path: Path) -> Path:
    path = Path(path)
    if path.is_file() and path.stat().st_size == 0:
        raise DataError(f"{path} is empty; {_EXPECTED}")
    return check_file(path)


def _check_form(form: str) -> None:
    if form not in FORMS:
        raise ParameterError(f"no form is called {form!r}{closest(form, FORMS)}")
