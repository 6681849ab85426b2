"""Which words gave an author away: exactly, for a text's verdict is a sum over its tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gyeol.explain.attribution.inquiry import Inquiry
from gyeol.explain.explanation import Attribution, Explanation
from gyeol.inputs.tokens.base import Token
from gyeol.kernels.packing import Packing
from gyeol.layers import scaled_steps
from gyeol.tasks.authors.net import AuthorNet, places
from gyeol.tasks.language.net import Pieces, in_order
from gyeol.tasks.verdicts import log_odds, target_number

__all__ = ["author_inquiry"]

Floats = npt.NDArray[np.float64]


def author_inquiry(
    net: AuthorNet,
    batch: Callable[[int], Pieces],
    tempered: Callable[[Floats], Floats],
    text: str,
    tokens: Sequence[Token],
    classes: Sequence[Any],
    target: Any,
    notes: Sequence[str],
) -> Inquiry:
    """Ask of the log-odds of an author against the others together, before the temperature.

    A token adds the logarithm of its probability by that author, less that by the others, each weighted by how probable
    the tokens before made that author among them. With the prior's log-odds that sums to the text's.

    Parameters
    ----------
    net : AuthorNet
    batch : callable
        So many copies of the text.
    tempered : callable
        Scores and, in the last column, numbers of tokens, to the log-probabilities of the authors.
    text : str
    tokens : sequence of Token
    classes : sequence, shape (A,)
    target : an author, or None
    notes : sequence of str

    Raises
    ------
    ParameterError
        The target is no author.
    """
    pieces = batch(1)
    with torch.inference_mode():
        packed = _known(net(pieces), pieces)
        logs = torch.stack([in_order(column, pieces) for column in packed.T], 1).numpy()
    prior = net.log_prior.double()
    read = prior.numpy() + np.vstack([np.zeros((1, len(classes))), logs.cumsum(0)])
    shares = np.exp(tempered(np.append(read[-1], len(logs))[None])[0])
    plain = np.exp(read[-1] - np.logaddexp.reduce(read[-1]))
    if not np.allclose(shares, plain, rtol=0.0, atol=1e-6):
        notes = [
            *notes,
            "probabilities are tempered (calibrated); scores and log-odds are before that",
        ]
    best = int(read[-1].argmax())
    number = best if target is None else target_number(target, classes)
    odds = log_odds(torch.from_numpy(read), number).numpy()
    names = [str(name) for name in classes]

    def score(net: Any, scales: Tensor) -> Tensor:
        copies = batch(len(scales))
        # The first input is the mark before the text: each token is read one step after it is foretold.
        with scaled_steps(net, torch.cat([torch.ones_like(scales[:, :1]), scales[:, :-1]], 1)):
            packed = _known(net(copies), copies)
        counted = packed * _packed(scales, copies)
        sums = counted.new_zeros(len(scales), counted.shape[1]).index_add(0, places(copies)[0], counted)
        return log_odds(sums + prior, number)

    def reading(net: Any, counts: Sequence[int]) -> npt.NDArray[Any]:
        return np.exp(tempered(np.column_stack([read[list(counts)], counts])))

    answer = classes[best]
    known = Explanation(
        task="author",
        kind="text",
        prediction=answer.item() if isinstance(answer, np.generic) else answer,
        tokens=[token.text for token in tokens],
        text=text,
        spans=[(token.start, token.end) for token in tokens],
        probabilities=dict(zip(names, shares.tolist(), strict=True)),
        notes=notes,
    )
    exact = Attribution("exact", f"log-odds of {names[number]}", np.diff(odds), float(odds[0]), float(odds[-1]))
    return Inquiry(
        known=known, measure="log-odds", of=names[number], score=score, reading=reading, names=names, exact=[exact],
        width=4 * len(tokens) * net.vocabulary_size,
    )  # fmt: skip


def _known(logs: Tensor, pieces: Pieces) -> Tensor:
    """Let tokens that the model does not know say nothing."""
    return logs.double() * places(pieces)[1].double()[:, None]


def _packed(scales: Tensor, pieces: Pieces) -> Tensor:
    packing, more = Packing.of(pieces.lengths, pieces.tokens.shape[1]), pieces.tokens.shape[1] - scales.shape[1]
    return packing.gather(torch.nn.functional.pad(scales, (0, more)).unsqueeze(2))
