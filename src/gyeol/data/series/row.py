"""One numeric sequence of a file, and the checks that apply to every file of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gyeol.data.tables.columns import is_number
from gyeol.data.tables.rows import BadRow
from gyeol.errors import DataError

if TYPE_CHECKING:
    from gyeol.data.series.wide_table import RowNumbers

__all__ = ["OnBadRow", "SeriesRow", "checked_values", "label_of", "read_or_report"]

OnBadRow = Callable[[BadRow], None] | None


class SeriesRow(NamedTuple):
    """One sequence (T, C), NaN where a value is missing; its label, where there is one; its line, or place, from 1.

    ``numbers`` says how those of its file are written, where it is text.
    """

    values: npt.NDArray[np.float64]
    label: str | None
    line: int
    numbers: RowNumbers | None = None


def read_or_report(read: Callable[[], SeriesRow], line: int, where: str, on_bad_row: OnBadRow) -> Iterator[SeriesRow]:
    """Yield the row that ``read`` returns; report a bad one to ``on_bad_row``, or raise without it."""
    try:
        yield read()
    except DataError as error:
        if on_bad_row is None:
            raise
        on_bad_row(BadRow(line, str(error).removeprefix(f"{where}: "), "value"))


def checked_values(values: npt.NDArray[np.float64], where: str, *, cut: bool = False) -> npt.NDArray[np.float64]:
    """Refuse sequences that none can learn from; ``cut`` off what only fills one up."""
    known = ~np.isnan(values)
    if not known.any():
        raise DataError(f"{where}: there is no value; give the row some, or remove it")
    if np.isinf(values).any():
        step = int(np.argwhere(np.isinf(values))[0, 0])
        raise DataError(f"{where}: value {step + 1} is infinite; leave it empty if it is missing")
    return values[: int(np.flatnonzero(known.any(axis=1))[-1]) + 1] if cut else values


def label_of(value: Any, where: str, need: bool) -> str | None:
    """Write a label as a text: whole numbers without a point."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, bool):
        value = "true" if value else "false"
    text = str(value).strip() if isinstance(value, (str, int, float)) else ""
    if is_number(text):
        number = float(text)
        text = "" if math.isnan(number) else str(int(number)) if number.is_integer() and abs(number) < 1e15 else text
    if not text and need:
        raise DataError(f"{where}: the label is missing; give the row one, or remove it")
    return text or None
