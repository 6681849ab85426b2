"""What explains a spelling correction: which letters around a word decide whether it is changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gyeol.errors import ParameterError
from gyeol.explain.attribution.inquiry import Inquiry
from gyeol.explain.explanation import Explanation
from gyeol.inputs import Vocabulary
from gyeol.inputs.spelling.candidates import FEATURES, Place
from gyeol.inputs.spelling.weights import log_shares
from gyeol.kernels.packing import Packing
from gyeol.layers import scaled_steps
from gyeol.tasks.language.data import END
from gyeol.tasks.language.net import Carrier, LanguageNet, Pieces
from gyeol.tasks.spelling.changes import certainty
from gyeol.tasks.spelling.net import numbered
from gyeol.tasks.verdicts import target_number

__all__ = ["chosen_place", "correction_inquiry"]

_READERS = FEATURES.index("left"), FEATURES.index("right")
_MOST = 10  # candidates that are listed


def chosen_place(
    places: Sequence[Place], shares: Sequence[npt.NDArray[np.float64]], position: int | None
) -> int | None:
    """Choose the word of which is asked: the given one among those with candidates, or the most probably wrong one.

    Raises
    ------
    ParameterError
        There is no such word.
    """
    able = [n for n, place in enumerate(places) if len(place.candidates) > 1]
    if position is not None and not 0 <= position < len(able):
        raise ParameterError(
            f"position={position!r:.20}: the text has {len(able)} words with others near to them, counted from 0"
        )
    if position is not None:
        return able[position]
    return max(able, key=lambda n: (1 - shares[n][0], -n), default=None)


def correction_inquiry(
    vocabulary: Vocabulary,
    text: str,
    composed: tuple[str, list[int] | None],
    prediction: str,
    places: Sequence[Place],
    weights: dict[str, list[float]],
    target: Any,
    position: int | None,
    threshold: float,
) -> Inquiry:
    """Ask of the log-odds of a candidate against what was typed: the weighed sum of all witnesses.

    The letters around the place are read by the two readers; what else speaks for a candidate does not depend on them.

    Parameters
    ----------
    vocabulary : Vocabulary
    text : str
    composed : (str, list of int or None)
        The text in NFC, and where its characters stand in the text.
    prediction : str
    places : sequence of Place
        With features.
    weights : dict
        Of the witnesses, ``"within"`` a text and ``"alone"``.
    target : str, optional
        The candidate.
    position : int, optional
        As for `chosen_place`.
    threshold : float
        The probability from which on a change is made.

    Raises
    ------
    ParameterError
        There is no such word or candidate.
    """
    read, origins = composed
    T = len(read)
    weighed = [weights["alone" if place.alone else "within"] for place in places]
    shares = [np.exp(log_shares(place.features, own)) for place, own in zip(places, weighed, strict=True)]
    which = chosen_place(places, shares, position)
    spans = [(n, n + 1) if origins is None else (origins[n], origins[n + 1]) for n in range(T)]
    known = Explanation(
        task="spell", kind="text", prediction=prediction, tokens=list(read), text=text, spans=spans,
        notes=["no word of this text has a known word near it: there is nothing to weigh"],
    )  # fmt: skip
    if which is None:
        return Inquiry(known=known, measure="log-odds", of="a change", score=lambda net, scales: 0.0 * scales.sum(1))
    place, own, share = places[which], np.asarray(weighed[which]), shares[which]
    names = [candidate.text for candidate in place.candidates]
    best = 1 + int(share[1:].argmax()) if target is None else target_number(target, names)
    typed, meant = names[0], names[best]
    gain = place.features[best] - place.features[0]
    rest = float(own @ gain - sum(own[n] * gain[n] for n in _READERS))
    lowered = read.lower() if len(read.lower()) == T else read
    texts = [lowered[: place.start] + one.lower() + lowered[place.end :] for one in (typed, meant)]

    def score(net: Any, scales: Tensor) -> Tensor:
        ahead = place.start, T - place.end
        sides = (texts, scales[:, : ahead[0]]), ([one[::-1] for one in texts], scales.flip(1)[:, : ahead[1]])
        total = scales.new_full((len(scales),), rest)
        for n, reader, (some, before) in zip(_READERS, net.readers, sides, strict=True):
            lengths = [len(one) - sum(ahead) for one in texts]
            logs = _log_probabilities(reader, [numbered(vocabulary, one) for one in some], lengths, before)
            total = total + float(own[n]) * (logs[1] - logs[0])
        return total

    order = np.argsort(-share, kind="stable")[:_MOST]
    changed = f"{meant!r} in place of {typed!r}"
    sure, kept = certainty(place, share), []
    if best and best == int(share.argmax()) and sure < threshold:
        kept = [f"{typed!r} was kept: the change is probable by {sure:.3f}, below the threshold of {threshold:g}"]
    known = Explanation(
        task="spell", kind="text", prediction=prediction, tokens=list(read), text=text, spans=spans,
        probabilities={names[n]: float(share[n]) for n in order.tolist()},
        notes=[
            f"explained is {changed}; without the letters around it the log-odds are {rest:+.2f}",
            "the reader from the left is shown as it read what was typed, and so is the one from the right",
            *kept,
        ],
    )  # fmt: skip
    return Inquiry(
        known=known, measure="log-odds", of=changed, score=score,
        rows={"left": slice(1, None), "right": slice(None, 0, -1)},
    )  # fmt: skip


def _log_probabilities(
    reader: LanguageNet, texts: Sequence[npt.NDArray[np.int64]], lengths: Sequence[int], before: Tensor
) -> list[Tensor]:
    """Return for two texts the log probability (M,) of what follows those letters whose numbers are scaled.

    Parameters
    ----------
    reader : LanguageNet
    texts : two arrays of letters
    lengths : two int
        Letters of each that count, and the one behind them as well.
    before : Tensor, shape (M, letters)
        Scales of the letters before them, the same in both texts.
    """
    M, first = before.shape
    longest = max(map(len, texts)) + 1
    inputs, targets = (np.zeros((2, longest), dtype=np.int64) for _ in range(2))
    for row, own in enumerate(texts):
        inputs[row, : len(own) + 1] = [END, *own]
        targets[row, : len(own) + 1] = [*own, END]
    sizes, each = torch.tensor([len(own) + 1 for own in texts]).repeat_interleave(M), torch.arange(2 * M)
    rows, wanted = (torch.from_numpy(some).repeat_interleave(M, dim=0) for some in (inputs, targets))
    pieces = Pieces(rows, wanted, sizes, each, torch.ones(2 * M, dtype=torch.bool), each, True)
    with scaled_steps(reader, torch.cat([before.new_ones(M, 1), before], 1).repeat(2, 1)):
        states, _ = reader.states(pieces, Carrier())
    padded = Packing.of(sizes, longest).scatter(states)
    found = []
    for row, length in enumerate(lengths):
        hidden = padded[row * M : (row + 1) * M, first : first + length + 1]
        logs = torch.log_softmax(reader.logits(hidden.flatten(0, 1)), 1).view(M, length + 1, -1)
        at = wanted[row * M : (row + 1) * M, first : first + length + 1].unsqueeze(2)
        found.append(logs.gather(2, at).squeeze(2).double().sum(1))
    return found
