"""What dropout keeps, drawn by counting: a function of a seed and a number's place, natively or in plain PyTorch."""

from __future__ import annotations

import torch
from torch import Tensor

from gyeol.kernels import native
from gyeol.kernels.words import calls

__all__ = ["draw_kept", "draw_kept_reference"]

_LOW = 0xFFFFFFFF


def draw_kept(kept: Tensor, share: float, seed: int | None = None) -> Tensor:
    """Fill a tensor with 0 and ``1 / share``, the latter with the probability ``share``.

    Parameters
    ----------
    kept : Tensor
        Contiguous, of fewer than 2^32 numbers; changed in place.
    share : float
        Above 0, at most 1.
    seed : int, optional
        Of 63 bits; by default PyTorch's generator draws one, and nothing else.

    Returns
    -------
    Tensor
        ``kept``.

    Examples
    --------
    >>> round(float(draw_kept(torch.empty(1000, 10), 0.8, seed=1).mean()), 1)
    1.0
    """
    if seed is None:
        seed = int(torch.randint((1 << 63) - 1, ()))
    if native.native_available() and kept.dtype == torch.float32 and kept.device.type == "cpu":
        calls.draw_kept(seed, share, kept)
        return kept
    return draw_kept_reference(kept, share, seed)


def draw_kept_reference(kept: Tensor, share: float, seed: int) -> Tensor:
    """Do what `draw_kept` does, readably: the native kernel gives the same to the bit."""
    place = torch.arange(kept.numel(), device=kept.device)
    u = _mix(_mix((place * 0x9E3779B9 + (seed & _LOW)) & _LOW) ^ (seed >> 32))
    bound = min(int(share * 2.0**32), _LOW)
    return kept.copy_(torch.where(u < bound, 1 / share, 0.0).view(kept.shape))


def _mix(x: Tensor) -> Tensor:
    """MurmurHash3's finalizer (Appleby 2011), of numbers of 32 bits."""
    x = ((x ^ (x >> 16)) * 0x85EBCA6B) & _LOW
    x = ((x ^ (x >> 13)) * 0xC2B2AE35) & _LOW
    return x ^ (x >> 16)
