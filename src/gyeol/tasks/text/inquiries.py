"""What explains a prediction for a text, by the recurrent network and by the feed-forward ones on counted terms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from gyeol.data.ragged import Ragged
from gyeol.explain.attribution.inquiry import Inquiry
from gyeol.explain.explanation import Attention, Explanation
from gyeol.inputs import FeatureInput, TextInput
from gyeol.inputs.counts.features import FeatureBatch
from gyeol.inputs.tokens.base import Token
from gyeol.layers import scaled_steps
from gyeol.tasks.token_notes import located, token_notes
from gyeol.tasks.verdicts import Verdict

__all__ = ["counted_inquiry", "walked_inquiry"]


def walked_inquiry(task: str, inputs: TextInput, text: str, read: str, verdict: Verdict) -> Inquiry:
    """Ask a recurrent network of a text.

    Parameters
    ----------
    task : str
    inputs : TextInput
    text, read : str
        As it was given, and as it is read: letters folded, none more or less.
    verdict : Verdict
    """
    tokens, notes = located(inputs, text, read)
    rows = inputs.encode([read])
    notes += token_notes(rows[0], inputs)

    def score(net: nn.Module, scales: Tensor) -> Tensor:
        with scaled_steps(net, scales):
            return verdict.score(net(inputs.batch(rows, np.zeros(len(scales), dtype=np.int64)))[0])

    def attention(net: nn.Module) -> list[Attention]:
        weights = net(inputs.batch(rows, np.zeros(1, dtype=np.int64)))[1]
        shown = None if weights is None else weights[:, : len(tokens)].double().numpy()
        return [] if shown is None else [Attention("summary", ["prediction"], shown)]

    def reading(net: nn.Module, counts: Sequence[int]) -> npt.NDArray[Any]:
        parts = Ragged.gather(rows[0][:count] for count in counts)
        return verdict.answers(net(inputs.batch(parts, np.arange(len(counts))))[0])

    return Inquiry(
        known=_known(task, text, tokens, verdict, notes),
        measure=verdict.measure, of=verdict.of, score=score, attention=attention, reading=reading, names=verdict.names,
    )  # fmt: skip


def counted_inquiry(task: str, inputs: FeatureInput, text: str, read: str, verdict: Verdict) -> Inquiry:
    """Ask a feed-forward network of a text's terms; see `walked_inquiry`.

    A term's weight is divided evenly among its occurrences, and an occurrence's among its tokens: what a token is
    multiplied by counts for that much of every term that it is a part of.
    """
    tokens, notes = located(inputs, text, read)
    columns, weights = inputs.encode([read])
    own = torch.from_numpy(columns[0].astype(np.int64))
    base = torch.from_numpy(weights)
    column, token, share = (torch.from_numpy(part) for part in inputs.shares([t.text for t in tokens], own.numpy()))
    if not len(own):
        notes.append("the model knows no term of this text: it goes by its bias alone")
    elif inputs.places is not None and len(tokens) > inputs.places:
        notes.append(f"the model reads the first {inputs.places} tokens only")

    def score(net: nn.Module, scales: Tensor) -> Tensor:
        M, C = len(scales), len(own)
        kept = scales.new_zeros(M, C).index_add(1, column, scales[:, token] * share)
        batch = FeatureBatch(own.repeat(M), (kept * base).flatten(), torch.arange(M) * C)
        return verdict.score(net(batch)[0])

    def reading(net: nn.Module, counts: Sequence[int]) -> npt.NDArray[Any]:
        parts = inputs.encode([read[: tokens[count - 1].end] for count in counts])
        return verdict.answers(net(inputs.batch(parts, np.arange(len(counts))))[0])

    return Inquiry(
        known=_known(task, text, tokens, verdict, notes),
        measure=verdict.measure, of=verdict.of, score=score, reading=reading, names=verdict.names,
    )  # fmt: skip


def _known(task: str, text: str, tokens: Sequence[Token], verdict: Verdict, notes: Sequence[str]) -> Explanation:
    return Explanation(
        task=task,
        kind="text",
        prediction=verdict.prediction,
        tokens=[token.text for token in tokens],
        text=text,
        spans=[(token.start, token.end) for token in tokens],
        probabilities=verdict.probabilities,
        notes=notes,
    )
