"""The walk over a layer as an operator that PyTorch's compiler can put into a graph.

``torch.compile`` reasons about shapes before there are numbers: each operator therefore has a second body that only
allocates. Outside of compiled graphs nothing calls these; `gyeol.kernels.autograd` costs less there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from gyeol.kernels import native
from gyeol.kernels.autograd import Call, Saved, walk, walk_back
from gyeol.kernels.cells.cell import State, Weights

__all__ = ["walk_layer"]

_LAYER = "str cell, Tensor x, Tensor lengths, Tensor h_0, Tensor? c_0, Tensor[] weights, int parts, str element"
_SAVED = "Tensor gates, Tensor memory, Tensor extra, Tensor y"

_library = torch.library.Library("gyeol", "DEF")  # type: ignore[no-untyped-call]
_library.define(f"walk({_LAYER}, bool save) -> Tensor[]")  # type: ignore[no-untyped-call]
_library.define(  # type: ignore[no-untyped-call]
    f"walk_back({_LAYER}, {_SAVED}, Tensor dy, Tensor dh_n, Tensor dc_n) -> Tensor[]"
)


def walk_layer(
    cell: str, x: Tensor, lengths: Tensor, state: State, weights: Sequence[Weights], *, element: str
) -> tuple[Tensor, State]:
    """Run one layer of a cell over packed tokens, as `gyeol.kernels.autograd.run_layer` does, by an operator.

    Parameters
    ----------
    cell : str
        A name of `native.CELLS`, of a cell without a norm.
    x : Tensor, shape (N, D)
    lengths : Tensor, shape (B,)
    state : tuple of Tensor, each (directions, B, H)
    weights : sequence of Weights
    element : str

    Returns
    -------
    outputs : Tensor, shape (N, directions * H)
    state : tuple of Tensor, each (directions, B, H)
    """
    flat = [part for w in weights for part in w if part is not None]
    h_0, *memory = (part.contiguous() for part in state)
    c_0 = memory[0] if memory else None
    save = torch.is_grad_enabled()
    y, h_n, c_n, *_ = torch.ops.gyeol.walk(
        cell, x.contiguous(), lengths, h_0, c_0, flat, len(flat) // len(weights), element, save
    )
    return y, (h_n,) if c_0 is None else (h_n, c_n)


def _of(flat: Sequence[Tensor], parts: int) -> list[Weights]:
    return [Weights(*flat[i : i + parts]) for i in range(0, len(flat), parts)]


def _call(cell: str, lengths: Tensor, element: str, save: bool) -> Call:
    return Call(cell, lengths, False, element, save, None)


def _walk(
    cell: str, x: Tensor, lengths: Tensor, h_0: Tensor, c_0: Tensor | None, weights: Sequence[Tensor], parts: int,
    element: str, save: bool,
) -> list[Tensor]:  # fmt: skip
    call = _call(cell, lengths, element, save)
    y, h_n, c_n, saved = walk(call, x, None, h_0, c_0, _of(weights, parts))
    none = y.new_empty(0)
    gates = saved.gates if save else none
    return [y, h_n, *(none.clone() if part is None else part for part in (c_n, gates, saved.memory, saved.extra))]


def _walk_shapes(
    cell: str, x: Tensor, lengths: Tensor, h_0: Tensor, c_0: Tensor | None, weights: Sequence[Tensor], parts: int,
    element: str, save: bool,
) -> list[Tensor]:  # fmt: skip
    facts, directions, N, H = native.CELLS[cell], len(weights) // parts, x.shape[0], h_0.shape[-1]
    none = x.new_empty(0)
    return [
        x.new_empty(N, directions * H),
        torch.empty_like(h_0),
        none if c_0 is None else torch.empty_like(c_0),
        x.new_empty(directions, N, facts.gates * H) if save and facts.reads_gates else x.new_empty(0),
        x.new_empty(directions, N, H) if save and c_0 is not None else x.new_empty(0),
        x.new_empty(directions, N, facts.extra * H) if save and facts.extra else x.new_empty(0),
    ]


def _walk_back(
    cell: str, x: Tensor, lengths: Tensor, h_0: Tensor, c_0: Tensor | None, weights: Sequence[Tensor], parts: int,
    element: str, gates: Tensor, memory: Tensor, extra: Tensor, y: Tensor, dy: Tensor, dh_n: Tensor, dc_n: Tensor,
) -> list[Tensor]:  # fmt: skip
    facts = native.CELLS[cell]
    saved = Saved(gates, None if c_0 is None else memory, extra if facts.extra else None)
    upstream = (dy, dh_n, None if c_0 is None else dc_n)
    call = _call(cell, lengths, element, save=True)
    dx, _, dh_0, dc_0, *grads = walk_back(call, x, h_0, c_0, _of(weights, parts), saved, y, upstream)
    found = [dx, dh_0, y.new_empty(0) if dc_0 is None else dc_0, *(g for g in grads if g is not None)]
    return [part for part in found if part is not None]


def _walk_back_shapes(
    cell: str, x: Tensor, lengths: Tensor, h_0: Tensor, c_0: Tensor | None, weights: Sequence[Tensor], *_: Any
) -> list[Tensor]:
    return [
        torch.empty_like(x),
        torch.empty_like(h_0),
        x.new_empty(0) if c_0 is None else torch.empty_like(c_0),
        *(torch.empty_like(w) for w in weights),
    ]


def _keep(ctx: Any, inputs: tuple[Any, ...], output: list[Tensor]) -> None:
    cell, x, lengths, h_0, c_0, weights, parts, element, _ = inputs
    y, _, _, gates, memory, extra = output
    ctx.cell, ctx.parts, ctx.element = cell, parts, element
    ctx.save_for_backward(x, lengths, h_0, c_0, gates, memory, extra, y, *weights)


def _gradients(ctx: Any, upstream: Sequence[Tensor]) -> tuple[Any, ...]:
    x, lengths, h_0, c_0, gates, memory, extra, y, *weights = ctx.saved_tensors
    dy, dh_n, dc_n = (part.contiguous() for part in upstream[:3])
    dx, dh_0, dc_0, *of_weights = torch.ops.gyeol.walk_back(
        ctx.cell, x, lengths, h_0, c_0, weights, ctx.parts, ctx.element, gates, memory, extra, y, dy, dh_n, dc_n
    )
    return None, dx, None, dh_0, None if c_0 is None else dc_0, of_weights, None, None, None


for _name, _body, _shapes in (("walk", _walk, _walk_shapes), ("walk_back", _walk_back, _walk_back_shapes)):
    _library.impl(_name, _body, "CPU")  # type: ignore[no-untyped-call]
    torch.library.register_fake(f"gyeol::{_name}", _shapes, lib=_library)
torch.library.register_autograd("gyeol::walk", _gradients, setup_context=_keep, lib=_library)
