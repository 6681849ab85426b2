"""The network of `Captioner`: something that sees a grid of places, and a decoder that looks at them and writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gyeol.kernels.packing import Packing
from gyeol.layers import Alignment, Decoder, Embedding, LockedDropout, Read, Writer
from gyeol.layers.attention.alignment import Source

if TYPE_CHECKING:
    from gyeol.tasks.captions.captioner import Captioner

__all__ = ["CaptionBatch", "CaptionerNet", "balance", "naming_loss"]


@dataclass(frozen=True, slots=True)
class CaptionBatch:
    """Some images and captions of them.

    ``images`` (B, 3, S, S), or ready features (B, height, width, D); of C captions the number of their images,
    ``owners`` (C,), and ``inputs``, ``targets`` (C, Q) and ``lengths`` (C,) as `gyeol.layers.Writer.write` takes them.
    """

    images: Tensor
    owners: Tensor
    inputs: Tensor
    targets: Tensor
    lengths: Tensor

    def __len__(self) -> int:
        return len(self.images)


class CaptionerNet(Writer):
    """Images to words (Xu et al. 2015, Show, Attend and Tell, section 3, with soft attention).

    What is seen at a place has added to it a learned vector that says which place it is. The decoder begins in a state
    made from the mean of all places (section 3.1.2).

    Parameters
    ----------
    model : Captioner
        Its settings.
    words : int
        V of the vocabulary.
    grid : (int, int, int)
        Height, width and D of ready features; of images, of what the encoder gives.
    encoder : nn.Module, optional
        Images (B, 3, S, S) to (B, P, D); None where features are given.
    """

    def __init__(self, model: Captioner, words: int, grid: tuple[int, int, int], encoder: nn.Module | None) -> None:
        super().__init__()
        E, H, dropout, L = (
            int(model.embedding_size), int(model.hidden_size), float(model.dropout), int(model.num_layers),
        )  # fmt: skip
        precision = "auto" if model.precision in ("auto", "bfloat16") else "float32"
        self.grid = grid
        self.encoder = encoder
        self.view = nn.Linear(grid[2], H)
        self.places = nn.Parameter(torch.randn(grid[0] * grid[1], H) * 0.5)
        self.norm = nn.LayerNorm(H)
        self.words = Embedding(words, E, dropout=dropout / 4, sparse=False)
        nn.init.normal_(self.words.weight, std=E**-0.5)
        alignment = None
        if model.attention is not None:
            alignment = Alignment(H, H, score=model.attention_score, longest=grid[0] * grid[1])
        self.decoder = Decoder(
            model.cell, E, H, E, H, num_layers=L, alignment=alignment, dropout=dropout, precision=precision
        )
        self.bridge = nn.ModuleList(nn.Linear(H, H) for _ in range(L * self.decoder.walks[0].cell.free_states))
        self.bias = nn.Parameter(torch.zeros(words))
        self.locked = LockedDropout(dropout)
        self.named = nn.Linear(2 * H, words)  # which words an image calls for, before any is written
        self.dropout = dropout

    def read(self, images: Tensor) -> tuple[Read, Tensor]:
        """Look at images.

        Returns
        -------
        read : Read
        named : Tensor, shape (B, V)
            Numbers whose sigmoid is how likely each word is to be in a caption.
        """
        seen = images.flatten(1, 2) if self.encoder is None else self.encoder(images)
        values = self.norm(self.view(seen) + self.places)
        # The same features at every place, as elsewhere at every step.
        kept = F.dropout(values.new_ones(len(values), 1, values.shape[2]), self.dropout, self.training)
        values = values * kept
        middle = values.mean(1)
        L = len(self.decoder.walks)
        parts = len(self.bridge) // L
        # The decoder's other parts of a state begin with zeros.
        zeros = [torch.zeros_like(middle).unsqueeze(0) for _ in self.decoder.walks[0].cell.states[parts:]]
        state = [
            (*(torch.tanh(self.bridge[n * parts + p](middle)).unsqueeze(0) for p in range(parts)), *zeros)
            for n in range(L)
        ]
        lengths = torch.full((len(values),), values.shape[1])
        if self.decoder.alignment is None:
            source = Source(middle.unsqueeze(1), middle.unsqueeze(1), torch.ones_like(lengths))
        else:
            source = self.decoder.alignment.prepare(values, lengths)
        return Read(source, state), self.named(torch.cat([middle, values.amax(1)], dim=1))

    @torch.no_grad()
    def expect(self, shares: Tensor) -> None:
        """Begin with naming each word as often as images have it, (V,): the encoder need not learn that.

        As Lin et al. (2017, section 4.1) begin with how rare a class is.
        """
        self.named.bias.copy_(torch.logit(shares))

    def forward(self, batch: CaptionBatch) -> tuple[Tensor, Tensor, Tensor, Packing, Tensor]:
        """Read each image once and say all its captions, each word given those before it.

        Returns what `gyeol.layers.Writer.write` does, and ``named`` (B, V).
        """
        read, named = self.read(batch.images)
        state = [tuple(part.index_select(1, batch.owners) for part in layer) for layer in read.state]
        each = Read(read.source.take(batch.owners), state)
        return *self.write(each, batch.inputs, batch.targets, batch.lengths), named


def balance(weights: Tensor, lengths: Tensor) -> Tensor:
    """Ask that every place is looked at as much as every other by the end of a caption (Xu et al. 2015, equation 14).

    The mean over places of ``(1 - P / Q sum_t alpha_t)^2``: the paper's sum over words is about 1 where there are as
    many words as places; here Q words make it Q / P.

    Parameters
    ----------
    weights : Tensor, shape (B, Q, P)
    lengths : int64 tensor, shape (B,)

    Examples
    --------
    >>> balance(torch.full((1, 3, 4), 0.25), torch.tensor([3])).item()
    0.0
    """
    real = torch.arange(weights.shape[1]) < lengths[:, None]
    looked = (weights * real.unsqueeze(2)).sum(1) * weights.shape[2] / lengths[:, None]
    return (1 - looked).square().mean()


def naming_loss(named: Tensor, owners: Tensor, targets: Tensor) -> Tensor:
    """Ask which words the captions of each image have, all at once: the cross entropy of yes and no, a word that is.

    Parameters
    ----------
    named : Tensor, shape (B, V)
        Numbers whose sigmoid is how likely each word is to be there.
    owners : int64 tensor, shape (C,)
        Whose each caption is.
    targets : int64 tensor, shape (C, Q)
        Words; 0 is none.
    """
    there = torch.zeros_like(named)
    there[owners[:, None].expand_as(targets), targets] = 1.0
    there[:, 0] = 0.0
    return F.binary_cross_entropy_with_logits(named, there, reduction="sum") / there.sum()
