"""A softmax learned from some of its words at a time: the others are drawn anew for every batch."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gyeol.errors import DataError, ParameterError
from gyeol.layers.losses.cross_entropy import linear_cross_entropy

__all__ = ["sampled_cross_entropy", "sampling_chances"]

_WIDTH = (
    512  # the words of a batch come in multiples of so many: oneDNN compiles a product for every new number of them
)
_NEVER = -1e4  # a logit that no other comes near


def sampling_chances(size: int, samples: int) -> Tensor:
    """Give each word's chance to be drawn, the more frequent the higher; frequent ones are always drawn.

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
    >>> [round(chance, 2) for chance in sampling_chances(4, 2).tolist()]
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
    chances: Tensor,
    *,
    precision: str = "float32",
) -> Tensor:
    """Return a loss of which the softmax over all words is the best solution, though it sees some of them only.

    Drawn are words by their ``chances``, each by itself and once for the whole batch; beside them stand all targets.
    A word's logit is less by the logarithm of the chance to stand there: candidate sampling (Jean et al. 2015, section
    3; Bengio and Senecal 2008). The loss is no perplexity: it grows with the words drawn.

    Parameters
    ----------
    hidden : Tensor, shape (N, H)
    weight : Tensor, shape (V, H)
    bias : Tensor of shape (V,), or None
    targets : Tensor of int64, shape (N,)
    chances : Tensor, shape (V,)
        From `sampling_chances`. Words are drawn from PyTorch's generator.
    precision : {"float32", "bfloat16"}
        As in `linear_cross_entropy`.

    Returns
    -------
    Tensor
        A scalar.

    Raises
    ------
    DataError
        A shape does not fit, or a target is no word.
    """
    V, N = len(weight), len(targets)
    if bool(((targets < 0) | (targets >= V)).any()):
        token = int(((targets < 0) | (targets >= V)).nonzero()[0])
        raise DataError(f"the target of token {token} is {int(targets[token])}, expected 0..{V - 1}")
    device = targets.device
    chances = chances.to(device)
    drawn = torch.rand(V, device=device) < chances
    drawn[targets] = True
    words = drawn.nonzero().squeeze(1)
    # The chance to be a target of the batch is Zipf's, too.
    often = 1.0 / ((words + 1) * (math.log(V) + 0.5772))
    log_chance = torch.log1p(-(1.0 - chances[words]).clamp(min=0.0) * (1.0 - often).pow(N))
    place = torch.empty_like(drawn, dtype=torch.int64)
    place[words] = torch.arange(len(words), device=device)
    lacking = -len(words) % _WIDTH
    own = -log_chance if bias is None else bias[words] - log_chance
    shift = torch.cat([own, own.new_full((lacking,), _NEVER)])
    chosen = weight.index_select(0, torch.cat([words, words.new_zeros(lacking)]))
    return linear_cross_entropy(hidden, chosen, shift.to(hidden.dtype), place[targets], precision=precision)
