r"""Two ways of quoting that RFC 4180 does not know: a space before the quote, and a backslash before one within."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

__all__ = ["QuoteHabits", "Quotes"]

_FIELD = r'"(?:[^"]|"")*"'
_SPACED = re.compile(rf'({_FIELD})|([,;|]) +(?=")')
_ESCAPED = re.compile(r'(?<!\\)((?:\\\\)*)\\"')
_ROW = re.compile(rf'(?:{_FIELD}|[^",;|]*)(?:[,;|](?: *{_FIELD}|[^",;|]*))+\r?')
_SPACE_BEFORE_QUOTE = re.compile(r'[,;|] +"')


class Quotes(Enum):
    """What quotes are in the rows of a table, as far as its first rows tell."""

    WRAPPING = "wrapping"  #: they wrap fields, as RFC 4180 has it: no other reading is regular
    ORDINARY = "ordinary"  #: they are characters as any other: a line is a row
    UNKNOWN = "unknown"  #: both may be, or neither


@dataclass(frozen=True, slots=True)
class QuoteHabits:
    r"""How a table quotes, beside what RFC 4180 says.

    Parameters
    ----------
    spaced : bool
        ``"a", "b"``: a space stands before the quotes. Python's own lists are printed so.
    escaped : bool
        A quote within a field has a backslash before it, as MySQL and many programs write it.
    """

    spaced: bool = False
    escaped: bool = False

    @classmethod
    def of(cls, lines: Sequence[str]) -> QuoteHabits:
        """Judge the first lines: a habit shows in all of them, or in all that can show it."""
        quoted = [line for line in lines if '"' in line]
        escapes = [line for line in quoted if _ESCAPED.search(line)]
        escaped = any(not _is_row(line) for line in escapes) and all(_is_row(_doubled(line)) for line in escapes)
        spaces = [line for line in quoted if _SPACE_BEFORE_QUOTE.search(line)]
        spaced = len(spaces) > max(1, len(lines) / 2) and all(map(_ROW.fullmatch, map(_doubled, quoted)))
        return cls(spaced, escaped)

    def __bool__(self) -> bool:
        return self.spaced or self.escaped

    def mended(self, line: str) -> str:
        r"""Write a line as RFC 4180 has it.

        Examples
        --------
        >>> QuoteHabits(spaced=True).mended('"a, b", "c"'), QuoteHabits(escaped=True).mended(r'"a \" b",c')
        ('"a, b","c"', '"a "" b",c')
        """
        if '"' not in line:
            return line
        if self.escaped:
            line = _doubled(line)
        return _SPACED.sub(r"\1\2", line) if self.spaced else line


def _doubled(line: str) -> str:
    return _ESCAPED.sub(r'\1""', line)


def _is_row(line: str) -> bool:
    """Whether a line is a row by itself, with every quote in its place, whatever separates."""
    return any(_parses(line, mark) for mark in ",;|\t" if mark in line)


def _parses(line: str, mark: str) -> bool:
    try:
        return len(next(csv.reader([line], delimiter=mark, strict=True))) > 1
    except (csv.Error, StopIteration):
        return False
