"""The arithmetic of a recurrent layer: what its ``precision`` means here, and what it runs in a race."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache, lru_cache, partial
from typing import NamedTuple

import torch
from torch import Tensor

from gyeol.kernels import native
from gyeol.kernels.autograd import run_layer
from gyeol.kernels.cells.cell import Weights
from gyeol.kernels.precision.choices import Subject, choose
from gyeol.kernels.precision.contestants import contestants

__all__ = ["PRECISIONS", "Arithmetic", "arithmetic_of", "fixed_arithmetic"]

#: What a layer may be told; ``-train`` is for training alone, as ``auto`` is: predictions are in float32 then.
PRECISIONS = ("float32", "high", "bfloat16", "auto", "high-train", "bfloat16-train")

_ELEMENTS = ("high", "bfloat16")  # that "auto" accepts besides float32
_TINY = 4_000_000  # operations, some 50 microseconds: what is gained is less than what a call costs
_TOKENS = (128, 512)  # of a race, the fewest and the most: enough that the weights' conversion weighs little ...
_WORK = 1_000_000_000  # ... and of large layers no more than this many operations
_ROWS = 256


class Arithmetic(NamedTuple):
    """The element that products are computed in, and the instruction set; "" is the one in force."""

    element: str
    instruction_set: str = ""


@cache
def _read(name: str) -> Arithmetic:
    """Read a contestant's name: ``"bfloat16@amx"``."""
    element, _, instruction_set = name.partition("@")
    return Arithmetic(element, instruction_set)


_FLOAT32 = Arithmetic("float32")


def arithmetic_of(
    precision: str, cell: str, x: Tensor, rows: int, weights: Sequence[Weights], *, training: bool
) -> Arithmetic:
    """Say how a layer multiplies.

    Parameters
    ----------
    precision : str
        One of `PRECISIONS`.
    cell : str
        A name of `native.CELLS`.
    x : Tensor, shape (N, D)
    rows : int
        B.
    weights : sequence of Weights
        One for each direction.
    training : bool
        Whether the layer is in training; in prediction ``"auto"`` is float32, whatever is faster: a saved model
        answers the same everywhere.
    """
    fixed = fixed_arithmetic(precision, cell, weights[0].w_ih.shape[0] // native.CELLS[cell].gates, training=training)
    if fixed is not None:
        return fixed
    w_ih = weights[0].w_ih
    backward = torch.is_grad_enabled() and (x.requires_grad or w_ih.requires_grad)
    shape = _class_of(cell, *x.shape, w_ih.shape[0], len(weights), rows, backward)
    if shape is None:
        return _FLOAT32
    names = contestants(cell, _ELEMENTS)
    subject = _subject(shape, torch.get_num_threads())
    return _read(choose(subject, names, partial(_calls, shape, names)))


def fixed_arithmetic(precision: str, cell: str, H: int, *, training: bool) -> Arithmetic | None:
    """Say how a layer of H units multiplies where nothing need be measured for it; None where it must.

    The normalised LSTM stays in float32: a norm over few units enlarges what a rounded factor loses. bfloat16 takes
    pairs of units.
    """
    element, _, when = precision.partition("-")
    if element == "float32" or native.CELLS[cell].norm or (not training and (when or element == "auto")):
        return _FLOAT32
    if element == "high":
        return Arithmetic(element) if native.high_available() else _FLOAT32
    if H % 2:
        return _FLOAT32
    if element == "auto":
        return None
    return Arithmetic(element) if native.bfloat16_available() else _FLOAT32


@lru_cache(1 << 14)  # a training asks at every step, of a decoder at every word
def _class_of(cell: str, N: int, D: int, R: int, directions: int, B: int, backward: bool) -> _Shape | None:
    """Sort a call into its class; None where it is too small to matter. R: rows of the weights, gates times H."""
    work = 2 * R * (D + (H := R // native.CELLS[cell].gates)) * directions
    work *= 3 if backward else 1
    if N * work < _TINY:
        return None
    return _Shape(cell, D, H, directions, *_extent(B, N / B, most=_most_tokens(work)), backward)


def _most_tokens(work: int) -> int:
    """Return how many tokens a race takes where each is so many operations: a power of two."""
    return 1 << (min(max(_WORK // work, _TOKENS[0]), _TOKENS[1]).bit_length() - 1)


def _extent(rows: int, steps: float, *, most: int = _TOKENS[1]) -> tuple[int, int]:
    """Sort a batch into its class: rows (a power of 2) and steps a row (of 4), no more than a race needs.

    Examples
    --------
    >>> _extent(100, 3.0), _extent(32, 128.0), _extent(1, 1000.0)
    ((128, 4), (32, 16), (1, 64))
    """
    B = min(_ROWS, 1 << max(0, round(math.log2(rows))))
    T = 4 ** round(math.log2(max(1.0, steps)) / 2)
    return B, max(1, min(T, most // B, 64))


class _Shape(NamedTuple):
    """A class of layers and batches: D inputs, H units."""

    cell: str
    D: int
    H: int
    directions: int
    rows: int
    steps: int
    backward: bool


@cache
def _subject(shape: _Shape, threads: int) -> Subject:
    sides = " in both directions" if shape.directions == 2 else ""
    passes = "forward and backward" if shape.backward else "forward"
    return Subject(
        f"{shape.cell} {shape.D} to {shape.H}{sides}",
        f"{shape.rows} rows of {shape.steps} steps, {passes}",
        threads,
    )


def _calls(shape: _Shape, names: tuple[str, ...]) -> dict[str, Callable[[], object]]:
    """Make a layer of this shape, and what each contestant does with it: all that a training does."""
    facts, (D, H, B, T) = native.CELLS[shape.cell], (shape.D, shape.H, shape.rows, shape.steps)
    draw = torch.Generator().manual_seed(0)

    def tensor(*sizes: int) -> Tensor:
        values = torch.rand(sizes, generator=draw, dtype=torch.float32, device="cpu").sub_(0.5)
        return values.mul_(2 / math.sqrt(H)).requires_grad_(shape.backward)

    with torch.inference_mode(False):
        x = tensor(B * T, D)
        weights = [
            Weights(
                tensor(facts.gates * H, D), tensor(facts.gates * H, H) if facts.hidden_product else None,
                tensor(facts.gates * H), tensor(facts.gates * H) if facts.hidden_product else None,
                tensor(10, H) if facts.norm else None,
            )
            for _ in range(shape.directions)
        ]  # fmt: skip
        state = tuple(torch.zeros(shape.directions, B, H, dtype=torch.float32, device="cpu") for _ in facts.states)
        gradient = torch.ones(B * T, shape.directions * H, dtype=torch.float32, device="cpu")
    lengths = torch.full((B,), T, dtype=torch.int64, device="cpu")
    wanted = [t for t in (x, *(part for w in weights for part in w)) if t is not None]

    def walk(element: str, instruction_set: str) -> None:
        with (
            torch.inference_mode(False), torch.set_grad_enabled(shape.backward), torch.autocast("cpu", enabled=False),
        ):  # fmt: skip
            y, _ = run_layer(shape.cell, x, lengths, state, weights, element=element, instruction_set=instruction_set)
            if shape.backward:
                torch.autograd.grad(y, wanted, gradient)

    return {name: partial(walk, *_read(name)) for name in names}
