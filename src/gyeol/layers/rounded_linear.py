"""A linear layer with weights rounded to 8 bits: a quarter of the memory traffic, which dominates for one row."""

from __future__ import annotations

from typing import final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gyeol.errors import ParameterError
from gyeol.kernels import native

__all__ = ["RoundedLinear"]


@final
class RoundedLinear:
    """``W x + b`` for a few x, the rows of W kept as whole numbers from -127 to 127 and a scale each.

    Parameters
    ----------
    weight : Tensor, shape (V, D)
        float32; copied.
    bias : Tensor of shape (V,), or None

    Raises
    ------
    ParameterError
        The kernels were not built.

    Examples
    --------
    >>> from gyeol.kernels import native_available
    >>> weight = torch.tensor([[1.0, -0.5], [0.0, 2.0]])
    >>> not native_available() or RoundedLinear(weight, None)(torch.tensor([1.0, 1.0])).round(decimals=1).tolist()
    [0.5, 2.0]
    """

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        if not native.native_available():
            raise ParameterError(f"weights='int8' needs the native kernels, and here they are {native.describe()}")
        table = weight.detach().float().contiguous().numpy()
        self._codes = np.empty(table.size + 64, dtype=np.int8)
        native.quantise(table, self._codes, np.empty(len(table), dtype=np.float32))
        self._scales: npt.NDArray[np.float32] = (np.abs(table).max(axis=1) / 127).astype(np.float32)
        self._bias = None if bias is None else bias.detach().float().numpy().copy()
        self._out = np.empty(len(table), dtype=np.float32)

    def __call__(self, x: Tensor) -> Tensor:
        """Multiply x (D,): (V,) in the layer's own memory, and the next call writes over it; or x (R, D): (R, V)."""
        if x.ndim == 2:
            return torch.stack([self(row).clone() for row in x])
        native.cosines(self._codes, self._scales, x.numpy(), self._out)
        if self._bias is not None:
            self._out += self._bias
        return torch.from_numpy(self._out)
