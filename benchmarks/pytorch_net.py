"""The net of all four scripts in plain PyTorch: embedding, BiLSTM, attention over states and embeddings, linear.

Its parts have the names that TextClassifier's net has, so that weights can be carried over and the answers compared:
`gyeol bench fit` does so before it times anything.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

EMBEDDING, HIDDEN, ATTENTION, DROPOUT = 128, 128, 64, 0.4


class Net(nn.Module):
    """Tokens (B, T), 0 at padding, and lengths (B,) to logits (B, classes).

    ``packed`` is how tutorials keep padding out of the LSTM. Without it the backward direction reads padding first,
    which is what one accepts for speed where neighbours are of similar length.
    """

    def __init__(self, words: int, classes: int, *, packed: bool) -> None:
        super().__init__()
        self.packed = packed
        self.embedding = nn.Embedding(words, EMBEDDING, padding_idx=0)
        nn.init.normal_(self.embedding.weight[1:], std=0.1)
        self.embedding_dropout = nn.Dropout(DROPOUT / 2)
        self.recurrent = nn.LSTM(EMBEDDING, HIDDEN, bidirectional=True, batch_first=True)
        width = 2 * HIDDEN + EMBEDDING
        self.project = nn.Linear(width, ATTENTION)
        self.query = nn.Parameter(torch.empty(ATTENTION))
        nn.init.normal_(self.query, std=1 / math.sqrt(ATTENTION))
        self.dropout = nn.Dropout(DROPOUT)
        self.head = nn.Linear(width, classes)

    def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Answer a batch."""
        vectors = self.embedding_dropout(self.embedding(tokens))
        if self.packed:
            packed = pack_padded_sequence(vectors, lengths, batch_first=True, enforce_sorted=False)
            states, _ = pad_packed_sequence(self.recurrent(packed)[0], batch_first=True, total_length=tokens.shape[1])
        else:
            states, _ = self.recurrent(vectors)
        both = torch.cat([states, vectors], dim=2)
        scores = torch.tanh(self.project(both)) @ self.query
        weights = torch.softmax(scores.masked_fill(tokens == 0, -math.inf), dim=1)
        summary = (weights.unsqueeze(1) @ both).squeeze(1)
        return self.head(self.dropout(summary))
