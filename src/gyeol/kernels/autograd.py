"""Recurrent layers with gradients: the native walks under PyTorch's autograd.

Tokens lie by time without padding, the rows ranked by length (`gyeol.kernels.packing`). Shapes: N tokens, B rows,
D inputs, H units, G gates, one or two directions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from gyeol.errors import ParameterError
from gyeol.kernels import native, reference
from gyeol.kernels.cells.cell import State, Step, Weights, project
from gyeol.kernels.second_order import differentiable_gradients, padded_by_time

__all__ = ["Call", "Saved", "run_layer", "walk", "walk_back"]

_PARTS = Weights._fields.index("norm") + 1  # no kernel projects its state


class Call(NamedTuple):
    """What a layer is run with besides tensors that have gradients."""

    cell: str
    lengths: Tensor
    reverse: bool
    element: str
    save: bool  # for the way back
    step: Step | None  # the reference implementation, for second derivatives
    instruction_set: str = ""

    @property
    def facts(self) -> native.NativeCell:
        """What the library says of the cell."""
        return native.CELLS[self.cell]


def run_layer(
    cell: str,
    x: Tensor,
    lengths: Tensor,
    state: State,
    weights: Sequence[Weights],
    *,
    reverse: bool = False,
    element: str = "float32",
    instruction_set: str = "",
    step: Step | None = None,
) -> tuple[Tensor, State]:
    """Run one layer of a cell over packed tokens, in one or two directions, differentiably.

    Where a gradient is itself to be differentiated (``create_graph=True``), the backward pass runs the reference
    implementation, whose derivatives of any order PyTorch knows.

    Parameters
    ----------
    cell : str
        A name of `native.CELLS`.
    x : Tensor, shape (N, D)
        float32, by time, the rows ranked by length.
    lengths : Tensor, shape (B,)
        int64, on the CPU, never rising.
    state : tuple of Tensor, each (directions, B, H)
        By rank; the parts that `native.CELLS` names.
    weights : sequence of Weights
        One or two; the second walks from each row's last token to its first.
    reverse : bool
        The only direction walks so.
    element : {"float32", "bfloat16", "high"}
        What products are computed in, with sums, gates and memory in float32; "high" is float32 to some 1e-5, by three
        products of bfloat16 numbers.
    instruction_set : str, optional
        By default that of `native.use_instruction_set`.
    step : callable, optional
        The cell's step, of which second derivatives are taken; without it they are refused.

    Returns
    -------
    outputs : Tensor, shape (N, directions * H)
    state : tuple of Tensor, each (directions, B, H)
        After each row's own last step.
    """
    projected = None
    if weights[0].norm is not None:
        with torch.autocast("cpu", enabled=False):
            projected = torch.stack([project(x, w) for w in weights])
    parts = [t for w in weights for t in w[:_PARTS]]
    save = torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in (x, *state, *parts))
    call = Call(cell, lengths, reverse, element, save, step, instruction_set)
    h_0, *memory = (part.contiguous() for part in state)  # tensors allocated like them must be, too
    c_0 = memory[0] if memory else None
    y, h_n, c_n = _Layer.apply(call, x, projected, h_0, c_0, *parts)  # type: ignore[no-untyped-call]
    return y, (h_n,) if c_0 is None else (h_n, c_n)


class _Layer(torch.autograd.Function):
    """A layer of x or, where the projection is already computed (`projected`, (directions, N, G*H)), of that."""

    @staticmethod
    def forward(
        ctx: Any,
        call: Call,
        x: Tensor,
        projected: Tensor | None,
        h_0: Tensor,
        c_0: Tensor | None,
        *parts: Tensor | None,
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        y, h_n, c_n, saved = walk(call, x, projected, h_0, c_0, _grouped(parts))
        if call.save:
            ctx.call, ctx.projected = call, projected is not None
            ctx.save_for_backward(x if projected is None else None, h_0, c_0, *saved, y, *parts)
        return y, h_n, c_n

    @staticmethod
    def backward(ctx: Any, dy: Tensor, dh_n: Tensor, dc_n: Tensor | None) -> tuple[Tensor | None, ...]:
        if torch.is_grad_enabled():
            return _differentiable_backward(ctx, dy, dh_n, dc_n)
        x, h_0, c_0, gates, memory, extra, y, *parts = ctx.saved_tensors
        needed = ctx.needs_input_grad
        return None, *walk_back(
            ctx.call, x, h_0, c_0, _grouped(parts), Saved(gates, memory, extra), y, (dy, dh_n, dc_n),
            projected=ctx.projected, of_input=needed[1], of_weights=any(needed[5:]),
        )  # fmt: skip


class Saved(NamedTuple):
    """What the way there leaves for the way back: gates, memory and what else the cell keeps (cpp/scan.hpp)."""

    gates: Tensor
    memory: Tensor | None
    extra: Tensor | None


def walk(
    call: Call, x: Tensor, projected: Tensor | None, h_0: Tensor, c_0: Tensor | None, weights: Sequence[Weights]
) -> tuple[Tensor, Tensor, Tensor | None, Saved]:
    """Run the kernel over packed tokens: outputs, final states, and what the way back needs."""
    directions, N, H = len(weights), len(x), h_0.shape[-1]
    facts, has_bias = call.facts, weights[0].b_hh is not None
    gates = _gates(facts.gates, x, projected, weights, H)
    bias_in = _input_biases(facts, weights, H) if projected is None and has_bias else None
    inputs = None if projected is not None else x.contiguous()
    y = h_0.new_empty(N, directions * H)
    memory = gates.new_empty(directions, N, H) if call.save and c_0 is not None else None
    extra = gates.new_empty(directions, N, facts.extra * H) if call.save and facts.extra else None
    h_n, c_n = torch.empty_like(h_0), None if c_0 is None else torch.empty_like(c_0)
    separate = facts.separate_hidden_bias
    bias = _stacked(weights, "b_hh")[:, _rows(separate, H)] if has_bias and separate is not None else None
    norm = None if projected is None else _stacked(weights, "norm")
    native.forward(
        call.cell, call.element, call.lengths, call.reverse, inputs, gates, weights, bias_in,
        None if bias is None else bias.contiguous(), norm, h_0, c_0, y,
        memory, extra, h_n, c_n, call.instruction_set,
    )  # fmt: skip
    return y, h_n, c_n, Saved(gates if facts.reads_gates or not call.save else gates.new_empty(0), memory, extra)


def walk_back(
    call: Call,
    x: Tensor | None,
    h_0: Tensor,
    c_0: Tensor | None,
    weights: Sequence[Weights],
    saved: Saved,
    y: Tensor,
    upstream: tuple[Tensor, Tensor, Tensor | None],
    *,
    projected: bool = False,
    of_input: bool = True,
    of_weights: bool = True,
) -> list[Tensor | None]:
    """Run the kernel's way back: the gradients by x, by the projection, by h_0 and c_0, and by each weight."""
    dy, dh_n, dc_n = upstream
    gates, memory, extra = saved
    if x is not None:
        x = x.contiguous()
    facts, directions, N, H = call.facts, len(weights), len(y), h_0.shape[-1]
    if not facts.reads_gates:
        gates = y.new_empty(directions, N, facts.gates * H)
    norm, dgates, dnorm = None, None, None
    if projected:
        norm, dgates, dnorm = _stacked(weights, "norm"), torch.empty_like(gates), y.new_empty(directions, N, H)
    dx = y.new_empty(directions, *x.shape) if of_input and x is not None else None
    d_ih = [y.new_empty(w.w_ih.shape) for w in weights if of_weights and not projected]
    d_hh = [y.new_empty(w.w_hh.shape) for w in weights if of_weights and w.w_hh is not None]
    da = y.new_empty(directions, facts.gradient_blocks * H) if of_weights else None
    dh_0, dc_0 = torch.empty_like(h_0), None if c_0 is None else torch.empty_like(c_0)
    native.backward(
        call.cell, call.element, call.lengths, call.reverse, x, gates, weights, norm, h_0, c_0, y, memory, extra,
        dy.contiguous(), dh_n.contiguous(), None if dc_n is None or c_0 is None else dc_n.contiguous(), dx,
        d_ih, d_hh, da, dgates, dnorm, dh_0, dc_0, call.instruction_set,
    )  # fmt: skip
    grads: list[Tensor | None] = []
    for d, w in enumerate(weights):
        if da is None:
            grads += [None] * _PARTS
        elif dgates is not None and dnorm is not None and extra is not None and memory is not None:
            by_bias, by_norm = _norm_gradients(dgates[d], dnorm[d], extra[d], memory[d], w)
            grads += [None, d_hh[d], None, by_bias, by_norm]
        else:
            grads += [d_ih[d], d_hh[d], *_bias_gradients(facts, da[d], w, H), None]
    total = None if dx is None else dx[0] if directions == 1 else dx[0].add_(dx[1])
    return [total, dgates, dh_0, dc_0, *grads]


