"""What explains the tag of a token: the log-odds of its marginal as a function of scaled tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gyeol.errors import ParameterError
from gyeol.explain.attribution.inquiry import Inquiry
from gyeol.explain.explanation import Explanation
from gyeol.inputs.token_rows import TokenInput
from gyeol.layers import scaled_steps
from gyeol.tasks.tagging.net import TaggerNet, TaggerNets
from gyeol.tasks.verdicts import log_odds, target_number

__all__ = ["tag_inquiry", "token_position"]

Token = str | tuple[str, ...]
Encode = Callable[[Sequence[Sequence[Token]]], Any]


def token_position(tags: Sequence[str], shares: npt.NDArray[np.float64], outside: int | None) -> int:
    """Choose the token of which a user asks without naming one.

    Where tags mark spans, it is the first of the first span or, without any, the one that is most nearly in one; else
    the one whose tag is least certain.

    Parameters
    ----------
    tags : sequence of str
        As predicted.
    shares : array, shape (T, Y)
        The probability of each tag.
    outside : int, optional
        The number of the tag "O", of tags that mark spans.
    """
    if outside is None:
        return int(shares.max(1).argmin())
    return next((place for place, tag in enumerate(tags) if tag != "O"), int(shares[:, outside].argmin()))


def tag_inquiry(
    inputs: TokenInput,
    encode: Encode,
    sentence: Sequence[Token],
    joint: str,
    predicted: tuple[Sequence[str], npt.NDArray[np.float64]],
    classes: Sequence[str],
    spans: bool,
    target: Any,
    position: int | None,
    net: TaggerNet | TaggerNets,
) -> Inquiry:
    """Ask of the marginal probability of one token's tag.

    Parameters
    ----------
    inputs : TokenInput
    encode : callable
        Sentences to numbered rows.
    sentence : sequence of tokens
    joint : str
        What lies between two tokens in a text.
    predicted : (tags, probabilities (T, Y))
    classes : sequence of str, shape (Y,)
    spans : bool
        Whether tags mark spans.
    target, position
        As the user gave them.
    net : TaggerNet or TaggerNets

    Raises
    ------
    ParameterError
        There is no such token, or no such tag.
    """
    tags, shares = predicted
    T = len(sentence)
    if position is not None and not 0 <= position < T:
        raise ParameterError(f"position={position!r:.20}: the sentence has tokens 0 to {T - 1}")
    outside = classes.index("O") if spans and "O" in classes else None
    place = token_position(tags, shares, outside) if position is None else int(position)
    number = classes.index(tags[place]) if target is None else target_number(target, classes)
    names = [token if isinstance(token, str) else token[0] for token in sentence]
    ends = np.cumsum([len(name) + len(joint) for name in names]).tolist()
    rows = encode([sentence])

    def marginals(net: Any, some: Any, which: npt.NDArray[np.int64]) -> Tensor:
        batch = inputs.batch(some, which)
        packed, packing = net(batch)
        scores = packing.scatter(packed).double()
        if net.crf is None:
            return torch.log_softmax(scores, 2)[:, place]
        logs: Tensor = net.crf.log_marginals(scores, batch.lengths)
        return logs[:, place]

    def score(net: Any, scales: Tensor) -> Tensor:
        with scaled_steps(net, scales):
            return log_odds(marginals(net, rows, np.zeros(len(scales), dtype=np.int64)), number)

    def reading(net: Any, counts: Sequence[int]) -> npt.NDArray[Any]:
        parts = encode([sentence[:count] for count in counts])
        return np.asarray(marginals(net, parts, np.arange(len(counts))).exp().numpy())

    members = [f"members.{n}.speller" for n in range(len(net.members) if isinstance(net, TaggerNets) else 0)]
    known = Explanation(
        task="tag",
        kind="text",
        prediction=list(tags),
        tokens=names,
        text=joint.join(names),
        spans=[(end - len(joint) - len(name), end - len(joint)) for name, end in zip(names, ends, strict=True)],
        probabilities=dict(zip(classes, shares[place].tolist(), strict=True)),
        output=list(tags),
        notes=[f"explained is the tag of token {place} (from 0), {names[place]!r:.60}"],
    )
    return Inquiry(
        known=known, measure="log-odds", of=f"{classes[number]} for {names[place]}", score=score, reading=reading,
        names=list(classes), reading_from=place + 1, beside=["speller", *members],
    )  # fmt: skip
