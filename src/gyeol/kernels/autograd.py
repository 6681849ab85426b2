"""Recurrent layers with gradients: the native walks under PyTorch's autograd.

Tokens lie by time without padding, the rows ranked by length (`gyeol.kernels.packing`). Shapes: N tokens, B rows,
D inputs, H units, G gates, one or two directions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from gyeol.kernels import native
from gyeol.kernels.reference import State, Weights, project

__all__ = ["run_layer"]

_PARTS = len(Weights._fields)


class _Call(NamedTuple):
    """What a layer is run with besides tensors that have gradients."""

    cell: str
    lengths: Tensor
    down: bool
    half: bool
    keep: bool  # for the way back


def run_layer(
    cell: str,
    x: Tensor,
    lengths: Tensor,
    state: State,
    weights: Sequence[Weights],
    *,
    down: bool = False,
    half: bool = False,
) -> tuple[Tensor, State]:
    """Run one layer of a cell over packed tokens, in one or two directions, differentiably.

    Parameters
    ----------
    cell : str
        A name of `native.CELLS`.
    x : Tensor, shape (N, D)
        float32, by time, the rows ranked by length.
    lengths : Tensor, shape (B,)
        int64, on the CPU, never rising.
    state : tuple of Tensor, each (directions, B, H)
        By rank: h, and c for the LSTM.
    weights : sequence of Weights
        One or two; the second walks from each row's last token to its first.
    down : bool
        The only direction walks so.
    half : bool
        Multiply in bfloat16, with sums, gates and memory in float32.

    Returns
    -------
    outputs : Tensor, shape (N, directions * H)
    state : tuple of Tensor, each (directions, B, H)
        After each row's own last step.
    """
    ready = None
    if weights[0].norm is not None:
        with torch.autocast("cpu", enabled=False):
            ready = torch.stack([project(x, w) for w in weights])
    parts = [t for w in weights for t in w]
    keep = torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in (x, *state, *parts))
    call = _Call(cell, lengths, down, half, keep)
    h_0, *memory = (part.contiguous() for part in state)  # what is made like them must be so too
    c_0 = memory[0] if memory else None
    y, h_n, c_n = _Layer.apply(call, x, ready, h_0, c_0, *parts)  # type: ignore[no-untyped-call]
    return y, (h_n,) if c_0 is None else (h_n, c_n)


class _Layer(torch.autograd.Function):
    """A layer of x or, where the projection came `ready` (directions, N, G*H), of that."""

    @staticmethod
    def forward(
        ctx: Any, call: _Call, x: Tensor, ready: Tensor | None, h_0: Tensor, c_0: Tensor | None, *parts: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        weights = _grouped(parts)
        directions, N, H = len(weights), len(x), h_0.shape[-1]
        gates = _gates(call.cell, x, ready, weights, H)
        bias_in = None if ready is not None or weights[0].b_ih is None else _input_biases(call.cell, weights, H)
        own = None if ready is not None else x.contiguous()
        y = h_0.new_empty(N, directions * H)
        runs = native.EXTRA.get(call.cell, 0)
        memory = gates.new_empty(directions, N, H) if call.keep and c_0 is not None else None
        extra = gates.new_empty(directions, N, runs * H) if call.keep and runs else None
        h_n, c_n = torch.empty_like(h_0), None if c_0 is None else torch.empty_like(c_0)
        bias = _stacked(weights, "b_hh")[:, 2 * H :].contiguous() if _has_hidden_bias(call.cell, weights) else None
        norm = None if ready is None else _stacked(weights, "norm")
        native.forward(
            call.cell, call.half, call.lengths, call.down, own, gates, weights, bias_in, bias, norm, h_0, c_0, y,
            memory, extra, h_n, c_n,
        )  # fmt: skip
        if call.keep:
            ctx.call, ctx.ready = call, ready is not None
            if call.cell.startswith("rnn"):
                gates = gates.new_empty(0)
            ctx.save_for_backward(own, h_0, c_0, gates, memory, extra, y, *parts)
        return y, h_n, c_n

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, dy: Tensor, dh_n: Tensor, dc_n: Tensor | None) -> tuple[Tensor | None, ...]:
        call: _Call = ctx.call
        x, h_0, c_0, gates, memory, extra, y, *parts = ctx.saved_tensors
        weights = _grouped(parts)
        directions, N, H = len(weights), len(y), h_0.shape[-1]
        if not gates.numel():
            gates = y.new_empty(directions, N, H)
        norm, dgates, dnorm = None, None, None
        if ctx.ready:
            norm, dgates, dnorm = _stacked(weights, "norm"), torch.empty_like(gates), y.new_empty(directions, N, H)
        dx = y.new_empty(directions, *x.shape) if ctx.needs_input_grad[1] and not ctx.ready else None
        wanted = any(ctx.needs_input_grad[5:])
        d_ih = [y.new_empty(w.w_ih.shape) for w in weights if wanted and not ctx.ready]
        d_hh = [y.new_empty(w.w_hh.shape) for w in weights if wanted]
        da = y.new_empty(directions, native.RUNS.get(call.cell, native.CELLS[call.cell]) * H) if wanted else None
        dh_0, dc_0 = torch.empty_like(h_0), None if c_0 is None else torch.empty_like(c_0)
        native.backward(
            call.cell, call.half, call.lengths, call.down, x, gates, weights, norm, h_0, c_0, y, memory, extra,
            dy.contiguous(), dh_n.contiguous(), None if dc_n is None or c_0 is None else dc_n.contiguous(), dx,
            d_ih, d_hh, da, dgates, dnorm, dh_0, dc_0,
        )  # fmt: skip
        grads: list[Tensor | None] = []
        for d, w in enumerate(weights):
            if da is None:
                grads += [None] * _PARTS
            elif dgates is not None and dnorm is not None:
                by_bias, by_norm = _norm_gradients(dgates[d], dnorm[d], extra[d], memory[d], w)
                grads += [None, d_hh[d], None, by_bias, by_norm]
            else:
                grads += [d_ih[d], d_hh[d], *_bias_gradients(call.cell, da[d], w, H), None]
        total = None if dx is None else dx[0] if directions == 1 else dx[0].add_(dx[1])
        return None, total, dgates, dh_0, dc_0, *grads


def _bias_gradients(cell: str, da: Tensor, w: Weights, H: int) -> tuple[Tensor | None, Tensor | None]:
    """Sort the sums of the gates' gradients into those by b_ih and by b_hh; PyTorch's GRU: da_r, da_z, dv, da_n."""
    if w.b_ih is None:
        return None, None
    if cell == "gru_after":
        return torch.cat([da[: 2 * H], da[3 * H :]]), da[: 3 * H]
    return da, da.clone()


def _norm_gradients(da: Tensor, dn: Tensor, sums: Tensor, memory: Tensor, w: Weights) -> tuple[Tensor | None, Tensor]:
    """Sum over all tokens for the normalised LSTM: by b_hh and `norm`. PyTorch has its projection's gradients."""
    H = w.w_hh.shape[1]
    normal, normal_c = (torch.nn.functional.layer_norm(t, t.shape[1:]) for t in (sums, memory))
    gain = (da * normal).sum(0).view(4, H)
    dnorm = torch.cat([torch.zeros_like(gain), gain, (dn * normal_c).sum(0, keepdim=True), dn.sum(0, keepdim=True)])
    return None if w.b_hh is None else da.sum(0), dnorm


