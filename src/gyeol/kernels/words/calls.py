"""Calls of the native kernels of words and weights: rows of tables, dropout, updates, word vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from gyeol.kernels import native

__all__ = [
    "draw_kept",
    "keep_some",
    "length",
    "look_up",
    "ngram_rows",
    "sum_rows",
    "train_words",
    "update",
]


def train_words(inputs: Any, outputs: Any, tokens: Any, *settings: Any) -> None:
    """Train word vectors on some sentences: see `gyeol.kernels.words.word2vec`."""
    native.library().train_words(inputs, outputs, tokens, *settings, native.in_force()[0])


def length(arrays: Sequence[Tensor]) -> float:
    """Return the Euclidean length of all arrays together."""
    return float(native.call("length", arrays))


def update(
    w: Tensor, g: Tensor, m: Tensor | None, v: Tensor | None, average: Tensor | None, numbers: Sequence[float],
    rows: Tensor | None = None,
) -> None:  # fmt: skip
    """Update weights, or `rows` of them, with their moments and their average: ``cpp/words/adam.hpp``."""
    if rows is None:
        native.call("update", w, g, m, v, average, numbers)
    else:
        native.call("update_rows", w, g, rows, m, v, average, numbers)


def look_up(
    weights: Sequence[Tensor], rows: Sequence[Tensor], factors: Sequence[float], lengths: Tensor, kept: Tensor | None,
    y: Tensor,
) -> None:  # fmt: skip
    """Sum rows of tables for each token: ``cpp/words/embedding.hpp``."""
    tables = [w.detach().contiguous() for w in weights]
    native.call("look_up", tables, list(rows), list(factors), lengths, kept, y)


def sum_rows(
    rows: Tensor, dy: Tensor, size: int, padding: int, factor: float, lengths: Tensor | None, kept: Tensor | None,
    found: Tensor, values: Tensor,
) -> int:  # fmt: skip
    """Write the rows that occur, ascending, and the sum of `dy` over each one's tokens; returns how many there are."""
    return int(native.call("sum_rows", rows, dy, size, padding, factor, lengths, kept, found, values))


def keep_some(x: Tensor, lengths: Tensor, kept: Tensor, y: Tensor) -> None:
    """Multiply each packed token by the numbers of its row."""
    native.call("keep_some", x.detach(), lengths, kept, y)


def ngram_rows(ids: Tensor, lengths: Tensor, size: int, keys: Sequence[Tensor], rows: Tensor) -> None:
    """Write the row of each n-gram that ends at a packed token, 0 for none."""
    native.call("ngram_rows", ids, lengths, size, keys, rows, threaded=False)


def draw_kept(seed: int, share: float, kept: Tensor) -> None:
    """Write what dropout keeps, ``1 / share`` or 0: ``cpp/words/chance.hpp``."""
    native.call("draw_kept", seed, share, kept)
