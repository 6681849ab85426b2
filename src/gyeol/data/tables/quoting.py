"""Whether quotes wrap the fields of a table or are ordinary characters: both readings of its first lines are tried."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from gyeol.data.tables.quote_habits import Quotes
from gyeol.data.tables.row_shape import RowShape

__all__ = ["judge_quotes", "plain_split", "strict_rows"]

_ENOUGH = 2  # rows with quotes that wrap nothing, between commas, semicolons or pipes: these are ordinary
_OPEN = re.compile(r'"(?:[^"]++|"")*+')


@dataclass(frozen=True, slots=True)
class _StrictRow:
    """A row as RFC 4180 has it, the place of its first line and how many lines it takes."""

    fields: list[str]
    line: int
    lines: int


def strict_rows(lines: Sequence[str], separator: str, *, whole: bool = True) -> list[_StrictRow] | None:
    r"""Read lines as RFC 4180 has them, without any licence; None where a quote is anywhere else.

    Parameters
    ----------
    lines : sequence of str
        Lines without their ends, but for a ``\r``.
    separator : str
        What stands between fields.
    whole : bool
        Whether the file ends here; if not, the last row may be cut.

    Examples
    --------
    >>> [row.fields for row in strict_rows(['a;"b', 'c"', "d;e"], ";")]
    [['a', 'b\nc'], ['d', 'e']]
    >>> strict_rows(['a "b";c'], ";") is None
    True
    """
    text = "\n".join(lines)
    cell = _cell(separator)
    rows: list[_StrictRow] = []
    fields: list[str] = []
    at = line = first_line = 0
    while (found := cell.match(text, at)) is not None:
        quoted, bare, end = found.groups()
        fields.append(bare.removesuffix("\r") if quoted is None else quoted.replace('""', '"'))
        line += found[0].count("\n")
        at = found.end()
        if end == separator:
            continue
        rows.append(_StrictRow(fields, first_line, line - first_line + (not end)))
        if not end:
            return rows
        fields, first_line = [], line
    cut = not whole and first_line > len(lines) / 2 and _OPEN.fullmatch(text, at) is not None
    return rows if cut else None


@cache
def _cell(separator: str) -> re.Pattern[str]:
    mark = re.escape(separator)
    return re.compile(rf'(?:"((?:[^"]++|"")*+)"\r?|([^"{mark}\n]*+))({mark}|\n|\Z)')


def plain_split(lines: Sequence[str], separator: str) -> list[list[str]]:
    """Split lines at every separator, as if quotes were ordinary; empty lines are left out."""
    return [line.removesuffix("\r").split(separator) for line in lines if line.strip()]


def width_of_all(rows: Sequence[Sequence[str]]) -> int:
    """Say how many fields all rows have, two or more; 0 where they differ."""
    widths = set(map(len, rows))
    return next(iter(widths)) if len(widths) == 1 and widths != {1} else 0


def judge_quotes(lines: Sequence[str], separator: str, *, whole: bool) -> tuple[Quotes, list[list[str]] | None]:
    """Tell what quotes are in the first lines of a table, and give its rows where only one reading is regular.

    A reading is regular if all rows have the same number of fields. Where both are and they differ, the lines within
    quoted fields tell: rows by themselves have numbers and dates where other rows have them.

    Parameters
    ----------
    lines : sequence of str
        The first lines.
    separator : str
        What stands between fields.
    whole : bool
        Whether the file ends here.
    """
    quoted = bool(separator) and any('"' in line for line in lines)
    plain = plain_split(lines, separator) if quoted else []
    ends = {line[-1:] == "\r" for line in lines if line.strip()}
    plain_width = width_of_all(plain) if len(ends) == 1 else 0
    found = strict_rows(lines, separator, whole=whole) if quoted else None
    strict = [row for row in found or () if row.fields != [""]]
    wrapped = [row.fields for row in strict]
    wrapped_width = width_of_all(wrapped)
    if wrapped_width and not plain_width:
        return Quotes.WRAPPING, wrapped
    ordinary = Quotes.ORDINARY if separator == "\t" or _bare_quotes(plain) >= _ENOUGH else Quotes.UNKNOWN
    if plain_width and not wrapped_width:
        return ordinary, plain
    if not plain_width or all(row.lines == 1 for row in strict):
        return Quotes.UNKNOWN, None
    kinds = _kinds_of_lines(lines, separator, strict, plain_width)
    # Where all rows have line breaks, more fields in each are no chance.
    if False in kinds or (wrapped_width > plain_width and len(strict) > 1):
        return Quotes.WRAPPING, wrapped
    return ordinary if kinds == {True} else Quotes.UNKNOWN, plain


def _kinds_of_lines(lines: Sequence[str], separator: str, strict: Sequence[_StrictRow], width: int) -> set[bool | None]:
    """Ask of each line within rows of several lines whether numbers and dates stand where other rows have them."""
    shape = RowShape.of([row.fields for row in strict if row.lines == 1], width)
    within = [line for row in strict if row.lines > 1 for line in lines[row.line : row.line + row.lines]]
    return {shape.kinds_hold(row) for row in plain_split(within, separator)}


def _bare_quotes(rows: Sequence[Sequence[str]]) -> int:
    """Count the rows with a quote within a field that does not begin with one: no program wraps fields so."""
    return sum(any('"' in cell and cell[:1] != '"' for cell in row) for row in rows)
