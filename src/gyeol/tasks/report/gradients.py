"""The gradient through time that a training recorded (``fit --watch-gradients``), as a report shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["plain_history", "recorded_gradients"]

_NAME = "gradient"


def recorded_gradients(records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Collect what part of the loss's gradient reached back how far, by layer, direction and epoch.

    Returns
    -------
    list of dict
        ``module``, ``layer``, ``direction``; ``epochs``: a list of ``epoch``, ``distances`` (steps before the last),
        ``ratios`` (of the gradient that comes to the last step). Empty where nothing was recorded.

    Examples
    --------
    >>> found = recorded_gradients([{"epoch": 1, "gradient/recurrent/0/forward/2": 0.5, "train_loss": 1.0}])
    >>> found[0]["epochs"]
    [{'epoch': 1, 'distances': [2], 'ratios': [0.5]}]
    """
    places: dict[tuple[str, int, str], list[dict[str, Any]]] = {}
    for record in records:
        found: dict[tuple[str, int, str], dict[int, float]] = {}
        for name, value in record.items():
            parts = name.split("/")
            if len(parts) == 5 and parts[0] == _NAME and parts[2].isdecimal() and parts[4].isdecimal():
                found.setdefault((parts[1], int(parts[2]), parts[3]), {})[int(parts[4])] = float(value)
        for place, by_distance in found.items():
            distances = sorted(by_distance)
            ratios = [by_distance[distance] for distance in distances]
            places.setdefault(place, []).append({"epoch": record["epoch"], "distances": distances, "ratios": ratios})
    return [
        {"module": module, "layer": layer, "direction": direction, "epochs": epochs}
        for (module, layer, direction), epochs in sorted(places.items())
    ]


def plain_history(records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return records without the gradients, which a report shows apart."""
    return [{key: value for key, value in record.items() if not key.startswith(f"{_NAME}/")} for record in records]
