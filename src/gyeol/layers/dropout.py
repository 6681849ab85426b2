"""Dropout: of single numbers, and of features of a whole sequence."""

from __future__ import annotations

from typing import final

from torch import Tensor, nn

from gyeol.errors import ParameterError
from gyeol.kernels.packing import Packing
from gyeol.kernels.words.chance import draw_kept
from gyeol.kernels.words.lookup import keep

__all__ = ["Dropout", "LockedDropout"]


class _Dropping(nn.Module):
    def __init__(self, p: float) -> None:
        super().__init__()
        if not 0 <= p < 1:
            raise ParameterError(f"p={p!r}: expected a probability from 0 up to, not including, 1")
        self.p = p

    def extra_repr(self) -> str:
        """Show the probability when printed."""
        return f"{self.p}"


@final
class Dropout(_Dropping):
    """Drop single numbers (Hinton et al. 2012), as ``torch.nn.Dropout`` does, drawn by `gyeol.kernels.words.chance`.

    ``p`` is as in `LockedDropout`.

    Examples
    --------
    >>> import torch
    >>> Dropout(0.5)(torch.ones(4, 100)).unique().tolist()
    [0.0, 2.0]
    """

    def forward(self, x: Tensor) -> Tensor:
        """Drop numbers of x, of any shape."""
        return x * draw_kept(x.new_empty(x.shape), 1 - self.p) if self.training and self.p else x


@final
class LockedDropout(_Dropping):
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

    def forward(self, x: Tensor, packing: Packing | None = None) -> Tensor:
        """Drop features of x (B, T, D), or of packed tokens (N, D)."""
        if not self.training or self.p == 0:
            return x
        if packing is not None:
            return keep(x, packing, self.kept(len(packing.lengths), x))
        return x * self.kept(len(x), x).unsqueeze(1)

    def kept(self, rows: int, like: Tensor) -> Tensor:
        """Draw what the features of each row are multiplied by: 0 or 1 / (1 - p), (rows, D) for `like` (..., D)."""
        return draw_kept(like.new_empty(rows, like.shape[-1]), 1 - self.p)
