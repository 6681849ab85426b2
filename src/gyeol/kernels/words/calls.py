"""Calls of the native kernels of words and weights: rows of tables, dropout, updates, word vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
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


def _instruction_set() -> str:
    return native.in_force()[0]


def train_words(inputs: Any, outputs: Any, tokens: Any, *settings: Any) -> None:
    """Train word vectors on some sentences: see `gyeol.kernels.words.word2vec`."""
    native.library().train_words(inputs, outputs, tokens, *settings, _instruction_set())


def length(arrays: Sequence[Tensor]) -> float:
    """Return the Euclidean length of all arrays together."""
    return float(native.library().length([a.detach() for a in arrays], torch.get_num_threads(), _instruction_set()))


def update(
    w: Tensor, g: Tensor, m: Tensor | None, v: Tensor | None, average: Tensor | None, numbers: Sequence[float],
    rows: Tensor | None = None,
) -> None:  # fmt: skip
    """Update weights, or `rows` of them, with their moments and their average: ``cpp/words/adam.hpp``."""
    w, threads = w.detach(), torch.get_num_threads()
    if rows is None:
        native.library().update(w, g, m, v, average, list(numbers), threads, _instruction_set())
    else:
        native.library().update_rows(w, g, rows, m, v, average, list(numbers), threads, _instruction_set())


def look_up(
    weights: Sequence[Tensor], rows: Sequence[Tensor], factors: Sequence[float], lengths: Tensor, kept: Tensor | None,
    y: Tensor,
) -> None:  # fmt: skip
    """Sum rows of tables for each token: ``cpp/words/embedding.hpp``."""
    tables = [w.detach().contiguous() for w in weights]
    native.library().look_up(
        tables, list(rows), list(factors), lengths, kept, y, torch.get_num_threads(), native.in_force()[0]
    )


def sum_rows(
    rows: Tensor, dy: Tensor, size: int, padding: int, factor: float, lengths: Tensor | None, kept: Tensor | None,
    found: Tensor, values: Tensor,
) -> int:  # fmt: skip
    """Write the rows that occur, ascending, and the sum of `dy` over each one's tokens; returns how many there are."""
    threads = torch.get_num_threads()
    return int(
        native.library().sum_rows(
            rows, dy, size, padding, factor, lengths, kept, found, values, threads, native.in_force()[0]
        )
    )


def keep_some(x: Tensor, lengths: Tensor, kept: Tensor, y: Tensor) -> None:
    """Multiply each packed token by the numbers of its row."""
    native.library().keep_some(x.detach(), lengths, kept, y, torch.get_num_threads(), _instruction_set())


def ngram_rows(ids: Tensor, lengths: Tensor, size: int, keys: Sequence[Tensor], rows: Tensor) -> None:
    """Write the row of each n-gram that ends at a packed token, 0 for none."""
    native.library().ngram_rows(ids, lengths, size, list(keys), rows)


def draw_kept(seed: int, share: float, kept: Tensor) -> None:
    """Write what dropout keeps, ``1 / share`` or 0: ``cpp/words/chance.hpp``."""
    native.library().draw_kept(seed, share, kept, torch.get_num_threads(), _instruction_set())
