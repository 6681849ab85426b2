"""A decoder's attention for a few queries at a time, without gradients: one native call between the products."""

from __future__ import annotations

import math
from typing import Any, final

import numpy as np
import torch
from torch import Tensor

from gyeol.kernels import native
from gyeol.layers.attention.alignment import Alignment, Source
from gyeol.layers.attention.scores import Additive, Dot, General, ScaledDot
from gyeol.layers.packed_linear import PackedLinear

__all__ = ["PackedAlignment", "kernel_attends"]


def kernel_attends(alignment: Alignment) -> bool:
    """Whether there is a native kernel for the scope and the score of an alignment."""
    known = Additive, Dot, ScaledDot, General
    return native.native_available() and alignment.scope == "global" and type(alignment.score) in known


@final
class PackedAlignment:
    """Attends as an `Alignment` does; where it has no native kernel (a local scope, a score of one's own), by that one.

    Parameters
    ----------
    alignment : Alignment
        Its weights are copied where it has a native kernel.
    weights : {"float32", "bfloat16", "int8"}
        How the weights of queries are stored; see `gyeol.layers.PackedLinear`.
    """

    def __init__(self, alignment: Alignment, *, weights: str = "float32") -> None:
        self.alignment = alignment
        self._additive = type(alignment.score) is Additive
        self._native = kernel_attends(alignment)
        self._query: PackedLinear | None = None
        self._vector: Any = None
        if self._native and self._additive:
            query, vector = alignment.learned["query"], alignment.learned["vector"]
            self._query = PackedLinear(query.weight, query.bias, weights=weights)
            self._vector = vector.detach().clone().numpy()

    @property
    def query(self) -> tuple[PackedLinear | None, Any]:
        """What queries are multiplied with, and the vector (A,) of an additive score; None for scores without them."""
        return self._query, self._vector

    def __call__(self, query: Tensor, source: Source, steps: Tensor) -> tuple[Tensor, Tensor]:
        """Return what each query finds (B, Q, V), and where (B, Q, T); see `Alignment.forward`."""
        parts = query, source.keys, source.values
        if not self._native or any(part.dtype != torch.float32 or part.device.type != "cpu" for part in parts):
            found: tuple[Tensor, Tensor] = self.alignment(query, source, steps)
            return found
        projected = query if self._query is None else self._query(query)
        q, keys, values = (part.detach().contiguous().numpy() for part in (projected, source.keys, source.values))
        (B, Q), (_, T, V) = query.shape[:2], source.values.shape
        scale = 1 / math.sqrt(q.shape[2]) if type(self.alignment.score) is ScaledDot else 1.0
        weights, context = np.empty((B, Q, T), np.float32), np.empty((B, Q, V), np.float32)
        native.attend(q, keys, values, self._vector, scale, source.lengths.numpy(), weights, context)
        return torch.from_numpy(context), torch.from_numpy(weights)
