"""Direct connections: runs of tokens that speak for an answer past the recurrent net."""

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
    """A linear model of the tokens, and of the known runs of them, that stand in a text.

    The maximum entropy part that Mikolov et al. 2011 ("Strategies for training large scale neural network language
    models", section 5) train together with a recurrent net, here for answers to a whole text, and with exact rows in
    place of hashing. What is aligned is also told apart by its place: a token by each place of its own, a run of n
    tokens by windows of 2 ** (n - 1) places, for the longer a run is, the seldomer it stands at the very same place.

    Parameters
    ----------
    known : int
        How many rows there are: tokens and runs, each at a place, that training has seen often enough. Their ids are
        the buffer `keys`, ascending.
    sizes : sequence of int
        How many tokens, and how many runs of 2, 3, ... tokens there are.
    output_size : int
        C, how many answers.
    positions : int
        So many places are told apart, all later ones share the last window; 0: none are.
    dropout : float
        Probability of overlooking a run where it stands, in training only. What stays is scaled up by
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
    #: How many times the learning rate is that of plain descent here. Adam would let a run that stands in three texts
    #: say as much as one that tells all classes apart. A text's runs have length one together: with the gradient's mean
    #: over 32 texts, and Adam's usual 0.003, a step brings what they say about twice the error nearer to the answer.
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
        # Row 0 is that of what is not known, and stays zero. All others begin there: no run says anything yet.
        self.weight = nn.Parameter(torch.zeros(1 + known, output_size, device=device, dtype=dtype))

    def extra_repr(self) -> str:
        """Show the sizes when printed."""
        return f"{len(self.keys)} of {self.sizes}, {self.weight.shape[1]}, positions={self.positions}"

    def set_keys(self, keys: Tensor) -> None:
        """Say which ids are known: ascending, as many as there are rows."""
        self.keys.copy_(keys)

    def ids(self, runs: Tensor) -> Tensor:
        """Number the runs together with the windows they stand in, from 1; 0 for none.

        Parameters
        ----------
        runs : Tensor of int64, shape (B, T, len(sizes))
            Of 1, 2, ... tokens that end at each step the number of the run among those of its length, from 1; 0 for
            none.

        Returns
        -------
        Tensor of int64, shape (B, T, len(sizes))
        """
        steps = torch.arange(runs.shape[1], device=runs.device)
        found, first = torch.zeros_like(runs), 1
        for n, size in enumerate(self.sizes):
            windows = max(1, -(-self.positions // 2**n))
            own, window = runs[..., n], (steps >> n).clamp(max=windows - 1)
            found[..., n] = torch.where(own > 0, (own - 1) * windows + window + first, 0)
            first += size * windows
        return found

    def rows(self, runs: Tensor) -> Tensor:
        """Find the row of `weight` of each run where it stands, 0 for none; shapes as for `ids`."""
        if not len(self.keys):
            return torch.zeros_like(runs)
        ids = self.ids(runs)
        place = torch.searchsorted(self.keys, ids).clamp_(max=len(self.keys) - 1)
        return torch.where((ids > 0) & (self.keys[place] == ids), place + 1, 0)

    def forward(self, runs: Tensor) -> Tensor:
        """Add up what the runs of each text say, by the square root of how many there are.

        Parameters
        ----------
        runs : Tensor of int64, shape (B, T, len(sizes))
            As `ids` takes them; all 0 beyond a text's end.

        Returns
        -------
        Tensor, shape (B, C)
        """
        rows = self.rows(runs).flatten(1)
        dropped = self.dropout if self.training else 0.0
        length = (rows > 0).sum(1, keepdim=True).clamp(min=1).to(self.weight.dtype).sqrt() * (1 - dropped)
        if dropped:
            rows = rows * (torch.rand(rows.shape, device=rows.device) >= dropped)
        return F.embedding_bag(rows, self.weight, mode="sum", sparse=True, padding_idx=0) / length
