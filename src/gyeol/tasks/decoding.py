"""A network that writes as a search sees it: its steps, and its weights packed for one source at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from gyeol.errors import ParameterError
from gyeol.kernels.packing import Packing
from gyeol.layers import Alignment, PackedLinear, Read, Recurrent, Stepper, Writer
from gyeol.layers.attention.alignment import Source
from gyeol.layers.attention.packed import kernel_attends
from gyeol.layers.decoding.decoder import DecoderState, PackedDecoder
from gyeol.layers.decoding.packed_writer import PackedWriter, WriterState
from gyeol.layers.recurrent.packed import PackedRecurrent

__all__ = ["PackedSteps", "PackedWeights", "WriterSteps", "packed_weights", "steps_of"]

#: The most continuations that are read in one native call.
ROWS = 8


class WriterSteps:
    """Steps of one network for B sources.

    Parameters
    ----------
    net : Writer
    read : Read
        What it has read.
    packed : PackedWeights, optional
        Otherwise the weights are the network's.
    """

    def __init__(self, net: Writer, read: Read, packed: PackedWeights | None = None) -> None:
        self.net, self.packed = net, packed
        self.source, self.state = read
        self.number = 0
        self.fed: Tensor | None = None

    def __call__(self, tokens: Tensor, parents: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """See `gyeol.engine.search.beam.Steps`."""
        B, K = tokens.shape
        if parents is not None:
            before = self.state[0][0].shape[1] // B
            if before * K > 1:  # of a single continuation nothing is to be chosen
                rows = (torch.arange(B)[:, None] * before + parents).flatten()
                self.state = _taken(self.state, rows)
                if self.fed is not None:
                    self.fed = self.fed.flatten(0, 1)[rows].view(B, K, -1)
        net, packed = self.net, self.packed
        decoder, logits = (None, net.logits) if packed is None else (packed.decoder, packed.softmax)
        vectors, weights, self.state = net.decoder.step(
            net.words(tokens), self.state, self.source, self.number, self.fed, decoder
        )
        if net.decoder.input_feeding:
            self.fed = vectors
        self.number += 1
        return torch.log_softmax(logits(vectors), dim=2), weights

    def keep(self, rows: Tensor) -> None:
        """Go on with these sources only."""
        B = len(self.source.lengths)
        K = self.state[0][0].shape[1] // B
        self.state = _taken(self.state, (rows[:, None] * K + torch.arange(K)).flatten())
        self.source = self.source.take(rows)
        if self.fed is not None:
            self.fed = self.fed[rows]


class PackedSteps:
    """Steps of one network for B sources, each in one native call.

    Parameters
    ----------
    writer : PackedWriter
    read : Read
        What the network has read.
    """

    def __init__(self, writer: PackedWriter, read: Read) -> None:
        self.writer = writer
        self.source = writer.prepare(read.source)
        self.state = WriterState(read.state, writer.output_size)

    def __call__(self, tokens: Tensor, parents: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """See `gyeol.engine.search.beam.Steps`."""
        B, K = tokens.shape
        if parents is not None:
            before = len(self.state.vectors) // B
            if before * K > 1:  # of a single continuation nothing is to be chosen
                self.state.take((torch.arange(B)[:, None] * before + parents).flatten())
        return self.writer.step(tokens, self.state, self.source)

    def keep(self, rows: Tensor) -> None:
        """Go on with these sources only."""
        K = len(self.state.vectors) // len(self.source.lengths)
        self.state.take((rows[:, None] * K + torch.arange(K)).flatten())
        self.source = self.source.take(rows)


def steps_of(net: Writer, read: Read, packed: PackedWeights | None, continuations: int) -> WriterSteps | PackedSteps:
    """Create the steps of a network, in the fastest way that there is, for so many continuations of each source."""
    rows = len(read.source.lengths) * continuations
    writer = packed.writer(net) if packed is not None and rows <= ROWS else None
    return WriterSteps(net, read, packed) if writer is None else PackedSteps(writer, read)


def _taken(state: DecoderState, rows: Tensor) -> DecoderState:
    return [tuple(part.index_select(1, rows) for part in layer) for layer in state]


class PackedWeights:
    """A network's weights packed once, in fewer bits where requested.

    A step of one row costs what its weights cost to read: in "int8" a quarter.

    Parameters
    ----------
    net : Writer
        Its weights are copied.
    encoder : sequence of Recurrent
        The layers that read the source.
    weights : {"float32", "bfloat16", "int8"}
        See `gyeol.layers.Stepper` for what it costs. The vector that words are predicted from and the softmax are
        rounded, too.
    """

    def __init__(self, net: Writer, encoder: Sequence[Recurrent], weights: str) -> None:
        self.weights = weights
        self.version = _version(net)
        self.decoder = PackedDecoder(net.decoder, weights)
        self.softmax = PackedLinear(net.words.weight, net.bias, weights=weights)
        self._writer: PackedWriter | None = None
        self._linear: dict[nn.Module, PackedLinear] = {}
        self._walks: list[PackedRecurrent] = []
        self._steppers: list[list[Stepper]] = []
        if weights == "int8":  # no batch is multiplied in int8: the encoder takes steps
            self._steppers = [
                [Stepper(layer, weights=weights, direction=d) for d in range(1 + layer.bidirectional)]
                for layer in encoder
            ]
        else:
            self._walks = [PackedRecurrent(layer, weights=weights) for layer in encoder]

    def writer(self, net: Writer) -> PackedWriter | None:
        """Return what takes the network's steps in one native call, where its parts have kernels."""
        if self._writer is None and PackedWriter.fits(net):
            self._writer = PackedWriter(net, self.weights, self.softmax, ROWS)
        return self._writer

    def linear(self, module: nn.Module) -> PackedLinear:
        """Return a linear layer of the network, packed in float32.

        For the few rows of one source it needs none of PyTorch's threads, which on a busy machine come late.
        """
        assert isinstance(module, nn.Linear)
        if module not in self._linear:
            self._linear[module] = PackedLinear(module.weight, module.bias)
        return self._linear[module]

    def prepare(self, alignment: Alignment, values: Tensor, lengths: Tensor) -> Source:
        """Project a source as `Alignment.prepare` does."""
        learned = alignment.learned
        if not kernel_attends(alignment) or "key" not in learned:
            return alignment.prepare(values, lengths)
        keys = alignment.score.prepare(values, {**learned, "key": self.linear(learned["key"])})
        return Source(keys, values, lengths)

    def encode(self, number: int, x: Tensor, packing: Packing) -> tuple[Tensor, Any]:
        """Take a layer of the encoder over sources (N, D), packed: its output, and the state at the end."""
        if self._walks:
            return self._walks[number](x, packing)
        if len(packing.lengths) > 1:
            raise ParameterError("weights='int8' reads one source at a time")
        ways = self._steppers[number]
        H = ways[0].hidden_size
        output = x.new_empty(len(x), H * len(ways))
        for d, stepper in enumerate(ways):
            stepper.reset()
            for t in reversed(range(len(x))) if d else range(len(x)):
                output[t, d * H : (d + 1) * H] = stepper(x[t : t + 1])[0]
        if not ways[0].cell.has_memory:
            return output, torch.cat([stepper.state for stepper in ways])
        return output, tuple(torch.cat(parts) for parts in zip(*(stepper.state for stepper in ways), strict=True))


#: Of networks that read single sources, by the form of the weights.
_PACKED: WeakKeyDictionary[Writer, dict[str, PackedWeights]] = WeakKeyDictionary()


def packed_weights(net: Writer, encoder: Sequence[Recurrent], weights: str) -> PackedWeights:
    """Return a network's weights, packed once; those that were changed since are packed anew."""
    forms = _PACKED.setdefault(net, {})
    if weights not in forms or forms[weights].version != _version(net):
        forms[weights] = PackedWeights(net, encoder, weights)
    return forms[weights]


def _version(net: Writer) -> tuple[int, bytes]:
    """What training changes: PyTorch's counters, and for those who write past them the bias, changed at every step."""
    return sum(p._version for p in net.parameters()), net.bias.detach().cpu().numpy().tobytes()
