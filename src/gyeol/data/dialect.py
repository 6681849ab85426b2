r"""How a table of text is written, judged from its first rows: encoding, line ends, separator, quotes.

A name's ending says what to expect (``.csv`` commas, ``.tsv`` tabs); what stands in the file decides. A separator
gives the same number of fields, two or more, in the first row and in nearly all others. Commas within prose do not:
their number varies, or a space follows them, or nothing in the rows looks like a table.

- Between **tabs** quotes are ordinary characters, because reviews are full of them, unless a spreadsheet wrapped the
  field: it begins and ends with ``"`` and doubles every quote within.
- Between **commas, semicolons and pipes** a field that begins with ``"`` is quoted, as in RFC 4180, and may hold
  separators and up to 1,000 line breaks. A quote that opens a field and swallows rows is astray: that row is bad.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from gyeol.data.header import is_known, is_number, like_labels
from gyeol.data.lines import LineFormat, read_lines
from gyeol.data.rows import BadRow, Row, csv_rows, is_tagged, plain_rows, tagged_rows, tsv_rows

__all__ = ["SEPARATORS", "Dialect", "RowShape", "Table", "judge_separator", "open_rows", "split_line"]

#: What may stand between fields.
SEPARATORS = ("\t", ",", ";", "|")

_SAMPLE = 200  # rows looked at
_CHARACTERS = 4_000_000  # of the lines looked at, at most
_DECLARED = {".csv": ",", ".tsv": "\t"}
_TAB_LINES = 20  # lines of a text file that must have equally many tabs
_MOST_LINES = 0.8  # of the rows have as many fields as the first one: a separator
_NEARLY_ALL = 0.98  # ... where no name says that the file is a table


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
    """

    encoding: str
    newline: str
    separator: str


@dataclass(slots=True)
class RowShape:
    """What the rows of a table look like, learned from those of a sample that stand on one line each.

    Parameters
    ----------
    width : int
        How many fields a row has.
    numbers : set of int
        Columns of numbers.
    labels : dict of int to set of str
        Columns of few different values, and these.
    spaced : set of int
        Columns whose fields often begin with a space.
    """

    width: int
    numbers: set[int] = field(default_factory=set)
    labels: dict[int, set[str]] = field(default_factory=dict)
    spaced: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, rows: Sequence[Sequence[str]]) -> RowShape:
        """Learn the shape of rows, a header among them perhaps."""
        width = Counter(map(len, rows)).most_common(1)[0][0] if rows else 0
        found = cls(width)
        body = [row for row in rows[1:] if len(row) == width]
        for at in range(width if body else 0):
            cells = [row[at] for row in body]
            if sum(cell[:1] == " " for cell in cells) > len(cells) / 5:
                found.spaced.add(at)
            cells = [cell.strip() for cell in cells if cell.strip()]
            if cells and all(map(is_number, cells)):
                found.numbers.add(at)
            elif len(cells) > 2 and like_labels(cells):
                found.labels[at] = set(cells)
        return found

    def fits(self, fields: Sequence[str]) -> bool:
        """Whether fields, split at every separator, could be a row by themselves."""
        if len(fields) != self.width or not all(map(str.strip, fields)):
            return False
        if any(not is_number(fields[at].strip(' "')) for at in self.numbers):
            return False
        if any(fields[at].strip(' "') not in known for at, known in self.labels.items()):
            return False
        return all(cell[:1] != " " or at in self.spaced for at, cell in enumerate(fields))


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
        A file that is there (see `gyeol.data.lines.check_file`).
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
    form = LineFormat()
    lines = read_lines(path, form)
    ahead: list[tuple[int, str]] = []
    size = filled = 0
    for number, line in lines:
        ahead.append((number, line))
        size += len(line)
        filled += bool(line.strip())
        if filled >= _SAMPLE or size > _CHARACTERS:
            break
    texts = [line for _, line in ahead if line.strip()]
    tagged = bool(texts) and all(map(is_tagged, texts))
    separator = "" if tagged else judge_separator(texts, kind)
    dialect = Dialect(form.encoding, form.newline, separator)
    shape = RowShape.of([fields for line in texts if (fields := _alone(line, separator))])
    whole = chain(ahead, lines)
    rows = tagged_rows(whole) if tagged else _rows(whole, dialect, shape)
    first: list[Row] = []
    good: list[tuple[int, list[str]]] = []
    for row in rows:
        first.append(row)
        if not isinstance(row, BadRow) and any(map(str.strip, row[1])):
            good.append(row)
        if len(first) >= min(_SAMPLE, len(ahead)):
            break
    bad = next((row for row in first if isinstance(row, BadRow)), None)
    return Table(path, dialect, shape, good, chain(first, rows), bad, tagged)


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


def _alone(line: str, separator: str) -> list[str] | None:
    """Split a line that is a row by itself; None for one with an open quote."""
    if separator not in {"", "\t"} and '"' in line:
        row = next(csv_rows(iter([(1, line)]), separator))
        return None if isinstance(row, BadRow) else row[1]
    return line.removesuffix("\r").split(separator) if separator else [line]


