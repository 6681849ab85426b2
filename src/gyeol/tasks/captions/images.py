"""Images and captions on their way into a captioner: unpacked once, changed anew whenever they are learned from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from gyeol.data.media.feature_grids import load_grids
from gyeol.data.media.images import Picture, load_images
from gyeol.errors import ModelError
from gyeol.inputs.pixels import changed, colours_to_numbers, enlarged
from gyeol.tasks.base import Encoded
from gyeol.tasks.captions.net import CaptionBatch
from gyeol.tasks.captions.rows import CaptionRows

if TYPE_CHECKING:
    from gyeol.tasks.captions.captioner import Captioner

__all__ = ["encoded", "few", "grid_in"]

_PIXELS = 1 << 20  # of images looked at together
_NOTHING = tuple(torch.zeros(*shape, dtype=torch.int64) for shape in ((0,), (0, 0), (0, 0), (0,)))  # said of images


def few(size: int) -> int:
    """Say how many images of so many pixels either way are looked at together, where nothing is learned."""
    return max(1, min(64, _PIXELS // size**2))


def grid_in(learned: dict[str, Any]) -> tuple[int, int, int]:
    """Take from a model folder how high, wide and deep the grid is that is seen of an image.

    Raises
    ------
    ModelError
        It is none.
    """
    grid = learned["grid"]
    whole_numbers = isinstance(grid, list) and all(isinstance(n, int) and 0 < n < 1 << 20 for n in grid)
    if not whole_numbers or len(grid) != 3:
        raise ModelError(f"config.json: the grid is {grid!r:.60}; height, width and depth were expected")
    return grid[0], grid[1], grid[2]


def encoded(model: Captioner, X: list[Picture], y: list[list[str]] | None, *, training: bool) -> Encoded:
    """Make batches of images and, where there are any, captions; to learn from, of changed images."""
    seen = load_grids(X, model.grid_) if model.encoder == "features" else load_images(X, int(model.image_size))
    captions = None if y is None else CaptionRows(model.inputs_, y)
    together = few(int(model.image_size))

    def batch(which: npt.NDArray[np.int64]) -> CaptionBatch:
        some: npt.NDArray[Any] = np.asarray(seen[which])
        if model.encoder == "features":
            images = torch.from_numpy(some)
        elif training and model.augmentation is not None:
            images = colours_to_numbers(changed(some, model.augmentation), vary=True)
        else:
            images = colours_to_numbers(some)
        if training and model.zoom and model.encoder != "features":
            images = enlarged(images, float(model.zoom))
        rows = _NOTHING if captions is None else captions.of(which, training)
        return CaptionBatch(images.to(model._dtype()), *rows)

    def order(epoch: int) -> list[npt.NDArray[np.int64]]:
        return [np.arange(first, min(first + together, len(X))) for first in range(0, len(X), together)]

    return Encoded(np.ones(len(X), dtype=np.int64), batch, None if training else order)
