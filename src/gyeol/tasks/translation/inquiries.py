"""What explains a translation: its log-probability, teacher-forced, as a function of scaled source tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gyeol.data.ragged import Ragged
from gyeol.errors import ParameterError
from gyeol.explain.attribution.inquiry import Inquiry
from gyeol.explain.explanation import Attention, Explanation
from gyeol.inputs.text_pairs import END, PairInput, Pairs
from gyeol.layers import scaled_steps

__all__ = ["target_inquiry"]


def target_inquiry(
    inputs: PairInput,
    text: str,
    prediction: str,
    written: tuple[Sequence[int], Sequence[str]],
    position: int | None,
    *,
    measured: str,
) -> Inquiry:
    """Ask of the log-probability of a target, each of its tokens given those before it (teacher forcing).

    Parameters
    ----------
    inputs : PairInput
    text, prediction : str
        The source, and what is predicted for it.
    written : (token numbers, their names)
        The target, without its end.
    position : int, optional
        The token to ask of alone.
    measured : str
        What the target is: ``"the translation"``.

    Raises
    ------
    ParameterError
        There is no such position.
    """
    numbers, names = np.array([*written[0], END], dtype=np.int32), [*written[1], "\n"]
    U = len(names)
    if position is not None and not 0 <= position < U:
        raise ParameterError(f"position={position!r:.20}: the target has tokens 0 to {U - 1}, its end the last")
    pairs = Pairs(inputs.encode([text], None).source, Ragged.gather([numbers]))
    tokens = inputs.source.tokens(text)
    T = len(tokens) + 1

    def write(net: Any, copies: int) -> tuple[Tensor, Tensor]:
        """Return the log-probabilities (copies, U) of the target's tokens, and where they looked (copies, U, T)."""
        batch = inputs.batch(pairs, np.zeros(copies, dtype=np.int64))
        vectors, targets, weights, packing = net(batch)
        logs = torch.log_softmax(net.logits(vectors), 1).gather(1, targets.unsqueeze(1))
        return packing.scatter(logs.double()).squeeze(2), weights

    def score(net: Any, scales: Tensor) -> Tensor:
        with scaled_steps(net, scales):
            logs, _ = write(net, len(scales))
        return logs.sum(1) if position is None else logs[:, position]

    def attention(net: Any) -> list[Attention]:
        seen: list[Tensor] = []
        if net.self_attention is not None:
            net.self_attention.register_forward_hook(lambda module, given, _: seen.append(module.look(*given)[1]))
        _, weights = write(net, 1)
        sources = [token.text for token in tokens] + ["\n"]
        found = [Attention("encoder", sources, own[0, :T, :T].double().numpy()) for own in seen]
        if net.decoder.alignment is not None:
            found.insert(0, Attention("decoder", names, weights[0, :U, :T].double().numpy()))
        return found

    unknown = int((pairs.source[0] == 1).sum())
    known = Explanation(
        task="translate",
        kind="text",
        prediction=prediction,
        tokens=[*(token.text for token in tokens), "\n"],
        text=text,
        spans=[*((token.start, token.end) for token in tokens), (len(text), len(text))],
        output=names,
        notes=[f"{unknown:,} of {T - 1:,} tokens are not known to the model"] if unknown else [],
    )
    return Inquiry(
        known=known, measure="log-probability", score=score, attention=attention, output_walks=["decoder"],
        of=measured if position is None else f"{names[position]!r}" if names[position].isspace() else names[position],
        width=4 * U * len(inputs.target.vocabulary),
    )  # fmt: skip
