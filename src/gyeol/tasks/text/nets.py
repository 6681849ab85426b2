"""The networks of the estimators of texts: recurrent, and the feed-forward ones that it has to beat."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from gyeol.inputs.counts.features import FeatureBatch
from gyeol.inputs.text import TextBatch
from gyeol.kernels.packing import Packing
from gyeol.layers import DirectScores, Embedding, LockedDropout, NGramEmbedding, Recurrent, Summary

if TYPE_CHECKING:
    from gyeol.tasks.text.base import TextEstimator

__all__ = ["BagNet", "MeanNet", "RecurrentNet", "frequent_ids"]


class RecurrentNet(nn.Module):
    """Tokens to logits, or a number: embedding, recurrent layers, summary, linear."""

    def __init__(
        self, model: TextEstimator, size: int, embedding_size: int, sizes: list[int], known: int | None, classes: int
    ) -> None:
        super().__init__()
        directions = 2 if model.bidirectional else 1
        # NumPy's numbers, as a search hands them over, are not what PyTorch takes for numbers.
        hidden_size, dropout = int(model.hidden_size), float(model.dropout)
        self.embedding = Embedding(size, embedding_size)
        nn.init.normal_(self.embedding.weight[1:], std=0.1)
        self.grams = NGramEmbedding(size, sizes, embedding_size, dropout=dropout / 2) if sizes else None
        positions = model.reading_.positions
        self.places = nn.Embedding(positions, embedding_size) if positions else None
        if self.places is not None:
            nn.init.normal_(self.places.weight, std=0.1)
        self.direct = (
            DirectScores(known, [size, *sizes], classes, positions=positions, dropout=dropout)
            if known is not None
            else None
        )
        self.recurrent = Recurrent(
            model.cell,
            embedding_size,
            hidden_size,
            num_layers=int(model.num_layers),
            bidirectional=directions == 2,
            dropout=dropout / 2 if model.num_layers > 1 else 0.0,
            batch_first=True,
            precision="auto" if model.precision in ("auto", "bfloat16") else "float32",
        )
        # The tokens' own vectors stand beside the states that know their context (Lai et al. 2015, equation 3).
        self.summary = Summary(
            hidden_size * directions,
            embedding_size,
            attention=bool(model.attention),
            poolings=model.pooling.split("+") if model.pooling else [],
            directions=directions,
        )
        self.locked = LockedDropout(dropout / 2)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(self.summary.output_size, classes)

    def forward(self, batch: TextBatch) -> tuple[Tensor, Tensor | None]:
        """Tokens (B, T) to logits (B, classes) and attention weights (B, T)."""
        packing = Packing.of(batch.lengths, batch.tokens.shape[1])
        vectors = self.embedding(packing.gather(batch.tokens.unsqueeze(2)).squeeze(1))
        if self.grams is not None:
            vectors = vectors + self.grams(batch.tokens, packing)
        if self.places is not None:
            steps = torch.arange(batch.tokens.shape[1]).clamp(max=self.places.num_embeddings - 1)
            vectors = vectors + self.places(packing.gather(steps.expand_as(batch.tokens).unsqueeze(2)).squeeze(1))
        vectors = self.locked(vectors, packing)
        states, _ = self.recurrent.run_packed(vectors, packing, need_state=False)
        summary, weights = self.summary(self.locked(states, packing), vectors, packing)
        logits = self.head(self.dropout(summary))
        if self.direct is not None:
            logits = logits + self.direct(_runs(batch.tokens, self.grams))
        return logits, weights


def _runs(tokens: Tensor, grams: NGramEmbedding | None) -> Tensor:
    """Number the tokens, and the known runs that end with them, each among those of its length."""
    known = tokens.unsqueeze(2)
    return known if grams is None else torch.cat([known, grams.numbers(tokens)], dim=2)


def frequent_ids(
    batches: Iterable[TextBatch], size: int, runs: Sequence[npt.NDArray[np.int64]], *, positions: int, min_count: int
) -> npt.NDArray[np.int64]:
    """Find what `DirectScores` shall know: tokens and runs, each at a place, that stand in ``min_count`` texts.

    Parameters
    ----------
    batches : iterable of TextBatch
        The texts.
    size : int
        Of the vocabulary.
    runs : sequence of int64 arrays
        The keys of the known runs of 2, 3, ... tokens.
    positions, min_count : int
        How many places are told apart; the fewest texts.

    Returns
    -------
    int64 array
        Ids, ascending.
    """
    grams = NGramEmbedding(size, [len(keys) for keys in runs], 1) if runs else None
    if grams is not None:
        grams.set_keys([torch.as_tensor(keys) for keys in runs])
    scores = DirectScores(0, [size, *map(len, runs)], 1, positions=positions)
    ids, counts = torch.zeros(0, dtype=torch.int64), torch.zeros(0, dtype=torch.int64)
    for batch in batches:
        own = scores.ids(_runs(batch.tokens, grams)).flatten(1)
        own = torch.cat([torch.unique(text[text > 0]) for text in own])
        ids, back = torch.unique(torch.cat([ids, own]), return_inverse=True)
        counts = torch.zeros_like(ids).scatter_add_(0, back, torch.cat([counts, torch.ones_like(own)]))
    return ids[counts >= min_count].numpy()


class BagNet(nn.Module):
    """Sparse vectors to logits: one hidden layer, of which only the columns that occur are touched."""

    def __init__(self, model: TextEstimator, width: int, classes: int) -> None:
        super().__init__()
        hidden_size = int(model.hidden_size)
        self.first = nn.EmbeddingBag(width, hidden_size, mode="sum", sparse=True)
        nn.init.normal_(self.first.weight, std=1.0 / math.sqrt(hidden_size))
        self.bias = nn.Parameter(torch.zeros(hidden_size))
        self.dropout = nn.Dropout(float(model.dropout))
        self.head = nn.Linear(hidden_size, classes)

    def forward(self, batch: FeatureBatch) -> tuple[Tensor, None]:
        """Columns and weights to logits (B, classes)."""
        weights = batch.weights.to(self.first.weight.dtype)
        hidden = self.first(batch.columns, batch.offsets, per_sample_weights=weights)
        return self.head(self.dropout(torch.relu(hidden + self.bias))), None


class MeanNet(nn.Module):
    """Tokens to logits by the mean of their vectors and one hidden layer (Iyyer et al. 2015, figure 1)."""

    def __init__(self, model: TextEstimator, size: int, embedding_size: int, classes: int) -> None:
        super().__init__()
        hidden_size = int(model.hidden_size)
        self.embedding = nn.EmbeddingBag(size, embedding_size, mode="sum", sparse=True)
        nn.init.normal_(self.embedding.weight, std=0.1)
        self.first = nn.Linear(embedding_size, hidden_size)
        self.dropout = nn.Dropout(float(model.dropout))
        self.head = nn.Linear(hidden_size, classes)

    def forward(self, batch: FeatureBatch) -> tuple[Tensor, None]:
        """Token numbers and their shares of the text to logits (B, classes)."""
        weights = batch.weights.to(self.embedding.weight.dtype)
        mean = self.embedding(batch.columns, batch.offsets, per_sample_weights=weights)
        return self.head(self.dropout(torch.relu(self.first(mean)))), None
