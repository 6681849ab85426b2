"""Lines from a pipe as they come, so that ``tail -f log | gyeol predict`` answers at once."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from io import BufferedIOBase

from gyeol.data.lines import MAX_LINE
from gyeol.errors import DataError

__all__ = ["read_pipe"]

_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_PIECE = 1 << 20  # bytes read at a time, at most


def read_pipe(stream: BufferedIOBase) -> Iterator[list[tuple[int, str]]]:
    r"""Read numbered lines from standard input, whatever has come at a time.

    Parameters
    ----------
    stream : binary stream
        UTF-8, else CP949; UTF-16 if it begins with its mark. The first line that is not ASCII decides.

    Yields
    ------
    list of (int, str)
        The lines that have come since the last ones: number, from 1, and text without ``\n`` or ``\r\n``.

    Raises
    ------
    DataError
        For what is no text, mixes encodings, or has a line longer than any row may be; names the line.

    Examples
    --------
    >>> import io
    >>> list(read_pipe(io.BytesIO("좋다\r\n싫다".encode("cp949"))))
    [[(1, '좋다')], [(2, '싫다')]]
    """
    rest, number, encodings = b"", 0, ["utf-8", "cp949"]
    piece = stream.read1(_PIECE)
    # The mark may come alone or in parts.
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
        if len(rest) > 4 * MAX_LINE:
            raise DataError(f"standard input, line {number + len(complete) + 1}: longer than {MAX_LINE:,} characters")
        if complete:
            yield [(number + i, _decoded(line, number + i, encodings)) for i, line in enumerate(complete, 1)]
            number += len(complete)
        piece = stream.read1(_PIECE)
    if rest:
        yield [(number + 1, _decoded(rest, number + 1, encodings))]


def _decoded(line: bytes, number: int, encodings: list[str]) -> str:
    if b"\0" in line:
        raise DataError(f"standard input, line {number}: a NUL byte, so it is no text; texts were expected, one a line")
    line = line.removesuffix(b"\r")
    if line.isascii():
        return line.decode("ascii")
    for encoding in encodings:
        try:
            text = line.decode(encoding)
        except UnicodeDecodeError:
            continue
        encodings[:] = [encoding]
        return text
    expected = " or ".join(encoding.upper() for encoding in encodings)
    raise DataError(f"standard input, line {number}: not {expected} (mixed encodings?); save it as UTF-8")


def _from_utf16(whole: bytes) -> bytes:
    try:
        return whole.decode("utf-16").encode()
    except UnicodeError:
        raise DataError("standard input begins as UTF-16 and is not: save it as UTF-8") from None
