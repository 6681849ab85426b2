"""The cells that estimators, layers and the command line know by name, one line each.

A name is also that of the module in this folder whose `CELL` says everything else.
"""

from __future__ import annotations

from importlib import import_module

from gyeol.errors import ParameterError, closest
from gyeol.kernels.cells.cell import Cell

__all__ = ["CELLS", "find_cell"]

_NAMES = (
    "rnn",
    "lstm",
    "lstm_norm",
    "gru",
    "gru_after",
    "min_gru",
    "s_lstm",
)


def _cell_in(module: str) -> Cell:
    cell = import_module(f"gyeol.kernels.cells.{module}").CELL
    assert isinstance(cell, Cell)
    return cell


CELLS: dict[str, Cell] = {name: _cell_in(name) for name in _NAMES}


def find_cell(cell: str | Cell | type[Cell]) -> Cell:
    """Return the cell of that name, or that a class describes; a `Cell` is returned as it is.

    Raises
    ------
    ParameterError
        No cell has that name, or the class is not one of a cell.

    Examples
    --------
    >>> find_cell("lstm").gates
    4
    """
    if isinstance(cell, Cell):
        return cell
    if isinstance(cell, type) and issubclass(cell, Cell):
        return cell.as_cell()
    if not isinstance(cell, str) or cell not in CELLS:
        raise ParameterError(f"cell={cell!r:.60} is not a cell{closest(str(cell), CELLS)}")
    return CELLS[cell]
