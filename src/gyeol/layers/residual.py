"""A small residual net: an image becomes a grid of vectors (He et al. 2016), from scratch and on a CPU."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gyeol.errors import DataError, ParameterError
from gyeol.kernels.native import bfloat16_available
from gyeol.kernels.precision.choices import Subject, choose

__all__ = ["ResidualNet"]

_GROUP = 16  # channels normalised together
_LEAST = 1e-6  # added to the variance of weights
_MOST_PIXELS = 1 << 17  # of all images of a race


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
    precision : {"float32", "bfloat16", "bfloat16-train", "auto"}
        As in `Recurrent`; "auto" measures in training whether images of this size are faster in bfloat16.
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
        bfloat16 = torch.is_autocast_enabled("cpu") or self._rounded(images)
        return self._walk(images, bfloat16=bfloat16)

    def _walk(self, images: Tensor, *, bfloat16: bool) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            x: Tensor = self.stem(images.contiguous(memory_format=torch.channels_last))
            for block in self.blocks:
                x = block(x)
            x = F.relu(self.norm(x))
        return x.to(images.dtype)

    def _rounded(self, images: Tensor) -> bool:
        """Whether to convolve these images in bfloat16."""
        element, _, when = self.precision.partition("-")
        possible = images.dtype == torch.float32 and images.device.type == "cpu" and bfloat16_available()
        if element == "float32" or not possible or (not self.training and (when or element == "auto")):
            return False
        if element == "bfloat16":
            return True
        B, C, height, width = images.shape
        grad = torch.is_grad_enabled() and self.stem.weight.requires_grad
        rows = 1 << round(math.log2(max(1, min(B, _MOST_PIXELS // (height * width)))))
        widths = "-".join(str(block.width) for block in self.blocks)
        kind = " standardized" if isinstance(self.stem, _StandardConv) else ""
        subject = Subject(
            f"images {C}x{height}x{width} to {widths}{kind}, stem {self.strides[0]}",
            f"{rows} images, {'forward and backward' if grad else 'forward'}",
            torch.get_num_threads(),
        )
        calls = partial(self._calls, (rows, C, height, width), grad=grad)
        return choose(subject, ("float32", "bfloat16"), calls) == "bfloat16"

    def _calls(self, shape: tuple[int, int, int, int], *, grad: bool) -> dict[str, Callable[[], object]]:
        """Return what either arithmetic does with some images of this size."""
        with torch.inference_mode(False):
            draw = torch.Generator().manual_seed(0)
            images = torch.randn(shape, generator=draw, dtype=torch.float32, device="cpu")
        parameters = [p for p in self.parameters() if p.requires_grad]

        def run(bfloat16: bool) -> None:
            with torch.inference_mode(False), torch.set_grad_enabled(grad):
                maps = self._walk(images, bfloat16=bfloat16)
                if grad:
                    torch.autograd.grad(maps.sum(), parameters)

        return {"float32": partial(run, False), "bfloat16": partial(run, True)}

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
        self.stride, self.width = stride, width

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
