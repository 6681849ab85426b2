"""Embedding: a vector for each word."""

from __future__ import annotations

from typing import Any, final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gyeol.errors import DataError, ParameterError

__all__ = ["Embedding", "initialize_embedding", "word_dropout"]

_FEW = 1_000


@final
class Embedding(nn.Module):
    """A table of vectors, looked up by word number; with dropout, of whole words.

    A dropped word is dropped wherever it occurs in the batch, and the others are scaled up by
    1 / (1 - dropout), as if the table had lost that row (Gal and Ghahramani 2016, section 4.2; Merity et al. 2018,
    section 4.3). The row of `padding_idx` is zeros and stays so.

    Parameters
    ----------
    num_embeddings, embedding_dim : int
        V words of E numbers. The table is `weight` (V, E), drawn from N(0, 1).
    padding_idx : int
        The number of the padding token.
    dropout : float
        Probability of dropping a word, in training only.
    sparse : bool
        The gradient holds the rows of the batch's words only. The optimizer must know sparse gradients.

    Raises
    ------
    ParameterError
        A setting is out of range.

    Examples
    --------
    >>> Embedding(10, 4)(torch.tensor([[1, 2, 0]])).shape
    torch.Size([1, 3, 4])
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        *,
        padding_idx: int = 0,
        dropout: float = 0.0,
        sparse: bool = True,
        device: Any = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        if num_embeddings < 1 or embedding_dim < 1:
            raise ParameterError(
                f"an embedding of {num_embeddings} words of {embedding_dim} numbers: expected 1 or more"
            )
        if not 0 <= padding_idx < num_embeddings:
            raise ParameterError(f"padding_idx={padding_idx}: expected 0..{num_embeddings - 1}, the words of the table")
        if not 0 <= dropout < 1:
            raise ParameterError(f"dropout={dropout!r}: expected a probability from 0 to less than 1")
        self.num_embeddings, self.embedding_dim, self.padding_idx = num_embeddings, embedding_dim, padding_idx
        self.dropout, self.sparse = float(dropout), sparse
        self.weight = nn.Parameter(torch.empty(num_embeddings, embedding_dim, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the table from N(0, 1), and zeros for padding."""
        nn.init.normal_(self.weight)
        with torch.no_grad():
            self.weight[self.padding_idx] = 0

    def extra_repr(self) -> str:
        """Show the sizes, and dropout if there is any."""
        return f"{self.num_embeddings}, {self.embedding_dim}" + (f", dropout={self.dropout}" if self.dropout else "")

    def forward(self, ids: Tensor) -> Tensor:
        """Look words up.

        Parameters
        ----------
        ids : Tensor of int32 or int64, any shape
            Each in 0..V-1.

        Returns
        -------
        Tensor, shape (*ids.shape, E)

        Raises
        ------
        DataError
            A number is not in the table, or not a whole one.
        """
        if ids.dtype not in (torch.int32, torch.int64):
            raise DataError(f"word numbers are {ids.dtype}, expected torch.int64")
        if ids.numel() and not 0 <= int(ids.min()) <= int(ids.max()) < self.num_embeddings:
            came = f"{int(ids.min())}..{int(ids.max())}"
            raise DataError(
                f"word numbers run over {came}, expected 0..{self.num_embeddings - 1}, the words of the table"
            )
        vectors = F.embedding(ids, self.weight, padding_idx=self.padding_idx, sparse=self.sparse)
        if self.training and self.dropout:
            kept = torch.empty(self.num_embeddings, device=ids.device, dtype=vectors.dtype)
            kept.bernoulli_(1 - self.dropout).div_(1 - self.dropout)
            vectors = vectors * kept[ids].unsqueeze(-1)
        return vectors


@torch.no_grad()
def initialize_embedding(
    weight: Tensor, table: npt.NDArray[np.float32], known: npt.NDArray[np.bool_], *, frozen: bool = False
) -> None:
    """Initialise a table of vectors (V, E) with given ones; the others stay random, scaled to the same deviation.

    Parameters
    ----------
    weight : Parameter, shape (V, E)
    table : float32 array, shape (V, E)
    known : bool array, shape (V,)
        The rows that are given.
    frozen : bool
        Whether the table is not trained.
    """
    rows = torch.from_numpy(known)
    if bool(rows.any()):
        weight.mul_(float(table[known].std()) / float(weight.std()))
        weight[rows] = torch.from_numpy(table[known]).to(weight)
    weight.requires_grad_(not frozen)


def word_dropout(size: int, dropout: float) -> float:
    """Return the dropout of whole words where features are dropped with ``dropout``: a quarter of it.

    With fewer than a thousand tokens it is 0: they are letters, bases or amino acids, and a batch without one of them
    teaches the network only to do without it.

    Parameters
    ----------
    size : int
        How many different words there are.
    dropout : float
        Of features, from 0 to less than 1.

    Returns
    -------
    float
        What `Embedding` takes as ``dropout``.

    Examples
    --------
    >>> word_dropout(10_000, 0.4), word_dropout(26, 0.4)
    (0.1, 0.0)
    """
    return dropout / 4 if size >= _FEW else 0.0
