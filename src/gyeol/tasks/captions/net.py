"""The network of `Captioner`: an encoder of images into a grid, and a decoder that attends to it and writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gyeol.engine.search.beam import BeamSettings, Hypothesis, beam_search
from gyeol.inputs.text_pairs import END
from gyeol.kernels.packing import Packing
from gyeol.layers import Alignment, Decoder, Embedding, LockedDropout, Read, Writer
from gyeol.layers.attention.alignment import Source
from gyeol.tasks.decoding import packed_weights, steps_of

__all__ = ["CaptionBatch", "CaptionerNet", "balance", "naming_loss", "search"]


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

    Every position of the grid has a learned vector, added to its features. The initial state of the decoder is computed
    from the mean over positions (section 3.1.2).

    Parameters
    ----------
    words : int
        V of the vocabulary.
    grid : (int, int, int)
        Height, width and D of the features, or of the encoder's output.
    encoder : nn.Module, optional
        Images (B, 3, S, S) to (B, P, D); None where features are given.
    cell, precision
        Of the decoder, as in `gyeol.layers.Decoder`; the other arguments are settings of `Captioner`.
    """

    def __init__(
        self,
        words: int,
        grid: tuple[int, int, int],
        encoder: nn.Module | None,
        *,
        cell: Any,
        embedding_size: int,
        hidden_size: int,
        num_layers: int,
        attention: bool,
        attention_score: Any,
        dropout: float,
        precision: str,
    ) -> None:
        super().__init__()
        E, H, L = embedding_size, hidden_size, num_layers
        self.grid = grid
        self.encoder = encoder
        self.view = nn.Linear(grid[2], H)
        self.places = nn.Parameter(torch.randn(grid[0] * grid[1], H) * 0.5)
        self.norm = nn.LayerNorm(H)
        self.words = Embedding(words, E, dropout=dropout / 4, sparse=False)
        nn.init.normal_(self.words.weight, std=E**-0.5)
        alignment = Alignment(H, H, score=attention_score, longest=grid[0] * grid[1]) if attention else None
        self.decoder = Decoder(
            cell, E, H, E, H, num_layers=L, alignment=alignment, dropout=dropout, precision=precision
        )
        self.bridge = nn.ModuleList(nn.Linear(H, H) for _ in range(L * self.decoder.walks[0].cell.free_states))
        self.bias = nn.Parameter(torch.zeros(words))
        self.locked = LockedDropout(dropout)
        self.named = nn.Linear(2 * H, words)  # scores of the words of an image's captions, from the image alone
        self.dropout = dropout

    def read(self, images: Tensor) -> tuple[Read, Tensor]:
        """Encode images.

        Returns
        -------
        read : Read
        named : Tensor, shape (B, V)
            Logits of the probability of each word to be in a caption.
        """
        return self.look(self.grid_of(images))

    def grid_of(self, images: Tensor) -> Tensor:
        """Encode images into a grid: (B, P, H)."""
        seen = images.flatten(1, 2) if self.encoder is None else self.encoder(images)
        values: Tensor = self.norm(self.view(seen) + self.places)
        return values

    def look(self, values: Tensor) -> tuple[Read, Tensor]:
        """Turn grids (B, P, H) into what `read` returns."""
        # The same features at every position, as elsewhere at every step.
        kept = F.dropout(values.new_ones(len(values), 1, values.shape[2]), self.dropout, self.training)
        values = values * kept
        middle = values.mean(1)
        L = len(self.decoder.walks)
        parts = len(self.bridge) // L
        # The other parts of the decoder's state start from zeros.
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
        """Initialize the probabilities of words with the shares of images that have them, (V,).

        As Lin et al. (2017, section 4.1) do with rare classes: the encoder need not learn it.
        """
        self.named.bias.copy_(torch.logit(shares))

    def forward(self, batch: CaptionBatch) -> tuple[Tensor, Tensor, Tensor, Packing, Tensor]:
        """Encode each image once and score all its captions, each word given those before it.

        Returns what `gyeol.layers.Writer.write` does, and ``named`` (B, V).
        """
        read, named = self.read(batch.images)
        state = [tuple(part.index_select(1, batch.owners) for part in layer) for layer in read.state]
        each = Read(read.source.take(batch.owners), state)
        return *self.write(each, batch.inputs, batch.targets, batch.lengths), named

    def loss_of(
        self,
        batch: CaptionBatch,
        *,
        precision: str,
        label_smoothing: float,
        balance_weight: float,
        naming_weight: float,
    ) -> Tensor:
        """Return the loss to train by: of the captions' words, and by their weights of `balance` and `naming_loss`."""
        vectors, targets, weights, _, named = self(batch)
        loss: Tensor = self.loss(vectors, targets, precision=precision, label_smoothing=label_smoothing)
        if balance_weight and self.decoder.alignment is not None:
            loss = loss + balance_weight * balance(weights, batch.lengths)
        if naming_weight:
            loss = loss + naming_weight * naming_loss(named, batch.owners, batch.targets)
        return loss

    def losses(self, batch: CaptionBatch) -> tuple[list[float], list[int]]:
        """Return the loss of the captions of each image (nats, summed over words), and how many words they have."""
        vectors, targets, _, packing, _ = self(batch)
        words = F.cross_entropy(self.logits(vectors), targets, reduction="none")
        each = packing.scatter(words.double().unsqueeze(1)).sum((1, 2))
        sums = torch.zeros(len(batch)).double().index_add_(0, batch.owners, each)
        return sums.tolist(), torch.zeros(len(batch)).long().index_add_(0, batch.owners, batch.lengths).tolist()


def search(net: CaptionerNet, images: Tensor, settings: BeamSettings) -> list[list[Hypothesis]]:
    """Find the captions of images (B, 3, S, S) by beam search, best first."""
    steps = steps_of(net, net.read(images)[0], packed_weights(net, [], "float32"), settings.size)
    return beam_search(steps, len(images), settings, start=END, end=END, never=[0, 1])


def balance(weights: Tensor, lengths: Tensor) -> Tensor:
    """Penalize attention that is uneven over positions, summed over a caption (Xu et al. 2015, equation 14).

    The mean over positions of ``(1 - P / Q sum_t alpha_t)^2``: the paper's sum over words is about 1 where there are as
    many words as positions; here Q words make it Q / P.

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
    """Return the binary cross entropy of the words of each image's captions, divided by how many these are.

    Parameters
    ----------
    named : Tensor, shape (B, V)
        Logits of the probability of each word.
    owners : int64 tensor, shape (C,)
        The image of each caption.
    targets : int64 tensor, shape (C, Q)
        Words; 0 is none.
    """
    there = torch.zeros_like(named)
    there[owners[:, None].expand_as(targets), targets] = 1.0
    there[:, 0] = 0.0
    return F.binary_cross_entropy_with_logits(named, there, reduction="sum") / there.sum()
