"""What decoding takes of the native kernels: products of a few rows, attention, the draw of a token; no gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from gyeol.kernels import native
from gyeol.kernels.cells.cell import Weights

__all__ = ["attend", "choose_token", "linear", "packed_layer", "token_reader"]


def linear(weight: Tensor, bias: Tensor | None, element: str) -> Any:
    """Create a linear layer of packed weights (``cpp/rows/linear_layer.hpp``); both are copied.

    Its ``multiply(x, y, threads)`` writes y (R, V) of x (R, D), arrays of float32.
    """
    return native._native.Linear(native._whole(weight), native._whole(bias), element, native._chosen)


def packed_layer(cell: str, element: str, weights: Sequence[Weights]) -> Any:
    """Create a layer of one or two directions whose weights are packed once (``cpp/rows/packed_layer.hpp``).

    Its ``walk(lengths, x, h_0, c_0, y, h_n, c_n, threads)`` takes what `forward` takes, without a way back.
    """
    matrices, biases = _matrices(weights)
    return native._native.PackedLayer(cell, element, matrices, biases, native._chosen)


def attend(q: Any, k: Any, x: Any, v: Any, scale: float, lengths: Any, weights: Any, context: Any) -> None:
    """Write attention's weights and contexts; shapes are in ``cpp/rows/attend.hpp``."""
    native._native.attend(q, k, x, v, scale, lengths, weights, context, native._chosen)


def token_reader(embedding: Any, steppers: Sequence[Any], softmax: Any) -> Any:
    """Create a chain of table (V, E), `stepper` of one row each, and `linear`: tokens to scores of the next one.

    Its ``feed(tokens, anew, scores, threads)`` reads tokens (N,), the layers forgetting everything before the token
    `anew` (-1: never), and writes the scores (V,) after the last.
    """
    return native._native.TokenReader(embedding, list(steppers), softmax)


def choose_token(
    scores: Any, chance: float, repeated: Any, penalty: float, never: Any, *, temperature: float = 1.0,
    top_k: int | None = None, top_p: float | None = None,
) -> int:  # fmt: skip
    """Draw a token by its score (V,), float32, with a number from 0 to 1; see `gyeol.engine.choose_token`.

    Raises
    ------
    ValueError
        A score is NaN, a setting or a token cannot be.
    """
    how = temperature, top_k, top_p, repeated, penalty, never
    return int(native._native.choose_token(scores, chance, *how, native._chosen))


def _matrices(weights: Sequence[Weights]) -> tuple[list[Any], list[Any]]:
    matrices = [[native._whole(w.w_ih), native._whole(w.w_hh)] for w in weights]
    return matrices, [[b.detach().contiguous() for b in (w.b_ih, w.b_hh) if b is not None] for w in weights]
