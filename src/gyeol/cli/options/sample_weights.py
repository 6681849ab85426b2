"""``--weight``: a column that says how much each text counts."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gyeol.cli.answers.output import note
from gyeol.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from gyeol.data.text.sources import Labelled

__all__ = ["WEIGHT", "separator_of", "weights_of"]

WEIGHT: Any = typer.Option(
    None, "--weight", metavar="COL", help="The column of how much each text counts: 2 is as if it were there twice."
)


def weights_of(rows: Labelled, column: str) -> npt.NDArray[np.float64]:
    """Read the weights of the texts of a file.

    Raises
    ------
    DataError
        For what is no number of 0 or more; names the line.
    """
    from gyeol.data.tables.numbers import read_numbers

    path = rows.source.path
    if len(rows.further) != len(rows.lines):
        raise DataError(f"{path} has no columns: leave out --weight {column:.60}")
    weights = read_numbers(
        rows.further, column, lambda line: f"{path}, line {line}", lines=rows.lines, separator=separator_of(path)
    )
    for cell, weight, line in zip(rows.further, weights.tolist(), rows.lines, strict=True):
        if not math.isfinite(weight) or weight < 0:
            raise DataError(f"{path}, line {line}: the weight is {cell!r:.60}; a number of 0 or more was expected")
    if not weights.any():
        raise DataError(f"{path}: every weight in column {column!r:.60} is zero: there is no text to learn from")
    if zero := int((weights == 0).sum()):
        note(f"{rows.source.name}: {zero:,} texts of weight 0 are left out")
    return weights


def separator_of(path: Path) -> str | None:
    """Tell what separates the fields of a table, and so what a comma within one is; None of another file."""
    from gyeol.data.tables.dialect import open_rows
    from gyeol.data.text.example_files import format_of

    if path.is_dir() or format_of(path) not in (".csv", ".tsv", ".txt", ".dat"):
        return None
    return open_rows(path).dialect.separator or None
