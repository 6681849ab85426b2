"""Pooling: one vector for a sequence, out of a recurrent layer's outputs. Pure functions, and a table of them."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from gyeol.errors import DataError

__all__ = ["POOLINGS", "pool_last", "pool_max", "pool_mean", "valid_steps"]


def valid_steps(lengths: Tensor, steps: int) -> Tensor:
    """Mark the real steps of a padded batch: the mask that attention takes.

    Parameters
    ----------
    lengths : Tensor, shape (B,)
    steps : int
        T.

    Returns
    -------
    Tensor of bool, shape (B, T)

    Examples
    --------
    >>> valid_steps(torch.tensor([1, 2]), 2).tolist()
    [[True, False], [True, True]]
    """
    return torch.arange(steps, device=lengths.device) < lengths[:, None]


def pool_last(outputs: Tensor, lengths: Tensor, *, directions: int = 1) -> Tensor:
    """Take the final outputs: of the forward direction at a row's last step, of the reverse direction at its first.

    Parameters
    ----------
    outputs : Tensor, shape (B, T, H)
        With two directions the first H/2 are those of the forward direction.
    lengths : Tensor, shape (B,)
        Each in 1..T.
    directions : int
        1 or 2.

    Returns
    -------
    Tensor, shape (B, H)

    Raises
    ------
    DataError
        The shapes do not fit, or a length is not in 1..T.

    Examples
    --------
    >>> outputs = torch.tensor([[[1.0, 4.0], [2.0, 5.0], [0.0, 0.0]]])
    >>> pool_last(outputs, torch.tensor([2]), directions=2)
    tensor([[2., 4.]])
    """
    _check(outputs, lengths)
    last = outputs[torch.arange(len(outputs), device=outputs.device), lengths - 1]
    if directions == 1:
        return last
    H = outputs.shape[-1] // 2
    return torch.cat([last[:, :H], outputs[:, 0, H:]], dim=-1)


def pool_mean(outputs: Tensor, lengths: Tensor, *, directions: int = 1) -> Tensor:
    """Average over the real steps.

    Parameters
    ----------
    outputs : Tensor, shape (B, T, H)
    lengths : Tensor, shape (B,)
        Each in 1..T.
    directions : int
        Makes no difference here.

    Returns
    -------
    Tensor, shape (B, H)

    Raises
    ------
    DataError
        The shapes do not fit, or a length is not in 1..T.
    """
    _check(outputs, lengths)
    padding = ~valid_steps(lengths, outputs.shape[1]).unsqueeze(-1)
    return outputs.masked_fill(padding, 0).sum(1) / lengths.unsqueeze(-1)


def pool_max(outputs: Tensor, lengths: Tensor, *, directions: int = 1) -> Tensor:
    """Take the largest value of each unit over the real steps.

    Parameters
    ----------
    outputs : Tensor, shape (B, T, H)
    lengths : Tensor, shape (B,)
        Each in 1..T.
    directions : int
        Makes no difference here.

    Returns
    -------
    Tensor, shape (B, H)

    Raises
    ------
    DataError
        The shapes do not fit, or a length is not in 1..T.
    """
    _check(outputs, lengths)
    padding = ~valid_steps(lengths, outputs.shape[1]).unsqueeze(-1)
    return outputs.masked_fill(padding, -math.inf).amax(1)


def _check(outputs: Tensor, lengths: Tensor) -> None:
    if outputs.dim() != 3 or lengths.shape != outputs.shape[:1]:
        came = f"{tuple(outputs.shape)} and {tuple(lengths.shape)}"
        raise DataError(f"outputs and lengths have shapes {came}, expected (B, T, H) and (B,)")
    if ((lengths < 1) | (lengths > outputs.shape[1])).any():
        raise DataError(f"lengths run from {lengths.min()} to {lengths.max()}, expected 1..{outputs.shape[1]}")


POOLINGS: dict[str, Callable[..., Tensor]] = {"last": pool_last, "mean": pool_mean, "max": pool_max}
