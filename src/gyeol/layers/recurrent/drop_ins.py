"""`RNN`, `LSTM` and `GRU` in the place of PyTorch's: the same arguments, weights and names; and the rows' lengths."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import Tensor, nn

from gyeol.errors import ParameterError, closest
from gyeol.kernels.cells import lstm, rnn
from gyeol.kernels.cells.cell import Cell
from gyeol.kernels.cells.table import CELLS
from gyeol.layers.recurrent.layer import Recurrent

__all__ = ["GRU", "LSTM", "RNN", "DropIn"]


class DropIn(Recurrent):
    """What ``torch.nn``'s recurrent layers have besides their weights, under the same names.

    Parameters
    ----------
    cell : Cell
    mode : str
        PyTorch's name of it: RNN_TANH, RNN_RELU, LSTM or GRU.
    input_size, hidden_size, settings
        As for `Recurrent`.
    """

    def __init__(self, cell: Cell, mode: str, input_size: int, hidden_size: int, **settings: Any) -> None:
        super().__init__(cell, input_size, hidden_size, **settings)
        self.mode = mode
        if self.dropout > 0 and self.num_layers == 1:
            warnings.warn(
                f"dropout={self.dropout} stands between layers, and there is one: it does nothing. Take num_layers=2 "
                "or more, or leave dropout out",
                stacklevel=3,
            )

    def forward(  # type: ignore[override]
        self,
        input: Any = None,
        hx: Any = None,
        lengths: Any = None,
        *,
        need_state: bool = True,
        x: Any = None,
        state: Any = None,
    ) -> tuple[Any, Any]:
        """Walk over a batch: `Recurrent.forward`, whose ``x`` and ``state`` PyTorch calls ``input`` and ``hx``."""
        return super().forward(
            input if x is None else x, hx if state is None else state, lengths, need_state=need_state
        )

    @property
    def all_weights(self) -> list[list[nn.Parameter]]:
        """The weights of each layer and direction, in the order of their names."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    @property
    def _all_weights(self) -> list[list[str]]:
        return [[name for name in names if name is not None] for names in self._names.values()]

    @property
    def _flat_weights_names(self) -> list[str]:
        return [name for names in self._all_weights for name in names]

    @property
    def _flat_weights(self) -> list[Tensor | None]:
        return [getattr(self, name, None) for name in self._flat_weights_names]

    def flatten_parameters(self) -> None:
        """Do nothing: no kernel here needs the weights to lie in one block of memory."""


class RNN(DropIn):
    """`torch.nn.RNN`, with lengths: see `Recurrent`.

    Parameters
    ----------
    input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, device, dtype
        As for `Recurrent`.
    nonlinearity : {"tanh", "relu"}
    proj_size : 0
        Only the LSTM projects its state.

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
        *,
        proj_size: int = 0,
    ) -> None:
        _refuse_projection(proj_size)
        cells = {"tanh": CELLS["rnn"], "relu": rnn.RELU}
        if nonlinearity not in cells:
            raise ParameterError(f"nonlinearity={nonlinearity!r} is not one{closest(str(nonlinearity), cells)}")
        super().__init__(
            cells[nonlinearity],
            f"RNN_{nonlinearity.upper()}",
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


class LSTM(DropIn):
    """`torch.nn.LSTM`, with lengths: see `Recurrent`.

    Parameters
    ----------
    input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, proj_size, device, dtype
        As for `Recurrent`. With a `proj_size` PyTorch's operation walks, no kernel of our own.

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
        proj_size: int = 0,
        device: Any = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(
            lstm.PROJECTED if proj_size else lstm.CELL,
            "LSTM",
            input_size,
            hidden_size,
            num_layers=num_layers,
            bias=bias,
            batch_first=batch_first,
            dropout=dropout,
            bidirectional=bidirectional,
            proj_size=proj_size,
            device=device,
            dtype=dtype,
        )


class GRU(DropIn):
    """`torch.nn.GRU`, with lengths and with the choice of where the reset gate is applied: see `Recurrent`.

    Parameters
    ----------
    input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, device, dtype
        As for `Recurrent`.
    reset : {"after", "before"}
        "after" is PyTorch's form, with its z; "before" is Cho et al.'s (2014), with the course's z.
    proj_size : 0
        Only the LSTM projects its state.

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
        proj_size: int = 0,
    ) -> None:
        _refuse_projection(proj_size)
        cells = {"after": CELLS["gru_after"], "before": CELLS["gru"]}
        if reset not in cells:
            raise ParameterError(f"reset={reset!r} is not one{closest(str(reset), cells)}")
        super().__init__(
            cells[reset],
            "GRU",
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


def _refuse_projection(proj_size: int) -> None:
    if proj_size != 0:
        raise ParameterError(
            f"proj_size={proj_size!r}: proj_size argument is only supported for LSTM, not RNN or GRU; leave it out"
        )
