"""What the rows of a table look like: how many fields they have, and which of them hold numbers or few values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from gyeol.data.tables.header import is_amount, is_date, like_labels
from gyeol.data.tables.quote_habits import Quotes
from gyeol.data.tables.rows import BadRow, Row, csv_rows, tsv_rows

__all__ = ["RowShape", "alone_row", "good_rows", "rows_of_tabs", "usual_width"]


@dataclass(slots=True)
class RowShape:
    """What the rows of a table look like, learned from those of a sample that stand on one line each.

    Parameters
    ----------
    width : int
        How many fields a row has.
    numbers : set of int
        Columns of numbers.
    dates : set of int
        Columns of dates.
    labels : dict of int to set of str
        Columns of few different values, and these.
    spaced : set of int
        Columns whose fields often begin with a space.
    empty : set of int
        Columns that have empty fields.
    quoted : bool
        Whether most rows that stand on one line begin and end with a quote: then no line without is a row.
    quotes : Quotes
        What quotes are in these rows.
    """

    width: int
    numbers: set[int] = field(default_factory=set)
    dates: set[int] = field(default_factory=set)
    labels: dict[int, set[str]] = field(default_factory=dict)
    spaced: set[int] = field(default_factory=set)
    empty: set[int] = field(default_factory=set)
    quoted: bool = False
    quotes: Quotes = Quotes.UNKNOWN

    @classmethod
    def of(cls, rows: Sequence[Sequence[str]], width: int | None = None) -> RowShape:
        """Learn the shape of rows, a header among them perhaps; of ``width`` fields, where that is known."""
        width = usual_width(rows) if width is None else width
        found = cls(width)
        body = [row for row in rows[1:] if len(row) == width]
        for at in range(width if body else 0):
            cells = [row[at] for row in body]
            if sum(cell[:1] == " " for cell in cells) > len(cells) / 5:
                found.spaced.add(at)
            if not all(map(str.strip, cells)):
                found.empty.add(at)
            cells = [cell.strip() for cell in cells if cell.strip()]
            if cells and all(map(is_amount, cells)):
                found.numbers.add(at)
            elif cells and all(map(is_date, cells)):
                found.dates.add(at)
            elif len(cells) > 2 and like_labels(cells):
                found.labels[at] = set(cells)
        return found

    def fits(self, fields: Sequence[str]) -> bool:
        """Whether fields, split at every separator, could be a row by themselves."""
        if len(fields) != self.width or not all(cell.strip() or at in self.empty for at, cell in enumerate(fields)):
            return False
        if self.quoted and not fields[0][:1] == '"' == fields[-1][-1:]:
            return False
        plain = [cell.strip(' "') for cell in fields]
        kinds = ((self.numbers, is_amount), (self.dates, is_date))
        if any(not is_kind(plain[at]) for places, is_kind in kinds for at in places if plain[at]):
            return False
        if any(plain[at] not in known for at, known in self.labels.items() if plain[at]):
            return False
        return all(cell[:1] != " " or at in self.spaced for at, cell in enumerate(fields))

    def kinds_hold(self, fields: Sequence[str]) -> bool | None:
        """Whether numbers and dates stand where rows have them; where rows have none, whether labels are known ones.

        None where the columns tell nothing: none is of a kind, or a label is new.
        """
        if len(fields) != self.width:
            return False
        plain = [cell.strip(' "') for cell in fields]
        typed = [(at, kind) for places, kind in ((self.numbers, is_amount), (self.dates, is_date)) for at in places]
        if typed:
            return all(kind(plain[at]) or (not plain[at] and at in self.empty) for at, kind in typed)
        return True if self.labels and all(plain[at] in known for at, known in self.labels.items()) else None


def alone_row(line: str, separator: str) -> list[str] | None:
    """Split a line that is a row by itself; None for one with an open quote."""
    if separator and '"' in line:
        row = next(csv_rows(iter([(1, line)]), separator))
        if not isinstance(row, BadRow):
            return row[1]
        if separator != "\t":
            return None
    return line.removesuffix("\r").split(separator) if separator else [line]


def rows_of_tabs(lines: list[tuple[int, str]]) -> list[list[str]]:
    """Split lines at tabs, where a spreadsheet may have quoted some fields."""
    alone = [row for _, line in lines if (row := alone_row(line, "\t")) is not None]
    if not any('"' in line for _, line in lines):
        return alone
    rows = good_rows(tsv_rows(iter(lines), RowShape(usual_width(alone))))
    uneven = len(set(map(len, rows))) > 1
    if uneven or any(cell[:1] == '"' and cell.count('"') % 2 for row in rows for cell in row):
        quoted = list(csv_rows(iter(lines), "\t"))
        good = good_rows(iter(quoted))
        even = len(good) == len(quoted) and len(set(map(len, good))) == 1
        # Where every row has line breaks, the pieces of rows are all of one width, which is less than that of rows.
        if even and (uneven or (len(good) > 1 and len(good[0]) > len(rows[0]))):
            return good
    return rows


def usual_width(rows: Sequence[Sequence[str]]) -> int:
    """Say how many fields most rows have; 0 where there is no row."""
    return Counter(map(len, rows)).most_common(1)[0][0] if rows else 0


def good_rows(rows: Iterator[Row]) -> list[list[str]]:
    """Give the fields of all rows but the bad ones."""
    return [row[1] for row in rows if not isinstance(row, BadRow)]