def _differentiable_backward(ctx: Any, dy: Tensor, dh_n: Tensor, dc_n: Tensor | None) -> tuple[Tensor | None, ...]:
    """Compute the gradients as functions of the inputs, with the reference implementation in place of the kernel."""
    call: Call = ctx.call
    x, h_0, c_0, _, _, _, _, *parts = ctx.saved_tensors
    step = call.step
    if step is None or x is None:
        raise ParameterError(
            f"second derivatives of {call.cell} are not available from its native kernel: "
            "take float64, or set GYEOL_ISA=python"
        )
    return None, *differentiable_gradients(
        lambda x, _, h_0, c_0, *parts: _walk_packed(step, call, x, h_0, c_0, _grouped(parts)),
        [x, None, h_0, c_0, *parts],
        ctx.needs_input_grad[1:],
        [dy, dh_n, dc_n],
    )


def _walk_packed(
    step: Step, call: Call, x: Tensor, h_0: Tensor, c_0: Tensor | None, weights: Sequence[Weights]
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Run the reference implementation over packed tokens: outputs (N, directions * H), final states."""
    padded, at = padded_by_time(x, call.lengths)
    outputs, states = [], []
    for d, w in enumerate(weights):
        first = (h_0[d],) if c_0 is None else (h_0[d], c_0[d])
        reverse = call.reverse if len(weights) == 1 else d == 1
        y, state = reference.walk(step, padded, call.lengths, first, w, reverse=reverse)
        outputs.append(y.flatten(0, 1)[at])
        states.append(state)
    h_n, *c_n = (torch.stack(part) for part in zip(*states, strict=True))
    return torch.cat(outputs, 1), h_n, c_n[0] if c_n else None


def _bias_gradients(facts: native.NativeCell, da: Tensor, w: Weights, H: int) -> tuple[Tensor | None, Tensor | None]:
    """Sort the sums (R*H) of the gradients' blocks into those by b_ih and by b_hh."""
    if w.b_ih is None:
        return None, None
    if facts.separate_hidden_bias is None:  # all biases are added to W x
        return da, da.clone()
    by_input, by_hidden = torch.empty_like(w.b_ih), torch.empty_like(w.b_ih)
    for grad, blocks in ((by_input, facts.input_blocks), (by_hidden, facts.hidden_blocks)):
        for block, gate, count in blocks:
            grad[_rows(gate, H, count)] = da[_rows(block, H, count)]
    return by_input, by_hidden


def _rows(block: int, H: int, count: int = 1) -> slice:
    return slice(block * H, (block + count) * H)


def _norm_gradients(da: Tensor, dn: Tensor, sums: Tensor, memory: Tensor, w: Weights) -> tuple[Tensor | None, Tensor]:
    """Sum over all tokens for the normalised LSTM: by b_hh and `norm`. PyTorch has its projection's gradients."""
    H = memory.shape[1]
    normal, normal_c = (torch.nn.functional.layer_norm(t, t.shape[1:]) for t in (sums, memory))
    gain = (da * normal).sum(0).view(4, H)
    dnorm = torch.cat([torch.zeros_like(gain), gain, (dn * normal_c).sum(0, keepdim=True), dn.sum(0, keepdim=True)])
    return None if w.b_hh is None else da.sum(0), dnorm


def _gates(count: int, x: Tensor, projected: Tensor | None, weights: Sequence[Weights], H: int) -> Tensor:
    """Allocate the gates (directions, N, G*H), or return the projection itself where it is already computed."""
    if projected is None:
        return x.new_empty(len(weights), len(x), count * H)
    return projected.clone() if weights[0].b_hh is None else projected + _stacked(weights, "b_hh").unsqueeze(1)


def _grouped(parts: Sequence[Tensor | None]) -> list[Weights]:
    return [Weights(*parts[i : i + _PARTS]) for i in range(0, len(parts), _PARTS)]  # type: ignore[arg-type]


def _stacked(weights: Sequence[Weights], name: str) -> Tensor:
    return torch.stack([getattr(w, name).detach() for w in weights])


def _input_biases(facts: native.NativeCell, weights: Sequence[Weights], H: int) -> Tensor:
    """Return what is added to W x: both biases, but for a hidden bias that is separate."""
    if len(weights) == 1 and facts.separate_hidden_bias is None:
        b_ih, b_hh = weights[0].b_ih, weights[0].b_hh
        assert b_ih is not None
        assert b_hh is not None
        return (b_ih.detach() + b_hh.detach()).unsqueeze(0)
    by_input, by_hidden = _stacked(weights, "b_ih"), _stacked(weights, "b_hh")
    if facts.separate_hidden_bias is not None:
        by_hidden[:, _rows(facts.separate_hidden_bias, H)] = 0
    return by_input.add_(by_hidden)
