"""Images on their way into a network: small changes that leave a caption true, then numbers about zero."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = ["AUGMENTATIONS", "changed", "colours_to_numbers", "enlarged"]

#: How images are changed in training: not at all; moved and coloured a little; also seen in a mirror; also turned
#: by quarters, as photographs from above may be.
AUGMENTATIONS = (None, "shift", "flip", "turn")

# The mean and the spread of red, green and blue over ImageNet's photographs, of 1.
_MEAN, _SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_FARTHEST = 16  # an image moves by a sixteenth of its side at most
_BRIGHTER = 0.2  # of what there is, more or less


def changed(pixels: npt.NDArray[np.uint8], kind: str | None) -> npt.NDArray[np.uint8]:
    """Change images a little, each in its own way, by PyTorch's generator.

    Parameters
    ----------
    pixels : array of uint8, shape (B, S, S, 3)
    kind : {None, "shift", "flip", "turn"}

    Returns
    -------
    array of uint8, shape (B, S, S, 3)
    """
    if kind is None:
        return pixels
    B, S = pixels.shape[:2]
    far = S // _FARTHEST
    wide = np.pad(pixels, ((0, 0), (far, far), (far, far), (0, 0)), mode="reflect") if far else pixels
    moves = torch.randint(0, 2 * far + 1, (B, 2)).tolist()
    mirrors = torch.randint(0, 2, (B,)).tolist()
    turns = torch.randint(0, 4, (B,)).tolist()
    changed = np.empty_like(pixels)
    for row, (down, across) in enumerate(moves):
        image = wide[row, down : down + S, across : across + S]
        if kind in ("flip", "turn") and mirrors[row]:
            image = image[:, ::-1]
        changed[row] = np.rot90(image, turns[row]) if kind == "turn" else image
    return changed


def colours_to_numbers(pixels: npt.NDArray[np.uint8], *, vary: bool = False) -> Tensor:
    """Turn colours into numbers about 0, of a spread about 1: (B, 3, S, S).

    Parameters
    ----------
    pixels : array of uint8, shape (B, S, S, 3)
    vary : bool
        Make each image brighter or darker, and paler or stronger, by a fifth at most.
    """
    x = torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float().div_(255)
    if vary:
        contrast, light = (1 + _BRIGHTER * (2 * torch.rand(2, len(x), 1, 1, 1) - 1)).unbind(0)
        middle = x.mean((1, 2, 3), keepdim=True)
        x = ((x - middle) * contrast + middle) * light
    return (x - torch.tensor(_MEAN).view(3, 1, 1)) / torch.tensor(_SPREAD).view(3, 1, 1)


def enlarged(images: Tensor, zoom: float) -> Tensor:
    """Show a part of each image, anywhere in it, as large as the whole, by PyTorch's generator.

    As Szegedy et al. (2015, Going deeper with convolutions, section 6) crop, but with the shape of the whole.

    Parameters
    ----------
    images : Tensor, shape (B, 3, S, S)
    zoom : float
        The part's sides are as long as the whole's, less a share of it from 0 to this.

    Returns
    -------
    Tensor, shape (B, 3, S, S)
    """
    side = 1 - zoom * torch.rand(len(images))
    middle = (1 - side)[:, None] * (2 * torch.rand(len(images), 2) - 1)  # of a whole that goes from -1 to 1
    where = torch.zeros(len(images), 2, 3)
    where[:, 0, 0], where[:, 1, 1], where[:, :, 2] = side, side, middle
    places = F.affine_grid(where, list(images.shape), align_corners=False)
    return F.grid_sample(images, places, padding_mode="border", align_corners=False)
