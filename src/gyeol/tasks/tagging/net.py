"""The network of `SequenceTagger`: words and their letters, recurrent layers over the sentence, scores of tags."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gyeol.inputs.token_rows import TokenBatch
from gyeol.kernels.packing import Packing
from gyeol.kernels.pooling import last_of
from gyeol.layers import CRF, Embedding, LockedDropout, Recurrent, StepScale, word_dropout

__all__ = ["TaggerNet", "TaggerNets", "sentence_losses"]

_BESIDE = 24  # length of the vector of a value in a further column


class TaggerNet(nn.Module):
    """Tokens to scores of tags (Lample et al. 2016, sections 2 and 4; with letters as in their figure 4)."""

    def __init__(
        self,
        *,
        words: int,
        letters: int | None,
        beside: Sequence[int],
        tags: int,
        cell: Any,
        hidden_size: int,
        num_layers: int,
        bidirectional: bool,
        dropout: float,
        precision: str,
        embedding_size: int,
        character_size: int,
        head: str,
    ) -> None:
        """Take sizes of vocabularies, and settings of `SequenceTagger`; ``letters=None``: only words are read."""
        super().__init__()
        # Dropping a word now and then teaches the net to make do with its letters, as it must with new words.
        self.words = Embedding(words, embedding_size, dropout=word_dropout(words, dropout))
        nn.init.normal_(self.words.weight[1:], std=embedding_size**-0.5)
        self.letters: Embedding | None = None
        self.speller: Recurrent | None = None
        width = embedding_size + _BESIDE * len(beside)
        if letters is not None:
            self.letters = Embedding(letters, character_size)
            nn.init.normal_(self.letters.weight[1:], std=character_size**-0.5)
            self.speller = Recurrent(cell, character_size, character_size, bidirectional=True, precision=precision)
            width += 2 * character_size
        self.beside = nn.ModuleList(Embedding(values, _BESIDE) for values in beside)
        self.steps = StepScale()
        self.recurrent = Recurrent(
            cell, width, hidden_size, num_layers=num_layers, bidirectional=bidirectional, dropout=dropout,
            precision=precision,
        )  # fmt: skip
        self.locked = LockedDropout(dropout)
        self.head = nn.Linear(hidden_size * self.recurrent.num_directions, tags)
        self.crf = CRF(tags) if head == "crf" else None

    def forward(self, batch: TokenBatch) -> tuple[Tensor, Packing]:
        """Return the scores (N, Y) of every token's tags, packed, and how they lie."""
        packing = Packing.of(batch.lengths, batch.forms.shape[1])
        forms = packing.gather(batch.forms.unsqueeze(2)).squeeze(1)
        parts = [self.words(batch.words)[forms]]
        if self.speller is not None:
            parts.append(self._spelled(batch)[forms])
        for known, numbers in zip(self.beside, batch.beside, strict=True):
            parts.append(known(packing.gather(numbers.unsqueeze(2)).squeeze(1)))
        x = self.steps(self.locked(torch.cat(parts, dim=1), packing), packing)
        states, _ = self.recurrent.run_packed(x, packing, need_state=False)
        scores: Tensor = self.head(self.locked(states, packing))
        return scores, packing

    def _spelled(self, batch: TokenBatch) -> Tensor:
        """Read the letters of each distinct word in both directions: (U, 2 C)."""
        assert self.letters is not None
        assert self.speller is not None
        assert batch.letters is not None
        assert batch.sizes is not None
        packing = Packing.of(batch.sizes, batch.letters.shape[1])
        letters = packing.gather(batch.letters.unsqueeze(2)).squeeze(1)
        states, _ = self.speller.run_packed(self.letters(letters), packing, need_state=False)
        return last_of(states, packing, directions=2)


class TaggerNets(nn.Module):
    """An ensemble: nets trained side by side, each from its own initial weights, whose mean scores decide.

    They share one conditional random field: which tag may follow which is the same for all.
    """

    def __init__(self, count: int, *, tags: int, head: str, **settings: Any) -> None:
        super().__init__()
        self.members = nn.ModuleList(TaggerNet(tags=tags, head="linear", **settings) for _ in range(count))
        self.crf = CRF(tags) if head == "crf" else None

    def forward(self, batch: TokenBatch) -> tuple[Tensor, Packing]:
        """Return the mean scores (N, Y) of every token's tags, packed, and how they lie."""
        scores, packings = zip(*(net(batch) for net in self.members), strict=True)
        return torch.stack(scores).mean(0), packings[0]


def sentence_losses(net: TaggerNet | TaggerNets, inputs: TokenBatch, tags: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the loss of each sentence (nats, (B,)), the scores (B, T, Y), and which tags (B, T) are real (B, T).

    Members are trained each by itself: the loss is the mean of theirs.
    """
    nets = list(net.members) if isinstance(net, TaggerNets) and net.training else [net]
    outputs = [member(inputs) for member in nets]
    scores = torch.cat([packing.scatter(packed)[:, : tags.shape[1]] for packed, packing in outputs])
    real = torch.arange(tags.shape[1]) < inputs.lengths[:, None]
    targets = tags.clamp(min=0).repeat(len(nets), 1)
    if net.crf is not None:
        losses = net.crf(scores, targets, inputs.lengths.repeat(len(nets)))
    else:
        each = F.cross_entropy(scores.flatten(0, 1), targets.flatten(), reduction="none").view(targets.shape)
        losses = each.masked_fill(~real.repeat(len(nets), 1), 0.0).sum(1)
    return losses.view(len(nets), -1).mean(0), scores.view(len(nets), *tags.shape, -1).mean(0), real
