"""The Python side of the native kernels: load them if they were built, and call them with tensors."""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import torch  # before _native: the kernels run on the OpenMP runtime that torch has loaded (see CMakeLists.txt)
from torch import Tensor
from torch.utils.dlpack import to_dlpack  # type: ignore[attr-defined]

from gyeol.errors import ParameterError
from gyeol.kernels.cells.cell import Weights

__all__ = [
    "CELLS",
    "NativeCell",
    "additive_backward",
    "additive_forward",
    "attend",
    "backward",
    "bfloat16_available",
    "call",
    "capsule",
    "choose_token",
    "cosines",
    "decoder_step",
    "describe",
    "elements_of",
    "forward",
    "high_available",
    "in_force",
    "instruction_sets",
    "int8_available",
    "library",
    "linear",
    "native_available",
    "no_tiles",
    "packed_layer",
    "pool_backward",
    "pool_forward",
    "quantise",
    "stepper",
    "steps_in",
    "sum_of",
    "token_reader",
    "use_instruction_set",
]

#: The environment variable that names the instruction set to use; ``python`` stands for the reference implementation.
_VARIABLE = "GYEOL_ISA"

_native: Any
_requested = os.environ.get(_VARIABLE, "").strip().lower()
try:
    _native, _reason = importlib.import_module("gyeol.kernels._native"), ""
except ModuleNotFoundError:
    _native, _reason = None, "no compiler at install"
except ImportError as error:  # built, but not for this machine or not with this torch
    _native, _reason = None, f"the native kernels do not load: {error}"
if _requested == "python":
    _native, _reason = None, f"{_VARIABLE}=python"

_NAMES = {
    "amx": "AMX tiles",
    "avx512bf16": "AVX-512 with bfloat16",
    "avx512vnni": "AVX-512 with VNNI",
    "avx512": "AVX-512",
    "avx2": "AVX2",
    "portable": "portable",
    "amx-emulated": "AMX tiles, emulated",
}


class NativeCell(NamedTuple):
    """What the library says of a cell that has kernels (cpp/layer.hpp); H units, blocks of H numbers a token.

    Attributes
    ----------
    name : str
    gates : int
    states : tuple of str
        The parts of its state.
    hidden_product : bool
    norm : bool
        Its weights have a `norm`, and PyTorch computes its projection.
    steps : bool
        It has a `stepper`.
    extra : int
        Blocks saved for the way back besides gates and memory.
    reads_gates : bool
        The way back reads the gates.
    gradient_blocks : int
        Blocks of the gradient ``da``.
    input_blocks, hidden_blocks : tuple of (int, int, int)
        (block, gate, count): so many blocks of ``da`` from that one on are the gradient by W x + b_ih, and by
        U h + b_hh, of so many gates from that one on.
    separate_hidden_bias : int or None
        The gate whose hidden bias is not added to its input bias, since a gate multiplies U h + b_hh.
    elements : tuple of str
        What its weights may be multiplied in by the instruction set of start-up: float32, bfloat16, high (float32 as
        the sum of two bfloat16), int8.
    step_elements : tuple of str, of its `stepper`
    """

    name: str
    gates: int
    states: tuple[str, ...]
    hidden_product: bool
    norm: bool
    steps: bool
    extra: int
    reads_gates: bool
    gradient_blocks: int
    input_blocks: tuple[tuple[int, int, int], ...]
    hidden_blocks: tuple[tuple[int, int, int], ...]
    separate_hidden_bias: int | None
    elements: tuple[str, ...]
    step_elements: tuple[str, ...]


def native_available() -> bool:
    """Whether the kernels in C++ were built and load.

    Examples
    --------
    >>> native_available() == describe().startswith("native")
    True
    """
    return _native is not None


def describe() -> str:
    """Say in a few words which kernels serve: ``"native, AVX-512"`` or ``"python (no compiler at install)"``."""
    if _native is None:
        return f"python ({_reason})"
    return f"native, {_NAMES[_chosen]}"


