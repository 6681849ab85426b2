"""A translator as beam search sees it, and what it wrote as texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gyeol.engine.beam import BeamSettings, Hypothesis, beam_search, ensemble
from gyeol.errors import DataError
from gyeol.explain import AttentionMap
from gyeol.inputs import TextInput
from gyeol.inputs.pairs import END, PairBatch
from gyeol.layers.decoder import DecoderState
from gyeol.tasks.translator_net import TranslatorNet
from gyeol.tasks.translator_ready import ready_weights

__all__ = ["NetSteps", "Translation", "search", "told"]

UNKNOWN = 1


@dataclass(frozen=True, slots=True)
class Translation:
    """What was written for a source.

    ``text``; ``score`` and ``log_probability`` as in `gyeol.engine.beam.Hypothesis`; ``source`` and ``target``, the
    tokens of both, each with its end, a line feed; ``attention`` (target, source), rows that sum to 1, where the model
    has any.
    """

    text: str
    score: float
    log_probability: float
    source: list[str]
    target: list[str]
    attention: Tensor | None

    def map(self) -> AttentionMap:
        """Show where each word that was written looked in the source.

        Raises
        ------
        DataError
            The model has no attention.
        """
        if self.attention is None:
            raise DataError(
                "this translation comes with no attention, for its model has none (attention=None): "
                "to see where it looks, train one with attention='global', 'local-m' or 'local-p'"
            )
        return AttentionMap(self.source, self.target, self.attention.detach().cpu().double().numpy())


class NetSteps:
    """Steps of one network for B sources.

    Parameters
    ----------
    net : TranslatorNet
    tokens, lengths
        The sources (B, T).
    weights : {"float32", "bfloat16", "int8"}
        Of a single source the weights lie ready, in this form; of several they are the network's own.
    """

    def __init__(self, net: TranslatorNet, tokens: Tensor, lengths: Tensor, weights: str = "float32") -> None:
        self.net = net
        self.ready = ready_weights(net, weights) if len(lengths) == 1 else None
        self.source, self.state = net.read(tokens, lengths, self.ready.walk if self.ready else None)
        self.number = 0
        self.fed: Tensor | None = None

    def __call__(self, tokens: Tensor, parents: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """See `gyeol.engine.beam.Steps`."""
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


def search(
    nets: Sequence[TranslatorNet], pairs: PairBatch, settings: BeamSettings, weights: str = "float32"
) -> list[list[Hypothesis]]:
    """Search the targets of a batch of sources, with all networks deciding together; see `NetSteps`."""
    steps = [NetSteps(net, pairs.source, pairs.source_lengths, weights) for net in nets]
    limits = (2 * pairs.source_lengths + 10).tolist()  # no text is twice as long as its source, and more
    return beam_search(ensemble(steps), len(pairs), settings, begin=END, end=END, never=[0], limits=limits)


def told(
    found: Hypothesis, source: Sequence[str], target: TextInput, *, looks: bool, replace_unknown: bool
) -> Translation:
    """Turn what was found into a text; an unknown word becomes the source's token that it looked at most.

    Parameters
    ----------
    found : Hypothesis
    source : sequence of str
        The source's tokens, with its end.
    target : TextInput
    looks : bool
        Whether its attention is one over the source.
    replace_unknown : bool
    """
    names = [target.vocabulary.tokens[token] for token in found.tokens]
    attention = found.attention[:, : len(source)] if looks and found.attention is not None else None
    if replace_unknown and attention is not None and len(source) > 1:
        for place, token in enumerate(found.tokens):
            if token == UNKNOWN:
                names[place] = source[int(attention[place, : len(source) - 1].argmax())]
    text = target.tokenizer.join(names) if names else ""
    return Translation(text, found.score, found.log_probability, list(source), [*names, "\n"], attention)
