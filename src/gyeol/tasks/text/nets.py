"""The networks of the estimators of texts: recurrent, and the feed-forward ones that it has to beat."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from gyeol.inputs.counts.features import FeatureBatch
from gyeol.inputs.text import TextBatch
from gyeol.kernels.packing import Packing
from gyeol.kernels.words.lookup import Rows, lookup
from gyeol.layers import DirectScores, Embedding, LockedDropout, NGramEmbedding, Recurrent, StepScale, Summary
from gyeol.layers.dropout import Dropout

__all__ = ["BagNet", "MeanNet", "RecurrentNet", "frequent_ids"]


class RecurrentNet(nn.Module):
    """Tokens to logits, or a number: embedding, recurrent layers, summary, linear.

    Parameters
    ----------
    size, embedding_size : int
        V of the vocabulary, and the length of a token's vector.
    output_size : int
        Numbers of a text: its classes, or 1.
    cell, hidden_size, num_layers, bidirectional, precision
        Of the recurrent layers (`gyeol.layers.Recurrent`).
    dropout : float
    attention : bool
        Whether a learned query weighs the states.
    poolings : sequence of str
        Names of `gyeol.layers.POOLINGS`.
    ngrams : sequence of int
        How many n-grams of 2, 3, ... tokens have vectors.
    positions : int
        How many positions have vectors; 0: none.
    direct : int, optional
        How many tokens, n-grams or places have scores that bypass the recurrent layers; None: there are none.
    """

    def __init__(
        self,
        size: int,
        embedding_size: int,
        output_size: int,
        *,
        cell: Any,
        hidden_size: int,
        num_layers: int,
        bidirectional: bool,
        precision: str,
        dropout: float,
        attention: bool,
        poolings: Sequence[str],
        ngrams: Sequence[int] = (),
        positions: int = 0,
        direct: int | None = None,
    ) -> None:
        super().__init__()
        directions = 2 if bidirectional else 1
        self.embedding = Embedding(size, embedding_size)
        nn.init.normal_(self.embedding.weight[1:], std=0.1)
        self.grams = NGramEmbedding(size, list(ngrams), embedding_size, dropout=dropout / 2) if ngrams else None
        self.places = nn.Embedding(positions, embedding_size) if positions else None
        if self.places is not None:
            nn.init.normal_(self.places.weight, std=0.1)
        self.direct = (
            DirectScores(direct, [size, *ngrams], output_size, positions=positions, dropout=dropout)
            if direct is not None
            else None
        )
        self.steps = StepScale()
        self.recurrent = Recurrent(
            cell,
            embedding_size,
            hidden_size,
            num_layers=num_layers,
            bidirectional=bidirectional,
            dropout=dropout / 2 if num_layers > 1 else 0.0,
            batch_first=True,
            precision=precision,
        )
        # The vectors of the tokens are beside the states that know their context (Lai et al. 2015, equation 3).
        self.summary = Summary(
            hidden_size * directions,
            embedding_size,
            attention=attention,
            poolings=poolings,
            directions=directions,
            precision=precision,
        )
        self.locked = LockedDropout(dropout / 2)
        self.dropout = Dropout(dropout)
        self.head = nn.Linear(self.summary.output_size, output_size)

    def forward(self, batch: TextBatch) -> tuple[Tensor, Tensor | None]:
        """Tokens (B, T) to logits (B, output_size) and attention weights (B, T)."""
        packing = Packing.of(batch.lengths, batch.tokens.shape[1])
        vectors, scaled = self._vectors(batch.tokens, packing), self.steps.scales is not None
        if scaled:
            vectors = self.steps(vectors, packing)
        states, _ = self.recurrent.run_packed(vectors, packing, need_state=False)
        if self.training:
            states = self.locked(states, packing)
        summary, weights = self.summary(states, vectors, packing, need_weights=not self.training)
        logits = self.head(self.dropout(summary) if self.training else summary)
        if self.direct is not None:
            scales = self.steps.padded(batch.tokens.shape[1]) if scaled else None
            logits = logits + self.direct(_numbered(batch.tokens, self.grams), scales)
        return logits, weights

    def _vectors(self, tokens: Tensor, packing: Packing) -> Tensor:
        """Tokens (B, T) to the packed vectors (N, E) of tokens, n-grams and positions, features dropped from them."""
        ids = packing.gather(tokens.unsqueeze(2)).squeeze(1)
        tables = [Rows(self.embedding.weight, ids.unsqueeze(1))]
        if self.grams is not None:
            tables.append(self.grams.occurrences(self.grams.packed_rows(ids, packing)))
        if self.places is not None:
            vectors = lookup(tables, packing)
            steps = torch.arange(tokens.shape[1]).clamp(max=self.places.num_embeddings - 1)
            vectors = vectors + self.places(packing.gather(steps.expand_as(tokens).unsqueeze(2)).squeeze(1))
            dropped: Tensor = self.locked(vectors, packing)  # in training only
            return dropped
        kept = None
        if self.training and self.locked.p:
            kept = self.locked.kept(len(packing.lengths), self.embedding.weight)
        return lookup(tables, packing, kept)


def _numbered(tokens: Tensor, grams: NGramEmbedding | None) -> Tensor:
    """Number the tokens, and the known n-grams that end with them, each among those of its length."""
    known = tokens.unsqueeze(2)
    return known if grams is None else torch.cat([known, grams.numbers(tokens)], dim=2)


def frequent_ids(
    batches: Iterable[TextBatch], size: int, ngrams: Sequence[npt.NDArray[np.int64]], *, positions: int, min_count: int
) -> npt.NDArray[np.int64]:
    """Find what `DirectScores` shall know: tokens and n-grams, each at a position, of at least ``min_count`` texts.

    Parameters
    ----------
    batches : iterable of TextBatch
        The texts.
    size : int
        Of the vocabulary.
    ngrams : sequence of int64 arrays
        The keys of the known n-grams of 2, 3, ... tokens.
    positions, min_count : int
        How many positions are distinguished; the fewest texts.

    Returns
    -------
    int64 array
        Ids, ascending.
    """
    grams = NGramEmbedding(size, [len(keys) for keys in ngrams], 1) if ngrams else None
    if grams is not None:
        grams.set_keys([torch.as_tensor(keys) for keys in ngrams])
    scores = DirectScores(0, [size, *map(len, ngrams)], 1, positions=positions)
    ids, counts = torch.zeros(0, dtype=torch.int64), torch.zeros(0, dtype=torch.int64)
    for batch in batches:
        texts = scores.ids(_numbered(batch.tokens, grams)).flatten(1)
        found = torch.cat([torch.unique(text[text > 0]) for text in texts])
        ids, back = torch.unique(torch.cat([ids, found]), return_inverse=True)
        counts = torch.zeros_like(ids).scatter_add_(0, back, torch.cat([counts, torch.ones_like(found)]))
    return ids[counts >= min_count].numpy()


class BagNet(nn.Module):
    """Sparse vectors to logits: one hidden layer, of which only the columns that occur are touched."""

    def __init__(self, size: int, hidden_size: int, output_size: int, *, dropout: float) -> None:
        super().__init__()
        self.first = nn.EmbeddingBag(size, hidden_size, mode="sum", sparse=True)
        nn.init.normal_(self.first.weight, std=1.0 / math.sqrt(hidden_size))
        self.bias = nn.Parameter(torch.zeros(hidden_size))
        self.dropout = Dropout(dropout)
        self.head = nn.Linear(hidden_size, output_size)

    def forward(self, batch: FeatureBatch) -> tuple[Tensor, None]:
        """Columns and weights to logits (B, output_size)."""
        weights = batch.weights.to(self.first.weight.dtype)
        hidden = self.first(batch.columns, batch.offsets, per_sample_weights=weights)
        return self.head(self.dropout(torch.relu(hidden + self.bias))), None


class MeanNet(nn.Module):
    """Tokens to logits by the mean of their vectors and one hidden layer (Iyyer et al. 2015, figure 1)."""

    def __init__(self, size: int, embedding_size: int, hidden_size: int, output_size: int, *, dropout: float) -> None:
        super().__init__()
        self.embedding = nn.EmbeddingBag(size, embedding_size, mode="sum", sparse=True)
        nn.init.normal_(self.embedding.weight, std=0.1)
        self.first = nn.Linear(embedding_size, hidden_size)
        self.dropout = Dropout(dropout)
        self.head = nn.Linear(hidden_size, output_size)

    def forward(self, batch: FeatureBatch) -> tuple[Tensor, None]:
        """Token numbers and their shares of the text to logits (B, output_size)."""
        weights = batch.weights.to(self.embedding.weight.dtype)
        mean = self.embedding(batch.columns, batch.offsets, per_sample_weights=weights)
        return self.head(self.dropout(torch.relu(self.first(mean)))), None