@dataclass(slots=True)
class _Split:
    """The first rows under one separator."""

    separator: str
    rows: list[list[str]]
    width: int
    share: float

    @classmethod
    def of(cls, lines: Sequence[str], separator: str) -> _Split:
        if separator == "\t":
            rows = [line.removesuffix("\r").split("\t") for line in lines]
            shape = RowShape(Counter(map(len, rows)).most_common(1)[0][0])
            if any('"' in line for line in lines):
                rows = _good(tsv_rows(iter(list(enumerate(lines, 1))), shape))
        else:
            rows = _good(csv_rows(iter(list(enumerate(lines, 1))), separator))
        width, count = Counter(map(len, rows)).most_common(1)[0] if rows else (0, 0)
        return cls(separator, rows, width, count / max(1, len(rows)))

    @property
    def strong(self) -> bool:
        """Whether the first row and nearly all others have the same number of fields, two or more."""
        return self.width > 1 and len(self.rows[0]) == self.width and self.share >= _MOST_LINES

    @property
    def names(self) -> int:
        """How many cells of the first row are names that people give to columns."""
        return sum(is_known(cell) for cell in self.rows[0]) if self.rows else 0

    def looks_like_a_table(self) -> bool:
        """Whether more speaks for a table than that prose happens to have as many commas in every line."""
        if len(self.rows) < 2 or self.share < _NEARLY_ALL:
            return False
        if self.names:
            return True
        body = self.rows[1:] if len(self.rows) > 3 else self.rows
        cells = [row for row in body if len(row) == self.width]
        if len(cells) < 3:
            return False
        columns = [[row[at].strip() for row in cells] for at in range(self.width)]
        if all(is_number(cell) for column in columns[1:] for cell in column):
            return True
        few = (all(map(is_number, column)) or (len(column) > 9 and like_labels(column)) for column in columns)
        return not _spaced(cells) and any(few)


def _good(rows: Iterator[Row]) -> list[list[str]]:
    return [row[1] for row in rows if not isinstance(row, BadRow)]


def _spaced(rows: Sequence[Sequence[str]]) -> bool:
    """Whether a space follows the separator in most rows, as it does in prose."""
    return sum(any(cell[:1] == " " for cell in row[1:]) for row in rows) > len(rows) / 2


def judge_separator(lines: Sequence[str], kind: str) -> str:
    """Tell what stands between the fields of a table.

    Parameters
    ----------
    lines : sequence of str
        Its first lines, none of them empty.
    kind : str
        The ending of its name.

    Returns
    -------
    str
        One of `SEPARATORS`, or nothing where each line is one text.
    """
    declared = _DECLARED.get(kind, "")
    if not lines:
        return declared
    found = {mark: split for mark in SEPARATORS if any(mark in line for line in lines)
             and (split := _Split.of(lines, mark)).rows}  # fmt: skip
    strong = {mark: split for mark, split in found.items() if split.strong}
    if declared == ",":
        return _of_csv(lines, found, strong)
    tabs = found.get("\t")
    if declared == "\t":
        # Commas in a table of one column are prose unless all else says that the name is wrong.
        if tabs is not None and sum("\t" in line for line in lines) > len(lines) / 10:
            return "\t"
        return _of_many({m: s for m, s in strong.items() if s.looks_like_a_table()}) or "\t"
    first = {line.count("\t") for line in lines[:_TAB_LINES]}
    if first != {0} and (len(first) == 1 or (tabs is not None and tabs.strong and tabs.looks_like_a_table())):
        return "\t"
    return _of_many({m: s for m, s in strong.items() if s.looks_like_a_table()})


def _of_csv(lines: Sequence[str], found: dict[str, _Split], strong: dict[str, _Split]) -> str:
    if strong:
        return _of_many(strong, ",")
    commas = found.get(",")
    if commas is None:  # rows of different lengths, perhaps, and each has another separator
        return next((mark for mark, split in found.items() if all(len(row) > 1 for row in split.rows)), ",")
    if commas.width < 2:
        varied = len(commas.rows[0]) == 1 and commas.width == 1 and commas.share < 1
        # One column of prose, with commas that nobody quoted: a row is a line, by the rule of tabs.
        return "\t" if varied and not any(line.lstrip()[:1] == '"' for line in lines) else ","
    if len(commas.rows[0]) == 1 and not any('"' in line for line in lines) and commas.share < _MOST_LINES:
        return "\t"
    return ","


def _of_many(strong: dict[str, _Split], declared: str = "") -> str:
    """Choose among separators, each of which would give a table."""
    if len(strong) < 2:
        return next(iter(strong), "")
    names = max(split.names for split in strong.values())
    best = {mark: split for mark, split in strong.items() if split.names == names}
    if len(best) > 1 and "," in best:
        others = [mark for mark in best if mark != ","]
        # In 1,5;2,5 the commas are decimal marks; in prose a space follows them.
        cells = [cell for row in best[others[0]].rows for cell in row if "," in cell]
        if all(re.fullmatch(r"[-+\d.\s]*\d,\d[\d\s%]*", cell) for cell in cells) or _spaced(best[","].rows):
            return others[0]
    return declared if declared in best else next(iter(best))
