"""A small residual net: an image becomes a grid of vectors (He et al. 2016), from scratch and on a CPU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gyeol.errors import DataError, ParameterError
from gyeol.kernels.native import bfloat16_available

__all__ = ["ResidualNet"]

_GROUP = 16  # channels normalised together
_LEAST = 1e-6  # added to the variance of weights


@final
class ResidualNet(nn.Module):
    """Images to grids: a stem, then stages of residual blocks, each half as high and wide as the one before.

    The blocks are those of He et al. (2016, Identity mappings, figure 4e: normalise, then ReLU, then convolve). Groups
    of channels are normalised within one image (Wu and He 2018), so that an image gives the same alone and in a batch.

    Parameters
    ----------
    channels : sequence of int
        Of each stage: how many stages, and how wide. The last is D.
    blocks : int
        A stage's blocks.
    input_channels : int
        3 of colours, 1 of shades.
    stem : int
        How many pixels either way become one in the stem: 1, 2 or 4.
    precision : {"float32", "bfloat16", "auto"}
        As in `Recurrent`: where the processor multiplies in bfloat16, "auto" does so in training, in half the time.
    standardize : bool
        Convolve with standardised weights: those of an output channel have the mean 0 and the length 1 (Qiao et al.
        2019, equation 7). What comes out of a ReLU is never negative, so other weights add to every image the same.

    Examples
    --------
    >>> net = ResidualNet([16, 32])
    >>> net(torch.zeros(2, 3, 32, 32)).shape, net.grid(32, 32)
    (torch.Size([2, 64, 32]), (8, 8))
    """

    def __init__(
        self,
        channels: Sequence[int] = (32, 64, 128),
        *,
        blocks: int = 1,
        input_channels: int = 3,
        stem: int = 2,
        precision: str = "float32",
        standardize: bool = False,
    ) -> None:
        super().__init__()
        if not channels or min(channels) < 1 or blocks < 1:
            raise ParameterError(
                f"channels={list(channels)}, blocks={blocks}: expected one stage and one block or more"
            )
        if stem not in (1, 2, 4):
            raise ParameterError(f"stem={stem}: expected 1, 2 or 4")
        self.precision = precision
        self.strides = [stem, *[2] * (len(channels) - 1)]
        conv = _StandardConv if standardize else nn.Conv2d
        self.stem = conv(input_channels, channels[0], 2 * stem + 1, stride=stem, padding=stem, bias=False)
        before, built = channels[0], []
        for number, width in enumerate(channels):
            for block in range(blocks):
                built.append(_Block(conv, before, width, stride=2 if number and not block else 1))
                before = width
        self.blocks = nn.ModuleList(built)
        self.norm = _norm(before)
        self.size = before

    def forward(self, images: Tensor) -> Tensor:
        """Look at images (B, C, height, width): (B, P, D), a vector for each of the P places, row by row."""
        return self.maps(images).flatten(2).transpose(1, 2)

    def maps(self, images: Tensor) -> Tensor:
        """Look at images.

        Parameters
        ----------
        images : Tensor, shape (B, C, height, width)
            Numbers about 0, of a spread about 1.

        Returns
        -------
        Tensor, shape (B, D, grid height, grid width)
            See `grid`.

        Raises
        ------
        DataError
            The images have another number of channels.
        """
        if images.dim() != 4 or images.shape[1] != self.stem.in_channels:
            raise DataError(f"the images have shape {tuple(images.shape)}, expected (B, {self.stem.in_channels}, H, W)")
        requested = self.precision == "bfloat16" or (self.precision == "auto" and self.training)
        bfloat16 = requested and images.dtype == torch.float32 and bfloat16_available()
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16 or torch.is_autocast_enabled("cpu")):
            x: Tensor = self.stem(images.contiguous(memory_format=torch.channels_last))
            for block in self.blocks:
                x = block(x)
            x = F.relu(self.norm(x))
        return x.to(images.dtype)

    def grid(self, height: int, width: int) -> tuple[int, int]:
        """Return the height and the width of the grid for an image of this height and width."""
        for stride in self.strides:
            height, width = -(-height // stride), -(-width // stride)
        return height, width


class _StandardConv(nn.Conv2d):
    def forward(self, x: Tensor) -> Tensor:
        fan = self.weight[0].numel()
        weight = F.layer_norm(self.weight.flatten(1), (fan,), eps=_LEAST).view_as(self.weight) * fan**-0.5
        return F.conv2d(x, weight, stride=self.stride, padding=self.padding)


class _Block(nn.Module):
    def __init__(self, conv: type[nn.Conv2d], before: int, width: int, *, stride: int) -> None:
        super().__init__()
        self.first_norm, self.second_norm = _norm(before), _norm(width)
        self.first = conv(before, width, 3, stride=stride, padding=1, bias=False)
        self.second = conv(width, width, 3, padding=1, bias=False)
        self.shortcut = None if stride == 1 and before == width else conv(before, width, 1, bias=False)
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        inner = F.relu(self.first_norm(x))
        past = x
        if self.shortcut is not None:
            past = self.shortcut(F.avg_pool2d(inner, self.stride, ceil_mode=True) if self.stride > 1 else inner)
        added: Tensor = past + self.second(F.relu(self.second_norm(self.first(inner))))
        return added


def _norm(channels: int) -> nn.GroupNorm:
    groups = next(n for n in range(max(1, channels // _GROUP), 0, -1) if channels % n == 0)
    return nn.GroupNorm(groups, channels)
