"""Batches of images and captions: images are unpacked once, and vary anew in every epoch of training."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from gyeol.errors import ModelError
from gyeol.inputs.pixels import changed, colours_to_numbers, enlarged
from gyeol.tasks.base import Encoded
from gyeol.tasks.captions.net import CaptionBatch
from gyeol.tasks.captions.rows import CaptionRows

__all__ = ["encoded", "grid_in", "images_at_once"]

_PIXELS = 1 << 20  # of images encoded together
_NO_CAPTIONS = tuple(torch.zeros(*shape, dtype=torch.int64) for shape in ((0,), (0, 0), (0, 0), (0,)))


def images_at_once(size: int) -> int:
    """Return how many images of so many pixels either way are encoded together in prediction."""
    return max(1, min(64, _PIXELS // size**2))


def grid_in(learned: dict[str, Any]) -> tuple[int, int, int]:
    """Return height, width and depth of the grid of a saved model.

    Raises
    ------
    ModelError
        They are damaged.
    """
    grid = learned["grid"]
    whole_numbers = isinstance(grid, list) and all(isinstance(n, int) and 0 < n < 1 << 20 for n in grid)
    if not whole_numbers or len(grid) != 3:
        raise ModelError(f"config.json: the grid is {grid!r:.60}; height, width and depth were expected")
    return grid[0], grid[1], grid[2]


def encoded(
    pixels: npt.NDArray[Any],
    captions: CaptionRows | None,
    *,
    features: bool,
    together: int,
    dtype: torch.dtype,
    training: bool,
    augmentation: str | None = None,
    zoom: float = 0.0,
) -> Encoded:
    """Make batches of images and, where there are any, captions.

    Parameters
    ----------
    pixels : uint8 array (N, S, S, 3), or with ``features`` float array (N, height, width, D)
    captions : CaptionRows, optional
    together : int
        Images of a batch in prediction.
    dtype : torch.dtype
        Of the net.
    training : bool
        Whether batches are drawn to learn from, with a few of the captions of each image.
    augmentation, zoom
        As in `Captioner`.
    """
    count = len(pixels)

    def batch(which: npt.NDArray[np.int64]) -> CaptionBatch:
        some: npt.NDArray[Any] = np.asarray(pixels[which])
        if features:
            images = torch.from_numpy(some)
        elif augmentation is not None:
            images = colours_to_numbers(changed(some, augmentation), vary=True)
        else:
            images = colours_to_numbers(some)
        if zoom and not features:
            images = enlarged(images, zoom)
        rows = _NO_CAPTIONS if captions is None else captions.of(which, training)
        return CaptionBatch(images.to(dtype), *rows)

    def order(epoch: int) -> list[npt.NDArray[np.int64]]:
        return [np.arange(first, min(first + together, count)) for first in range(0, count, together)]

    return Encoded(np.ones(count, dtype=np.int64), batch, None if training else order)
