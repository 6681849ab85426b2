"""Labels of the steps of sequences as a caller of `FrameClassifier` gives them, checked."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gyeol.data.media.video_clips import VideoClip
from gyeol.errors import DataError

__all__ = ["Labels", "checked_rows", "concatenated", "split_like"]

Labels = npt.NDArray[np.int64]


def checked_rows(sequences: list[Any], X: Any, y: Any) -> list[Any]:
    """Return the labels of sequences: a list for each, with a label for each step, where steps can be counted.

    Raises
    ------
    DataError
        There are other numbers of lists or of labels: names the sequence.
    """
    if y is None or isinstance(y, (str, bytes)) or not (hasattr(y, "__iter__") or hasattr(y, "__array__")):
        raise DataError("the target y must be a list: for every sequence the labels of its steps")
    rows = list(y)
    if len(rows) != len(sequences):
        raise DataError(f"got {len(sequences)} sequences and {len(rows)} lists of labels; there must be one to each")
    padded = getattr(X, "ndim", 0) > 1  # a rectangle, whose shorter sequences are padded, and their labels too
    for number, (sequence, row) in enumerate(zip(sequences, rows, strict=True)):
        if isinstance(row, (str, bytes)) or not hasattr(row, "__len__"):
            raise DataError(f"the labels of sequence {number} are {row!r:.60}; a list, one a step, was expected")
        steps = sequence.count if isinstance(sequence, VideoClip) else len(sequence)
        if padded and not isinstance(sequence, VideoClip) and len(row) == len(X[number]):
            rows[number] = row = row[:steps]
        if not len(row) or (steps is not None and len(row) != steps):
            raise DataError(f"sequence {number} has {steps:,} steps and {len(row):,} labels; there must be one to each")
    return rows


def concatenated(rows: list[Any]) -> Any:
    """Put the labels of all sequences end to end."""
    if all(isinstance(row, np.ndarray) and row.dtype != object and row.ndim == 1 for row in rows):
        return np.concatenate(rows)
    return [label for row in rows for label in row]


def split_like(numbers: Labels, rows: list[Any]) -> list[Labels]:
    """Split the numbers of all labels (N,) at the ends of the sequences."""
    return np.split(numbers, np.cumsum([len(row) for row in rows])[:-1])
