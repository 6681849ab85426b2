"""A recurrent layer under ``torch.compile``: an operator of the compiled graph where it can be one.

A batch of rows of equal length in float32 on the CPU becomes one operator a layer (`gyeol.kernels.operators`), so that
the graph stays whole. All else runs as it does without the compiler, between two graphs, which is what
``torch.compile`` does with PyTorch's own recurrent layers. There is nothing to measure while a graph is being compiled:
``precision="auto"`` is float32 in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch._compile import _disable_dynamo
from torch.nn import functional as F

from gyeol.kernels import native
from gyeol.kernels.precision.layer import fixed_arithmetic

if TYPE_CHECKING:
    from gyeol.layers.recurrent.layer import Recurrent

__all__ = ["run_compiled"]


def run_compiled(layer: Recurrent, x: Any, state: Any, lengths: Any, *, need_state: bool) -> tuple[Any, Any]:
    """Walk the layers over a batch in a graph that is being compiled; as `Recurrent.forward`."""
    fits = (
        lengths is None
        and isinstance(x, Tensor)
        and x.dim() == 3
        and x.device.type == "cpu"
        and x.dtype == torch.float32
        and layer.weight_ih_l0.dtype == torch.float32
        and x.shape[0] * x.shape[1] > 0
        and layer.cell.native is not None
        and not layer.cell.has_norm
        and native.native_available()
        and not torch.is_autocast_enabled("cpu")
        and layer.recorder is None
    )
    if not fits:
        return _outside(layer, x, state, lengths, need_state)
    from gyeol.kernels.operators import walk_layer  # their registration takes time that only a compiler should pay

    tokens, B = (x.transpose(0, 1) if layer.batch_first else x), x.shape[0 if layer.batch_first else 1]
    first = layer._check_state(state, x, B)
    T, last = tokens.shape[0], []
    arithmetic = fixed_arithmetic(layer.precision, layer.cell.native or "", layer.hidden_size, training=layer.training)
    tokens = tokens.reshape(T * B, x.shape[2])
    for number in range(layer.num_layers):
        if number > 0 and layer.dropout > 0:
            tokens = F.dropout(tokens, layer.dropout, layer.training)
        of_layer = slice(number * layer.num_directions, (number + 1) * layer.num_directions)
        tokens, after = walk_layer(
            layer.cell.native or "",
            tokens,
            torch.full((B,), T),
            tuple(part[of_layer] for part in first),
            layer.weights_of(number),
            element="float32" if arithmetic is None else arithmetic.element,
        )
        last.append(after)
    output = tokens.view(T, B, -1)
    if layer.batch_first:
        output = output.transpose(0, 1)
    if not need_state:
        return output, None
    joined = tuple(torch.cat(parts) for parts in zip(*last, strict=True))
    return output, joined if layer.cell.has_memory else joined[0]


def _plain(layer: Recurrent, x: Any, state: Any, lengths: Any, need_state: bool) -> tuple[Any, Any]:
    return layer.run(x, state, lengths, need_state=need_state)


# The public decorator would import the compiler, which takes a second, with this module.
_outside = _disable_dynamo(_plain)
