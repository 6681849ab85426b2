"""Files of numeric sequences, each with a label: tables of one sequence a row, JSON lines, and .npz arrays.

- **Tables** (.csv, .tsv, .txt; gzipped, too): a row is a label and values, by commas, tabs or white space, as the UCR
  archive has them. Empty or NaN cells at a row's end fill it up; elsewhere they are missing values.
- **JSON lines**: ``{"series": [1, 2, null, 4], "label": "a"}``; of several channels a list of steps, each a list.
- **.npz**: ``X`` (N, T) or (N, T, C), ``y`` (N,), and perhaps ``lengths`` (N,); without them NaN in all channels at a
  sequence's end fills it up.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gyeol.data.paths import check_file
from gyeol.data.series.arrays import MAX_VALUES, read_arrays
from gyeol.data.series.row import OnBadRow, SeriesRow, checked_values, label_of, read_or_report
from gyeol.data.series.wide_table import (
    RowNumbers,
    cells_of,
    is_header,
    open_table,
    row_of,
    sampled,
    table_rows,
    text_columns,
)
from gyeol.data.tables.columns import INPUT_NAMES, like_labels
from gyeol.data.tables.lines import open_text
from gyeol.data.tables.number_cells import NumberFormat, as_number
from gyeol.data.tables.numbers import read_numbers
from gyeol.errors import DataError

__all__ = ["SeriesFile", "SeriesRow", "holds_series", "means_series", "parse_series", "read_series", "series_rows"]

_ENDINGS = (".npz", ".csv", ".tsv", ".txt", ".jsonl", ".ndjson")
_X, _Y, _LENGTHS = ("X", "x", "series", "values", "data"), ("y", "label", "labels", "target"), ("lengths",)
_FEWEST = 3  # values that make a row a sequence if nothing else decides


@dataclass(slots=True)
class SeriesFile:
    """All sequences of a file: ``series`` (T, C) each, their ``labels`` (none where none were read), and ``lines``.

    ``written`` says how the numbers of a table are written.
    """

    path: Path
    series: list[npt.NDArray[np.float64]] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    written: RowNumbers | None = None

    def about(self) -> dict[str, str]:
        """Describe the file for a model card."""
        from gyeol.data.fingerprint import fingerprint

        return {"data": self.path.name, "sha256": fingerprint(self.path)}

    def remember(self) -> dict[str, Any]:
        """Give what a model remembers of how numbers are written there, for files that leave a doubt."""
        if self.written is None:
            return {}
        missing = {"missing": list(self.written.given.missing)} if self.written.given.missing else {}
        return {"decimal_mark": self.written.decimal, **missing}

    def numbers(self) -> npt.NDArray[np.float64]:
        """Return the labels as numbers, for what learns numbers.

        Raises
        ------
        DataError
            A label is none; names its line.
        """
        for label, line in zip(self.labels, self.lines, strict=True):
            value = as_number(label)
            if value is None or not math.isfinite(value):
                raise DataError(f"{self.path}, line {line}: the target is {label!r:.60}; a number was expected")
        written = self.written or RowNumbers(NumberFormat("."))
        return read_numbers(
            self.labels, "of targets", lambda line: f"{self.path}, line {line}", given=written.given, lines=self.lines,
            separator=written.separator, remembered=written.decimal,
        )  # fmt: skip


def read_series(
    path: str | Path, *, target: str | None = None, need_labels: bool = True, steps: int | None = None,
    numbers: NumberFormat | None = None, remembered: str | None = None,
) -> SeriesFile:  # fmt: skip
    """Read all sequences of a file; see `series_rows`.

    Raises
    ------
    DataError
        For a file that cannot be used, and one of more than 100,000,000 values.
    """
    found, count = SeriesFile(Path(path)), 0
    how = {"numbers": numbers, "remembered": remembered}
    for row in series_rows(path, target=target, need_labels=need_labels, steps=steps, **how):  # type: ignore[arg-type]
        found.written = row.numbers
        count += row.values.size
        if count > MAX_VALUES:
            raise DataError(f"{path}, line {row.line}: more than {MAX_VALUES:,} values; split the file")
        found.series.append(row.values)
        found.lines.append(row.line)
        if row.label is not None:
            found.labels.append(row.label)
    return found


def series_rows(
    path: str | Path, *, target: str | None = None, need_labels: bool = True, steps: int | None = None,
    numbers: NumberFormat | None = None, remembered: str | None = None, on_bad_row: OnBadRow = None,
) -> Iterator[SeriesRow]:  # fmt: skip
    """Read a file's sequences lazily.

    Parameters
    ----------
    path : path
        A .csv, .tsv, .txt, .jsonl or .npz file; the text formats may be gzipped.
    target : str, optional
        The label's column by name or number from 1, key, or array. By default, in a table, the column with a name that
        people give to labels, else the one of texts, else the first, or the last where only that holds whole numbers.
    need_labels : bool
        Whether each sequence must have a label. If not, a table without a header whose cells are all numbers is taken
        to have none, unless its rows have one cell more than ``steps``.
    steps : int, optional
        The length of all sequences, if it is known.
    numbers : NumberFormat, optional
        The decimal mark and the markers of missing values; the mark is judged over all values of a table by default.
    remembered : str, optional
        The decimal mark of the file that a model was trained on, for what nothing else decides.
    on_bad_row : callable, optional
        Told of each row that is no sequence, which is then left out. Without it such a row is an error.

    Raises
    ------
    DataError
        For a file that cannot be used, or a row that is none; names file and line.
    """
    path = check_file(path)
    kind = _kind_of(path)
    if kind == ".npz":
        rows = _from_arrays(path, target, need_labels, on_bad_row)
    elif kind in (".jsonl", ".ndjson"):
        rows = _from_objects(path, target, need_labels, on_bad_row)
    else:
        how = {"given": numbers, "remembered": remembered, "on_bad_row": on_bad_row}
        rows = table_rows(path, kind, target, need_labels, steps, **how)  # type: ignore[arg-type]
    first = next(rows, None)
    if first is None:
        raise DataError(f"{path} holds no sequence: expected one per row, a label and its values")
    return chain([first], rows)


def holds_series(path: Path) -> bool:
    """Tell by a look at its beginning whether a file holds numeric sequences, not texts; one that is missing does not.

    Examples
    --------
    >>> holds_series(Path("nothing.csv"))
    False
    """
    try:
        kind = _kind_of(path)
        if kind == ".npz":
            return path.is_file()
        if kind in (".jsonl", ".ndjson"):
            line = next((line for _, line in open_text(path) if line.strip()), "")
            record = json.loads(line)
            return isinstance(record, dict) and any(isinstance(record.get(key), list) for key in _X)
        sample = sampled(open_table(path, kind))
    except (DataError, ValueError, RecursionError):
        return False
    cells = cells_of(sample)
    if len(cells) < len(sample) or not cells:
        return False
    header = is_header(cells)
    if header and any(cell.casefold() in INPUT_NAMES for cell in cells[0]):
        return False
    body = cells[1:] if header else cells
    texts = text_columns(body)
    longest = max((sum(map(_is_number, row)) for row in body), default=0)
    labels = all(like_labels([row[at] for row in body if at < len(row)]) for at in texts)
    return longest >= _FEWEST and len(texts) <= 1 and labels


def _is_number(cell: str) -> bool:
    value = as_number(cell)
    return value is not None and (not math.isnan(value) or cell.strip().lower() == "nan")


def means_series(data: str) -> bool:
    """Whether what a user names is a file, or a set of the catalogue, of numeric sequences."""
    from gyeol.data.catalogue.lookup import CATALOG

    if Path(data).is_file() or data not in CATALOG:
        return holds_series(Path(data))
    return CATALOG[data].task == "series"


def parse_series(text: str, where: str, line: int, numbers: RowNumbers | None = None) -> SeriesRow:
    """Read a sequence without a label: numbers by commas, semicolons or white space, or a list or object of JSON.

    Where ``numbers`` say that a comma is the decimal mark, commas separate nothing.

    Raises
    ------
    DataError
        It is not one; the message starts with ``where``.

    Examples
    --------
    >>> parse_series("1, 2,, 4", "text 1", 1).values.ravel().tolist()
    [1.0, 2.0, nan, 4.0]
    """
    text = text.strip()
    if text[:1] in ("{", "["):
        return _object_row(text if text[0] == "{" else f'{{"series": {text}}}', where, line, None, need=False)
    numbers = numbers or RowNumbers()
    marks = "\t;" if numbers.decimal == "," else "\t;,"
    between = next((mark for mark in marks if mark in text), None)
    return row_of(where, line, text.split(between), None, need=False, width=None, numbers=numbers)


def _kind_of(path: Path) -> str:
    kind = Path(path.name.lower().removesuffix(".gz")).suffix
    if kind not in _ENDINGS or (kind == ".npz" and path.name.lower().endswith(".gz")):
        raise DataError(f"{path} ends in {path.suffix!r}; numeric sequences are read from {', '.join(_ENDINGS)}")
    return kind


def _from_objects(path: Path, target: str | None, need: bool, on_bad_row: OnBadRow) -> Iterator[SeriesRow]:
    for number, line in open_text(path):
        if line.strip():
            where = f"{path}, line {number}"
            yield from read_or_report(
                partial(_object_row, line, where, number, target, need), number, where, on_bad_row
            )


def _object_row(line: str, where: str, number: int, target: str | None, need: bool) -> SeriesRow:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        record = None
    key = next((name for name in _X if name in record), None) if isinstance(record, dict) else None
    if key is None:
        raise DataError(f'{where}: one object per line was expected, such as {{"series": [1, 2, 3], "label": "a"}}')
    given = record[key]
    try:
        values = np.array(given if isinstance(given, list) else None, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        values = np.zeros(())
    if values.ndim not in (1, 2):
        raise DataError(
            f"{where}: {key!r} is {given!r:.60}; a list of numbers was expected, or of steps, each a list of as "
            "many numbers"
        )
    names = [target] if target is not None else ["label", *_Y, "class"]
    label = next((record[name] for name in names if name in record), None)
    values = values[:, None] if values.ndim == 1 else values
    return SeriesRow(checked_values(values, where), label_of(label, where, need), number)


def _from_arrays(path: Path, target: str | None, need: bool, on_bad_row: OnBadRow) -> Iterator[SeriesRow]:
    arrays = read_arrays(path, [*_X, *_Y, *_LENGTHS, *([target] if target is not None else [])])
    X = next((arrays[name] for name in _X if name in arrays), None)
    y = next((arrays[name] for name in ([target] if target is not None else _Y) if name in arrays), None)
    if X is None or X.ndim not in (2, 3) or X.dtype.kind not in "biuf":
        came = "there is none" if X is None else f"it is of shape {X.shape} and type {X.dtype}"
        raise DataError(f"{path}: an array X of numbers, (N, T) or (N, T, C), was expected; {came}")
    if y is None and need:
        raise DataError(f"{path}: an array {target or 'y'} with one label per sequence was expected; there is none")
    lengths = arrays.get("lengths")
    for name, array in ((target or "y", y), ("lengths", lengths)):
        if array is not None and array.shape != X.shape[:1]:
            raise DataError(f"{path}: {name} is of shape {array.shape}; {X.shape[:1]} was expected, one per sequence")
    if lengths is not None and not (
        lengths.dtype.kind in "iu" and (lengths >= 1).all() and (lengths <= X.shape[1]).all()
    ):
        raise DataError(f"{path}: lengths must be whole numbers from 1 to {X.shape[1]}")
    for place, given in enumerate(X):
        where = f"{path}, line {place + 1}"
        values = np.asarray(given if X.ndim == 3 else given[:, None], dtype=np.float64)
        values = values if lengths is None else values[: int(lengths[place])]
        raw_label = None if y is None else y[place].item()

        def row(
            values: Any = values, raw_label: Any = raw_label, where: str = where, number: int = place + 1
        ) -> SeriesRow:
            label = None if y is None else label_of(raw_label, where, need)
            return SeriesRow(checked_values(values, where, cut=lengths is None), label, number)

        yield from read_or_report(row, place + 1, where, on_bad_row)
