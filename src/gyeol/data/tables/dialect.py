r"""How a table of text is written, judged from its first rows: encoding, line ends, separator, quotes.

A name's ending says what to expect (``.csv`` commas, ``.tsv`` tabs); what stands in the file decides. A separator
gives the same number of fields, two or more, in the first row and in nearly all others. Commas within prose do not:
their number varies, or a space follows them, or nothing in the rows looks like a table.

- Between **tabs** quotes are ordinary characters, because reviews are full of them, unless a spreadsheet wrapped the
  field: it begins and ends with ``"`` and doubles every quote within.
- Between **commas, semicolons and pipes** a field that begins with ``"`` is quoted, as in RFC 4180, and may hold
  separators and up to 1,000 line breaks. A quote that opens a field and swallows rows is astray: that row is bad.
  Quotes after a space (``"a", "b"``) and quotes escaped by a backslash are read where the rows have them so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from gyeol.data.tables.header import find_header, is_known
from gyeol.data.tables.lines import UNDECODED, LineFormat, read_lines
from gyeol.data.tables.quote_habits import QuoteHabits
from gyeol.data.tables.quoting import judge_quotes
from gyeol.data.tables.row_shape import RowShape, alone_row, rows_of_tabs, usual_width
from gyeol.data.tables.rows import BadRow, Row, csv_rows, is_tagged, plain_rows, tagged_rows, tsv_rows
from gyeol.data.tables.separators import DECLARED, judge

__all__ = ["Dialect", "Table", "open_rows", "split_line"]

_SAMPLE = 200  # rows looked at
_TITLES = 8  # lines above a header, at most
_CHARACTERS = 4_000_000  # of the lines looked at, at most
_SAID = re.compile(r'"?sep=([,;|\t])"?', re.IGNORECASE)
_SPOKEN = {"\t": "tabs", ",": "commas", ";": "semicolons", "|": "pipes (|)"}


@dataclass(frozen=True, slots=True)
class Dialect:
    r"""How a table is written.

    Parameters
    ----------
    encoding : str
        ``"ascii"``, ``"utf-8"``, ``"utf-8-sig"``, ``"utf-16"``, ``"utf-16-le"``, ``"utf-16-be"`` or ``"cp949"``, as far
        as the sample shows it.
    newline : str
        ``"\n"``, ``"\r\n"`` or ``"\r"``.
    separator : str
        ``"\t"``, ``","``, ``";"`` or ``"|"``; empty where a line is one text.
    other : str
        Another separator that could be meant as well, or nothing.
    """

    encoding: str
    newline: str
    separator: str
    other: str = ""


@dataclass(slots=True)
class Table:
    """A table being read: how it is written, its first good rows with their lines, and all of its rows."""

    path: Path
    dialect: Dialect
    shape: RowShape
    sample: list[tuple[int, list[str]]]
    rows: Iterator[Row]
    first_bad: BadRow | None = None
    tagged: bool = False  # a line begins with its labels, as fastText has them: rows are label and text
    above: str = ""  # which lines above the header are left out, in a line

    @property
    def note(self) -> str:
        """What stands between the fields, in a line, where the name says otherwise or one could doubt it."""
        kind = Path(self.path.name.lower().removesuffix(".gz")).suffix
        mark = self.dialect.separator
        other = self.dialect.other
        if not mark or (mark == DECLARED.get(kind, "\t") and not other):
            return ""
        more = f" ({_SPOKEN[other]} would give a table, too)" if other else ""
        return f"{self.path.name}: fields are separated by {_SPOKEN[mark]}{more}"

    @property
    def plain(self) -> bool:
        """Whether the file holds lines of text, no table."""
        return not self.dialect.separator

    def cells(self) -> list[list[str]]:
        """Give the fields of the first rows."""
        return [fields for _, fields in self.sample]


def open_rows(path: Path, kind: str | None = None) -> Table:
    """Judge how a table is written, and read its rows as they are asked for.

    Parameters
    ----------
    path : Path
        A file that is there (see `gyeol.data.paths.check_file`).
    kind : str, optional
        ``".csv"``, ``".tsv"``, or another ending for what no name tells; by default that of the file's name.

    Returns
    -------
    Table
        Its rows come with the number of the line in which each begins, a bad one as a `BadRow`; empty lines are rows of
        one empty field.

    Raises
    ------
    DataError
        If the file is no text.
    """
    if kind is None:
        kind = Path(path.name.lower().removesuffix(".gz")).suffix
    form = LineFormat(lenient=True)
    lines = read_lines(path, form)
    ahead: list[tuple[int, str]] = []
    size = filled = 0
    at_end = True
    for number, line in lines:
        ahead.append((number, line))
        size += len(line)
        filled += bool(line.strip())
        if filled >= _SAMPLE or size > _CHARACTERS:
            at_end = False
            break
    texts = [line for _, line in ahead if line.strip()]
    habits = QuoteHabits.of(texts)
    ahead, texts = [(number, habits.mended(line)) for number, line in ahead], list(map(habits.mended, texts))
    said = _SAID.fullmatch(texts[0].strip(" \r")) if texts else None
    if said is not None:  # what Excel writes above a table
        ahead = ahead[[line for _, line in ahead].index(texts[0]) + 1 :]
        del texts[0]
    tagged = bool(texts) and all(map(is_tagged, texts))
    separator, other = (said[1], "") if said is not None else ("", "") if tagged else judge(texts, kind)
    dialect = Dialect(form.encoding, form.newline, separator, other)
    shape = _shape_of([line for _, line in ahead], separator, at_end)
    rest = ((number, habits.mended(line)) for number, line in lines) if habits else lines
    every: Iterator[tuple[int, str]] = chain(ahead, rest)
    rows = _decoded(tagged_rows(every) if tagged else _rows(every, dialect, shape), form)
    first: list[Row] = []
    good: list[tuple[int, list[str]]] = []
    for row in rows:
        first.append(row)
        if not isinstance(row, BadRow) and any(map(str.strip, row[1])):
            good.append(row)
        if len(first) >= min(_SAMPLE, len(ahead)):
            break
    bad = next((row for row in first if isinstance(row, BadRow)), None)
    above = [] if tagged else _titles(good, shape.width)
    above_note = ""
    if above:
        good = good[len(above) :]
        first = [row for row in first if isinstance(row, BadRow) or row[0] >= good[0][0]]
        places = ", ".join(str(number) for number, _ in above)
        above_note = f"{path.name}: line {places} above the header left out ({above[0][1][0].strip():.40})"
    return Table(path, dialect, shape, good, chain(first, rows), bad, tagged, above_note)


def _shape_of(lines: list[str], separator: str, at_end: bool) -> RowShape:
    """Learn what rows look like from the first lines; ``at_end`` says whether the file has no other."""
    texts = [line for line in lines if line.strip()]
    quotes, regular = judge_quotes(lines, separator, whole=at_end)
    alone = [fields for line in texts if (fields := alone_row(line, separator))]
    if regular is not None:
        shape = RowShape.of(regular)
    else:
        wrapped = separator == "\t" and any('"' in line for line in texts)
        shape = RowShape.of(alone, usual_width(rows_of_tabs(list(enumerate(texts)))) if wrapped else None)
    whole = [line for line in texts if (fields := alone_row(line, separator)) and len(fields) == shape.width]
    shape.quoted = sum(line[:1] == '"' == line.removesuffix("\r")[-1:] for line in whole) > 0.6 * len(whole)
    shape.quotes = quotes
    return shape


def _titles(rows: list[tuple[int, list[str]]], width: int) -> list[tuple[int, list[str]]]:
    """Find what stands above a header: a title, a source, the units, each of fewer fields than rows have."""
    at = next((at for at, (_, fields) in enumerate(rows) if len(fields) == width), 0)
    if width < 2 or not 0 < at <= _TITLES:
        return []
    under = [fields for _, fields in rows[at:]]
    return rows[:at] if any(map(is_known, under[0])) and find_header(under).there else []


def _decoded(rows: Iterator[Row], form: LineFormat) -> Iterator[Row]:
    for row in rows:
        if form.damaged and not isinstance(row, BadRow) and any(map(UNDECODED.search, row[1])):
            yield BadRow(row[0], "not UTF-8 although other lines are (mixed encodings?)", "encoding")
        else:
            yield row


def _rows(lines: Iterator[tuple[int, str]], dialect: Dialect, shape: RowShape) -> Iterator[Row]:
    if not dialect.separator:
        return plain_rows(lines)
    if dialect.separator == "\t":
        return tsv_rows(lines, shape if shape.width else None, dialect.newline)
    return csv_rows(lines, dialect.separator, shape if shape.width else None, dialect.newline)


def split_line(line: str, separator: str) -> list[str]:
    """Split one line as a row of a table; one with an open quote is split at every separator."""
    if separator and separator != "\t":
        row = next(csv_rows(iter([(1, line)]), separator), None)
        if row is not None and not isinstance(row, BadRow):
            return row[1]
    return line.removesuffix("\r").split(separator) if separator else [line.removesuffix("\r")]
