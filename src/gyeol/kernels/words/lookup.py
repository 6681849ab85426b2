"""Rows of tables by number: their sum for each token, and the gradient as rows; natively, or in plain PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from gyeol.kernels import native
from gyeol.kernels.packing import Packing
from gyeol.kernels.second_order import differentiable_gradients
from gyeol.kernels.words import calls

__all__ = ["Rows", "coalesced", "keep", "keep_reference", "lookup", "lookup_reference"]


class Rows(NamedTuple):
    """Rows of one table: ``weight`` (V, E), ``numbers`` (N, C) int64 for N packed tokens, 0 for none; a ``factor``."""

    weight: Tensor
    numbers: Tensor
    factor: float = 1.0


def lookup(tables: Sequence[Rows], packing: Packing, kept: Tensor | None = None) -> Tensor:
    """Sum rows of all tables for each token. The gradient by a table is sparse and coalesced.

    Parameters
    ----------
    tables : sequence of Rows
    packing : Packing
        How the N tokens lie.
    kept : Tensor of shape (B, E), optional
        By rank: what each token of a row is multiplied by. It gets no gradient.

    Returns
    -------
    Tensor, shape (N, E)

    Examples
    --------
    >>> packing = Packing.of(torch.tensor([2]), 2)
    >>> lookup([Rows(torch.eye(3), torch.tensor([[1, 2], [0, 2]]), 0.5)], packing).tolist()
    [[0.0, 0.5, 0.5], [0.0, 0.0, 0.5]]
    """
    weights = [t.weight for t in tables]
    if not _served(*weights) or (kept is not None and not _served(kept)):
        return lookup_reference(tables, packing, kept)
    summed: Tensor = _Lookup.apply(packing, kept, tables, *weights)  # type: ignore[no-untyped-call]
    return summed


def lookup_reference(tables: Sequence[Rows], packing: Packing, kept: Tensor | None = None) -> Tensor:
    """Do what `lookup` does, readably: the native kernel is tested against it, and it serves where there is none."""
    bags = [F.embedding_bag(t.numbers, t.weight, mode="sum", sparse=True, padding_idx=0) * t.factor for t in tables]
    total = bags[0]
    for bag in bags[1:]:
        total = total + bag
    return total if kept is None else keep_reference(total, packing, kept)


def keep(x: Tensor, packing: Packing, kept: Tensor) -> Tensor:
    """Multiply packed tokens x (N, K) by the numbers of their row, `kept` (B, K) by rank, which get no gradient."""
    if not _served(x, kept):
        return keep_reference(x, packing, kept)
    out: Tensor = _Keep.apply(x, packing, kept)  # type: ignore[no-untyped-call]
    return out


def keep_reference(x: Tensor, packing: Packing, kept: Tensor) -> Tensor:
    """Do what `keep` does, readably."""
    return x * kept.index_select(0, packing.rows().to(x.device))


def coalesced(gradient: Tensor) -> Tensor:
    """Return a sparse gradient (V, E) with each row once, ascending."""
    indices, values = gradient._indices(), gradient._values()
    if gradient.is_coalesced() or len(indices) != 1 or values.dim() != 2 or not _served(values):
        return gradient.coalesce()
    return _summed(indices.view(-1, 1), values.contiguous(), gradient.shape, padding=-1)


def _served(*tensors: Tensor) -> bool:
    return native.native_available() and all(t.dtype == torch.float32 and t.device.type == "cpu" for t in tensors)


def _summed(
    rows: Tensor,
    dy: Tensor,
    shape: torch.Size,
    *,
    padding: int,
    factor: float = 1.0,
    lengths: Tensor | None = None,
    kept: Tensor | None = None,
) -> Tensor:
    """Sum `dy` (N, E) over the tokens of each row, as a coalesced sparse tensor (V, E)."""
    found, values = rows.new_empty(rows.numel()), dy.new_empty(rows.numel(), dy.shape[1])
    count = calls.sum_rows(rows.contiguous(), dy, shape[0], padding, factor, lengths, kept, found, values)
    return torch.sparse_coo_tensor(
        found[:count].unsqueeze(0), values[:count], shape, is_coalesced=True, check_invariants=False
    )


class _Lookup(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, packing: Packing, kept: Tensor | None, tables: Sequence[Rows], *weights: Tensor) -> Tensor:
        ctx.packing, ctx.kept, ctx.tables = packing, kept, [(t.numbers, t.factor) for t in tables]
        ctx.save_for_backward(*weights)
        y = weights[0].new_empty(len(tables[0].numbers), weights[0].shape[1])
        numbers = [t.numbers.contiguous() for t in tables]
        calls.look_up(weights, numbers, [t.factor for t in tables], packing.lengths, kept, y)
        return y

    @staticmethod
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor | None, ...]:
        weights, needed = ctx.saved_tensors, ctx.needs_input_grad[3:]
        if torch.is_grad_enabled():

            def summed(*inputs: Tensor) -> list[Tensor]:
                tables = [Rows(w, *rows) for w, rows in zip(inputs, ctx.tables, strict=True)]
                return [lookup_reference(tables, ctx.packing, ctx.kept)]

            found = differentiable_gradients(summed, list(weights), needed, [dy])
            return None, None, None, *found
        dy = dy.contiguous()
        grads = [
            _summed(rows, dy, w.shape, padding=0, factor=factor, lengths=ctx.packing.lengths, kept=ctx.kept)
            if need
            else None
            for w, (rows, factor), need in zip(weights, ctx.tables, needed, strict=True)
        ]
        return None, None, None, *grads


class _Keep(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, packing: Packing, kept: Tensor) -> Tensor:
        ctx.packing, ctx.kept = packing, kept
        y = torch.empty(x.shape, dtype=x.dtype)
        calls.keep_some(x.contiguous(), packing.lengths, kept, y)
        return y

    @staticmethod
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor, None, None]:
        return keep(dy, ctx.packing, ctx.kept), None, None
