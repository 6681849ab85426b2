"""A softmax trained on a sample of its words, drawn for every batch."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gyeol.errors import DataError, ParameterError
from gyeol.layers.losses.cross_entropy import linear_cross_entropy

__all__ = ["sampled_cross_entropy", "sampling_probabilities"]

_WIDTH = (
    512  # the words of a batch come in multiples of so many: oneDNN compiles a product for every new number of them
)
_NEVER = -1e4  # a logit far below all others


def sampling_probabilities(size: int, samples: int) -> Tensor:
    """Return the probability of each word to be drawn, which falls with its rank; frequent words are always drawn.

    Parameters
    ----------
    size : int
        V; words are numbered from the most frequent one on, and are taken to follow Zipf's law.
    samples : int
        How many are drawn on average.

    Returns
    -------
    Tensor, shape (V,)
        min(1, c / rank), where c makes the sum what it should be.

    Raises
    ------
    ParameterError
        Fewer than one sample.

    Examples
    --------
    >>> [round(chance, 2) for chance in sampling_probabilities(4, 2).tolist()]
    [0.96, 0.48, 0.32, 0.24]
    """
    if samples < 1:
        raise ParameterError(f"samples={samples}: expected 1 or more")
    rank = torch.arange(1, size + 1, dtype=torch.float64)
    low, high = 0.0, float(size)
    if samples >= size:
        return torch.ones(size)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if float((middle / rank).clamp(max=1.0).sum()) < samples else (low, middle)
    return (high / rank).clamp(max=1.0).float()


def sampled_cross_entropy(
    hidden: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    targets: Tensor,
    probabilities: Tensor,
    *,
    frequencies: Tensor | None = None,
    precision: str = "float32",
) -> Tensor:
    """Return a loss that the softmax over all words minimises, computed on a sample of them.

    Words are drawn by their ``probabilities``, independently and once for the whole batch; all targets are added. The
    logarithm of the probability to be in the sample is subtracted from a word's logit: candidate sampling (Jean et al.
    2015, section 3; Bengio and Senecal 2008). The loss is no perplexity: it grows with the size of the sample.

    A word is in the sample because it was drawn or because it is a target of the batch. The second chance follows from
    the words' frequencies; where they are not given, Zipf's law stands for them, and what is learned is biased as far
    as they do not follow it: words that are rarer than their rank says are learned as too likely, by up to the
    inverse of their probability to be drawn, and more frequent ones as too rare.

    Parameters
    ----------
    hidden : Tensor, shape (N, H)
    weight : Tensor, shape (V, H)
    bias : Tensor of shape (V,), or None
    targets : Tensor of int64, shape (N,)
    probabilities : Tensor, shape (V,)
        From `sampling_probabilities`. Words are drawn from PyTorch's generator.
    frequencies : Tensor of shape (V,), optional
        Each word's share of the targets, as counted; by default ``1 / rank``, scaled to sum to 1.
    precision : {"float32", "bfloat16"}
        As in `linear_cross_entropy`.

    Returns
    -------
    Tensor
        A scalar.

    Raises
    ------
    DataError
        A shape does not fit, a target is no word, or frequencies are none.
    """
    V, N = len(weight), len(targets)
    if frequencies is not None and (
        frequencies.shape != (V,) or not bool((frequencies >= 0).all()) or abs(float(frequencies.sum()) - 1) > 1e-3
    ):
        raise DataError(
            f"frequencies have shape {tuple(frequencies.shape)} and sum to {float(frequencies.sum()):.4g}, "
            f"expected ({V},), none below 0, and a sum of 1"
        )
    if bool(((targets < 0) | (targets >= V)).any()):
        token = int(((targets < 0) | (targets >= V)).nonzero()[0])
        raise DataError(f"the target of token {token} is {int(targets[token])}, expected 0..{V - 1}")
    device = targets.device
    probabilities = probabilities.to(device)
    drawn = torch.rand(V, device=device) < probabilities
    drawn[targets] = True
    words = drawn.nonzero().squeeze(1)
    if frequencies is None:
        frequency = 1.0 / ((words + 1) * (math.log(V) + 0.5772))
    else:
        frequency = frequencies.to(device)[words].clamp(max=1.0)
    log_chance = torch.log1p(-(1.0 - probabilities[words]).clamp(min=0.0) * (1.0 - frequency).pow(N))
    place = torch.empty_like(drawn, dtype=torch.int64)
    place[words] = torch.arange(len(words), device=device)
    lacking = -len(words) % _WIDTH
    offset = -log_chance if bias is None else bias[words] - log_chance
    shift = torch.cat([offset, offset.new_full((lacking,), _NEVER)])
    chosen = weight.index_select(0, torch.cat([words, words.new_zeros(lacking)]))
    return linear_cross_entropy(hidden, chosen, shift.to(hidden.dtype), place[targets], precision=precision)
