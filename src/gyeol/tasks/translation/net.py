"""The network of `Translator`: an encoder that reads, a bridge, a decoder that looks back and writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from gyeol.inputs.text_pairs import PairBatch
from gyeol.kernels.packing import Packing
from gyeol.layers import Alignment, Decoder, Embedding, LockedDropout, Read, Recurrent, Writer, attend
from gyeol.layers.attention.alignment import Source
from gyeol.layers.decoding.decoder import DecoderState

if TYPE_CHECKING:
    from gyeol.tasks.translation.translator import Translator

__all__ = ["TranslatorNet", "Walk", "own_words"]

#: Takes layer n over a source (T, D): its output, and the state at the end.
Walk = Callable[[int, Tensor], tuple[Tensor, Any]]


class TranslatorNet(Writer):
    """Words of one side to words of the other (Sutskever et al. 2014; Bahdanau et al. 2015; Luong et al. 2015).

    The softmax's weights are the target's embedding (Press and Wolf 2017), and where both sides share a vocabulary,
    the source's as well.
    """

    def __init__(self, model: Translator, source_size: int, target_size: int, longest: int) -> None:
        super().__init__()
        E, H, dropout, L = (
            int(model.embedding_size), int(model.hidden_size), float(model.dropout), int(model.num_layers),
        )  # fmt: skip
        directions = 2 if model.bidirectional else 1
        V = H * directions
        precision = "auto" if model.precision in ("auto", "bfloat16") else "float32"
        self.words = Embedding(target_size, E, dropout=dropout / 4, sparse=False)
        self.source_words = self.words if model.shared else Embedding(source_size, E, dropout=dropout / 4, sparse=False)
        for table in {id(t): t for t in (self.words, self.source_words)}.values():
            nn.init.normal_(table.weight, std=E**-0.5)
        self.encoder = nn.ModuleList(
            Recurrent(model.cell, E if n == 0 else V, H, bidirectional=directions == 2, precision=precision)
            for n in range(L)
        )
        self.self_attention = _SelfAttention(V) if model.self_attention else None
        self.bridge = nn.ModuleList(nn.Linear(V, H) for _ in range(L * self.walks[0].cell.free_states))
        alignment = None
        if model.attention is not None:
            alignment = Alignment(
                H, V, score=model.attention_score, scope=model.attention, window=int(model.window), longest=longest
            )
        self.decoder = Decoder(
            model.cell, E, H, E, V, num_layers=L, alignment=alignment, dropout=dropout, precision=precision,
            input_feeding=bool(model.input_feeding),
        )  # fmt: skip
        self.bias = nn.Parameter(torch.zeros(target_size))
        self.locked = LockedDropout(dropout)

    @property
    def walks(self) -> list[Recurrent]:
        """The encoder's layers, the first first."""
        return [layer for layer in self.encoder if isinstance(layer, Recurrent)]

    def read(self, tokens: Tensor, lengths: Tensor, walk: Walk | None = None) -> Read:
        """Encode sources (B, T), or a single one by ``walk``."""
        packing = Packing.of(lengths, tokens.shape[1])
        x = self.locked(self.source_words(packing.gather(tokens.unsqueeze(2)).squeeze(1)), packing)
        state: DecoderState = []
        for n, layer in enumerate(self.walks):
            if n:
                x = self.locked(x, packing)
            x, last = layer.run_packed(x, packing) if walk is None else walk(n, x)
            finals = last if isinstance(last, tuple) else (last,)
            count = layer.cell.free_states  # the decoder's other parts begin with zeros
            # Of both directions, what each ends with: (directions, B, H) side by side.
            joined = [part.transpose(0, 1).flatten(1) for part in finals[:count]]
            parts = [self.bridge[n * count + p](part).unsqueeze(0) for p, part in enumerate(joined)]
            zeros = [torch.zeros_like(parts[0]) for _ in finals[count:]]
            state.append((torch.tanh(parts[0]), *parts[1:], *zeros))
        values = packing.scatter(self.locked(x, packing))
        if self.self_attention is not None:
            values = self.self_attention(values, lengths)
        if self.decoder.alignment is None:  # one vector for all: what the last layer ends with
            values = joined[0].unsqueeze(1)
            return Read(Source(values, values, torch.ones_like(lengths)), state)
        return Read(self.decoder.alignment.prepare(values, lengths), state)

    def forward(self, batch: PairBatch, inputs: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor, Packing]:
        """Read sources and say targets, each word given those before it; see `gyeol.layers.Writer.write`."""
        read = self.read(batch.source, batch.source_lengths)
        return self.write(read, batch.inputs if inputs is None else inputs, batch.targets, batch.target_lengths)


@torch.no_grad()
def own_words(net: TranslatorNet, pairs: PairBatch, share: float) -> Tensor:
    """Put what the model itself would say in the place of words it is given, but for a share of them: (B, Q).

    Scheduled sampling in two passes (Mihaylova and Martins 2019, section 3).
    """
    vectors, _, _, packing = net(pairs)
    said = packing.scatter(net.logits(vectors).argmax(1, keepdim=True).double()).squeeze(2).long()
    own = torch.cat([pairs.inputs[:, :1], said[:, :-1]], dim=1)
    swapped = (torch.rand(own.shape) >= share) & (pairs.inputs != 0)
    swapped[:, 0] = False
    return torch.where(swapped, own, pairs.inputs)


class _SelfAttention(nn.Module):
    """Each step of the source looks at all of them (Vaswani et al. 2017, equation 1, one head), beside what it was."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(size, size, bias=False) for _ in range(3))
        self.norm = nn.LayerNorm(size)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        mask = torch.arange(x.shape[1]) < lengths[:, None]
        found, _ = attend(self.query(x), self.key(x), self.value(x), mask, score="scaled_dot")
        normed: Any = self.norm(x + found)
        return normed.masked_fill(~mask.unsqueeze(2), 0.0)  # type: ignore[no-any-return]
