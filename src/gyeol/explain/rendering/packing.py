"""Arrays for a page: quantised to a byte a number, in base64, with the scale that turns bytes into numbers again."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from gyeol.explain.rendering.units import busyness, chosen_units, summary

if TYPE_CHECKING:
    from gyeol.explain.explanation import Explanation, LayerTrace

__all__ = ["pack", "pack_layers"]

_FEWEST = 2  # units of a layer, however long the input


def pack(array: npt.NDArray[Any]) -> dict[str, Any]:
    """Quantise numbers: to 0..255 where none is below zero, else to -127..127; zero stays zero.

    Returns
    -------
    dict
        ``data`` (base64, rows one after another), ``scale`` (a number is its byte times this) and ``signed``.

    Examples
    --------
    >>> pack(np.array([0.0, 0.5, 1.0]))
    {'data': 'AID/', 'scale': 0.00392157, 'signed': False}
    """
    numbers = array.astype(np.float64).ravel()
    signed = bool(numbers.min(initial=0.0) < 0)
    # Gates and shares keep the scale of 0 to 1, so that pictures of them can be compared.
    most = max(float(np.abs(numbers).max(initial=0.0)), 1e-30)
    most = 1.0 if 0.25 < most <= 1.0 else most
    levels = 127 if signed else 255
    quantised = np.rint(numbers / most * levels).astype(np.int8 if signed else np.uint8)
    data = base64.b64encode(quantised.tobytes()).decode()
    return {"data": data, "scale": float(f"{most / levels:.6g}"), "signed": signed}


def pack_layers(explanation: Explanation, units: int | Literal["all"] | None, room: int) -> list[dict[str, Any]]:
    """Pack gates, states and gradients of all layers.

    Parameters
    ----------
    explanation : Explanation
    units : int or "all", optional
        Units of each layer; by default as many as there is room for.
    room : int
        How many numbers the page has room for.
    """
    if units is None:
        across = sum(layer.shape[0] * (len(layer.gates) + len(layer.states)) for layer in explanation.layers)
        units = max(_FEWEST, room // max(across, 1))
    return [_layer(layer, chosen_units(layer, units), explanation.axis(layer)) for layer in explanation.layers]


def _layer(layer: LayerTrace, units: list[int], axis: str) -> dict[str, Any]:
    busy = busyness(layer)[units]
    arrays = []
    for kind, group in (("gate", layer.gates), ("state", layer.states)):
        for key, array in group.items():
            mean, quantiles = summary(array)
            own = {"key": key, "kind": kind, **pack(array[:, units])}
            arrays.append(own | {"mean": pack(mean), "low": pack(quantiles[:, 0]), "high": pack(quantiles[:, 2])})
    return {
        "name": layer.name,
        "layer": layer.layer,
        "direction": layer.direction,
        "cell": layer.cell,
        "axis": axis,
        "steps": layer.shape[0],
        "size": layer.shape[1],
        "units": units,
        "busy": np.argsort(-busy, kind="stable").tolist(),
        "arrays": arrays,
        "gradients": {key: [float(f"{norm:.4g}") for norm in norms.tolist()] for key, norms in layer.gradients.items()},
    }
