"""The decoding part of a network that writes text: word vectors, a decoder with attention, a softmax over the words."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

from gyeol.kernels.packing import Packing
from gyeol.layers.attention.alignment import Source
from gyeol.layers.decoding.decoder import Decoder, DecoderState
from gyeol.layers.dropout import LockedDropout
from gyeol.layers.losses.cross_entropy import linear_cross_entropy
from gyeol.layers.words.embedding import Embedding

__all__ = ["Read", "Writer"]


class Read(NamedTuple):
    """The output of an encoder: the source to attend to, and the initial state of the decoder."""

    source: Source
    state: DecoderState


class Writer(nn.Module):
    """The decoding part of a network; a derived class creates its parts, and an encoder.

    The softmax's weights are the words' vectors (Press and Wolf 2017).

    Attributes
    ----------
    words : Embedding
    decoder : Decoder
    bias : nn.Parameter, shape (V,)
    locked : LockedDropout
    """

    words: Embedding
    decoder: Decoder
    bias: nn.Parameter
    locked: LockedDropout

    def write(
        self, read: Read, inputs: Tensor, targets: Tensor, lengths: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Packing]:
        """Predict targets, each word given those before it (teacher forcing).

        Parameters
        ----------
        read : Read
            Of B sources.
        inputs, targets : int64 tensors, shape (B, Q)
            The decoder's inputs, and what it is to predict.
        lengths : int64 tensor, shape (B,)
            Of the targets.

        Returns
        -------
        vectors : Tensor, shape (N, E)
            Packed: the vector that each word is predicted from.
        targets : Tensor, shape (N,)
        weights : Tensor, shape (B, Q, T)
        packing : Packing
            Of the targets.
        """
        packing = Packing.of(lengths, targets.shape[1])
        given = packing.gather(inputs.unsqueeze(2)).squeeze(1)
        x = self.locked(self.words(given), packing)
        vectors, weights, _ = self.decoder(x, packing, read.state, read.source)
        return vectors, packing.gather(targets.unsqueeze(2)).squeeze(1), weights, packing

    def loss(self, vectors: Tensor, targets: Tensor, *, precision: str, label_smoothing: float) -> Tensor:
        """Return the mean of minus the log probabilities of targets."""
        return linear_cross_entropy(
            vectors, self.words.weight, self.bias, targets, precision=precision, label_smoothing=label_smoothing
        )

    def logits(self, vectors: Tensor) -> Tensor:
        """Return numbers (..., V) whose softmax is the probabilities of the next word."""
        return vectors @ self.words.weight.T + self.bias
