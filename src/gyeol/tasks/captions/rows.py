"""Captions: those of training, checked and numbered, and those that a model writes."""

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
from gyeol.inputs.text_pairs import inputs_and_targets, text_of, with_ends

__all__ = ["LONGEST", "Caption", "CaptionRows", "by_consensus", "caption_of", "checked_captions"]

LONGEST = 100  # tokens of a caption at most; a longer one of the training is cut off
_CAPTIONS = 5  # of an image in one training step


@dataclass(frozen=True, slots=True)
class Caption:
    """A caption that a model wrote.

    ``text``; ``score`` and ``log_probability`` as in `gyeol.engine.search.beam.Hypothesis`, but by consensus the score
    is that of `gyeol.engine.agreement`; ``words``, with the end, a line feed; ``attention`` (words, height, width),
    which sums to 1 for each word, where the model has any.
    """

    text: str
    score: float
    log_probability: float
    words: list[str]
    attention: Tensor | None


def caption_of(found: Hypothesis, side: TextInput, grid: tuple[int, int] | None) -> Caption:
    """Turn a hypothesis into a caption, with its attention, if there is any, over a grid (height, width)."""
    names = [side.vocabulary.tokens[token] for token in found.tokens]
    weights = None
    if grid is not None and found.attention is not None:
        weights = found.attention.view(len(found.attention), *grid)
    return Caption(text_of(side, found.tokens), found.score, found.log_probability, [*names, "\n"], weights)


def by_consensus(captions: list[Caption]) -> list[Caption]:
    """Order captions of one image by how like they are to all others, weighted by probability."""
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
        There are not as many, or some are no texts: names the image.
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
        """Return the share of images in whose captions each of so many words is, (V,): neither 0 nor 1."""
        count = len(self.starts) - 1
        ends = self.rows.starts[self.starts]
        present = [np.unique(self.rows.values[ends[n] : ends[n + 1]]) for n in range(count)]
        counts = np.bincount(np.concatenate(present), minlength=words)
        return torch.from_numpy(counts.clip(0.5, count - 0.5) / count)

    def of(self, which: npt.NDArray[np.int64], training: bool) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return the captions of some images: owners, inputs, targets, lengths; in training, a few of each image."""
        owners, places = [], []
        for row, image in enumerate(which.tolist()):
            captions = np.arange(self.starts[image], self.starts[image + 1])
            if training and len(captions) > _CAPTIONS:
                captions = captions[torch.randperm(len(captions))[:_CAPTIONS].numpy()]
            owners += [row] * len(captions)
            places.append(captions)
        arrays = np.array(owners), *inputs_and_targets(self.rows, np.concatenate(places))
        tensors = tuple(torch.from_numpy(np.ascontiguousarray(array, dtype=np.int64)) for array in arrays)
        return tensors[0], tensors[1], tensors[2], tensors[3]
