"""``--weight``: a column of sample weights."""

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
    None, "--weight", metavar="COL", help="Column of sample weights; a weight of 2 counts a text twice."
)


def weights_of(rows: Labelled, column: str) -> npt.NDArray[np.float64]:
    """Read the weights of the texts of a file.

    Raises
    ------
    DataError
        For a cell that is not a number of 0 or more; names the line.
    """
    from gyeol.data.tables.numbers import read_numbers

    path = rows.source.path
    if len(rows.further) != len(rows.lines):
        raise DataError(f"{path} has no columns: remove --weight {column:.60}")
    weights = read_numbers(
        rows.further, column, lambda line: f"{path}, line {line}", lines=rows.lines, separator=separator_of(path)
    )
    for cell, weight, line in zip(rows.further, weights.tolist(), rows.lines, strict=True):
        if not math.isfinite(weight) or weight < 0:
            raise DataError(f"{path}, line {line}: the weight is {cell!r:.60}; expected a number of 0 or more")
    if not weights.any():
        raise DataError(f"{path}: all weights in column {column!r:.60} are zero; nothing is left to train on")
    if zero := int((weights == 0).sum()):
        note(f"{rows.source.name}: {zero:,} texts with weight 0 are ignored")
    return weights


def separator_of(path: Path) -> str | None:
    """Return the separator of a table's fields; None for other files."""
    from gyeol.data.tables.dialect import open_rows
    from gyeol.data.text.example_files import format_of

    if path.is_dir() or format_of(path) not in (".csv", ".tsv", ".txt", ".dat"):
        return None
    return open_rows(path).dialect.separator or None
