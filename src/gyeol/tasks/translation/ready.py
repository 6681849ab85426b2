"""A translator's weights made ready for one source at a time: packed once, and in fewer bits where asked."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from gyeol.layers import RoundedLinear, Stepper, Writer
from gyeol.tasks.translation.net import TranslatorNet, Walk

__all__ = ["ReadyWeights", "ready_weights"]


class ReadyWeights:
    """What one source is read and answered with.

    A step of one row costs what its weights cost to read: in "int8" a quarter. In "float32" the encoder is left alone,
    for over a whole source it reads its weights once; in fewer bits it takes steps, too.

    Parameters
    ----------
    net : TranslatorNet
        Its weights are copied; the network itself is not kept.
    weights : {"float32", "bfloat16", "int8"}
        See `gyeol.layers.Stepper` for what it costs. With "int8" the vector that words are predicted from and the
        softmax are rounded, too.
    """

    def __init__(self, net: TranslatorNet, weights: str) -> None:
        self.weights = weights
        self.version = _version(net)
        self.encoder: list[list[Stepper]] = []
        if weights != "float32":
            self.encoder = [
                [Stepper(layer, weights=weights, direction=d) for d in range(1 + layer.bidirectional)]
                for layer in net.walks
            ]
        rounded = weights == "int8"
        combine = net.decoder.combine
        self.combine = RoundedLinear(combine.weight, combine.bias) if rounded else None
        self.softmax = RoundedLinear(net.words.weight, net.bias) if rounded else None
        self._decoders: dict[int, list[Stepper]] = {}

    def decoder(self, net: Writer, rows: int) -> list[Stepper]:
        """The decoder's layers, for so many continuations."""
        if rows not in self._decoders:
            self._decoders[rows] = [layer.stepper(rows, weights=self.weights) for layer in net.decoder.walks]
        return self._decoders[rows]

    @property
    def walk(self) -> Walk | None:
        """What takes the encoder's layers over a source; None: they do it themselves."""
        return self._walk if self.encoder else None

    def _walk(self, number: int, x: Tensor) -> tuple[Tensor, Any]:
        ways = self.encoder[number]
        H = ways[0].hidden_size
        output = x.new_empty(len(x), H * len(ways))
        for d, stepper in enumerate(ways):
            stepper.reset()
            for t in reversed(range(len(x))) if d else range(len(x)):
                output[t, d * H : (d + 1) * H] = stepper(x[t : t + 1])[0]
        if not ways[0].cell.has_memory:
            return output, torch.cat([stepper.state for stepper in ways])
        return output, tuple(torch.cat(parts) for parts in zip(*(stepper.state for stepper in ways), strict=True))


#: Of networks that were asked for single sources, by the weights asked for.
_READY: WeakKeyDictionary[TranslatorNet, dict[str, ReadyWeights]] = WeakKeyDictionary()


def ready_weights(net: TranslatorNet, weights: str) -> ReadyWeights:
    """Return a network's weights, made ready once; those that were changed since are made ready anew."""
    kinds = _READY.setdefault(net, {})
    if weights not in kinds or kinds[weights].version != _version(net):
        kinds[weights] = ReadyWeights(net, weights)
    return kinds[weights]


def _version(net: TranslatorNet) -> int:
    return sum(p._version for p in net.parameters())
