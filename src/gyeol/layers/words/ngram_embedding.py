"""Vectors for frequent n-grams: what a recurrent net on syllables would need far more text to learn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gyeol.errors import ParameterError
from gyeol.kernels import native
from gyeol.kernels.packing import Packing
from gyeol.kernels.words import calls
from gyeol.kernels.words.lookup import Rows, lookup

__all__ = ["NGramEmbedding"]


@final
class NGramEmbedding(nn.Module):
    """For each step, the sum of the vectors of the known n-grams (n = 2, 3, ...) that end there.

    The idea is that of fastText's word n-grams (Joulin et al. 2017, section 2.1), with exact keys in place of hashing:
    an n-gram that was rare in training has no vector, so that nothing rare is learned by heart and no two n-grams share
    a row. The n-gram a, b, c of tokens has the key (a V + b) V + c.

    Parameters
    ----------
    num_embeddings : int
        V, the size of the vocabulary that numbers the tokens; 0 is padding.
    sizes : sequence of int
        How many 2-grams, 3-grams, ... are known. Their keys are the buffers `keys2`, `keys3`, ..., ascending.
    embedding_dim : int
        E.
    dropout : float
        Probability of dropping an occurrence of an n-gram, in training only: so that the net learns to do without. The
        others are scaled up by 1 / (1 - dropout).

    Raises
    ------
    ParameterError
        N-grams so long that their keys would not fit into 63 bits, or a dropout that is no probability below 1.

    Examples
    --------
    >>> ngrams = NGramEmbedding(5, [2], 4)
    >>> ngrams.set_keys([torch.tensor([11, 13])])     # the 2-grams (2, 1) and (2, 3)
    >>> ngrams(torch.tensor([[2, 3, 2, 0]])).abs().sum(-1).gt(0).tolist()
    [[False, True, False, False]]
    """

    sparse = True

    def __init__(
        self,
        num_embeddings: int,
        sizes: Sequence[int],
        embedding_dim: int,
        *,
        dropout: float = 0.0,
        device: Any = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        longest = len(sizes) + 1
        if longest * math.log2(max(2, num_embeddings)) >= 63:
            raise ParameterError(
                f"ngrams={longest} over {num_embeddings:,} tokens: the keys do not fit into 63 bits; set ngrams lower"
            )
        if not 0 <= dropout < 1:
            raise ParameterError(f"dropout={dropout!r}: expected a probability from 0 to less than 1")
        self.num_embeddings, self.sizes, self.dropout = num_embeddings, list(sizes), float(dropout)
        for n, size in enumerate(self.sizes, start=2):
            self.register_buffer(f"keys{n}", torch.zeros(size, dtype=torch.int64, device=device))
        # Row 0 is that of every unknown n-gram, and stays zero.
        self.weight = nn.Parameter(torch.zeros(1 + sum(self.sizes), embedding_dim, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the vectors from N(0, 0.1): small beside the tokens' vectors, to which they are added."""
        with torch.no_grad():
            nn.init.normal_(self.weight, std=0.1)
            self.weight[0] = 0

    def set_keys(self, keys: Sequence[Tensor]) -> None:
        """Set the known n-grams: for n = 2, 3, ... their keys, ascending, as many as in `sizes`."""
        for n, known in enumerate(keys, start=2):
            self.get_buffer(f"keys{n}").copy_(known)

    def extra_repr(self) -> str:
        """Show the sizes when printed."""
        return f"{self.num_embeddings}, {self.sizes}, {self.weight.shape[1]}"

    def rows(self, ids: Tensor) -> Tensor:
        """Return the row of `weight` of the n-gram (n = 2, 3, ...) that ends at each step, 0 for none.

        Parameters
        ----------
        ids : Tensor of int64, shape (B, T)

        Returns
        -------
        Tensor of int64, shape (B, T, len(sizes))
        """
        numbers, first = self.numbers(ids), 0
        for n, size in enumerate(self.sizes):
            column = numbers[..., n]
            column += torch.where(column > 0, first, 0)
            first += size
        return numbers

    def packed_rows(self, ids: Tensor, packing: Packing) -> Tensor:
        """Return the rows, as `rows` does, of packed tokens (N,): shape (N, len(sizes))."""
        keys = [self.get_buffer(f"keys{n}") for n in range(2, len(self.sizes) + 2)]
        if not native.native_available() or ids.device.type != "cpu" or ids.dtype != torch.int64:
            padded = packing.scatter(ids.unsqueeze(1), fill=0).squeeze(2)
            return packing.gather(self.rows(padded))
        found = ids.new_empty(len(ids), len(keys))
        calls.ngram_rows(ids.contiguous(), packing.lengths, self.num_embeddings, keys, found)
        return found

    def occurrences(self, rows: Tensor) -> Rows:
        """Drop occurrences in training; returns what is to be looked up for packed tokens, rows (N, len(sizes))."""
        dropped = self.dropout if self.training else 0.0
        if dropped:
            rows = rows * (torch.rand(rows.shape, device=rows.device) >= dropped)
        return Rows(self.weight, rows, 1 / (1 - dropped))

    def numbers(self, ids: Tensor) -> Tensor:
        """Number the n-gram (n = 2, 3, ...) that ends at each step among those of its length, from 1; 0 for none.

        Parameters
        ----------
        ids : Tensor of int64, shape (B, T)

        Returns
        -------
        Tensor of int64, shape (B, T, len(sizes))
        """
        found = torch.zeros(*ids.shape, len(self.sizes), dtype=torch.int64, device=ids.device)
        key, before = ids, ids
        for n, size in enumerate(self.sizes, start=2):
            before = F.pad(before, (1, 0))[:, :-1]  # the token n - 1 steps back, 0 beyond the beginning
            key = key + before * self.num_embeddings ** (n - 1)
            known = self.get_buffer(f"keys{n}")
            if size:
                place = torch.searchsorted(known, key.contiguous()).clamp_(max=size - 1)
                real = (known[place] == key) & (ids > 0) & (before > 0)
                found[..., n - 2] = torch.where(real, place + 1, 0)
        return found

    def forward(self, ids: Tensor, packing: Packing | None = None) -> Tensor:
        """Sum the vectors of the n-grams that end at each step.

        Parameters
        ----------
        ids : Tensor of int64, shape (B, T)
            Token numbers, 0 for padding.
        packing : Packing, optional
            Return the real steps only, packed.

        Returns
        -------
        Tensor, shape (B, T, E), or (N, E)
        """
        if packing is not None:
            gathered = packing.gather(ids.unsqueeze(2)).squeeze(1)
            return lookup([self.occurrences(self.packed_rows(gathered, packing))], packing)
        _, rows, factor = self.occurrences(self.rows(ids).flatten(0, 1))
        bags = F.embedding_bag(rows, self.weight, mode="sum", sparse=True, padding_idx=0) * factor
        return bags.view(*ids.shape, -1)
