"""The gradient through time that a training recorded (``fit --watch-gradients``), as a report shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gyeol.tasks.training.gradient_record import Place, gradients_of, is_gradient

__all__ = ["plain_history", "recorded_gradients"]


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
    places: dict[Place, list[dict[str, Any]]] = {}
    for record in records:
        for place, by_distance in gradients_of(record).items():
            distances, ratios = list(by_distance), list(by_distance.values())
            places.setdefault(place, []).append({"epoch": record["epoch"], "distances": distances, "ratios": ratios})
    return [
        {"module": module, "layer": layer, "direction": direction, "epochs": epochs}
        for (module, layer, direction), epochs in sorted(places.items())
    ]


def plain_history(records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return records without the gradients, which a report shows apart."""
    return [{key: value for key, value in record.items() if not is_gradient(key)} for record in records]
