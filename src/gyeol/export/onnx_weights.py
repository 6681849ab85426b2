"""The weights of a recurrent layer as ONNX's operators RNN, LSTM and GRU want them. Needs NumPy only, not onnx.

ONNX has other gate orders than PyTorch and gyeol, and both biases in one array; and its update gate keeps the old state
where z = 1, as PyTorch's does, while the course's (``gru_before``) takes the new: there ``1 - z`` is needed, and since
``1 - sigmoid(a) = sigmoid(-a)``, all that makes up ``a`` is negated.

Source: https://onnx.ai/onnx/operators, RNN, LSTM and GRU.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

__all__ = ["OPERATORS", "Operator", "onnx_operator", "onnx_weights"]

Floats = NDArray[Any]


@final
@dataclass(frozen=True, slots=True)
class Operator:
    """One of gyeol's cells in ONNX.

    Parameters
    ----------
    name : {"RNN", "LSTM", "GRU"}
    order : tuple of int
        ONNX's gates in their order, each as its number among gyeol's.
    negated : tuple of int
        Gates, by gyeol's number, whose weights change their sign.
    activation : str, optional
        RNN only.
    linear_before_reset : int, optional
        GRU only: 1 where the reset gate is applied after the product.
    """

    name: str
    order: tuple[int, ...]
    negated: tuple[int, ...] = ()
    activation: str | None = None
    linear_before_reset: int | None = None


#: By the names of `gyeol.kernels.native.CELLS`. Ours are i, f, g, o and r, z, n; theirs i, o, f, c and z, r, h.
OPERATORS = {
    "rnn_tanh": Operator("RNN", (0,), activation="Tanh"),
    "rnn_relu": Operator("RNN", (0,), activation="Relu"),
    "lstm": Operator("LSTM", (0, 3, 1, 2)),
    "gru_before": Operator("GRU", (1, 0, 2), negated=(1,), linear_before_reset=0),
    "gru_after": Operator("GRU", (1, 0, 2), linear_before_reset=1),
}


def onnx_operator(
    cell: str, hidden_size: int, *, bidirectional: bool = False, reverse: bool = False
) -> tuple[str, dict[str, Any]]:
    """Return the operator's name and the attributes of its node.

    Parameters
    ----------
    cell : str
        A name in `OPERATORS`.
    hidden_size : int
        H.
    bidirectional : bool
    reverse : bool
        The only direction walks from each row's last step to its first.

    Examples
    --------
    >>> onnx_operator("gru_after", 8, reverse=True)
    ('GRU', {'hidden_size': 8, 'direction': 'reverse', 'linear_before_reset': 1})
    """
    operator = OPERATORS[cell]
    direction = "bidirectional" if bidirectional else "reverse" if reverse else "forward"
    attributes: dict[str, Any] = {"hidden_size": hidden_size, "direction": direction}
    if operator.activation is not None:
        attributes["activations"] = [operator.activation] * (2 if bidirectional else 1)
    if operator.linear_before_reset is not None:
        attributes["linear_before_reset"] = operator.linear_before_reset
    return operator.name, attributes


def onnx_weights(cell: str, directions: Sequence[Sequence[Floats | None]]) -> tuple[Floats, Floats, Floats | None]:
    """Return one layer's weights as the operator's inputs W, R and B.

    Parameters
    ----------
    cell : str
        A name in `OPERATORS`. G is its number of gates.
    directions : sequence of (w_ih, w_hh, b_ih, b_hh)
        One or two: shapes (G*H, D), (G*H, H) and twice (G*H,), in gyeol's order of gates. Both biases may be None, or
        be left out.

    Returns
    -------
    W : array, shape (directions, G*H, D)
    R : array, shape (directions, G*H, H)
    B : array of shape (directions, 2*G*H), or None
        b_ih, then b_hh.

    Examples
    --------
    >>> w, b = np.arange(8.0).reshape(4, 2), np.arange(4.0)
    >>> onnx_weights("lstm", [(w, w[:, :1], b, b)])[2]
    array([[0., 3., 1., 2., 0., 3., 1., 2.]])
    """
    operator = OPERATORS[cell]
    laid = [[None if part is None else _by_gate(operator, part) for part in parts] for parts in directions]
    W, R = (np.stack([parts[i] for parts in laid]) for i in (0, 1))  # type: ignore[misc]
    biases = [[part for part in parts[2:] if part is not None] for parts in laid]
    return W, R, np.stack([np.concatenate(both) for both in biases]) if biases[0] else None


def _by_gate(operator: Operator, part: Floats) -> Floats:
    """Reorder the gates of one weight, and negate where that is due."""
    H = len(part) // len(operator.order)
    gates = [part[gate * H : (gate + 1) * H] for gate in operator.order]
    return np.concatenate(
        [-rows if gate in operator.negated else rows for gate, rows in zip(operator.order, gates, strict=True)]
    )