def instruction_sets() -> list[str]:
    """List what this processor can run, best first, then the emulation of tiles; empty where nothing was built."""
    return [] if _native is None else list(_native.instruction_sets())


def no_tiles() -> str:
    """Say why ``amx`` is not among the `instruction_sets`; empty where it is, and where nothing was built."""
    return "" if _native is None else str(_native.no_tiles())


def _first_choice() -> str:
    """Take the instruction set that the environment names, or the best."""
    known = instruction_sets()
    if _requested in ("", "python", *known):
        return _requested if _requested in known else next(iter(known), "")
    listed = ", ".join([*known, "python"])
    raise ParameterError(f"{_VARIABLE}={_requested:.40}: this installation has {listed} here; unset it for the fastest")


_chosen = _first_choice()
_fixed = [_requested in instruction_sets()]  # whether the environment or a call has named it

#: What the library says of the cells that have kernels; the same for every instruction set, but for the elements.
CELLS = {} if _native is None else {facts["name"]: NativeCell(**facts) for facts in _native.cells(_chosen)}


def use_instruction_set(name: str | None = None) -> str:
    """Choose one of `instruction_sets` for all that follows; returns the one before.

    The environment variable ``GYEOL_ISA`` chooses at start-up; there ``python`` means the reference implementation.

    Parameters
    ----------
    name : str, optional
        By default what was chosen at start-up: the best, or what ``GYEOL_ISA`` names.

    Raises
    ------
    ValueError
        This processor does not have it, or nothing native was built.
    """
    global _chosen
    known = instruction_sets()
    if name is not None and name not in known:
        raise ValueError(f"this processor has no instruction set {name!r}; it has {', '.join(known) or 'none'}")
    before, _chosen = _chosen, name or _first_choice()
    _fixed[:] = [_requested in known or name not in (None, _first_choice())]
    return before


def library() -> Any:
    """Return the native module; None where it was not built or is not to serve."""
    return _native


def call(kernel: str, *arguments: Any, threaded: bool = True) -> Any:
    """Call a native function, with threads and instruction set if it has them; tensors, also in lists, are capsules."""
    last = (torch.get_num_threads(), _chosen) if threaded else ()
    return getattr(_native, kernel)(*map(_handed, arguments), *last)


def _handed(argument: Any) -> Any:
    if isinstance(argument, Tensor):
        return capsule(argument)
    return [_handed(one) for one in argument] if isinstance(argument, (list, tuple)) else argument


def in_force() -> tuple[str, bool]:
    """Return the instruction set in force, and whether it was named: then no other may serve."""
    return _chosen, _fixed[0]


def bfloat16_available() -> bool:
    """Whether bfloat16 is multiplied: by tiles or by AVX512-BF16."""
    return _multiplies("bfloat16")


def high_available() -> bool:
    """Whether float32 is multiplied as three products of bfloat16."""
    return _multiplies("high")


def int8_available() -> bool:
    """Whether int8 may be multiplied: wherever the kernels were built."""
    return _multiplies("int8")


@cache
def elements_of(instruction_set: str) -> dict[str, tuple[str, ...]]:
    """List what the cells' weights may be multiplied in by an instruction set, by the cells' names."""
    return {cell["name"]: tuple(cell["elements"]) for cell in _native.cells(instruction_set)}


def steps_in(element: str) -> bool:
    """Whether a `stepper` may keep its weights in `element` here."""
    return _native is not None and any(element in cell["step_elements"] for cell in _native.cells(_chosen))


def _multiplies(element: str) -> bool:
    return _native is not None and any(element in elements for elements in elements_of(_chosen).values())


