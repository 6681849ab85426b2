"""`RNN`, `LSTM` and `GRU` in the place of PyTorch's: the same arguments and weights; and the rows' lengths besides."""

from __future__ import annotations

from typing import Any

import torch

from gyeol.errors import ParameterError, closest
from gyeol.kernels.cells import rnn
from gyeol.kernels.cells.table import CELLS
from gyeol.layers.recurrent.layer import Recurrent

__all__ = ["GRU", "LSTM", "RNN"]


class RNN(Recurrent):
    """`torch.nn.RNN`, with lengths: see `Recurrent`.

    Parameters
    ----------
    input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, device, dtype
        As for `Recurrent`.
    nonlinearity : {"tanh", "relu"}

    Examples
    --------
    >>> RNN(4, 8, nonlinearity="relu")
    RNN(4, 8)
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        cells = {"tanh": CELLS["rnn"], "relu": rnn.RELU}
        if nonlinearity not in cells:
            raise ParameterError(f"nonlinearity={nonlinearity!r} is not one{closest(str(nonlinearity), cells)}")
        cell = cells[nonlinearity]
        super().__init__(
            cell,
            input_size,
            hidden_size,
            num_layers=num_layers,
            bias=bias,
            batch_first=batch_first,
            dropout=dropout,
            bidirectional=bidirectional,
            device=device,
            dtype=dtype,
        )
        self.nonlinearity = nonlinearity


class LSTM(Recurrent):
    """`torch.nn.LSTM`, with lengths: see `Recurrent`.

    Parameters
    ----------
    input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, device, dtype
        As for `Recurrent`.

    Examples
    --------
    >>> output, (h, c) = LSTM(4, 8, batch_first=True)(torch.zeros(2, 3, 4), lengths=[3, 1])
    >>> output.shape, c.shape
    (torch.Size([2, 3, 8]), torch.Size([1, 2, 8]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(
            "lstm",
            input_size,
            hidden_size,
            num_layers=num_layers,
            bias=bias,
            batch_first=batch_first,
            dropout=dropout,
            bidirectional=bidirectional,
            device=device,
            dtype=dtype,
        )


class GRU(Recurrent):
    """`torch.nn.GRU`, with lengths and with the choice of where the reset gate is applied: see `Recurrent`.

    Parameters
    ----------
    input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, device, dtype
        As for `Recurrent`.
    reset : {"after", "before"}
        "after" is PyTorch's form, with its z; "before" is Cho et al.'s (2014), with the course's z.

    Examples
    --------
    >>> GRU(4, 8, reset="before").cell.name
    'gru'
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: torch.dtype | None = None,
        *,
        reset: str = "after",
    ) -> None:
        cells = {"after": CELLS["gru_after"], "before": CELLS["gru"]}
        if reset not in cells:
            raise ParameterError(f"reset={reset!r} is not one{closest(str(reset), cells)}")
        cell = cells[reset]
        super().__init__(
            cell,
            input_size,
            hidden_size,
            num_layers=num_layers,
            bias=bias,
            batch_first=batch_first,
            dropout=dropout,
            bidirectional=bidirectional,
            device=device,
            dtype=dtype,
        )
        self.reset = reset
