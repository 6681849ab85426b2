"""Chrono initialisation: biases of the gates that keep a state for long."""

from __future__ import annotations

import torch

from gyeol.errors import ParameterError
from gyeol.layers.recurrent.layer import Recurrent

__all__ = ["chrono_init"]


@torch.no_grad()
def chrono_init(layer: Recurrent, steps: int) -> None:
    """Draw the gates' biases so that states last for up to so many steps (Tallec and Ollivier 2018: chrono).

    A gate that keeps gets the bias log(u), one that takes -log(u), with u from U(1, steps - 1) for every unit: its
    memory then fades after about u steps. A cell without such gates stays as it is.

    Parameters
    ----------
    layer : Recurrent
        Changed in place; all its layers and directions.
    steps : int
        The longest dependency expected, 3 or more.

    Raises
    ------
    ParameterError
        For fewer steps, or a layer without biases.

    Examples
    --------
    >>> lstm = Recurrent("lstm", 1, 4)
    >>> chrono_init(lstm, 100)
    >>> bool((lstm.bias_ih_l0[4:8] > 0).all() and (lstm.bias_ih_l0[:4] < 0).all())
    True
    """
    if steps < 3 or not layer.bias:
        raise ParameterError(f"steps={steps}, bias={layer.bias}: a memory needs 3 steps or more, and biases to be in")
    H = layer.hidden_size
    for number in range(layer.num_layers):
        for weights in layer.weights_of(number):
            assert weights.b_ih is not None
            log_steps = torch.empty(H, dtype=torch.float64).uniform_(1, steps - 1).log_()
            for gate, sign in layer.cell.keeping:
                rows = slice(gate * H, (gate + 1) * H)
                weights.b_ih[rows] = sign * log_steps.to(weights.b_ih)
                if weights.b_hh is not None:
                    weights.b_hh[rows] = 0.0
