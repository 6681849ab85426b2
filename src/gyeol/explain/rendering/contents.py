"""An explanation as JSON values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from gyeol.explain.rendering.units import QUANTILES, chosen_units, summary

if TYPE_CHECKING:
    from gyeol.explain.explanation import Explanation, LayerTrace

__all__ = ["as_dict", "as_json", "json_value"]

_UNITS = 32  # of a layer whose values are listed unless more are asked for
_DIGITS = 9  # of attributions and attention, whose sums are checked; of all else, 6


def as_dict(explanation: Explanation, units: int | Literal["all"] | None) -> dict[str, Any]:
    """Build what `gyeol.explain.explanation.Explanation.to_dict` returns.

    ``attributions``, ``start`` and ``total`` are those of the first of the ``methods``. The values of gates and states
    are lists by step, of the units in ``units``, which are numbered from 0.
    """
    seen, reading = explanation, explanation.reading
    first = seen.attributions[0] if seen.attributions else None
    shown = [chosen_units(layer, _UNITS if units is None else units) for layer in seen.layers]
    return {
        "task": seen.task,
        "kind": seen.kind,
        "prediction": json_value(seen.prediction),
        "probabilities": dict(seen.probabilities),
        "text": seen.text,
        "tokens": list(seen.tokens),
        "spans": [list(span) for span in seen.spans],
        "output": list(seen.output),
        "attributions": _numbers(first.values, _DIGITS) if first else None,
        "start": first.start if first else None,
        "total": first.total if first else None,
        "methods": [
            {
                "method": why.method,
                "target": why.target,
                "values": _numbers(why.values, _DIGITS),
                "start": why.start,
                "total": why.total,
                "error": why.error,
            }
            for why in seen.attributions
        ]
        or None,
        "attention": [
            {"name": one.name, "rows": list(one.rows), "weights": _numbers(one.weights, _DIGITS)}
            for one in seen.attention
        ]
        or None,
        "gates": [
            _units(seen, layer, own, layer.gates) for layer, own in zip(seen.layers, shown, strict=True) if layer.gates
        ]
        or None,
        "states": [_units(seen, layer, own, layer.states) for layer, own in zip(seen.layers, shown, strict=True)]
        or None,
        "gradients": [
            {**_place(seen, layer), "norms": {key: _numbers(array) for key, array in layer.gradients.items()}}
            for layer in seen.layers
            if layer.gradients
        ]
        or None,
        "loss": seen.loss,
        "reading": None
        if reading is None
        else {
            "steps": list(reading.steps),
            "names": list(reading.names),
            "probabilities": _numbers(reading.probabilities),
        },
        "notes": list(seen.notes),
    }


def as_json(explanation: Explanation, units: int | Literal["all"] | None) -> str:
    """Write it as one line."""
    return json.dumps(as_dict(explanation, units), ensure_ascii=False, allow_nan=False)


def json_value(value: Any) -> Any:
    """Make a JSON value of an estimator's answer: of its arrays, numbers, and what they are in.

    Examples
    --------
    >>> json_value([np.float32(0.5), "B-PER", np.array([1, 2])])
    [0.5, 'B-PER', [1, 2]]
    """
    if isinstance(value, (np.generic, np.ndarray)):
        return json_value(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): json_value(one) for key, one in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        return [json_value(one) for one in value]
    return value if isinstance(value, (str, int, float, bool)) or value is None else str(value)


def _place(explanation: Explanation, layer: LayerTrace) -> dict[str, Any]:
    """Name a layer, and the steps that its rows are: of the input, or of the output."""
    return {
        "name": layer.name,
        "layer": layer.layer,
        "direction": layer.direction,
        "cell": layer.cell,
        "over": explanation.axis(layer),
    }


def _units(
    explanation: Explanation, layer: LayerTrace, units: list[int], arrays: Mapping[str, npt.NDArray[Any]]
) -> dict[str, Any]:
    sums = {key: summary(array) for key, array in arrays.items()}
    return {
        **_place(explanation, layer),
        "size": layer.shape[1],
        "units": units,
        "values": {key: _numbers(array[:, units]) for key, array in arrays.items()},
        "mean": {key: _numbers(mean) for key, (mean, _) in sums.items()},
        "quantiles": {
            "of": list(QUANTILES),
            **{key: _numbers(quantiles) for key, (_, quantiles) in sums.items()},
        },
    }


def _numbers(array: npt.NDArray[Any], digits: int = 6) -> Any:
    """List numbers with a few digits each."""
    if array.ndim > 1:
        return [_numbers(row, digits) for row in array]
    return [float(f"{number:.{digits}g}") for number in array.tolist()]
