"""Lines from a pipe as they arrive, so that ``tail -f log | gyeol predict`` answers at once."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from io import BufferedIOBase

from gyeol.data.tables.lines import MAX_LINE, is_korean
from gyeol.data.tables.rows import BadRow, too_long
from gyeol.errors import DataError

__all__ = ["read_pipe"]

_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_PIECE = 1 << 20  # bytes read at a time, at most
_HANGUL = re.compile("[\u0800-\uffff]")  # three bytes of UTF-8, which CP949 text hardly ever forms by chance

Line = tuple[int, str] | BadRow


def read_pipe(stream: BufferedIOBase) -> Iterator[list[Line]]:
    r"""Read numbered lines from standard input as they arrive.

    Parameters
    ----------
    stream : binary stream
        UTF-8, else CP949; UTF-16 if it begins with its mark. The first line that is not ASCII decides, and a line that
        is plainly UTF-8 later on overrules it.

    Yields
    ------
    list of (int, str) or BadRow
        The lines that have arrived since the last: number, from 1, and text without ``\n`` or ``\r\n``. A line that
        is not text, is in another encoding, or is longer than any row may be is returned as a `BadRow`: a pipe goes on.

    Raises
    ------
    DataError
        For a pipe that starts as UTF-16 but is not.

    Examples
    --------
    >>> import io
    >>> list(read_pipe(io.BytesIO("좋다\r\n싫다".encode("cp949"))))
    [[(1, '좋다')], [(2, '싫다')]]
    """
    rest, number, encodings = b"", 0, ["utf-8", "cp949"]
    dropping = False  # within a line that is skipped
    piece = stream.read1(_PIECE)
    # The mark may arrive alone or in parts.
    while any(mark.startswith(piece) for mark in _MARKS) and (more := stream.read1(_PIECE)):
        piece += more
    if piece[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        piece = _from_utf16(piece + stream.read())
    piece = piece.removeprefix(codecs.BOM_UTF8)
    while piece:
        # Only the new piece can hold a line's end: looking through the rest again would take quadratic time.
        head, end, tail = piece.rpartition(b"\n")
        complete = (rest + head).split(b"\n") if end else []
        rest = tail if end else rest + piece
        found: list[Line] = []
        for line in complete:
            number += 1
            found.append(too_long(number) if dropping else _decoded(line, number, encodings))
            dropping = False
        if len(rest) > 4 * MAX_LINE:
            rest, dropping = b"", True
        if found:
            yield found
        piece = stream.read1(_PIECE)
    if not (number or dropping) and b"\r" in rest[:-1]:  # lines that end in \r alone, as old spreadsheets write them
        yield [_decoded(line, at, encodings) for at, line in enumerate(rest.removesuffix(b"\r").split(b"\r"), 1)]
    elif rest or dropping:
        yield [too_long(number + 1) if dropping else _decoded(rest, number + 1, encodings)]


def _decoded(line: bytes, number: int, encodings: list[str]) -> Line:
    if b"\0" in line:
        return BadRow(number, "a NUL byte, so it is not text", "encoding")
    line = line.removesuffix(b"\r")
    text = _text_of(line, encodings)
    if text is None:
        expected = " or ".join(encoding.upper() for encoding in encodings)
        return BadRow(number, f"not {expected} (mixed encodings?); write it as UTF-8", "encoding")
    return too_long(number) if len(text) > MAX_LINE else (number, text)


def _text_of(line: bytes, encodings: list[str]) -> str | None:
    if line.isascii():
        return line.decode("ascii")
    for encoding in dict.fromkeys((*encodings, "utf-8")):
        try:
            text = line.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "cp949" and not is_korean(text):
            continue
        if encoding in encodings or _HANGUL.search(text):
            encodings[:] = [encoding]
            return text
    return None


def _from_utf16(whole: bytes) -> bytes:
    try:
        return whole.decode("utf-16").encode()
    except UnicodeError:
        raise DataError("standard input starts as UTF-16 but is not: save it as UTF-8") from None
