"""From bytes to lines of text: UTF-8, UTF-16 with its mark, or CP949, plain or gzipped, a few megabytes at a time."""

from __future__ import annotations

import codecs
import gzip
import os
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from gyeol.errors import DataError, closest

__all__ = ["MAX_LINE", "check_file", "open_text", "read_lines"]

CHUNK = 1 << 20  # bytes read at a time
MAX_LINE = 4_000_000  # characters; four times the longest text, so that a row with such a text is seen whole

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


def check_file(path: str | os.PathLike[str]) -> Path:
    """Give the path of a file that is there, with bytes in it.

    Parameters
    ----------
    path : str or path
        The file a user named.

    Raises
    ------
    DataError
        If there is no such file (names similar ones beside it), if it is a folder or a device, or if it is empty.
    """
    path = Path(path)
    try:
        state = path.stat()
    except FileNotFoundError:
        raise DataError(f"there is no file {path}{_neighbours(path)}") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {_cause(error)}; check the name and the permissions") from None
    if stat.S_ISDIR(state.st_mode):
        raise DataError(f"{path} is a folder; a file was expected{_inside(path)}")
    if not stat.S_ISREG(state.st_mode):
        raise DataError(f"{path} is not an ordinary file; write what it gives into a file first")
    if state.st_size == 0:
        raise DataError(f"{path} is empty; a file with one text a row was expected")
    return path


def open_text(path: str | os.PathLike[str]) -> Iterator[tuple[int, str]]:
    r"""Read a text file line by line.

    Parameters
    ----------
    path : str or path
        A text file, gzipped if its name ends in ``.gz``: strict UTF-8, else CP949; UTF-16 if it begins with its mark.

    Yields
    ------
    tuple of int and str
        The line's number, from 1, and its text without the line's end (``\n`` or ``\r\n``).

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


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    r"""Read numbered lines as they stand: a ``\r`` at the end stays, a line above ``MAX_LINE`` is cut just above it.

    Only ``\n`` ends a line: a review may hold U+2028 or U+0085, at which ``str.splitlines`` would cut it.
    """
    number, rest = 0, ""
    for piece in _decode(path):
        lines = (rest + piece).split("\n")
        if "\0" in piece:
            at = number + 1 + next(i for i, line in enumerate(lines) if "\0" in line)
            raise DataError(f"{path} is not a text file: NUL byte in line {at}; save it as UTF-8 text")
        rest = lines.pop()[: MAX_LINE + 1]
        for line in lines:
            number += 1
            yield number, line
    if rest:
        yield number + 1, rest


def _decode(path: Path) -> Iterator[str]:
    """Decode a file piece by piece; ASCII decides nothing, the first piece with another byte decides the encoding."""
    try:
        with _open(path) as stream:
            chunk = stream.read(CHUNK)
            encoding = _mark(path, chunk)
            decoder = codecs.getincrementaldecoder(encoding)() if encoding else None
            lines = 0
            while chunk:
                if decoder is None and not chunk.isascii():
                    # One chunk more, so that a single character cut in two at the chunk's end does not decide alone.
                    more = stream.read(CHUNK)
                    chunk += more
                    encoding = _guess(path, chunk, at_end=len(more) < CHUNK, lines=lines)
                    decoder = codecs.getincrementaldecoder(encoding)()
                text = chunk.decode("ascii") if decoder is None else _step(path, decoder, encoding, chunk, lines)
                lines += text.count("\n")
                yield text
                chunk = stream.read(CHUNK)
            if decoder is not None and (text := _step(path, decoder, encoding, b"", lines, final=True)):
                yield text
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path} is not a whole gzip file ({error}); fetch or pack it again") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {_cause(error)}; check the name and the permissions") from None


def _open(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path, "rb")) if path.suffix.lower() == ".gz" else path.open("rb")


def _mark(path: Path, head: bytes) -> str | None:
    """Read the byte order mark, and refuse what is no text."""
    if not head:
        raise DataError(f"{path} is empty; a file with one text a row was expected")
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    for magic, what in _MAGIC.items():
        if head.startswith(magic) and not (head.isascii() and b"\0" not in head):
            raise DataError(f"{path} is not a text file but {what}")
    if b"\0" in head:
        at = head[: head.index(b"\0")].count(b"\n") + 1
        raise DataError(f"{path} is not a text file: NUL byte in line {at}; save it as UTF-8 text")
    return None


def _guess(path: Path, window: bytes, *, at_end: bool, lines: int) -> str:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(window, final=at_end)
        return "utf-8"
    except UnicodeDecodeError as error:
        line = lines + window.count(b"\n", 0, error.start) + 1
    try:
        codecs.getincrementaldecoder("cp949")().decode(window, final=at_end)
        return "cp949"
    except UnicodeDecodeError:
        raise DataError(
            f"{path}, line {line}: not UTF-8, and the file is not CP949 either (mixed encodings?); save it as UTF-8"
        ) from None


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
        name = {"utf-8-sig": "UTF-8", "utf-8": "UTF-8", "utf-16": "UTF-16", "cp949": "CP949"}[encoding or "utf-8"]
        raise DataError(
            f"{path}, line {line}: not {name} although the file began so (mixed encodings); save it as UTF-8"
        ) from None


def _cause(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()


def _names(folder: Path) -> list[str]:
    """List a folder, a few thousand names at most."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry, _ in zip(entries, range(5000), strict=False))
    except (OSError, ValueError):
        return []


def _inside(folder: Path) -> str:
    names = [name for name in _names(folder) if not name.startswith(".")]
    return f"; it holds {', '.join(names[:5])}{', ...' if len(names) > 5 else ''}" if names else ""


def _neighbours(path: Path) -> str:
    from difflib import get_close_matches

    names = {name.casefold(): name for name in _names(path.parent)}
    near = [names[key] for key in get_close_matches(path.name.casefold(), names, n=5, cutoff=0.6)]
    if near:
        return closest(near[0], near).removesuffix(".") if len(near) == 1 else f"; similar there: {', '.join(near)}"
    return "" if path.parent.is_dir() else f"; there is no folder {path.parent} either"