def forward(
    cell: str, element: str, lengths: Tensor, reverse: bool, x: Tensor | None, gates: Tensor,
    weights: Sequence[Weights], bias_in: Tensor | None, bias: Tensor | None, norm: Tensor | None, h_0: Tensor,
    c_0: Tensor | None, y: Tensor, memory: Tensor | None, extra: Tensor | None, h_n: Tensor, c_n: Tensor | None,
    instruction_set: str = "",
) -> None:  # fmt: skip
    """Walk a layer over x (N, D), or the projection in `gates`; shapes, inputs and outputs: ``cpp/scan.hpp``.

    `element` is what the products are computed in: float32, bfloat16 or high. No instruction set: the one in force.

    Raises
    ------
    ValueError, TypeError
        A shape, a length or a type does not fit; nothing was computed.
    """
    _native.forward(
        cell, element, capsule(lengths), reverse, capsule(x), capsule(gates), [_whole(w.w_hh) for w in weights],
        [_whole(w.w_ih) for w in weights if x is not None], capsule(bias_in), capsule(bias), capsule(norm), _whole(h_0),
        _whole(c_0), *map(capsule, (y, memory, extra, h_n, c_n)), torch.get_num_threads(), instruction_set or _chosen,
    )  # fmt: skip


def backward(
    cell: str, element: str, lengths: Tensor, reverse: bool, x: Tensor | None, gates: Tensor,
    weights: Sequence[Weights], norm: Tensor | None, h_0: Tensor, c_0: Tensor | None, y: Tensor,
    memory: Tensor | None, extra: Tensor | None, dy: Tensor, dh_n: Tensor, dc_n: Tensor | None, dx: Tensor | None,
    d_ih: Sequence[Tensor], d_hh: Sequence[Tensor], da: Tensor | None, dgates: Tensor | None, dnorm: Tensor | None,
    dh_0: Tensor, dc_0: Tensor | None, instruction_set: str = "",
) -> None:  # fmt: skip
    """Walk back over a layer, writing all gradients; `da` is the sum over tokens of the gates'. See `forward`."""
    _native.backward(
        cell, element, capsule(lengths), reverse, capsule(x), capsule(gates), [_whole(w.w_hh) for w in weights],
        [_whole(w.w_ih) for w in weights if x is not None], capsule(norm), _whole(h_0), _whole(c_0), capsule(y),
        *map(_handed, (memory, extra, dy, dh_n, dc_n, dx, d_ih, d_hh, da, dgates, dnorm, dh_0, dc_0)),
        torch.get_num_threads(), instruction_set or _chosen,
    )  # fmt: skip


def capsule(x: Tensor | None) -> Any:
    """Return a tensor as the kernels get it fastest; without it nanobind calls PyTorch's Python, microseconds each."""
    return None if x is None else to_dlpack(x.detach())


def _whole(x: Tensor | None) -> Any:
    return None if x is None else to_dlpack(x.detach().contiguous())


def pool_forward(
    x: Tensor, lengths: Tensor, weights: Tensor | None, mean: bool, most: bool, out: Tensor, at: Tensor | None
) -> None:
    """Pool packed tokens; shapes, and inputs and outputs are in ``cpp/pool.hpp``."""
    call("pool_forward", x, lengths, weights, mean, most, out, at)


def pool_backward(
    x: Tensor, lengths: Tensor, weights: Tensor | None, mean: bool, most: bool, dout: Tensor, at: Tensor | None,
    dx: Tensor, dweights: Tensor | None,
) -> None:  # fmt: skip
    """Pool back; see `pool_forward`."""
    call("pool_backward", x, lengths, weights, mean, most, dout, at, dx, dweights)


def additive_forward(q: Tensor, k: Tensor, v: Tensor, lengths: Tensor, scores: Tensor) -> None:
    """Score queries with keys; shapes, and outputs, are in ``cpp/additive.hpp``."""
    call("additive_forward", q, k, v, lengths, scores)


def additive_backward(
    q: Tensor, k: Tensor, v: Tensor, lengths: Tensor, dscores: Tensor, dq: Tensor, dk: Tensor, dv: Tensor
) -> None:
    """Write the gradients of queries, keys and vector; see `additive_forward`."""
    call("additive_backward", q, k, v, lengths, dscores, dq, dk, dv)


