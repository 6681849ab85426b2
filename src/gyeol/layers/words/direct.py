"""Direct connections: a linear model of n-grams beside the recurrent net."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gyeol.errors import ParameterError

__all__ = ["DirectScores"]


@final
class DirectScores(nn.Module):
    """A linear model of the tokens, and of the known n-grams, of a text.

    The maximum entropy part that Mikolov et al. 2011 ("Strategies for training large scale neural network language
    models", section 5) train together with a recurrent net, here for classes of a whole text, and with exact rows in
    place of hashing. In aligned sequences n-grams are also distinguished by position: a token by its exact position, an
    n-gram by windows of 2 ** (n - 1) positions, since the longer it is, the more rarely it occurs at the same one.

    Parameters
    ----------
    known : int
        How many rows there are: tokens and n-grams, each at a position, that are frequent in training. Their ids are
        the buffer `keys`, ascending.
    sizes : sequence of int
        How many tokens, 2-grams, 3-grams, ... there are.
    output_size : int
        C, how many classes.
    positions : int
        So many positions are distinguished, all later ones share the last window; 0: none are.
    dropout : float
        Probability of dropping an occurrence of an n-gram, in training only. The others are scaled up by
        1 / (1 - dropout).

    Raises
    ------
    ParameterError
        A dropout that is no probability below 1.

    Examples
    --------
    >>> scores = DirectScores(2, [4], 3)
    >>> scores.set_keys(torch.tensor([1, 3]))
    >>> scores.rows(torch.tensor([[[3], [0]], [[1], [2]]])).squeeze(2).tolist()     # two texts, of one and two tokens
    [[2, 0], [1, 0]]
    """

    sparse = True
    #: The factor of the learning rate for plain gradient descent here. With Adam an n-gram of three texts would move as
    #: far as one that separates all classes. The n-grams of a text have length one together: with the gradient's mean
    #: over 32 texts, and Adam's usual 0.003, a step moves their scores by about twice the error.
    descent = 20_000.0
    keys: Tensor

    def __init__(
        self,
        known: int,
        sizes: Sequence[int],
        output_size: int,
        *,
        positions: int = 0,
        dropout: float = 0.0,
        device: Any = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        if not 0 <= dropout < 1:
            raise ParameterError(f"dropout={dropout!r}: expected a probability from 0 to less than 1")
        self.sizes, self.positions, self.dropout = list(sizes), int(positions), float(dropout)
        self.register_buffer("keys", torch.zeros(known, dtype=torch.int64, device=device))
        # Row 0 is that of unknown n-grams, and stays zero. All others start at zero, too.
        self.weight = nn.Parameter(torch.zeros(1 + known, output_size, device=device, dtype=dtype))

    def extra_repr(self) -> str:
        """Show the sizes when printed."""
        return f"{len(self.keys)} of {self.sizes}, {self.weight.shape[1]}, positions={self.positions}"

    def set_keys(self, keys: Tensor) -> None:
        """Set the known ids: ascending, as many as there are rows."""
        self.keys.copy_(keys)

    def ids(self, ngrams: Tensor) -> Tensor:
        """Number n-grams together with their windows of positions, from 1; 0 for none.

        Parameters
        ----------
        ngrams : Tensor of int64, shape (B, T, len(sizes))
            For n = 1, 2, ... the number of the n-gram that ends at each step among those of its length, from 1; 0 for
            none.

        Returns
        -------
        Tensor of int64, shape (B, T, len(sizes))
        """
        steps = torch.arange(ngrams.shape[1], device=ngrams.device)
        found, first = torch.zeros_like(ngrams), 1
        for n, size in enumerate(self.sizes):
            windows = max(1, -(-self.positions // 2**n))
            number, window = ngrams[..., n], (steps >> n).clamp(max=windows - 1)
            found[..., n] = torch.where(number > 0, (number - 1) * windows + window + first, 0)
            first += size * windows
        return found

    def rows(self, ngrams: Tensor) -> Tensor:
        """Return the row of `weight` of each n-gram at its position, 0 for none; shapes as for `ids`."""
        if not len(self.keys):
            return torch.zeros_like(ngrams)
        ids = self.ids(ngrams)
        place = torch.searchsorted(self.keys, ids).clamp_(max=len(self.keys) - 1)
        return torch.where((ids > 0) & (self.keys[place] == ids), place + 1, 0)

    def forward(self, ngrams: Tensor, scales: Tensor | None = None) -> Tensor:
        """Sum the scores of the n-grams of each text, divided by the square root of their number.

        Parameters
        ----------
        ngrams : Tensor of int64, shape (B, T, len(sizes))
            As `ids` takes them; all 0 beyond a text's end.
        scales : Tensor of shape (B, T), optional
            What the scores of the n-grams that end at each step are multiplied by (`gyeol.layers.StepScale`).

        Returns
        -------
        Tensor, shape (B, C)
        """
        rows = self.rows(ngrams).flatten(1)
        dropped = self.dropout if self.training else 0.0
        length = (rows > 0).sum(1, keepdim=True).clamp(min=1).to(self.weight.dtype).sqrt() * (1 - dropped)
        if dropped:
            rows = rows * (torch.rand(rows.shape, device=rows.device) >= dropped)
        if scales is not None:
            shares = scales.repeat_interleave(ngrams.shape[2], dim=1).to(self.weight.dtype)
            return (F.embedding(rows, self.weight) * shares.unsqueeze(2)).sum(1) / length
        return F.embedding_bag(rows, self.weight, mode="sum", sparse=True, padding_idx=0) / length
