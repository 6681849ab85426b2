"""The changes that a corrector makes, each with its probability and its reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gyeol.inputs.spelling.candidates import Place
from gyeol.inputs.spelling.edit_reasons import reason
from gyeol.inputs.spelling.weights import log_shares

__all__ = ["Change", "applied", "certainty", "changes"]


@dataclass(frozen=True, slots=True)
class Change:
    """One correction: ``text[start:end]``, which was ``typed``, became ``meant``.

    ``probability`` is the posterior of that; ``why`` is the reason; ``channel``, ``left``, ``right`` and
    ``frequency`` are by how much (nats) each witness speaks for the change against leaving the text as it is.
    """

    start: int
    end: int
    typed: str
    meant: str
    probability: float
    why: str
    channel: float
    left: float
    right: float
    frequency: float


def changes(
    places: Sequence[Place], weights: Mapping[str, Sequence[float]], least: float, texts: int
) -> list[list[Change]]:
    """Choose at each place, and keep what is probable enough: the changes of each of so many texts."""
    found: list[list[Change]] = [[] for _ in range(texts)]
    for place in places:
        weighed = weights["alone" if place.alone else "within"]
        shares = np.exp(log_shares(place.features, weighed))
        best = int(shares.argmax())
        if best == 0 or certainty(place, shares) < least:
            continue
        typed, meant = place.candidates[0].text, place.candidates[best].text
        gains = (np.asarray(weighed) * (place.features[best] - place.features[0])).tolist()
        why = reason(typed, meant)
        found[place.text].append(Change(place.start, place.end, typed, meant, float(shares[best]), why, *gains[:4]))
    return found


def certainty(place: Place, shares: npt.NDArray[np.float64]) -> float:
    """Return the probability that a threshold is compared with: that of the most probable candidate.

    Nothing around a single word distinguishes its candidates: there it counts that it is wrong at all.
    """
    return float(1 - shares[0] if place.alone else shares.max())


def applied(text: str, origins: list[int] | None, changes: list[Change]) -> tuple[str, list[Change]]:
    """Make the changes, the most probable first where two are at odds."""
    kept: list[Change] = []
    for change in sorted(changes, key=lambda c: (-c.probability, c.start)):
        if all(change.end <= other.start or other.end <= change.start for other in kept):
            kept.append(change)
    kept.sort(key=lambda change: change.start)
    out, at, final = [], 0, []
    for change in kept:
        start, end = (change.start, change.end) if origins is None else (origins[change.start], origins[change.end])
        out += [text[at:start], change.meant]
        at = end
        final.append(replace(change, start=start, end=end))
    return "".join(out) + text[at:], final
