"""The network of `Translator`: an encoder that reads, a bridge, a decoder that looks back and writes."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from gyeol.inputs.text_pairs import PairBatch
from gyeol.kernels.packing import Packing
from gyeol.layers import Alignment, Decoder, Embedding, LockedDropout, Read, Recurrent, StepScale, Writer, attend
from gyeol.layers.attention.alignment import Source
from gyeol.layers.decoding.decoder import DecoderState
from gyeol.tasks.decoding import ROWS, PackedWeights

__all__ = ["TranslatorNet", "scheduled_samples"]


class TranslatorNet(Writer):
    """Words of one side to words of the other (Sutskever et al. 2014; Bahdanau et al. 2015; Luong et al. 2015).

    The softmax's weights are the target's embedding (Press and Wolf 2017), and where both sides share a vocabulary,
    the source's as well.

    Parameters
    ----------
    source_size, target_size : int
        Of the vocabularies.
    embedding_size : int
    cell, hidden_size, num_layers, precision
        Of the recurrent layers (`gyeol.layers.Recurrent`), of encoder and decoder each.
    bidirectional : bool
        Whether the encoder reads in both directions.
    dropout : float
    attention : str, optional
        The scope of `gyeol.layers.Alignment`; None for no attention.
    attention_score, window, longest
        The score, the window and the longest source of `gyeol.layers.Alignment`.
    input_feeding, self_attention : bool
    shared : bool
        Both sides have one vocabulary, and one table of vectors.
    """

    def __init__(
        self,
        source_size: int,
        target_size: int,
        embedding_size: int,
        *,
        cell: Any,
        hidden_size: int,
        num_layers: int,
        precision: str,
        bidirectional: bool,
        dropout: float,
        attention: str | None,
        attention_score: Any,
        window: int,
        longest: int,
        input_feeding: bool,
        self_attention: bool,
        shared: bool,
    ) -> None:
        super().__init__()
        E, H, L = embedding_size, hidden_size, num_layers
        V = H * (2 if bidirectional else 1)
        self.words = Embedding(target_size, E, dropout=dropout / 4, sparse=False)
        self.source_words = self.words if shared else Embedding(source_size, E, dropout=dropout / 4, sparse=False)
        for table in {id(t): t for t in (self.words, self.source_words)}.values():
            nn.init.normal_(table.weight, std=E**-0.5)
        self.steps = StepScale()
        self.encoder = nn.ModuleList(
            Recurrent(cell, E if n == 0 else V, H, bidirectional=bidirectional, precision=precision) for n in range(L)
        )
        self.self_attention = _SelfAttention(V) if self_attention else None
        self.bridge = nn.ModuleList(nn.Linear(V, H) for _ in range(L * self.walks[0].cell.free_states))
        alignment = None
        if attention is not None:
            alignment = Alignment(H, V, score=attention_score, scope=attention, window=window, longest=longest)
        self.decoder = Decoder(
            cell, E, H, E, V, num_layers=L, alignment=alignment, dropout=dropout, precision=precision,
            input_feeding=input_feeding,
        )  # fmt: skip
        self.bias = nn.Parameter(torch.zeros(target_size))
        self.locked = LockedDropout(dropout)

    @property
    def walks(self) -> list[Recurrent]:
        """The encoder's layers, the first first."""
        return [layer for layer in self.encoder if isinstance(layer, Recurrent)]

    def read(self, tokens: Tensor, lengths: Tensor, packed: PackedWeights | None = None) -> Read:
        """Encode sources (B, T), by packed weights where there are some."""
        packing = Packing.of(lengths, tokens.shape[1])
        x = self.steps(self.source_words(packing.gather(tokens.unsqueeze(2)).squeeze(1)), packing)
        state: DecoderState = []
        few = packed if len(lengths) <= ROWS else None
        count = len(self.bridge) // len(self.encoder)  # the decoder's other parts of a state begin with zeros
        for n, layer in enumerate(self.walks):
            if self.training:
                x = self.locked(x, packing)
            x, last = packed.encode(n, x, packing) if packed else layer.run_packed(x, packing)
            finals = last if isinstance(last, tuple) else (last,)
            # Of both directions, what each ends with: (directions, B, H) side by side.
            joined = [part.transpose(0, 1).flatten(1) for part in finals[:count]]
            bridge = [self.bridge[n * count + p] for p in range(count)]
            across: list[Any] = [few.linear(linear) for linear in bridge] if few else bridge
            parts = [linear(part).unsqueeze(0) for linear, part in zip(across, joined, strict=True)]
            zeros = [torch.zeros_like(parts[0]) for _ in finals[count:]]
            state.append((torch.tanh(parts[0]), *parts[1:], *zeros))
        values = packing.scatter(self.locked(x, packing) if self.training else x)
        if self.self_attention is not None:
            values = self.self_attention(values, lengths)
        if self.decoder.alignment is None:  # one vector for all: what the last layer ends with
            values = joined[0].unsqueeze(1)
            return Read(Source(values, values, torch.ones_like(lengths)), state)
        alignment = self.decoder.alignment
        source = few.prepare(alignment, values, lengths) if few else alignment.prepare(values, lengths)
        return Read(source, state)

    def forward(self, batch: PairBatch, inputs: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor, Packing]:
        """Read sources and predict targets, each word given those before it; see `gyeol.layers.Writer.write`."""
        read = self.read(batch.source, batch.source_lengths)
        return self.write(read, batch.inputs if inputs is None else inputs, batch.targets, batch.target_lengths)


@torch.no_grad()
def scheduled_samples(net: TranslatorNet, pairs: PairBatch, share: float) -> Tensor:
    """Replace all but a share of the words that the decoder is given by its predictions: (B, Q).

    Scheduled sampling in two passes (Mihaylova and Martins 2019, section 3).
    """
    vectors, _, _, packing = net(pairs)
    predicted = packing.scatter(net.logits(vectors).argmax(1, keepdim=True).double()).squeeze(2).long()
    shifted = torch.cat([pairs.inputs[:, :1], predicted[:, :-1]], dim=1)
    replaced = (torch.rand(shifted.shape) >= share) & (pairs.inputs != 0)
    replaced[:, 0] = False
    return torch.where(replaced, shifted, pairs.inputs)


class _SelfAttention(nn.Module):
    """Each step of the source looks at all of them (Vaswani et al. 2017, equation 1, one head), beside what it was."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(size, size, bias=False) for _ in range(3))
        self.norm = nn.LayerNorm(size)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        found, _, mask = self.look(x, lengths)
        normed: Any = self.norm(x + found)
        return normed.masked_fill(~mask.unsqueeze(2), 0.0)  # type: ignore[no-any-return]

    def look(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return what each step finds (B, T, V), where it looks (B, T, T), and which steps are real (B, T)."""
        mask = torch.arange(x.shape[1]) < lengths[:, None]
        found, weights = attend(self.query(x), self.key(x), self.value(x), mask, score="scaled_dot")
        return found, weights, mask
