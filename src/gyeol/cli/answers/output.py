"""What the commands print: tables for people on standard output, JSON for programs, notes on standard error."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from gyeol.data.text_width import text_width

__all__ = [
    "confusion",
    "error_object",
    "note",
    "object_out",
    "object_pieces",
    "one_line",
    "percent",
    "pieces_out",
    "report_reading",
    "table",
]


class _Noted(Protocol):
    notes: list[str]

    def left_out(self) -> str: ...


_Read = TypeVar("_Read", bound=_Noted)


def note(message: str) -> None:
    """Print a line on standard error, beside the answer."""
    if message:
        sys.stderr.write(f"{message}\n")


def report_reading(read: _Read) -> _Read:
    """Print the notes on how a file was read, and which rows were skipped; returns what was read."""
    for line in read.notes:
        note(line)
    note(read.left_out())
    return read


def object_out(value: dict[str, Any]) -> None:
    """Print one JSON object on a line."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n")


def error_object(error: BaseException, message: str, status: int) -> dict[str, Any]:
    """Describe an error to programs.

    Parameters
    ----------
    error : BaseException
        Its class is its type: ``DataError``, ``ParameterError``, ``ModelError``, ...; ``UsageError`` for a mistake in
        the command itself.
    message : str
        One line.
    status : int
        The exit status: 2 for a user's mistake, 1 for a bug in gyeol, 130 for Ctrl-C.

    Examples
    --------
    >>> error_object(ValueError("x"), "x", 1)
    {'type': 'ValueError', 'message': 'x', 'status': 1}
    """
    usage = any(kind.__name__ == "ClickException" for kind in type(error).__mro__)
    return {"type": "UsageError" if usage else type(error).__name__, "message": message, "status": status}


def object_pieces(about: dict[str, Any], items: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Write one JSON object piece by piece: the entries of ``about``, and a list of ``predictions``.

    Nothing is written before the first item is there, so that an early error leaves no broken object.

    Examples
    --------
    >>> "".join(object_pieces({"model": "m"}, [{"text": "a"}, {"text": "b"}])).strip()
    '{"model": "m", "predictions": [{"text": "a"}, {"text": "b"}]}'
    """
    separator = json.dumps(about, ensure_ascii=False)[:-1] + ', "predictions": ['
    for item in items:
        yield separator + json.dumps(item, ensure_ascii=False, allow_nan=False)
        separator = ", "
    yield ("" if separator == ", " else separator) + "]}\n"


def pieces_out(pieces: Iterable[str], out: Path | None) -> None:
    """Print pieces as they come; or write them to a temporary file that then replaces ``out``."""
    if out is None:
        for piece in pieces:
            sys.stdout.write(piece)
            sys.stdout.flush()
        return
    from gyeol.data.atomic import replace_file

    def write(path: Path) -> None:
        with path.open("w", encoding="utf-8", newline="\n") as target:
            target.writelines(pieces)

    replace_file(out, write)


def one_line(text: str) -> str:
    """Replace line ends and control characters, which text from files may hold, by spaces."""
    return re.sub("[\x00-\x1f\x7f-\x9f\u2028\u2029]", " ", text)


def percent(share: float) -> str:
    """Write a share in per cent.

    Examples
    --------
    >>> percent(0.86542)
    '86.54 %'
    """
    return f"{100 * share:.2f} %"


def table(rows: Sequence[Sequence[Any]], *, right: Sequence[int] = ()) -> str:
    """Lay out rows in columns; those in ``right`` are aligned to the right.

    Examples
    --------
    >>> print(table([["긍정", 3], ["a", 12]], right=[1]))
    긍정   3
    a     12
    """
    texts = [[one_line(str(cell)) for cell in row] for row in rows]
    widths = [max(text_width(row[i]) for row in texts) for i in range(len(texts[0]))]
    lines = []
    for row in texts:
        cells = []
        for i, cell in enumerate(row):
            gap = " " * (widths[i] - text_width(cell))
            cells.append(gap + cell if i in right else cell + gap)
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def confusion(figures: dict[str, Any], classes: Sequence[Any], *, most: int = 12) -> str:
    """Lay out a confusion matrix (rows true, columns predicted), with recall, precision and F1 of each class."""
    names = [str(c) for c in classes]
    rows: list[list[Any]] = []
    if len(names) <= most:
        rows.append(["true \\ predicted", *names, "", "recall", "precision", "f1"])
    else:
        rows.append(["class", "count", "recall", "precision", "f1"])
    for name, counts in zip(names, figures["confusion"], strict=True):
        own = figures["per_class"][name]
        quality = [f"{own[k]:.3f}" for k in ("recall", "precision", "f1")]
        rows.append([name, *counts, "", *quality] if len(names) <= most else [name, own["count"], *quality])
    return table(rows, right=range(1, len(rows[0])))
