"""The networks of `TextClassifier`: recurrent, and the feed-forward ones that it has to beat."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from gyeol.inputs.features import FeatureBatch
from gyeol.inputs.text import TextBatch
from gyeol.kernels.packing import Packing
from gyeol.layers import Embedding, GramEmbedding, LockedDropout, Recurrent, Summary

if TYPE_CHECKING:
    from gyeol.tasks.text_classifier import TextClassifier

__all__ = ["BagNet", "MeanNet", "RecurrentNet"]


class RecurrentNet(nn.Module):
    """Tokens to logits: embedding, recurrent layers, summary, linear."""

    def __init__(self, model: TextClassifier, size: int, embedding_size: int, sizes: list[int], classes: int) -> None:
        super().__init__()
        directions = 2 if model.bidirectional else 1
        # NumPy's numbers, as a search hands them over, are not what PyTorch takes for numbers.
        hidden_size, dropout = int(model.hidden_size), float(model.dropout)
        self.embedding = Embedding(size, embedding_size)
        nn.init.normal_(self.embedding.weight[1:], std=0.1)
        self.grams = GramEmbedding(size, sizes, embedding_size, dropout=dropout / 2) if sizes else None
        self.places = nn.Embedding(int(model.positions), embedding_size) if model.positions else None
        if self.places is not None:
            nn.init.normal_(self.places.weight, std=0.1)
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
        return self.head(self.dropout(summary)), weights


class BagNet(nn.Module):
    """Sparse vectors to logits: one hidden layer, of which only the columns that occur are touched."""

    def __init__(self, model: TextClassifier, width: int, classes: int) -> None:
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

    def __init__(self, model: TextClassifier, size: int, embedding_size: int, classes: int) -> None:
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
