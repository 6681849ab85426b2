"""A recurrent layer that walks many times without learning in between: its weights are packed once."""

from __future__ import annotations

from typing import Any, final

import numpy as np
import torch
from torch import Tensor

from gyeol.errors import DataError, ParameterError
from gyeol.kernels import native
from gyeol.kernels.packing import Packing
from gyeol.layers.recurrent.layer import Recurrent

__all__ = ["PackedRecurrent"]


@final
class PackedRecurrent:
    """Walks as `Recurrent.run_packed` does, without gradients.

    The weights are copied: later training does not reach it.

    Parameters
    ----------
    layer : Recurrent
        A single layer, of one or two directions.
    weights : {"float32", "bfloat16"}
        How the weights are stored; cells without kernels, and layers that are not float32, walk as they are.

    Examples
    --------
    >>> layer = Recurrent("lstm", 3, 4)
    >>> x, packing = torch.randn(5, 3), Packing.of(torch.tensor([3, 2]), 3)
    >>> with torch.no_grad():
    ...     expected, _ = layer.run_packed(x, packing)
    >>> torch.allclose(PackedRecurrent(layer)(x, packing)[0], expected, atol=1e-6)
    True
    """

    def __init__(self, layer: Recurrent, *, weights: str = "float32") -> None:
        if layer.num_layers > 1:
            raise ParameterError(f"num_layers={layer.num_layers}: one layer is packed at a time")
        self.cell, self.input_size = layer.cell, layer.input_size
        self.hidden_size, self.num_directions = layer.hidden_size, layer.num_directions
        kernel = native.CELLS.get(layer.cell.native or "") if native.native_available() else None
        self._native: Any = None
        self._layer: Recurrent | None = layer
        w_ih = layer.weights_of(0)[0].w_ih
        if kernel is not None and not kernel.norm and w_ih.dtype == torch.float32 and w_ih.device.type == "cpu":
            self._native, self._layer = native.packed_layer(kernel.name, weights, layer.weights_of(0)), None

    def __call__(self, tokens: Tensor, packing: Packing, state: Any = None) -> tuple[Tensor, Any]:
        """Walk over packed tokens (N, D); shapes and results as `Recurrent.run_packed`'s.

        Raises
        ------
        DataError
            A shape does not fit.
        """
        if self._layer is not None:
            with torch.no_grad():
                found: tuple[Tensor, Any] = self._layer.run_packed(tokens, packing, state)
            return found
        B, H, ways = len(packing.lengths), self.hidden_size, self.num_directions
        parts = len(self.cell.states)
        if state is None:
            before = [np.zeros((ways, B, H), np.float32) for _ in range(parts)]
        else:
            given = state if isinstance(state, tuple) else (state,)
            before = [_array(packing.rank(part)) for part in given]
        if tokens.shape[1:] != (self.input_size,) or any(part.shape != (ways, B, H) for part in before):
            raise DataError(
                f"tokens {tuple(tokens.shape)} or their state {[part.shape for part in before]} do not fit a layer of "
                f"{self.input_size} inputs and {H} units, {ways} ways, for {B} rows"
            )
        y = np.empty((len(tokens), ways * H), np.float32)
        after = [np.empty((ways, B, H), np.float32) for _ in range(parts)]
        (h_0, *c_0), (h_n, *c_n) = before, after
        lengths, threads = packing.lengths.numpy(), torch.get_num_threads()
        self._native.walk(
            lengths, _array(tokens), h_0, c_0[0] if c_0 else None, y, h_n, c_n[0] if c_n else None, threads
        )
        last = tuple(packing.unrank(torch.from_numpy(part)) for part in after)
        return torch.from_numpy(y), last if self.cell.has_memory else last[0]


def _array(x: Tensor) -> Any:
    return x.detach().contiguous().numpy()
