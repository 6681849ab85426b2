"""A network that writes as a search sees it: what may come next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from gyeol.layers import Read, Writer
from gyeol.layers.decoding.decoder import DecoderState

if TYPE_CHECKING:
    from gyeol.tasks.translation.ready import ReadyWeights

__all__ = ["WriterSteps"]


class WriterSteps:
    """Steps of one network for B sources.

    Parameters
    ----------
    net : Writer
    read : Read
        What it has read.
    ready : ReadyWeights, optional
        Of a single source, the weights as they lie ready; otherwise they are the network's own.
    """

    def __init__(self, net: Writer, read: Read, ready: ReadyWeights | None = None) -> None:
        self.net, self.ready = net, ready
        self.source, self.state = read
        self.number = 0
        self.fed: Tensor | None = None

    def __call__(self, tokens: Tensor, parents: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """See `gyeol.engine.search.beam.Steps`."""
        B, K = tokens.shape
        if parents is not None:
            before = self.state[0][0].shape[1] // B
            rows = (torch.arange(B)[:, None] * before + parents).flatten()
            self.state = _taken(self.state, rows)
            if self.fed is not None:
                self.fed = self.fed.flatten(0, 1)[rows].view(B, K, -1)
        net, steppers, combine, softmax = self.net, None, None, None
        if (ready := self.ready) is not None:
            steppers, combine, softmax = ready.decoder(net, K), ready.combine, ready.softmax
            for stepper, layer in zip(steppers, self.state, strict=True):
                own = stepper.state if stepper.cell.has_memory else (stepper.state,)
                for to, part in zip(own, layer, strict=True):
                    to.copy_(part)
        vectors, weights, self.state = net.decoder.step(
            net.words(tokens), self.state, self.source, self.number, self.fed, steppers, combine
        )
        if steppers is not None:  # it lies in their memory, which others use as well
            self.state = [tuple(part.clone() for part in layer) for layer in self.state]
        if net.decoder.input_feeding:
            self.fed = vectors
        self.number += 1
        logits = net.logits(vectors) if softmax is None else softmax(vectors[0]).unsqueeze(0)
        return torch.log_softmax(logits, dim=2), weights

    def keep(self, rows: Tensor) -> None:
        """Go on with these sources only."""
        B = len(self.source.lengths)
        K = self.state[0][0].shape[1] // B
        self.state = _taken(self.state, (rows[:, None] * K + torch.arange(K)).flatten())
        self.source = self.source.take(rows)
        if self.fed is not None:
            self.fed = self.fed[rows]


def _taken(state: DecoderState, rows: Tensor) -> DecoderState:
    return [tuple(part.index_select(1, rows) for part in layer) for layer in state]
