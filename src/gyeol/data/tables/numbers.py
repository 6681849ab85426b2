"""Numbers as people write them: the decimal mark is judged over a whole column, never over a cell.

``1,234`` is a thousand where a point is the decimal mark and little more than one where a comma is. `readings` gives
both; a `NumberColumn` keeps both where they differ, and `settle` decides when all rows are read: by a cell that only
one of them can read (``12,5``; ``1,234,567``; ``0,512``), by the other columns of the file, by the file's separator.
Ambiguous cases are an error that names ``--decimal``.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from gyeol.data.number_format import exact
from gyeol.data.tables.number_cells import PLAIN, NumberFormat, read_both, readings
from gyeol.errors import DataError

__all__ = ["NumberColumn", "NumberFormat", "Where", "read_numbers", "settle"]

Where = Callable[[int], str]  # names the place of a line


class NumberColumn:
    """The numbers of a column: cells are added as they are read, values taken when all are.

    Parameters
    ----------
    name : str
        Of the column, for messages.
    given : NumberFormat
    where : callable
        Names the place of a line: ``sales.csv, line 7``.

    Attributes
    ----------
    decimal : str, optional
        The mark that was decided on; None while it is not, or where no cell has one.
    why : str
        What decided.
    """

    def __init__(self, name: str, given: NumberFormat, where: Where) -> None:
        self.name, self.given, self.where = name, given, where
        self.decimal = given.decimal
        self.why = ""
        self.doubtful: tuple[int, str] | None = None  # the first cell of two readings: its line, and its text
        self._points = self._commas = False  # whether the mark of such a cell is a point, a comma
        self._whole = self._round = False  # whether there are cells such as 12, and such as 1,230
        self._values, self._places, self._others = array("d"), array("q"), array("d")
        self._proof: dict[str, tuple[int, str]] = {}  # the first cell that only one reading can read
        self._unit: tuple[str, int, str] | None = None
        self._plain = False
        self.missing: Counter[str] = Counter()  # the marks that count as missing, as they are written

    def __len__(self) -> int:
        return len(self._values)

    def add(self, cell: Any, line: int) -> float:
        """Add a cell; returns its value, of two readings that with a point.

        Raises
        ------
        DataError
            It is no number, or contradicts the cells before: two decimal marks, two units.
        """
        if isinstance(cell, (int, float, Decimal)):
            value = math.nan if self.given.stands_for_nothing(float(cell)) else float(cell)
            self._values.append(value)
            return value
        text = str(cell)
        # Plain numbers, once it is proven that a point is the decimal mark: most cells of most files.
        if self._plain and PLAIN.fullmatch(text):
            value = float(text)
            if not self.given.stands_for_nothing(value):
                self._values.append(value)
                return value
        if self.given.is_missing(text):
            self._values.append(math.nan)
            if mark := text.strip():
                self.missing[mark] += 1
            return math.nan
        value = self.see(text, line)
        self._values.append(value)
        return value

    def describe_missing(self) -> str:
        """Say which marks count as missing values, and how often; nothing of empty cells, which speak for themselves.

        Examples
        --------
        >>> column = NumberColumn("temp", NumberFormat(), str)
        >>> [column.add(cell, 2) for cell in ("1.5", "?", "", "?")]
        [1.5, nan, nan, nan]
        >>> column.describe_missing()
        "column 'temp' has missing values written as '?' (2)"
        """
        marks = [f"{mark!r:.40} ({count:,})" for mark, count in self.missing.items()]
        return f"column {self.name!r:.60} has missing values written as {', '.join(marks[:4])}" if marks else ""

    def see(self, text: str, line: int, *, keep: bool = True) -> float:
        """Learn from a number what its decimal mark is, and ``keep`` the other reading; see `add`."""
        point, comma, unit = read_both(text)
        if self.given.decimal == ",":
            point = comma
        elif self.given.decimal == ".":
            comma = point
        if point is None and comma is None:
            hint = f"; {self.given.decimal} is the decimal mark (--decimal)" if self.given.decimal else ""
            raise DataError(
                f"{self.where(line)}: {text.strip()!r:.60} in column {self.name!r:.60} is not a number{hint}; fix the "
                "cell, or name the marker of a missing value with --missing"
            )
        self._check_unit(unit, text, line)
        if point is None or comma is None:
            self._prove("." if comma is None else ",", text, line)
        value = comma if point is None else point
        assert value is not None
        if self.given.stands_for_nothing(value):
            return math.nan
        self._whole = self._whole or (point == comma and "e" not in text.lower())
        if point is not None and comma is not None and point != comma:
            if self.doubtful is None:
                self.doubtful = line, text.strip()
            self._points, self._commas = self._points or "." in text, self._commas or "," in text
            self._round = self._round or text.rstrip().endswith("0")
            if keep:
                self._places.append(len(self._values))
                self._others.append(comma)
        return value

    def _prove(self, decimal: str, text: str, line: int) -> None:
        if decimal in self._proof:
            return
        self._proof[decimal] = line, text.strip()
        self._plain = decimal == "." and self._unit is not None and not self._unit[0]
        if len(self._proof) == 2:
            first, then = self._proof.values()
            raise DataError(
                f"{self.where(line)}: column {self.name!r:.60} has two decimal marks: {then[1]!r:.40} here, and "
                f"{first[1]!r:.40} in line {first[0]}; fix the cells"
            )

    def _check_unit(self, unit: str, text: str, line: int) -> None:
        if self._unit is None:
            self._unit = unit, line, text.strip()
            return
        before = self._unit[0]
        if unit == before:
            return
        if "%" in (unit, before) or (unit and before):
            raise DataError(
                f"{self.where(line)}: {text.strip()!r:.40} in column {self.name!r:.60} is of another unit than "
                f"{self._unit[2]!r:.40} in line {self._unit[1]}; write all in one"
            )
        self._unit = before or unit, *self._unit[1:]
        self._plain = False

    @property
    def _odd(self) -> bool:
        return self._whole and self._round

    def proven(self) -> str | None:
        """Tell the decimal mark that a cell of the column proves."""
        return next(iter(self._proof), None)

    def decide(self, separator: str | None, others: set[str], remembered: str | None) -> None:
        """Decide on the decimal mark; see `settle`.

        Raises
        ------
        DataError
            Nothing decides.
        """
        if self.decimal is not None:
            return
        self.decimal = self.proven()
        if self.decimal is not None:
            line, text = self._proof[self.decimal]
            self.why = f"as {text[:40]} in line {line} shows"
            return
        if self.doubtful is None:
            return
        if len(others) == 1:
            (self.decimal,), self.why = others, "as in the other columns"
        elif separator == ",":  # a comma inside a cell was quoted: a decimal comma would have another separator
            self.decimal, self.why = ".", "as commas separate the columns"
        elif self._odd and (separator != "," or self._points):
            pass  # decimals would be written 0,000 beside 1,000, or 1 in its place: thousands, perhaps
        elif separator == ";" and not self._points:
            self.decimal, self.why = ",", "as semicolons separate the columns"
        elif separator != ";" and not self._commas:
            self.decimal = "."
        elif remembered is not None:
            self.decimal, self.why = remembered, "as in training"
        if self.decimal is None:
            line, text = self.doubtful
            point, comma = readings(text)
            raise DataError(
                f"{self.where(line)}: {text!r:.40} in column {self.name!r:.60} may be {exact(point or 0.0)} or "
                f"{exact(comma or 0.0)}, and so may every cell with such a mark: say --decimal . or --decimal ,"
            )

    def describe(self) -> str:
        """Say which mark was decided on, where that may surprise; else nothing."""
        if self._unit is not None and self._unit[0] == "%":
            return f"column {self.name!r:.60} is in per cent: the signs are left out, 50% is 50"
        if not self.why or (self.decimal == "." and not self._commas):
            return ""
        what = "a comma is the decimal mark" if self.decimal == "," else "commas separate thousands"
        return f"{what} in column {self.name!r:.60}, {self.why}"

    def values(self) -> npt.NDArray[np.float64]:
        """Return all values, NaN where one is missing."""
        found = np.array(self._values, dtype=np.float64)
        if self.decimal == "," and self.given.decimal is None and len(self._places):
            found[np.array(self._places)] = self._others
        return found


def settle(columns: Sequence[NumberColumn], separator: str | None, remembered: str | None = None) -> str | None:
    """Decide on the decimal marks of a file's columns, when all their cells are read.

    A cell that can be read in one way alone decides for its column; else the other columns, if they agree; else the
    separator of the file: where that is a comma, one in a cell separates thousands, and where it is a semicolon, it is
    the decimal mark; else what is ``remembered`` from training.

    Returns
    -------
    str or None
        The decimal mark that all columns share; None where they do not, or have none.

    Raises
    ------
    DataError
        Nothing decides: names the first such cell.
    """
    proven = {mark for column in columns if (mark := column.given.decimal or column.proven()) is not None}
    for column in columns:
        column.decide(separator, proven, remembered)
    marks = {column.decimal for column in columns if column.decimal is not None}
    return marks.pop() if len(marks) == 1 else None


def read_numbers(
    cells: Iterable[Any], name: str, where: Where, *, given: NumberFormat | None = None, separator: str | None = None,
    lines: Sequence[int] | None = None, remembered: str | None = None,
) -> npt.NDArray[np.float64]:  # fmt: skip
    """Read the cells of one column, NaN where one is missing.

    Parameters
    ----------
    cells : iterable
    name : str
        Of the column.
    where : callable
        Names the place of a line.
    given : NumberFormat, optional
    separator : str, optional
        The separator of the file.
    lines : sequence of int, optional
        The line of each cell; by default 1, 2, ...
    remembered : str, optional
        The decimal mark of the file that the model was trained on.

    Raises
    ------
    DataError
        A cell is not a number, contradicts others, or the decimal mark is ambiguous.

    Examples
    --------
    >>> read_numbers(["9,897", "10,5"], "y", "line {}".format).tolist()
    [9.897, 10.5]
    """
    column = NumberColumn(name, given or NumberFormat(), where)
    for place, cell in enumerate(cells):
        column.add(cell, place + 1 if lines is None else lines[place])
    settle([column], separator, remembered)
    return column.values()
