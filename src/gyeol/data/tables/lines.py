"""From bytes to lines of text: UTF-8, UTF-16 or CP949, plain or gzipped, a few megabytes at a time."""

from __future__ import annotations

import codecs
import gzip
import os
import re
import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from gyeol.data.paths import cause_of, check_file
from gyeol.errors import DataError

__all__ = ["MAX_LINE", "UNDECODED", "LineFormat", "check_file", "is_korean", "open_text", "read_lines"]

CHUNK = 1 << 20  # bytes read at a time
MAX_LINE = 4_000_000  # characters; four times the longest text, so that a row with such a text is seen whole

#: Bytes that could not be read, as they stand in text.
UNDECODED = re.compile("[\udc80-\udcff]")
_LOOKED_AT = 100_000  # characters, to tell whether text is Korean
_FEW_LETTERS = 8  # different ones, of which nothing can be told
_MANY_LETTERS = 25  # of which some are usual
_USUAL = frozenset("이다는을를의에가하고은도지로어서한기사리나인자정시대아만보그")  # a third of Korean text
_ALONE = frozenset("ㄱㄴㄷㅅㅇㅋㅎㅏㅗㅜㅠㅡㅣ")  # ㅋㅋㅋ, ㅠㅠ

# What people hand over under a text's name, by its first bytes.
_MAGIC = {
    b"PAR1": "a parquet file; name it .parquet",
    b"PK\x03\x04": "a zip or Excel file; save the sheet as CSV (UTF-8)",
    b"\xd0\xcf\x11\xe0": "an old Office or HWP file; save it as text (UTF-8)",
    b"\x1f\x8b": "a gzip file; let its name end in .gz",
    b"%PDF": "a PDF file; save its text first",
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"RIFF": "an audio or video file",
    b"SQLite format 3": "an SQLite database; save the table as CSV",
}


def open_text(path: str | os.PathLike[str]) -> Iterator[tuple[int, str]]:
    r"""Read a text file line by line.

    Parameters
    ----------
    path : str or path
        A text file, gzipped if its name ends in ``.gz``: strict UTF-8, else CP949; UTF-16 with its mark or without.

    Yields
    ------
    tuple of int and str
        The line's number, from 1, and its text without the line's end (``\n``, ``\r\n`` or ``\r``).

    Raises
    ------
    DataError
        If the file cannot be read, is no text, mixes encodings, or has a line of more than 4,000,000 characters.
    """
    path = check_file(path)
    for number, line in read_lines(path):
        if len(line) > MAX_LINE:
            raise DataError(f"{path}, line {number}: longer than {MAX_LINE:,} characters; break it into lines")
        yield number, line.removesuffix("\r")


@dataclass(slots=True)
class LineFormat:
    r"""How the lines of a file are written, as far as it has been read.

    Parameters
    ----------
    encoding : str
        ``"ascii"``, ``"utf-8"``, ``"utf-8-sig"`` (with its mark), ``"utf-16"`` (with its mark), ``"utf-16-le"``,
        ``"utf-16-be"`` or ``"cp949"``.
    newline : str
        What ends a line: ``"\n"``, ``"\r\n"`` or ``"\r"``.
    lenient : bool
        Whether bytes that are no UTF-8, in a file that nearly all is, stay in their lines as lone surrogates; else they
        are an error.
    damaged : bool
        Whether there have been any.
    """

    encoding: str = "ascii"
    newline: str = "\n"
    lenient: bool = False
    damaged: bool = False


def read_lines(path: Path, form: LineFormat | None = None) -> Iterator[tuple[int, str]]:
    r"""Read numbered lines as they stand: a ``\r`` at the end stays, a line above ``MAX_LINE`` is cut just above it.

    Only ``\n`` ends a line: a review may hold U+2028 or U+0085, at which ``str.splitlines`` would cut it. A file that
    begins with ``\r`` and no ``\n`` has lines that end so, as old spreadsheets wrote them.

    Parameters
    ----------
    path : Path
        The file.
    form : LineFormat, optional
        Filled while lines are read.
    """
    form = LineFormat() if form is None else form
    number, rest, end = 0, "", ""
    for piece in _decode(path, form):
        if not end and ("\n" in piece or "\r" in piece[:-1]):
            end = "\n" if "\n" in piece else "\r"
            before, _, _ = piece.partition(end)
            form.newline = "\r\n" if end == "\n" and before.endswith("\r") else end
        lines = (rest + piece).split(end or "\n")
        if "\0" in piece:
            at = number + 1 + next(i for i, line in enumerate(lines) if "\0" in line)
            raise DataError(f"{path} is not a text file: NUL byte in line {at}; save it as UTF-8 text")
        if end == "\r" and "\n" in piece:
            at = number + 1 + next(i for i, line in enumerate(lines) if "\n" in line)
            raise DataError(
                f"{path}, line {at}: a line ends in \\n, and those before it end in \\r alone; save the file with one "
                "kind of line end"
            )
        rest = lines.pop()[: MAX_LINE + 1]
        for line in lines:
            number += 1
            yield number, line
    if rest:
        yield number + 1, rest


