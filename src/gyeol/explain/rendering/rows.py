"""Rows of blocks for a terminal: numbers by step, beneath the steps' names where these fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gyeol.data.text_width import cut_to_width, text_width

__all__ = ["Row", "block_rows", "blocks"]

_BLOCKS = "▁▂▃▄▅▆▇█"
_CELL = 10  # columns of a step's name at most
_CHUNKS = 8  # so many times the rows are broken; of more steps, a column is several, without names


@dataclass(frozen=True, slots=True)
class Row:
    """Numbers by step.

    Parameters
    ----------
    name : str
    values : array, shape (T,)
    low, high : float
        What the lowest and the highest block are.
    summary : str
        Shown beside the name; by default the range of the values.
    """

    name: str
    values: npt.NDArray[np.floating]
    low: float
    high: float
    summary: str = ""

    @property
    def label(self) -> str:
        """The name, with the summary of the values."""
        return f"{self.name} {self.summary or f'{float(self.values.min()):.3g}..{float(self.values.max()):.3g}'}"


def blocks(values: npt.NDArray[np.floating], low: float, high: float) -> str:
    """Write numbers as blocks of a height.

    Examples
    --------
    >>> blocks(np.array([0.0, 0.5, 1.0]), 0.0, 1.0)
    '▁▅█'
    """
    span = high - low
    shares = (values.astype(np.float64) - low) / span if span > 0 else np.zeros(len(values))
    levels = np.rint(shares.clip(0, 1) * (len(_BLOCKS) - 1) + 1e-9).astype(int)
    return "".join(_BLOCKS[level] for level in levels.tolist())


def block_rows(names: Sequence[str], rows: Sequence[Row], width: int) -> list[str]:
    """Lay rows out beneath their steps.

    Parameters
    ----------
    names : sequence of str
        Of the steps, shown as they are; none where steps have no names worth a line.
    rows : sequence of Row
    width : int
        Columns.

    Returns
    -------
    list of str
        Lines of at most ``width`` columns.

    Examples
    --------
    >>> for line in block_rows(["다시", "보고"], [Row("forget", np.array([0.0, 1.0]), 0.0, 1.0)], 30):
    ...     print(line)
                다시 보고
    forget 0..1 ▁▁▁▁ ████
    """
    labels = [cut_to_width(row.label, width // 2) for row in rows]
    margin = max(map(text_width, labels))
    room = max(1, width - margin - 1)
    names = [cut_to_width(name, min(_CELL, room)) for name in names]
    cells = [max(1, text_width(name)) for name in names]
    if not names or sum(cells) + len(cells) > room * _CHUNKS:
        return [f"{_filled(label, margin)} {_squeezed(row, room)}" for label, row in zip(labels, rows, strict=True)]
    lines: list[str] = []
    for first, last in _chunks(cells, room):
        if lines:
            lines.append("")
        own = range(first, last)
        head = " ".join(_filled(names[n], cells[n]) for n in own)
        lines.append(f"{' ' * margin} {head}".rstrip())
        for label, row in zip(labels, rows, strict=True):
            marks = blocks(row.values[first:last], row.low, row.high)
            lines.append(f"{_filled(label, margin)} {' '.join(marks[n - first] * cells[n] for n in own)}")
    return lines


def _squeezed(row: Row, room: int) -> str:
    """Write a row in so many columns, each the mean of its steps."""
    if len(row.values) <= room:
        return blocks(row.values, row.low, row.high)
    edges = np.linspace(0, len(row.values), room + 1).astype(int)[:-1]
    means = np.add.reduceat(row.values.astype(np.float64), edges) / np.diff([*edges, len(row.values)])
    return blocks(means, row.low, row.high)


def _chunks(cells: Sequence[int], room: int) -> list[tuple[int, int]]:
    """Break steps into lines."""
    found, first, taken = [], 0, 0
    for number, cell in enumerate(cells):
        if number > first and taken + cell > room:
            found.append((first, number))
            first, taken = number, 0
        taken += cell + 1
    return [*found, (first, len(cells))]


def _filled(text: str, width: int) -> str:
    return text + " " * (width - text_width(text))
