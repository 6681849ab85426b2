"""The network of `SequenceTagger`: words and their letters, recurrent layers over the sentence, scores of tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from gyeol.inputs.token_rows import TokenBatch, TokenInput
from gyeol.kernels.packing import Packing
from gyeol.kernels.pooling import last_of
from gyeol.layers import CRF, Embedding, LockedDropout, Recurrent, word_dropout

if TYPE_CHECKING:
    from gyeol.tasks.tagging.tagger import SequenceTagger

__all__ = ["TaggerNet", "TaggerNets"]

_BESIDE = 24  # numbers of a vector of what stands beside a token


class TaggerNet(nn.Module):
    """Tokens to scores of tags (Lample et al. 2016, sections 2 and 4; with letters as in their figure 4)."""

    def __init__(self, model: SequenceTagger, inputs: TokenInput, tags: int, *, together: bool = True) -> None:
        super().__init__()
        E, C, H, dropout = (
            int(model.embedding_size), int(model.character_size), int(model.hidden_size), float(model.dropout),
        )  # fmt: skip
        precision = "auto" if model.precision in ("auto", "bfloat16") else "float32"
        # A word now and then is not known: what its letters say must do, as it must for new words.
        words = len(inputs.vocabulary)
        self.words = Embedding(words, E, dropout=word_dropout(words, dropout))
        nn.init.normal_(self.words.weight[1:], std=E**-0.5)
        self.letters: Embedding | None = None
        self.speller: Recurrent | None = None
        if inputs.letters is not None:
            self.letters = Embedding(len(inputs.letters), C)
            nn.init.normal_(self.letters.weight[1:], std=C**-0.5)
            self.speller = Recurrent(model.cell, C, C, bidirectional=True, precision=precision)
        self.beside = nn.ModuleList(Embedding(len(known), _BESIDE) for known in inputs.beside)
        width = E + (2 * C if self.speller is not None else 0) + _BESIDE * len(self.beside)
        directions = 2 if model.bidirectional else 1
        self.recurrent = Recurrent(
            model.cell,
            width,
            H,
            num_layers=int(model.num_layers),
            bidirectional=directions == 2,
            dropout=dropout if model.num_layers > 1 else 0.0,
            precision=precision,
        )
        self.locked = LockedDropout(dropout)
        self.head = nn.Linear(H * directions, tags)
        self.crf = CRF(tags) if together and model.head == "crf" else None

    def forward(self, batch: TokenBatch) -> tuple[Tensor, Packing]:
        """Return the scores (N, Y) of every token's tags, packed, and how they lie."""
        packing = Packing.of(batch.lengths, batch.forms.shape[1])
        forms = packing.gather(batch.forms.unsqueeze(2)).squeeze(1)
        parts = [self.words(batch.words)[forms]]
        if self.speller is not None:
            parts.append(self._spelled(batch)[forms])
        for known, numbers in zip(self.beside, batch.beside, strict=True):
            parts.append(known(packing.gather(numbers.unsqueeze(2)).squeeze(1)))
        x = self.locked(torch.cat(parts, dim=1), packing)
        states, _ = self.recurrent.run_packed(x, packing, need_state=False)
        scores: Tensor = self.head(self.locked(states, packing))
        return scores, packing

    def _spelled(self, batch: TokenBatch) -> Tensor:
        """Read the letters of each different word in both directions: (U, 2 C)."""
        assert self.letters is not None
        assert self.speller is not None
        assert batch.letters is not None
        assert batch.sizes is not None
        packing = Packing.of(batch.sizes, batch.letters.shape[1])
        letters = packing.gather(batch.letters.unsqueeze(2)).squeeze(1)
        states, _ = self.speller.run_packed(self.letters(letters), packing, need_state=False)
        return last_of(states, packing, directions=2)


class TaggerNets(nn.Module):
    """Nets that learn side by side, each from its own beginning, and answer together: with the mean of their scores.

    They share the field that chooses tags together: what may follow what is not a matter of opinion.
    """

    def __init__(self, model: SequenceTagger, inputs: TokenInput, tags: int) -> None:
        super().__init__()
        count = int(model.members)
        self.members = nn.ModuleList(TaggerNet(model, inputs, tags, together=False) for _ in range(count))
        self.crf = CRF(tags) if model.head == "crf" else None

    def forward(self, batch: TokenBatch) -> tuple[Tensor, Packing]:
        """Return the mean scores (N, Y) of every token's tags, packed, and how they lie."""
        scores, packings = zip(*(net(batch) for net in self.members), strict=True)
        return torch.stack(scores).mean(0), packings[0]
