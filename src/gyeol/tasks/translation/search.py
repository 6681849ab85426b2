"""What a translator writes for sources, by search or by chance, and the texts and attention that come of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gyeol.data.batches import in_order_of_length
from gyeol.engine import SamplingSettings, sample_sequences
from gyeol.engine.search.beam import BeamSettings, Hypothesis, beam_search, ensemble
from gyeol.errors import DataError
from gyeol.explain import AttentionMap
from gyeol.inputs import TextInput
from gyeol.inputs.text_pairs import END, PairBatch, PairInput, Pairs
from gyeol.tasks.decoding import packed_weights, steps_of
from gyeol.tasks.translation.net import TranslatorNet

__all__ = ["Search", "Translation", "search", "translation_of", "translations"]

UNKNOWN = 1
_ROWS = 64  # sources searched at a time


@dataclass(frozen=True, slots=True)
class Search:
    """How to write: by ``beam``, or where ``sampling`` is given by chance, with ``seed``."""

    beam: BeamSettings
    sampling: SamplingSettings | None = None
    seed: int = 0
    replace_unknown: bool = True
    weights: str = "float32"


@dataclass(frozen=True, slots=True)
class Translation:
    """A target of a source.

    ``text``; ``score`` and ``log_probability`` as in `gyeol.engine.search.beam.Hypothesis`; ``source`` and ``target``,
    the tokens of both, each with its end, a line feed; ``attention`` (target, source), rows that sum to 1, where the
    model has any.
    """

    text: str
    score: float
    log_probability: float
    source: list[str]
    target: list[str]
    attention: Tensor | None

    def map(self) -> AttentionMap:
        """Show where each word of the target looked in the source.

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


def search(
    nets: Sequence[TranslatorNet], pairs: PairBatch, how: Search, numbers: Sequence[int] | None = None
) -> list[list[Hypothesis]]:
    """Write the targets of a batch of sources, with all networks deciding together.

    Parameters
    ----------
    nets : sequence of TranslatorNet
    pairs : PairBatch
    how : Search
    numbers : sequence of int, optional
        The sources' places among all: what is drawn for one depends on its number and the seed alone.
    """
    parts = []
    for net in nets:
        packed = packed_weights(net, net.walks, how.weights) if len(pairs) == 1 or how.weights != "int8" else None
        read = net.read(pairs.source, pairs.source_lengths, packed)
        parts.append(steps_of(net, read, packed, how.beam.size if how.sampling is None else how.beam.n_best))
    steps = ensemble(parts)
    limits = (2 * pairs.source_lengths + 10).tolist()  # no text is twice as long as its source, and more
    if how.sampling is None:
        return beam_search(steps, len(pairs), how.beam, start=END, end=END, never=[0], limits=limits)
    draws = [np.random.default_rng([how.seed, n]) for n in (range(len(pairs)) if numbers is None else numbers)]
    return sample_sequences(steps, draws, how.beam, how.sampling, start=END, end=END, never=[0], limits=limits)


def translations(
    nets: Sequence[TranslatorNet], inputs: PairInput, texts: list[str], pairs: Pairs, how: Search
) -> list[list[Translation]]:
    """Search the targets of texts, numbered as pairs without targets; see `Translator.translate`."""
    source, has_attention = inputs.source, nets[0].decoder.alignment is not None
    found: list[list[Translation]] = [[] for _ in texts]
    with torch.inference_mode():
        for which in in_order_of_length(pairs.source.lengths, _ROWS if how.weights == "float32" else 1):
            rows = which.tolist()
            for row, hypotheses in zip(rows, search(nets, inputs.batch(pairs, which), how, rows), strict=True):
                names = [source.vocabulary.tokens[int(token)] for token in pairs.source[row]]
                real = [*next(iter(source.tokenizer.tokenize_many([texts[row]]))), "\n"]  # unknown ones, too
                names = real if len(real) == len(names) else names
                found[row] = [
                    translation_of(each, names, inputs.target, has_attention, how.replace_unknown)
                    for each in hypotheses
                ]
    return found


def translation_of(
    found: Hypothesis, source: Sequence[str], target: TextInput, has_attention: bool, replace_unknown: bool
) -> Translation:
    """Turn a hypothesis into a text; an unknown word becomes the source's token that it looked at most.

    Parameters
    ----------
    found : Hypothesis
    source : sequence of str
        The source's tokens, with its end.
    target : TextInput
    has_attention : bool
        Whether its attention is one over the source.
    replace_unknown : bool
    """
    names = [target.vocabulary.tokens[token] for token in found.tokens]
    attention = found.attention[:, : len(source)] if has_attention and found.attention is not None else None
    if replace_unknown and attention is not None and len(source) > 1:
        for place, token in enumerate(found.tokens):
            if token == UNKNOWN:
                names[place] = source[int(attention[place, : len(source) - 1].argmax())]
    text = target.tokenizer.join(names) if names else ""
    return Translation(text, found.score, found.log_probability, list(source), [*names, "\n"], attention)
