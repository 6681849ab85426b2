"""The gradient through time in the record of an epoch, and what it says of a training.

A record holds a number for each distance, named by the module, the layer, the direction and the distance:
``gradient/recurrent/0/forward/16``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from gyeol.tasks.base import Estimator

__all__ = ["Place", "describe_gradients", "gradient_name", "gradients_of", "is_gradient"]

_NAME = "gradient"
_FORM = re.compile(rf"{_NAME}/[^/]+/\d{{1,6}}/(forward|reverse)/[1-9]\d{{0,8}}")
_MOST = 1e300  # of what can be drawn
_LOST = 0.001  # of the gradient: what is left of one that has vanished
_GREAT = 10.0  # times the gradient that an exploding one becomes


class Place(NamedTuple):
    """A recurrent layer in one direction."""

    module: str
    layer: int
    direction: str

    def __str__(self) -> str:
        return f"{self.module}, layer {self.layer + 1}, {self.direction}"


def gradient_name(place: Place, distance: int) -> str:
    """Name a number of a record.

    Examples
    --------
    >>> gradient_name(Place("recurrent", 0, "forward"), 16)
    'gradient/recurrent/0/forward/16'
    """
    return f"{_NAME}/{place.module}/{place.layer}/{place.direction}/{distance}"


def is_gradient(name: str) -> bool:
    """Whether an entry of a record is one of these."""
    return name.startswith(f"{_NAME}/")


def gradients_of(record: Mapping[str, Any]) -> dict[Place, dict[int, float]]:
    """Return the gradients in an epoch's record: of each layer and direction, by distance; empty without any.

    Entries that no training writes are passed over: the record is a file that anybody may have changed.

    Examples
    --------
    >>> gradients_of({"epoch": 1, "gradient/recurrent/0/forward/2": 0.5})
    {Place(module='recurrent', layer=0, direction='forward'): {2: 0.5}}
    """
    found: dict[Place, dict[int, float]] = {}
    for name, value in record.items():
        parts = name.split("/")
        if _FORM.fullmatch(name) and isinstance(value, (int, float)) and 0 <= value <= _MOST:
            found.setdefault(Place(parts[1], int(parts[2]), parts[3]), {})[int(parts[4])] = float(value)
    return {place: dict(sorted(by_distance.items())) for place, by_distance in found.items()}


def describe_gradients(model: Estimator) -> str:
    """Say in one sentence whether the gradient of a trained model vanishes or explodes, and what to try; "" if unknown.

    By the last epoch that recorded it: it explodes where it becomes ten times what it was, and vanishes where less than
    0.1 % of it is left.
    """
    last = next((found for record in reversed(model.history_.records) if (found := gradients_of(record))), {})
    if not last:
        return ""
    place, by_distance = max(last.items(), key=lambda item: max(item[1].values()))
    distance = max(by_distance, key=by_distance.__getitem__)
    if by_distance[distance] > _GREAT:
        return (
            f"the gradient through time explodes: {distance} steps back it is {by_distance[distance]:,.3g} times what "
            f"comes to the last step ({place}); {_tried(_against_explosion(model))}"
        )
    place, by_distance = min(last.items(), key=lambda item: min(item[1].values()))
    lost = next((distance for distance, ratio in by_distance.items() if ratio < _LOST), None)
    if lost is not None:
        return (
            f"the gradient through time vanishes: {_share(by_distance[lost])} of it is left {_steps(lost)} back "
            f"({place}); {_tried(_against_vanishing(model, max(by_distance)))}"
        )
    distance, ratio = max(by_distance.items())
    return f"the gradient reaches back: {_share(ratio)} of it is left after {_steps(distance)} ({place})"


def _against_explosion(model: Estimator) -> list[str]:
    tips = []
    clip = float(model.clip_norm)
    tips.append("clip_norm=1" if not clip else f"a clip_norm below {clip:g}")
    if model.cell == "rnn":
        tips.append("cell=lstm or cell=gru")
    return [*tips, f"a learning_rate below {float(model.learning_rate):g}"]


def _against_vanishing(model: Estimator, distance: int) -> list[str]:
    tips = []
    settings = model.get_params(deep=False)
    if model.cell == "rnn":
        tips.append("cell=lstm or cell=gru")
    elif "memory" in settings and settings["memory"] is None:
        tips.append(f"memory={max(3, distance)} (chrono initialization)")
    elif model.cell != "gru":
        tips.append("cell=gru")
    else:
        tips.append("cell=lstm")
    if settings.get("attention", "global") is None and "pooling" in settings:
        tips.append("attention=global, which looks at every step")
    if "bptt" in settings and int(settings["bptt"]) > 8:
        tips.append(f"a bptt below {int(settings['bptt'])}: longer windows teach nothing")
    if "frame" in settings:
        tips.append("a larger frame, for shorter sequences")
    return tips


def _tried(tips: list[str]) -> str:
    return f"try {', or '.join(tips)}"


def _share(ratio: float) -> str:
    return f"{100 * ratio:.2g} %" if ratio < 10 else f"{ratio:.3g} times"


def _steps(count: int) -> str:
    return f"{count} step{'' if count == 1 else 's'}"
