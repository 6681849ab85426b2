r"""Files of word vectors: word2vec's text and binary form and GloVe's text, read in blocks, written to the bit.

::

    word2vec         "V D", then a line a word: the word and D decimal numbers, one space between; fastText's .vec too
    word2vec-binary  "V D", then for each word its bytes, a space, D little-endian float32, perhaps a line break
    glove            word2vec's lines without the first

A decimal becomes the nearest float32 (NumPy and Gensim round twice, over float64, and miss it by one bit now and then).
Names that end in ``.gz`` are unpacked on the way. A large file's matrix is kept in the user's cache when it has been
read, and mapped into memory from there the next time.

What is read takes the matrix (4 V D bytes), about 100 bytes a word for the words, and some 64 MB at work; a header is
compared with the size of the file before memory is allocated for what it promises.
"""

from __future__ import annotations

import codecs
import gzip
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import numpy.typing as npt

from gyeol.data.atomic import replace_file
from gyeol.data.paths import check_file
from gyeol.data.vectors import binary_format, parse_cache
from gyeol.data.vectors.blocks import EXPECTED, HEADER, ByteBlocks, VectorTable, clip, is_like_number
from gyeol.errors import DataError, ParameterError, closest

__all__ = ["FORMS", "form_of", "read_vectors", "write_vectors"]

FORMS = ("word2vec", "word2vec-binary", "glove")
_SAMPLE = 1 << 16  # bytes from which a form is detected
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


def read_vectors(
    path: Path,
    *,
    form: str = "auto",
    limit: int | None = None,
    cache: bool = True,
    on_progress: Callable[[float], None] | None = None,
) -> VectorTable:
    r"""Read a file of word vectors.

    Of a word that occurs twice the first vector is kept, and a note reports it. In the text forms the last D numbers of
    a line are the vector and everything before them is the word, so that words with spaces in them come whole. D is
    the header's; without one, what most of the first hundred lines agree on. A word that ends in a number (``area 51``)
    cannot be distinguished from a line with a number too many: it is taken as a word, with a note, unless more than one
    line in ten is like that, which is an error.

    Parameters
    ----------
    path : path
        The file; unpacked on the way if its name ends in ``.gz``.
    form : str
        One of ``FORMS``, or ``"auto"`` to detect it from the content (`form_of`).
    limit : int, optional
        VectorRows to read from the beginning; all, if not given.
    cache : bool
        Whether to map what an earlier call left in the user's cache, and to leave it there: of text from a megabyte
        on, of binary from 16 MB. A cache that is stale, damaged or cannot be written to is passed over.
    on_progress : callable, optional
        Called from time to time with the share of the file that has been read, from 0 to 1.

    Returns
    -------
    VectorTable
        The words, their vectors of shape (V, D), and notes.

    Raises
    ------
    DataError
        If the file cannot be read or is no such file: names the line (or the entry, in binary) and the remedy. So it
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
    ["1 word occurs twice; the first of each was kept (line 3: 'the')"]
    """
    from gyeol.data.vectors import text_format  # which loads polars

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
        with ByteBlocks(path, on_progress) as source:
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
        The destination; compressed if the name ends in ``.gz``.
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
        If the form cannot store a word or a number; nothing is written.
    ParameterError
        If there is no such form.
    SaveError
        If the file cannot be written; any previous one is unchanged.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "two.vec")
    ...     write_vectors(path, ["가", "나"], np.array([[0.1, -0.0], [1, 2]], np.float32), form="word2vec")
    ...     path.read_text(encoding="utf-8").splitlines()
    ['2 2', '가 0.1 -0.0', '나 1.0 2.0']
    """
    from gyeol.data.vectors import text_format

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
    with ByteBlocks(path) as source:
        sample = source.read(_SAMPLE)
    for magic, what in _FOREIGN.items():
        if sample.startswith(magic):
            raise DataError(f"{path} is not a file of word vectors but {what}")
    line, _, rest = sample.partition(b"\n")
    header = HEADER.fullmatch(line)
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


def _is_text(sample: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)  # a character cut off at the end is none wrong
    except UnicodeDecodeError:
        return False
    return not sample.translate(None, bytes(range(32, 256)) + b"\t\n\r")


def _checked(path: Path) -> Path:
    path = Path(path)
    if path.is_file() and path.stat().st_size == 0:
        raise DataError(f"{path} is empty; {EXPECTED}")
    return check_file(path)


def _check_form(form: str) -> None:
    if form not in FORMS:
        raise ParameterError(f"no form is called {form!r}{closest(form, FORMS)}")
