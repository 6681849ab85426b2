"""Dropout that a whole sequence shares."""

from __future__ import annotations

from typing import final

from torch import Tensor, nn

from gyeol.errors import ParameterError
from gyeol.kernels.lookup import keep
from gyeol.kernels.packing import Packing

__all__ = ["LockedDropout"]


@final
class LockedDropout(nn.Module):
    """Drop the same features at every step of a sequence (Gal and Ghahramani 2016; Merity et al. 2018, section 4.2).

    Parameters
    ----------
    p : float
        Probability of dropping a feature, in training only; what stays is scaled up by 1 / (1 - p).

    Raises
    ------
    ParameterError
        p is not a probability below 1.

    Examples
    --------
    >>> import torch
    >>> x = LockedDropout(0.5)(torch.ones(1, 3, 8))
    >>> bool((x[:, 0] == x[:, 1]).all() and (x[:, 1] == x[:, 2]).all())
    True
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        if not 0 <= p < 1:
            raise ParameterError(f"p={p!r}: expected a probability from 0 up to, not including, 1")
        self.p = p

    def extra_repr(self) -> str:
        """Show the probability when printed."""
        return f"{self.p}"

    def forward(self, x: Tensor, packing: Packing | None = None) -> Tensor:
        """Drop features of x (B, T, D), or of packed tokens (N, D)."""
        if not self.training or self.p == 0:
            return x
        if packing is not None:
            return keep(x, packing, self.kept(len(packing.lengths), x))
        return x * x.new_empty(x.shape[0], 1, x.shape[2]).bernoulli_(1 - self.p).div_(1 - self.p)

    def kept(self, rows: int, like: Tensor) -> Tensor:
        """Draw what the features of each row are multiplied by: 0 or 1 / (1 - p), (rows, D) for `like` (..., D)."""
        return like.new_empty(rows, like.shape[-1]).bernoulli_(1 - self.p).div_(1 - self.p)
