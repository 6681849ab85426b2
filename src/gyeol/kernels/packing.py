"""Padded batches laid out by time without their padding, and back: the layout in which recurrent layers walk.

The rows are ranked by length, longest first; the tokens are those of all rows' first step, then all rows' second, and
so on. It is the layout of PyTorch's PackedSequence.
"""

from __future__ import annotations

from typing import Any, final

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

__all__ = ["Packing"]


@final
class Packing:
    """Where the tokens of a batch lie, and how to get there and back; differentiable both ways.

    Parameters
    ----------
    lengths : Tensor, shape (B,)
        int64, by rank, longest first, on the CPU.
    order : Tensor of shape (B,), or None
        The rows by rank; None where they come so.
    steps : int
        T, the padded length; the longest row may be shorter.
    even : bool, optional
        Whether all lengths are T; they are read where it is not known.

    Examples
    --------
    >>> packing = Packing.of(torch.tensor([1, 3]), 4)
    >>> packing.gather(torch.arange(8.0).view(2, 4, 1)).flatten().tolist()
    [4.0, 0.0, 5.0, 6.0]
    """

    def __init__(self, lengths: Tensor, order: Tensor | None, steps: int, *, even: bool | None = None) -> None:
        self.lengths = lengths
        self.order = order
        self.steps = steps
        self.home = None if order is None else order.argsort()
        self.even = int(lengths[-1]) == steps if even is None else even
        self._places: dict[bool, Tensor] = {}
        self._rows: Tensor | None = None

    @classmethod
    def even_rows(cls, rows: int, steps: int) -> Packing:
        """Lay out so many rows of so many steps each."""
        return cls(torch.full((rows,), steps), None, steps, even=True)

    @classmethod
    def of(cls, lengths: Tensor, steps: int) -> Packing:
        """Lay out rows of these lengths (B,), each in 1..T."""
        lengths = lengths.cpu().contiguous()
        if bool((lengths[1:] <= lengths[:-1]).all()):
            return cls(lengths, None, steps)
        ranked, order = lengths.sort(descending=True, stable=True)
        return cls(ranked, order, steps)

    @classmethod
    def of_packed(cls, packed: PackedSequence) -> Packing:
        """Lay out as a PackedSequence is."""
        sizes = packed.batch_sizes
        lengths = (sizes[:, None] > torch.arange(int(sizes[0]))).sum(0)
        order = None if packed.sorted_indices is None else packed.sorted_indices.cpu()
        return cls(lengths, order, len(sizes))

    def places(self, *, by_time: bool) -> Tensor:
        """The tokens' places (N,) in the padded batch seen as (B*T, ...), or (T*B, ...) where ``by_time``."""
        if by_time not in self._places:
            B = len(self.lengths)
            t = torch.arange(int(self.lengths[0]))[:, None]
            row = torch.arange(B) if self.order is None else self.order
            place = t * B + row if by_time else row * self.steps + t
            self._places[by_time] = place[t < self.lengths]
        return self._places[by_time]

    def gather(self, x: Tensor) -> Tensor:
        """Take the tokens (N, D) out of x (B, T, D), which may be a view of (T, B, D)."""
        B, T, D = x.shape
        if self.even and self.order is None:
            return x.transpose(0, 1).reshape(T * B, D)
        by_time = B > 1 and T > 1 and x.transpose(0, 1).is_contiguous()
        rows = (x.transpose(0, 1) if by_time else x).reshape(B * T, D)
        taken: Tensor = _Gather.apply(rows, self.places(by_time=by_time).to(x.device))  # type: ignore[no-untyped-call]
        return taken

    def counts(self) -> Tensor:
        """How many rows take each step, (T',): PyTorch's ``batch_sizes``."""
        return (self.lengths > torch.arange(int(self.lengths[0]))[:, None]).sum(1)

    def rows(self) -> Tensor:
        """The rank (N,) of each token's row."""
        if self._rows is None:
            t = torch.arange(int(self.lengths[0]))[:, None]
            self._rows = torch.arange(len(self.lengths)).expand(len(t), -1)[t < self.lengths]
        return self._rows

    def scatter(self, tokens: Tensor, *, by_time: bool = False, fill: float = 0.0) -> Tensor:
        """Put tokens (N, K) into a padded batch (B, T, K), `fill` elsewhere; a view of (T, B, K) where ``by_time``."""
        B, T = len(self.lengths), self.steps
        if self.even and self.order is None:
            return tokens.view(T, B, -1).transpose(0, 1)
        rows: Tensor = _Scatter.apply(tokens, self.places(by_time=by_time).to(tokens.device), B * T, fill)  # type: ignore[no-untyped-call]
        return rows.view(T, B, -1).transpose(0, 1) if by_time else rows.view(B, T, -1)

    def rank(self, state: Tensor) -> Tensor:
        """Order the rows of a state (L, B, H) by rank."""
        return state if self.order is None else state.index_select(1, self.order.to(state.device))

    def unrank(self, state: Tensor) -> Tensor:
        """Order the rows of a state (L, B, H) as they came."""
        return state if self.home is None else state.index_select(1, self.home.to(state.device))


class _Gather(torch.autograd.Function):
    """Rows by number, no row twice: the way back can copy where PyTorch's own would add, row by row."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, places: Tensor) -> Tensor:
        ctx.count, ctx.places = len(rows), places
        return rows.index_select(0, places)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        back: Tensor = _Scatter.apply(grad, ctx.places, ctx.count, 0.0)  # type: ignore[no-untyped-call]
        return back, None


class _Scatter(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, tokens: Tensor, places: Tensor, count: int, fill: float) -> Tensor:
        ctx.places = places
        return tokens.new_full((count, tokens.shape[1]), fill).index_copy_(0, places, tokens)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:
        back: Tensor = _Gather.apply(grad.contiguous(), ctx.places)  # type: ignore[no-untyped-call]
        return back, None, None, None
