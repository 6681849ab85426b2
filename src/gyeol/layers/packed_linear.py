"""A linear layer for a few rows at a time, its weights packed once, in fewer bits where requested."""

from __future__ import annotations

from typing import Any, final

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from gyeol.errors import DataError, ParameterError, closest
from gyeol.kernels import native

__all__ = ["PackedLinear"]

_WEIGHTS = ("float32", "bfloat16", "int8")


@final
class PackedLinear:
    """``W x + b`` for a few x, without gradients.

    For few rows a product takes the time that its weights take to be read: they are stored in the order in which they
    are read, and threads share them.

    Parameters
    ----------
    weight : Tensor, shape (V, D)
        Copied.
    bias : Tensor of shape (V,), or None
        Copied.
    weights : {"float32", "bfloat16", "int8"}
        How the weights are stored. "bfloat16" rounds W and x to eight bits. "int8" stores a scale for each row of W and
        whole numbers from -127 to 127; x is rounded likewise, each row with its own scale; sums are exact. The result
        and the bias are float32.

    Raises
    ------
    ParameterError
        This processor does not multiply what was requested, or the kernels were not built.

    Examples
    --------
    >>> layer = PackedLinear(torch.tensor([[1.0, -0.5], [0.0, 2.0]]), None)
    >>> layer(torch.tensor([1.0, 1.0])).tolist()
    [0.5, 2.0]
    """

    def __init__(self, weight: Tensor, bias: Tensor | None, *, weights: str = "float32") -> None:
        if weights not in _WEIGHTS:
            raise ParameterError(f"weights={weights!r} is not one{closest(str(weights), _WEIGHTS)}")
        available = {"float32": True, "bfloat16": native.steps_in("bfloat16"), "int8": native.int8_available()}
        if not available[weights]:
            raise ParameterError(f"weights={weights!r}: this processor does not multiply {weights}; use 'float32'")
        self.in_features, self.out_features = weight.shape[1], weight.shape[0]
        #: The native layer (`gyeol.kernels.native.linear`), if there is one.
        self.native: Any = None
        self._copies: tuple[Tensor, Tensor | None] | None = None
        if native.native_available() and weight.dtype == torch.float32 and weight.device.type == "cpu":
            self.native = native.linear(weight, bias, weights)
        else:
            self._copies = weight.detach().clone(), None if bias is None else bias.detach().clone()

    def __call__(self, x: Tensor) -> Tensor:
        """Multiply x (..., D): (..., V).

        Raises
        ------
        DataError
            The last dimension is not D.
        """
        if x.shape[-1] != self.in_features:
            raise DataError(f"x has shape {tuple(x.shape)}, expected (..., {self.in_features})")
        x = x.detach()
        if self._copies is not None:
            return F.linear(x, *self._copies)
        y = np.empty((*x.shape[:-1], self.out_features), dtype=np.float32)
        if y.size:
            rows = x.reshape(-1, self.in_features).contiguous().numpy()
            self.native.multiply(rows, y.reshape(-1, self.out_features), torch.get_num_threads())
        return torch.from_numpy(y)