def _gates(cell: str, x: Tensor, ready: Tensor | None, weights: Sequence[Weights], H: int) -> Tensor:
    """Make room for the gates (directions, N, G*H), or the projection itself where it came ready."""
    if ready is None:
        return x.new_empty(len(weights), len(x), native.CELLS[cell] * H)
    return ready.clone() if weights[0].b_hh is None else ready + _stacked(weights, "b_hh").unsqueeze(1)


def _grouped(parts: Sequence[Tensor | None]) -> list[Weights]:
    return [Weights(*parts[i : i + _PARTS]) for i in range(0, len(parts), _PARTS)]  # type: ignore[arg-type]


def _stacked(weights: Sequence[Weights], name: str) -> Tensor:
    return torch.stack([getattr(w, name).detach() for w in weights])


def _has_hidden_bias(cell: str, weights: Sequence[Weights]) -> bool:
    """Whether a bias is added to U h alone, where the reset gate of PyTorch's GRU multiplies it."""
    return cell == "gru_after" and weights[0].b_hh is not None


def _input_biases(cell: str, weights: Sequence[Weights], H: int) -> Tensor:
    """Return what is added to W x: both biases, but for the one of `_has_hidden_bias`."""
    own, other = _stacked(weights, "b_ih"), _stacked(weights, "b_hh")
    if cell == "gru_after":
        other[:, 2 * H :] = 0
    return own.add_(other)
