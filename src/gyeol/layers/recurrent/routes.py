"""The four ways to walk, and the table that says which one is taken."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import torch
from torch import Tensor

from gyeol.kernels import native, reference, scan
from gyeol.kernels.cells.cell import Cell, State, Weights

__all__ = ["Route", "choose_route", "walk_by", "walk_nothing"]

Route = Literal["native", "scan", "fused", "reference"]


def choose_route(
    cell: Cell,
    *,
    device: str = "cpu",
    dtype: torch.dtype = torch.float32,
    fill: float = 1.0,
    need_state: bool = True,
    autocast: torch.dtype | None = None,
    built: bool | None = None,
) -> Route:
    """Say who walks: the first line of the table that fits.

    ========= ===============================================================================================
    native    a native kernel was built for the cell; CPU, float32, no autocast but to a bfloat16 that the processor has
    scan      the cell is linear
    fused     PyTorch has the cell as one operation; not where rows of different lengths have a memory whose last
              state is requested: on padded rows c continues past a row's end (h is found among the outputs); nor on the
              CPU where less than half of the padded batch is real: the reference, which skips padding, is faster there;
              nor there under autocast to float16, which oneDNN's LSTM refuses on many processors
    reference everything else
    ========= ===============================================================================================

    Parameters
    ----------
    cell : Cell
    device, dtype
        Where the input lies, and the weights' type.
    need_state : bool
        Whether the final state is requested.
    autocast : torch.dtype, optional
        What PyTorch casts products to at the moment; None where it does not.
    fill : float
        The real steps' share of the padded batch; 1 where all lengths are equal.
    built : bool, optional
        Whether the native kernels are available; by default as `gyeol.kernels` says. False where PyTorch's operations
        are followed (`gyeol.layers.recurrent.transforms`).

    Examples
    --------
    >>> from gyeol.kernels.cells.table import CELLS
    >>> choose_route(CELLS["gru"], dtype=torch.float64)
    'reference'
    >>> choose_route(CELLS["lstm"], fill=0.9, need_state=False, device="cuda")
    'fused'
    """
    built = (native.native_available() and cell.native in native.CELLS) if built is None else built
    right_type = (
        dtype == torch.float32
        if autocast is None
        else dtype == torch.float32 and autocast == torch.bfloat16 and native.bfloat16_available()
    )
    if built and cell.native is not None and device == "cpu" and right_type:
        return "native"
    if cell.linear is not None:
        return "scan"
    memory_is_lost = fill < 1 and cell.has_memory and need_state
    mostly_padding = fill < 0.5 and device == "cpu"
    refused = autocast == torch.float16 and device == "cpu"
    if cell.fused and not memory_is_lost and not mostly_padding and not refused:
        return "fused"
    return "reference"


def walk_by(
    route: Route,
    cell: Cell,
    x: Tensor,
    lengths: Tensor | None,
    *,
    state: State,
    weights: Weights,
    reverse: bool = False,
) -> tuple[Tensor, State]:
    """Walk one layer in one direction over a padded batch, by one of the three routes that do.

    Parameters
    ----------
    route : {"scan", "fused", "reference"}
    cell : Cell
    x : Tensor, shape (B, T, D)
    lengths : Tensor of shape (B,), or None
        Each in 1..T, int64; None where all are T.
    state : tuple of Tensor, each (B, H)
    weights : Weights
    reverse : bool
        Walk each row from its own last element to its first.

    Returns
    -------
    outputs : Tensor, shape (B, T, H)
        Zeros at padding.
    state : tuple of Tensor, each (B, H)
        After each row's own last step. By "fused", where rows of different lengths have a memory, only h.
    """
    if route == "scan" and cell.linear is not None:
        return scan.walk_linear(cell.linear, x, lengths, state, weights, reverse=reverse)
    if route == "reference":
        return reference.walk(cell.step, x, lengths, state, weights, reverse=reverse)
    if lengths is not None and not bool((lengths < x.shape[1]).any()):
        lengths = None
    return _walk_fused(cell, x, lengths, state, weights, reverse=reverse)


def walk_nothing(x: Tensor, state: State, parameters: Iterable[Tensor], width: int) -> Tensor:
    """Return the empty outputs (0, T, width) of a batch without rows; the gradients of all that has one are zeros."""
    outputs = x.new_zeros(0, x.shape[1], width)
    for part in (x, *state, *parameters):
        outputs = outputs + part.sum()  # nothing, of nothing
    return outputs


def _walk_fused(
    cell: Cell, x: Tensor, lengths: Tensor | None, state: State, weights: Weights, *, reverse: bool
) -> tuple[Tensor, State]:
    """Walk one layer in one direction with PyTorch's operation, on padded rows.

    A backward walk is a forward walk over rows that are turned around within their own lengths: padding stays behind,
    where what is computed from it is discarded.
    """
    assert cell.fused is not None
    operation = getattr(torch._VF, cell.fused)
    has_bias, names = weights.b_ih is not None, [w for w in weights if w is not None]
    before = [part.unsqueeze(0) for part in state]
    real = None
    if lengths is not None:
        real = (torch.arange(x.shape[1], device=x.device) < lengths[:, None]).unsqueeze(-1)
        x = x.masked_fill(~real, 0)  # a NaN in the padding would reach the weights' gradient: 0 * NaN is NaN
    if reverse:
        x = scan.turn_around(x, lengths)
    # has_biases, num_layers, dropout, training, bidirectional, batch_first
    out, *after = operation(x, before if cell.has_memory else before[0], names, has_bias, 1, 0.0, False, False, True)
    final = tuple(part.squeeze(0) for part in after)
    if lengths is not None and real is not None:
        final = (out[torch.arange(len(out), device=out.device), lengths - 1],)
        out = out.masked_fill(~real, 0)
    return scan.turn_around(out, lengths) if reverse else out, final