def _decode(path: Path, form: LineFormat) -> Iterator[str]:
    """Decode a file piece by piece; ASCII decides nothing, the first piece with another byte decides the encoding."""
    try:
        with _open(path) as stream:
            chunk = stream.read(CHUNK)
            encoding = _mark(path, chunk)
            decoder = _decoder(encoding, form) if encoding else None
            lines = 0
            while chunk:
                if decoder is None and not chunk.isascii():
                    # One chunk more, so that a single character cut in two at the chunk's end does not decide alone.
                    more = stream.read(CHUNK)
                    chunk += more
                    encoding = _guess(path, chunk, form, at_end=len(more) < CHUNK, lines=lines)
                    decoder = _decoder(encoding, form)
                form.encoding = encoding or "ascii"
                text = chunk.decode("ascii") if decoder is None else _step(path, decoder, encoding, chunk, lines)
                lines += text.count("\n")
                form.damaged |= form.lenient and UNDECODED.search(text) is not None
                yield text
                chunk = stream.read(CHUNK)
            if decoder is not None and (text := _step(path, decoder, encoding, b"", lines, final=True)):
                form.damaged |= form.lenient
                yield text
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path} is not a whole gzip file ({error}); fetch or pack it again") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {cause_of(error)}; check the name and the permissions") from None


def _decoder(encoding: str, form: LineFormat) -> codecs.IncrementalDecoder:
    lenient = form.lenient and encoding.startswith("utf-8")
    return codecs.getincrementaldecoder(encoding)("surrogateescape" if lenient else "strict")


def _open(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path, "rb")) if path.suffix.lower() == ".gz" else path.open("rb")


def _mark(path: Path, head: bytes) -> str | None:
    """Read the byte order mark, and refuse what is no text."""
    if not head:
        raise DataError(f"{path} is empty; a file with one text per row was expected")
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    for magic, what in _MAGIC.items():
        if head.startswith(magic) and not (head.isascii() and b"\0" not in head):
            raise DataError(f"{path} is not a text file but {what}")
    if b"\0" in head:
        if (encoding := _unmarked(head[: 1 << 16])) is not None:
            return encoding
        at = head[: head.index(b"\0")].count(b"\n") + 1
        raise DataError(f"{path} is not a text file: NUL byte in line {at}; save it as UTF-8 text")
    return None


def _unmarked(head: bytes) -> str | None:
    """Recognise UTF-16 without its mark: read in the right order, it has no odd character and much ASCII or Hangul."""
    for encoding in ("utf-16-le", "utf-16-be"):
        try:
            text = codecs.getincrementaldecoder(encoding)().decode(head)
        except UnicodeDecodeError:
            continue
        odd = sum(unicodedata.category(c) in {"Cn", "Co"} for c in text)
        control = any(c < " " and c not in "\t\n\r" for c in text)
        plain = sum(c.isascii() for c in text)
        korean = sum("\uac00" <= c <= "\ud7a3" for c in text)
        if not control and odd <= len(text) / 200 and (plain >= len(text) / 10 or korean >= len(text) / 2):
            return encoding
    return None


def _guess(path: Path, window: bytes, form: LineFormat, *, at_end: bool, lines: int) -> str:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(window, final=at_end)
        return "utf-8"
    except UnicodeDecodeError as error:
        line = lines + window.count(b"\n", 0, error.start) + 1
    try:
        text = codecs.getincrementaldecoder("cp949")().decode(window, final=at_end)
    except UnicodeDecodeError:
        if form.lenient:
            read = window.decode("utf-8", "surrogateescape").split("\n")
            written = [row for row in read if not row.isascii()]
            if sum(UNDECODED.search(row) is not None for row in written) <= len(written) / 10:
                return "utf-8"
        raise DataError(
            f"{path}, line {line}: not UTF-8, and the file is not CP949 either (mixed encodings?); save it as UTF-8"
        ) from None
    if not is_korean(text):
        raise DataError(
            f"{path}, line {line}: not UTF-8, and read as CP949 it is no Korean (Shift-JIS, GB18030?); save it as UTF-8"
        )
    return "cp949"


def is_korean(text: str) -> bool:
    """Whether text that was read as CP949 may be Korean; Japanese and Chinese encodings give rare syllables and Hanja.

    Examples
    --------
    >>> is_korean("배우가 좋았다"), is_korean("とても面白い映画でした".encode("shift-jis").decode("cp949"))
    (True, False)
    """
    written = [character for character in text[:_LOOKED_AT] if not character.isascii()]
    different = len(set(written))
    if different < _FEW_LETTERS:
        return True
    usual = sum(character in _USUAL for character in written) / len(written)
    if usual < 0.02 and different >= _MANY_LETTERS:
        return False
    return usual > 0.08 or sum(map(_is_rare, written)) <= len(written) / 5


def _is_rare(character: str) -> bool:
    """Whether a character is Hanja, a syllable that Korean hardly uses, or a letter of which syllables are made."""
    if "\u3131" <= character <= "\u318e":
        return character not in _ALONE
    first, second = character.encode("cp949")
    return first >= 0xCA or first < 0xA1 or second < 0xA1


def _step(
    path: Path,
    decoder: codecs.IncrementalDecoder,
    encoding: str | None,
    chunk: bytes,
    lines: int,
    *,
    final: bool = False,
) -> str:
    try:
        return decoder.decode(chunk, final=final)
    except UnicodeDecodeError as error:
        before = bytes(error.object[: error.start])
        wide = (encoding or "").startswith("utf-16")
        line = lines + (before.decode(error.encoding, "ignore").count("\n") if wide else before.count(b"\n")) + 1
        name = "UTF-16" if wide else "CP949" if encoding == "cp949" else "UTF-8"
        raise DataError(
            f"{path}, line {line}: not {name} although the file began so (mixed encodings); save it as UTF-8"
        ) from None
