"""What stands between the fields of a table: judged over many rows, with quotes considered."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from gyeol.data.tables.header import is_known, is_number, like_labels
from gyeol.data.tables.quoting import judge_quotes, plain_split, strict_rows
from gyeol.data.tables.row_shape import RowShape, alone_row, good_rows, rows_of_tabs, usual_width
from gyeol.data.tables.rows import csv_rows

__all__ = ["DECLARED", "SEPARATORS", "judge", "judge_separator"]

#: What may stand between fields.
SEPARATORS = ("\t", ",", ";", "|")
#: What the ending of a name says.
DECLARED = {".csv": ",", ".tsv": "\t"}

_NEAR = 1.5  # weights by which two separators differ, where either could be meant
_TAB_LINES = 20  # lines of a text file that must have equally many tabs
_MOST_LINES = 0.8  # of the rows have as many fields as the first one: a separator
_DECIMAL = re.compile(r"[-+\d.\s]*\d,\d[\d\s%]*")
_VALUE = re.compile(r"[-+]?\d+([.,]\d+)?%?|\d{4}[-./]\d{1,2}([-./]\d{1,2})?([ T]\d{1,2}:.*)?", re.ASCII)
_NEARLY_ALL = 0.98  # ... where no name says that the file is a table


@dataclass(slots=True)
class _Split:
    """The first rows under one separator."""

    separator: str
    rows: list[list[str]]
    width: int
    share: float
    strict: bool = False  # each quote stands where RFC 4180 has it, not only in one row of several lines

    @classmethod
    def of(cls, lines: Sequence[str], separator: str) -> _Split:
        found = cls._of(lines, separator)
        if found.width > 1 and any('"' in line for line in lines):
            rows = strict_rows(lines, separator, whole=False) or ()
            quoted = [row.lines for row in rows if '"' in lines[row.line]]
            found.strict = (1 in quoted or len(quoted) > 1) and all(len(row.fields) == found.width for row in rows)
        return found

    @classmethod
    def _of(cls, lines: Sequence[str], separator: str) -> _Split:
        _, regular = judge_quotes(lines, separator, whole=False)
        if regular is not None:
            return cls(separator, regular, len(regular[0]), 1.0)
        numbered = list(enumerate(lines, 1))
        if separator == "\t":
            rows = rows_of_tabs(numbered)
            total = len(rows)
        else:
            alone = [row for line in lines if '"' not in line and (row := alone_row(line, separator)) is not None]
            shape = RowShape(usual_width(alone)) if alone else None
            every = list(csv_rows(iter(numbered), separator, shape))
            rows, total = good_rows(iter(every)), len(every)
            plain = plain_split(lines, separator)
            # Quotes are astray in many rows: then those that are left say little.
            if _most(plain)[1] / len(plain) > _most(rows)[1] / total:
                rows, total = plain, len(plain)
        width, count = _most(rows)
        return cls(separator, rows, width, count / max(1, total))

    @property
    def strong(self) -> bool:
        """Whether the first row and nearly all others have the same number of fields, two or more."""
        return self.width > 1 and len(self.rows[0]) == self.width and self.share >= _MOST_LINES

    @property
    def names(self) -> int:
        """How many cells of the first row are names that people give to columns."""
        return sum(is_known(cell) for cell in self.rows[0]) if self.rows else 0

    def score(self, others: Sequence[str]) -> float:
        """Weigh how well the rows are separated: by names and by columns of one kind, and what stands at their ends.

        ``others`` are separators that would do as well.
        """
        whole = [row for row in self.rows if len(row) == self.width]
        body = [row for row in self.rows[1:] or self.rows if len(row) == self.width]
        columns = [[row[at].strip() for row in body] for at in range(self.width)]
        kinds: float = 1.25 * sum(all(map(_is_plain_value, column)) for column in columns)
        kinds += sum(len(column) > 3 and like_labels(column) for column in columns) / 2
        kinds += sum(all(map(_DECIMAL.fullmatch, column)) for column in columns)  # commas that a table of commas breaks
        score = (
            2.0 * self.names
            + kinds
            + min(self.width, 6) / 4
            + (self.share == 1)
            + 2 * self.strict
            + (self.separator == "\t")
            - _spaced(body) * (2 if self.separator == "\t" or _unevenly_spaced(body if self.names else whole) else 1)
        )
        if self.separator != "\t" and sum(any(cell[-1:] == " " for cell in row[:-1]) for row in whole) > len(whole) / 2:
            score -= 0.5  # programs write no space before a separator
        cells = [cell for row in self.rows for cell in row]
        score -= 2 * any(cell[:1] in others or cell[-1:] in others for cell in cells if cell)
        score -= 2 * (self.separator == "," and all(map(_cuts_a_number, body)))
        if self.separator != "\t" and not self.strict:  # a quote that opens after another separator
            score -= 2 * any(f'{other}"' in cell and cell[:1] != '"' for cell in cells for other in others)
        return score

    def looks_like_a_table(self) -> bool:
        """Whether more speaks for a table than that prose happens to have as many commas in every line."""
        if len(self.rows) < 2 or self.share < _NEARLY_ALL:
            return False
        if self.names or all(_is_plain_value(cell.strip()) for row in self.rows for cell in row):
            return True
        body = self.rows[1:] if len(self.rows) > 3 else self.rows
        cells = [row for row in body if len(row) == self.width]
        if len(cells) < 3:
            return False
        columns = [[row[at].strip() for row in cells] for at in range(self.width)]
        if all(_is_figure(cell) for column in columns[1:] for cell in column):
            return True
        few = (all(map(_is_figure, column)) or (len(column) > 9 and like_labels(column)) for column in columns)
        return not _spaced(cells) and any(few)


def _most(rows: Sequence[Sequence[str]]) -> tuple[int, int]:
    """Say how many fields most rows have, and how many rows these are."""
    return Counter(map(len, rows)).most_common(1)[0] if rows else (0, 0)


def _is_figure(cell: str) -> bool:
    """Whether a field is a number, and not the end of a sentence, as "5." is."""
    return is_number(cell) and cell[-1:] != "."


def _is_plain_value(cell: str) -> bool:
    """Whether a field is a number, with either decimal mark, or a date."""
    return _VALUE.fullmatch(cell) is not None


def _spaced(rows: Sequence[Sequence[str]]) -> bool:
    """Whether a space follows the separator in most rows, as it does in prose."""
    return sum(any(cell[:1] == " " for cell in row[1:]) for row in rows) > len(rows) / 2


def _cuts_a_number(row: Sequence[str]) -> bool:
    """Whether a comma of this row is the decimal mark of a number within a text: so it was 3,5 times."""
    return any(
        left[-1:].isdigit() and right[:1].isdigit() and not (_is_plain_value(left) and _is_plain_value(right))
        for left, right in pairwise(row)
    )


def _unevenly_spaced(rows: Sequence[Sequence[str]]) -> bool:
    """Whether a space follows some separators and others not, which no program writes."""
    spaces = {cell[:1] == " " for row in rows for cell in row[1:] if cell}
    return len(spaces) > 1


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
    return judge(lines, kind)[0]


def judge(lines: Sequence[str], kind: str) -> tuple[str, str]:
    """Tell what stands between the fields, and what else would give a table nearly as well (or nothing)."""
    declared = DECLARED.get(kind, "")
    if not lines:
        return declared, ""
    found = {mark: split for mark in SEPARATORS if any(mark in line for line in lines)
             and (split := _Split.of(lines, mark)).rows}  # fmt: skip
    strong = {mark: split for mark, split in found.items() if split.strong}
    if declared == ",":
        return _of_csv(lines, found, strong)
    tabs = found.get("\t")
    if declared == "\t":
        # Commas in a table of one column are prose unless all else says that the name is wrong.
        if tabs is not None and sum("\t" in line for line in lines) > len(lines) / 10:
            return "\t", ""
        mark, other = _of_many({m: s for m, s in strong.items() if s.looks_like_a_table()})
        return mark or "\t", other
    first = {line.count("\t") for line in lines[:_TAB_LINES]}
    if first != {0} and (
        len(first) == 1 or (tabs is not None and tabs.strong and (tabs.share == 1 or tabs.looks_like_a_table()))
    ):
        return "\t", ""
    return _of_many({m: s for m, s in strong.items() if s.looks_like_a_table()})


def _of_csv(lines: Sequence[str], found: dict[str, _Split], strong: dict[str, _Split]) -> tuple[str, str]:
    """Judge a file whose name says that commas separate."""
    others = {m: s for m, s in strong.items() if m == "," or len(lines) > 2 or s.names or s.looks_like_a_table()}
    if others:
        return _of_many(others, ",")
    commas = found.get(",")
    if commas is None:  # rows of different lengths, perhaps, and each has another separator
        rest = (mark for mark, split in found.items() if all(len(row) > 1 for row in split.rows[:3]))
        return (next(rest, ",") if len(lines) > 2 else ","), ""
    prose = len(commas.rows[0]) == 1 and commas.share < (_MOST_LINES if commas.width > 1 else 1)
    # One column of prose, with commas that nobody quoted: a row is a line, by the rule of tabs.
    return ("\t" if prose and not any(line.lstrip()[:1] == '"' for line in lines) else ","), ""


def _of_many(strong: dict[str, _Split], declared: str = "") -> tuple[str, str]:
    """Choose among separators, each of which would give a table, the one whose columns say most."""
    if len(strong) < 2:
        return next(iter(strong), ""), ""
    if "," in strong and any(mark != "," and _is_decimal(split) for mark, split in strong.items()):
        strong = {mark: split for mark, split in strong.items() if mark != ","}
    scores = {mark: split.score([m for m in strong if m != mark]) for mark, split in strong.items()}
    if declared in scores:
        scores[declared] += 1
    first, *rest = sorted(scores, key=lambda mark: (-scores[mark], mark != declared))
    near = rest[0] if rest and scores[rest[0]] >= scores[first] - _NEAR else ""
    return first, near


def _is_decimal(split: _Split) -> bool:
    """Whether commas stand within fields only as decimal marks: 1,5;2,5."""
    cells = [cell for row in split.rows for cell in row if "," in cell]
    return bool(cells) and all(map(_DECIMAL.fullmatch, cells))
