"""A sparse maximum-entropy model of n-grams beside a recurrent net: what the last tokens add to the next one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gyeol.errors import ParameterError

__all__ = ["Continuations"]


@final
class Continuations(nn.Module):
    """For each step, the words that continue a known n-gram, and the A numbers that each n-gram adds to such a word.

    The n-gram features of a maximum-entropy language model (Rosenfeld 1996; beside a recurrent net, Mikolov et al.
    2011), with exact keys in place of hashing. The n-gram a, b, c of tokens has the key (a V + b) V + c; in ascending
    order n-grams with the same prefix are neighbours, so that the continuations of a context are one range.

    Parameters
    ----------
    num_embeddings : int
        V, the size of the vocabulary.
    sizes : sequence of int
        How many 2-grams, 3-grams, ... are known. Their keys are the buffers `keys2`, `keys3`, ..., ascending.
    columns : int
        A. `weight` is (sum of sizes, A), zeros at first.

    Raises
    ------
    ParameterError
        N-grams so long that their keys would not fit into 63 bits.

    Examples
    --------
    >>> ngrams = Continuations(5, [2], 1)
    >>> ngrams.set_keys([torch.tensor([13, 14])])     # the 2-grams (2, 3) and (2, 4)
    >>> step, word, added = ngrams(ngrams.contexts(torch.tensor([[2, 4]]))[0])
    >>> step.tolist(), word.tolist(), added.shape
    ([0, 0], [3, 4], torch.Size([2, 1]))
    """

    def __init__(self, num_embeddings: int, sizes: Sequence[int], columns: int) -> None:
        super().__init__()
        if (len(sizes) + 1) * math.log2(max(2, num_embeddings)) >= 63:
            raise ParameterError(
                f"ngrams={len(sizes) + 1} over {num_embeddings:,} tokens: the keys do not fit into 63 bits; set ngrams "
                "lower"
            )
        self.num_embeddings, self.sizes = num_embeddings, list(sizes)
        for n, size in enumerate(self.sizes, start=2):
            self.register_buffer(f"keys{n}", torch.zeros(size, dtype=torch.int64))
        self.weight = nn.Parameter(torch.zeros(sum(self.sizes), columns))

    def set_keys(self, keys: Sequence[Tensor]) -> None:
        """Set the known n-grams: for n = 2, 3, ... their keys, ascending, as many as in `sizes`.

        An n-gram counts only where its last two tokens are a known 2-gram.
        """
        for n, known in enumerate(keys, start=2):
            self.get_buffer(f"keys{n}").copy_(known)

    def contexts(self, ids: Tensor) -> Tensor:
        """Number the context of the next token: the last 1, 2, ... tokens at each step.

        Parameters
        ----------
        ids : Tensor of int64, shape (B, T)
            Token numbers, 0 for padding.

        Returns
        -------
        Tensor of int64, shape (B, T, len(sizes))
        """
        found, key, before = [], ids, ids
        for n in range(len(self.sizes)):
            if n:
                before = F.pad(before, (1, 0))[:, :-1]  # 0 before the text: no n-gram starts with it
                key = key + before * self.num_embeddings**n
            found.append(key)
        return torch.stack(found, 2) if found else ids.new_zeros(*ids.shape, 0)

    def forward(self, contexts: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """List all continuations of all steps, each (step, word) once.

        Parameters
        ----------
        contexts : Tensor of int64, shape (N, len(sizes))

        Returns
        -------
        step, word : Tensors of int64, shape (M,)
        added : Tensor, shape (M, A)
            The sum over the n-grams that end in the word.
        """
        V, rows, places = self.num_embeddings, [], []
        step = word = low = start = contexts.new_zeros(0)
        first = 0
        for n, size in enumerate(self.sizes, start=2):
            keys = self.get_buffer(f"keys{n}")
            context = contexts[:, n - 2]
            lower = torch.searchsorted(keys, context * V)
            count = torch.searchsorted(keys, context * V + V) - lower
            at = torch.repeat_interleave(torch.arange(len(context)), count)
            row = torch.arange(len(at)) - (count.cumsum(0) - count)[at] + lower[at]
            if n == 2:
                step, word, low, start = at, keys[row] - context[at] * V, lower, count.cumsum(0) - count
                places.append(torch.arange(len(at)))
            else:  # the place of the n-gram's last two tokens among all 2-grams
                short = torch.searchsorted(self.get_buffer("keys2"), keys[row] % (V * V))
                places.append(start[at] + short - low[at])
            rows.append(row + first)
            first += size
        if not rows:
            return step, word, self.weight[:0]
        added = F.embedding(torch.cat(rows), self.weight)
        summed = added[: len(step)]
        return step, word, summed.index_add(0, torch.cat(places[1:]), added[len(step) :]) if len(rows) > 1 else summed
