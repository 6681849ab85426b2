"""Captions: what people wrote of images, as a decoder learns from it, and what a model writes."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gyeol.engine.metrics.figures import agreement
from gyeol.engine.search.beam import Hypothesis
from gyeol.errors import DataError
from gyeol.inputs import TextInput
from gyeol.inputs.targets import inputs_and_targets, text_of, with_ends

__all__ = ["LONGEST", "Caption", "CaptionRows", "agreed", "checked_captions", "told"]

LONGEST = 100  # tokens that are written at most; of a longer caption that is given, what comes first counts
_CAPTIONS = 5  # of an image, learned from in one step


@dataclass(frozen=True, slots=True)
class Caption:
    """What was written for an image.

    ``text``; ``score`` and ``log_probability`` as in `gyeol.engine.search.beam.Hypothesis`, but by consensus the score
    is what `gyeol.engine.agreement` says; ``words``, with the end, a line feed; ``attention`` (words, height, width),
    which sums to 1 for each word, where the model has any.
    """

    text: str
    score: float
    log_probability: float
    words: list[str]
    attention: Tensor | None


def told(found: Hypothesis, side: TextInput, grid: tuple[int, int] | None) -> Caption:
    """Turn what was found into a caption, and where it looked, if it did, into a grid."""
    names = [side.vocabulary.tokens[token] for token in found.tokens]
    looked = None
    if grid is not None and found.attention is not None:
        looked = found.attention.view(len(found.attention), *grid)
    return Caption(text_of(side, found.tokens), found.score, found.log_probability, [*names, "\n"], looked)


def agreed(captions: list[Caption]) -> list[Caption]:
    """Order captions of one image by how far all of them bear each out."""
    if not captions:
        return []
    alike = agreement([c.text for c in captions], [c.log_probability for c in captions])
    scored = [dataclasses.replace(c, score=score) for c, score in zip(captions, alike, strict=True)]
    return sorted(scored, key=lambda caption: -caption.score)


def checked_captions(y: Any, count: int) -> list[list[str]]:
    """Check captions: a text or a list of texts for each of so many images.

    Raises
    ------
    DataError
        There are not as many, or some are no texts: says of which image.
    """
    if y is None or isinstance(y, (str, bytes)) or not hasattr(y, "__iter__"):
        raise DataError("the target y must be a list: for every image a caption, or a list of captions")
    captions = [[some] if isinstance(some, str) else list(some) if hasattr(some, "__iter__") else some for some in y]
    if len(captions) != count:
        raise DataError(f"got {count} images and captions of {len(captions)}; there must be some to each")
    for number, some in enumerate(captions):
        if not isinstance(some, list) or not some or not all(isinstance(c, str) and c.strip() for c in some):
            raise DataError(f"the captions of image {number} are {some!r:.60}; one text or more was expected")
        if any("\ud800" <= c <= "\udfff" for text in some for c in text):
            raise DataError(f"a caption of image {number} holds half a character (a lone surrogate)")
    return captions


class CaptionRows:
    """The captions of images, end to end."""

    def __init__(self, side: TextInput, y: list[list[str]]) -> None:
        self.rows = with_ends(side, (text for some in y for text in some), longest=LONGEST)
        self.starts = np.concatenate([[0], np.cumsum([len(some) for some in y])])

    def shares(self, words: int) -> Tensor:
        """Count of which share of images each of so many words is said, (V,): of half an image at least, not of all."""
        count = len(self.starts) - 1
        ends = self.rows.starts[self.starts]
        said = [np.unique(self.rows.values[ends[n] : ends[n + 1]]) for n in range(count)]
        counted = np.bincount(np.concatenate(said), minlength=words)
        return torch.from_numpy(counted.clip(0.5, count - 0.5) / count)

    def of(self, which: npt.NDArray[np.int64], training: bool) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Give the captions of some images: owners, inputs, targets, lengths; to learn from, a few of each."""
        owners, places = [], []
        for row, image in enumerate(which.tolist()):
            own = np.arange(self.starts[image], self.starts[image + 1])
            if training and len(own) > _CAPTIONS:
                own = own[torch.randperm(len(own))[:_CAPTIONS].numpy()]
            owners += [row] * len(own)
            places.append(own)
        arrays = np.array(owners), *inputs_and_targets(self.rows, np.concatenate(places))
        told = tuple(torch.from_numpy(np.ascontiguousarray(array, dtype=np.int64)) for array in arrays)
        return told[0], told[1], told[2], told[3]
