"""The cells, one line each: all that a recurrent layer knows of a cell is its number of gates, its state and its step.

To add a cell: write its step (see `gyeol.kernels.reference`), describe it in a `Cell`, and put it into `CELLS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, final

from gyeol.errors import ParameterError, closest
from gyeol.kernels.reference import (
    Step,
    gru_after_step,
    gru_before_step,
    lstm_norm_step,
    lstm_step,
    rnn_relu_step,
    rnn_tanh_step,
)

__all__ = ["CELLS", "RNN_RELU", "Cell", "find_cell"]


@final
@dataclass(frozen=True, slots=True)
class Cell:
    """What a recurrent layer knows of a cell.

    Parameters
    ----------
    name : str
        The name in messages.
    gates : int
        G: the weights have G * hidden_size rows.
    step : Step
        One step, as the equations.
    has_memory : bool
        The state is (h, c), not h alone.
    has_norm : bool
        Its weights have a `norm` (10, H).
    fused : str, optional
        The operation of ``torch._VF`` that equals this cell, if PyTorch has one.
    native : str, optional
        The name of the C++ kernel that equals this cell, if there is one (`gyeol.kernels.native.CELLS`).
    keeping : tuple of (int, float)
        Its gates that decide how long a state lasts, by their place among the weights' rows, each with the sign that
        its bias has for a state to last long.
    """

    name: str
    gates: int
    step: Step
    has_memory: bool = False
    has_norm: bool = False
    fused: Literal["rnn_tanh", "rnn_relu", "lstm", "gru"] | None = None
    native: Literal["rnn_tanh", "rnn_relu", "lstm", "lstm_norm", "gru_before", "gru_after"] | None = None
    keeping: tuple[tuple[int, float], ...] = ()


_I_F = ((0, -1.0), (1, 1.0))  # the gates of an LSTM that take and keep

CELLS = {
    "rnn": Cell("rnn", 1, rnn_tanh_step, fused="rnn_tanh", native="rnn_tanh"),
    "lstm": Cell("lstm", 4, lstm_step, has_memory=True, fused="lstm", native="lstm", keeping=_I_F),
    "lstm_norm": Cell("lstm_norm", 4, lstm_norm_step, has_memory=True, has_norm=True, native="lstm_norm", keeping=_I_F),
    # The course's: the reset gate before the product, z takes the new.
    "gru": Cell("gru", 3, gru_before_step, native="gru_before", keeping=((1, -1.0),)),
    # PyTorch's: z keeps the old.
    "gru_after": Cell("gru_after", 3, gru_after_step, fused="gru", native="gru_after", keeping=((1, 1.0),)),
}

RNN_RELU = Cell("rnn (relu)", 1, rnn_relu_step, fused="rnn_relu", native="rnn_relu")


def find_cell(cell: str | Cell) -> Cell:
    """Return the cell of that name; a `Cell` is returned as it is.

    Raises
    ------
    ParameterError
        No cell has that name.

    Examples
    --------
    >>> find_cell("lstm").gates
    4
    """
    if isinstance(cell, Cell):
        return cell
    if cell not in CELLS:
        raise ParameterError(f"cell={cell!r} is not a cell{closest(str(cell), CELLS)}")
    return CELLS[cell]