def stepper(cell: str, element: str, weights: Sequence[Weights], rows: int, threads: int | None = None) -> Any:
    """Create layers that take one step at a time (``cpp/step.hpp``), for `rows` rows; the weights are copied.

    `element` is how they are stored: float32, bfloat16 or int8. `threads` share a step: by default as many, up to
    PyTorch's number, as a trial at construction finds fastest (-1: for one row). The bits are the same.
    """
    return _native.Stepper(cell, element, *_matrices(weights), rows, threads or 0, torch.get_num_threads(), _chosen)


def _matrices(weights: Sequence[Weights]) -> tuple[list[Any], list[Any]]:
    matrices = [[_whole(w.w_ih), _whole(w.w_hh)] for w in weights]
    return matrices, [[b.detach().contiguous() for b in (w.b_ih, w.b_hh) if b is not None] for w in weights]


def sum_of(x: Any, threads: int) -> float:
    """Add up the numbers of `x` (N,), N a multiple of 64, read once by `threads`: the floor of a step's time."""
    return float(_native.sum_of(x, threads))


def linear(weight: Tensor, bias: Tensor | None, element: str) -> Any:
    """Create a linear layer of packed weights (``cpp/rows/linear_layer.hpp``); both are copied.

    Its ``multiply(x, y, threads)`` writes y (R, V) of x (R, D), arrays of float32.
    """
    return _native.Linear(_whole(weight), _whole(bias), element, _chosen)


def packed_layer(cell: str, element: str, weights: Sequence[Weights]) -> Any:
    """Create a layer of one or two directions whose weights are packed once (``cpp/rows/packed_layer.hpp``).

    Its ``walk(lengths, x, h_0, c_0, y, h_n, c_n, threads)`` takes what `forward` takes, without a way back.
    """
    return _native.PackedLayer(cell, element, *_matrices(weights), _chosen)


def attend(q: Any, k: Any, x: Any, v: Any, scale: float, lengths: Any, weights: Any, context: Any) -> None:
    """Write attention's weights and contexts; shapes are in ``cpp/rows/attend.hpp``."""
    _native.attend(q, k, x, v, scale, lengths, weights, context, _chosen)


def token_reader(embedding: Any, steppers: Sequence[Any], softmax: Any) -> Any:
    """Create a chain of table (V, E), `stepper` of one row each, and `linear`: tokens to scores of the next one.

    Its ``feed(tokens, anew, scores, threads)`` reads tokens (N,), the layers forgetting everything before the token
    `anew` (-1: never), and writes the scores (V,) after the last.
    """
    return _native.TokenReader(embedding, list(steppers), softmax)


def decoder_step(
    words: Any, steppers: Sequence[Any], query: Any, vector: Any, scale: float, combine: Any, softmax: Any
) -> Any:
    """Create a decoder's step from a table (V, E), `stepper`s of one layer each and `linear`s.

    Its ``take``, with shapes, inputs and outputs, is in ``cpp/rows/decoder_step.hpp``.
    """
    return _native.DecoderStep(words, list(steppers), query, vector, scale, combine, softmax, _chosen)


def choose_token(
    scores: Any, chance: float, repeated: Any, penalty: float, never: Any, *, temperature: float = 1.0,
    top_k: int | None = None, top_p: float | None = None,
) -> int:  # fmt: skip
    """Draw a token by its score (V,), float32, with a number from 0 to 1; see `gyeol.engine.choose_token`.

    Raises
    ------
    ValueError
        A score is NaN, a setting or a token cannot be.
    """
    return int(_native.choose_token(scores, chance, temperature, top_k, top_p, repeated, penalty, never, _chosen))


def quantise(x: Any, codes: Any, factors: Any) -> None:
    """Write the rows of `x` (N, D) as codes (N * D + 64, int8) and factors (N,): ``cpp/nearest.hpp``."""
    call("quantise", x, codes, factors)


def cosines(codes: Any, factors: Any, q: Any, out: Any) -> None:
    """Write the cosines (N,) of `q` (D,), of length 1, with all rows, nearly."""
    call("cosines", codes, factors, q, out)
