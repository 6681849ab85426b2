"""What a recurrent layer refuses: settings, inputs, lengths and states that do not fit, each in one line.

The errors are also of the classes that ``torch.nn``'s layers raise in the same places, and where PyTorch's sentence is
one that programs look for, the line contains it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from gyeol.errors import DataError, ParameterError, SettingTypeError, ShapeError
from gyeol.kernels.cells.cell import State

__all__ = [
    "check_flags",
    "check_input",
    "check_lengths",
    "check_packed",
    "check_probability",
    "check_projection",
    "check_row_state",
    "check_sizes",
    "check_state",
]


def check_sizes(sizes: Mapping[str, Any]) -> None:
    """Refuse a size that is not a whole number of 1 or more.

    Raises
    ------
    ParameterError
        Names the setting.
    """
    for name, value in sizes.items():
        expected = f"{name}={value!r}: expected a whole number of 1 or more"
        if not isinstance(value, int) or isinstance(value, bool):
            raise SettingTypeError(f"{expected}; {name} should be of type int, got: {type(value).__name__}")
        if value < 1:
            raise ParameterError(f"{expected}; {name} must be greater than zero")


def check_flags(flags: Mapping[str, Any]) -> None:
    """Refuse what is neither True nor False.

    Raises
    ------
    SettingTypeError
        Names the setting.
    """
    for name, value in flags.items():
        if not isinstance(value, bool):
            raise SettingTypeError(f"{name}={value!r}: {name} should be of type bool, got: {type(value).__name__}")


def check_probability(name: str, value: Any) -> None:
    """Refuse what is no probability.

    Raises
    ------
    ParameterError
        Names the setting.
    """
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value <= 1:
        raise ParameterError(f"{name}={value!r}: expected a probability from 0 to 1; {name} should be a number")


def check_projection(proj_size: Any, hidden_size: int) -> None:
    """Refuse a size of the projected state that is not from 0 (none) to hidden_size - 1.

    Raises
    ------
    ParameterError
        Says what is possible.
    """
    expected = f"proj_size={proj_size!r}: expected a whole number from 0, for none, to {hidden_size - 1}"
    if not isinstance(proj_size, int) or isinstance(proj_size, bool):
        raise SettingTypeError(f"{expected}; proj_size should be of type int, got: {type(proj_size).__name__}")
    if proj_size < 0:
        raise ParameterError(f"{expected}; proj_size should be a positive integer or zero to disable projections")
    if proj_size >= hidden_size:
        raise ParameterError(f"{expected}; proj_size has to be smaller than hidden_size")


def check_input(x: Tensor, B: int, T: int, *, input_size: int, weight: Tensor) -> None:
    """Refuse an input whose layout, device, features, steps or type do not fit the weights.

    Parameters
    ----------
    x : Tensor, shape (..., D)
    B, T : int
        Its rows and steps.
    input_size : int
    weight : Tensor
        Any of the layer's, for its device and type.

    Raises
    ------
    DataError
        Says what came and what was expected.
    """
    if x.layout != torch.strided:
        raise DataError(f"the input is {x.layout}, expected a dense tensor: convert it with x.to_dense()")
    if x.device != weight.device:
        home = weight.device
        raise ShapeError(
            f"the input is on {x.device}, expected the weights' device {home}: x.to('{home}'). "
            "Input and parameter tensors are not at the same device"
        )
    if input_size != x.shape[-1]:
        raise ShapeError(f"the input has {x.shape[-1]} features a step, expected input_size={input_size}")
    if T == 0:
        raise ShapeError(f"the batch is empty: {B} rows of 0 steps, expected 1 or more steps")
    expected = weight.dtype
    if x.dtype != expected and not _casts(x):
        raise DataError(
            f"the input is {x.dtype}, expected the weights' {expected}: RNN input dtype ({x.dtype}) does not match "
            f"weight dtype ({expected}). Convert input: input.to({expected}), or convert model: model.to({x.dtype})"
        )


def check_packed(x: PackedSequence) -> None:
    """Refuse a PackedSequence whose data or batch_sizes cannot be.

    Raises
    ------
    ShapeError
        Says what came.
    """
    if x.data.dim() != 2:
        raise ShapeError(f"the packed data have shape {tuple(x.data.shape)}, expected (all steps, D)")
    sizes = x.batch_sizes
    if bool((sizes[1:] > sizes[:-1]).any()) or int(sizes[-1]) < 1 or int(sizes.sum()) != len(x.data):
        came = f"{sizes.tolist()[:8]} for {len(x.data)} steps"
        raise ShapeError(
            f"the packed batch_sizes are {came}, expected numbers that never rise and sum to {len(x.data)}"
        )


def check_lengths(lengths: Any, B: int, T: int, *, device: torch.device) -> Tensor:
    """Return the rows' lengths (B,) as int64 on the device.

    Parameters
    ----------
    lengths : Tensor or sequence of int
    B, T : int
        Rows and steps of the batch.
    device : torch.device

    Raises
    ------
    DataError
        They are no whole numbers from 1 to T, one a row.
    """
    try:
        rows = torch.as_tensor(lengths)
    except (OverflowError, RuntimeError, TypeError, ValueError):
        raise DataError(f"lengths came as {lengths!s:.60}, expected whole numbers, one a row") from None
    if rows.device.type == "meta":
        raise DataError(f"lengths are on the device meta, expected cpu or {device}: numbers that can be read")
    if rows.dtype.is_floating_point or rows.dtype.is_complex or rows.dtype == torch.bool:
        raise DataError(f"lengths are {rows.dtype}, expected whole numbers")
    if rows.shape != (B,):
        raise DataError(f"lengths have shape {tuple(rows.shape)}, expected one for each of the {B} rows")
    wrong = (rows < 1) | (rows > T)
    if wrong.any():
        row = int(wrong.nonzero()[0])
        raise DataError(f"the length of row {row} is {int(rows[row])}, expected 1..{T}, the steps of the batch")
    return rows.to(device=device, dtype=torch.int64)


def check_state(state: Any, x: Tensor, names: Sequence[str], shapes: Sequence[tuple[int, ...]]) -> State:
    """Return the state before the first step as a tuple of its parts, zeros if None came.

    Parameters
    ----------
    state
        A tensor, a tuple or list of such, or None.
    x : Tensor
        The input, for its type and device.
    names : sequence of str
        The parts that the cell's state has.
    shapes : sequence of tuple of int
        Theirs: (num_layers * directions, B, H).

    Raises
    ------
    ShapeError
        Names the part that does not fit.
    """
    if state is None:
        return tuple(x.new_zeros(shape) for shape in shapes)
    parts = tuple(state) if isinstance(state, (tuple, list)) else (state,)
    if len(parts) != len(names) or not all(isinstance(part, Tensor) for part in parts):
        count = {2: "two", 3: "three", 4: "four"}.get(len(names), str(len(names)))
        listed = f"{', '.join(names[:-1])} and {names[-1]}"
        expected = f"a tuple of {count} tensors, {listed}" if len(names) > 1 else "one tensor, h"
        kinds = " and ".join(sorted({type(part).__name__ for part in parts})) or "nothing"
        raise ShapeError(f"the state came as {len(parts)} of {kinds}, expected {expected}")
    for name, part, shape in zip(names, parts, shapes, strict=True):
        if part.shape != shape:
            raise ShapeError(f"the state's {name} has shape {tuple(part.shape)}, expected {shape}")
        if part.dtype != x.dtype and not _casts(part):
            raise ShapeError(f"the state's {name} is {part.dtype}, expected the input's {x.dtype}")
        if part.device != x.device:
            raise ShapeError(
                f"the state's {name} is on {part.device}, expected the input's device {x.device}. "
                "Input and hidden tensors are not at the same device"
            )
    return parts


def check_row_state(state: Any, x: Tensor, names: Sequence[str]) -> tuple[Any, ...]:
    """Return the parts of the state of one row x (T, D) that comes without a batch.

    Raises
    ------
    ShapeError
        A part has not the 2 dimensions of such a row's.
    """
    parts = tuple(state) if isinstance(state, (tuple, list)) else () if state is None else (state,)
    for name, part in zip(names, parts, strict=False):
        if isinstance(part, Tensor) and part.dim() != 2:
            raise ShapeError(
                f"the input came as shape {tuple(x.shape)}, one row without a batch, and the state's {name} as "
                f"{tuple(part.shape)}: expected 2 dimensions of it, or an input of 3, (T, B, D) or (B, T, D)"
            )
    return parts


def _casts(x: Tensor) -> bool:
    """Whether autocast makes a floating-point type of any other at the moment."""
    return x.dtype.is_floating_point and x.device.type != "meta" and torch.is_autocast_enabled(x.device.type)
