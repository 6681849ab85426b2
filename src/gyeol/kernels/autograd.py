"""Recurrent layers with gradients: the native walks, and around them one large matrix product for all tokens.

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

_ROUND = (2048, 512, 128)  # tokens
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
        if ready is None:
            x = _even(x).bfloat16() if call.half else x.contiguous()
            gates = h_0.new_empty(directions, N, native.CELLS[call.cell] * H)
            for d, w in enumerate(weights):
                _project(x, w.w_ih, _input_bias(call.cell, w, H), gates[d], call.half)
        else:
            gates = ready.detach() if weights[0].b_hh is None else ready + _stacked(weights, "b_hh").unsqueeze(1)
            gates = gates.clone() if gates.data_ptr() == ready.data_ptr() else gates
        y = h_0.new_empty(N, directions * H)
        runs = native.EXTRA.get(call.cell, 0)
        memory = gates.new_empty(directions, N, H) if call.keep and c_0 is not None else None
        extra = gates.new_empty(directions, N, runs * H) if call.keep and runs else None
        h_n, c_n = torch.empty_like(h_0), None if c_0 is None else torch.empty_like(c_0)
        bias = _stacked(weights, "b_hh")[:, 2 * H :].contiguous() if _has_hidden_bias(call.cell, weights) else None
        norm = None if ready is None else _stacked(weights, "norm")
        native.forward(
            call.cell, call.half, call.lengths, call.down, gates, [w.w_hh for w in weights], bias, norm, h_0, c_0, y,
            memory, extra, h_n, c_n,
        )  # fmt: skip
        if call.keep:
            ctx.call, ctx.ready = call, ready is not None
            if call.cell.startswith("rnn"):
                gates = gates.new_empty(0)
            ctx.save_for_backward(x, h_0, c_0, gates, memory, extra, y, *parts)
        return y, h_n, c_n

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, dy: Tensor, dh_n: Tensor, dc_n: Tensor | None) -> tuple[Tensor | None, ...]:
        call: _Call = ctx.call
        x, h_0, c_0, gates, memory, extra, y, *parts = ctx.saved_tensors
        weights = _grouped(parts)
        directions, N, H = len(weights), len(y), h_0.shape[-1]
        kind = torch.bfloat16 if call.half else torch.float32
        if not gates.numel():
            gates = y.new_empty(directions, N, H)
        dgates = torch.empty_like(gates, dtype=kind)
        runs = native.DEXTRA.get(call.cell, 0)
        dextra = y.new_empty(directions, N, runs * H, dtype=kind) if runs else None
        dnorm = y.new_empty(directions, N, H) if ctx.ready else None
        previous = y.new_empty(directions, N, H, dtype=kind)
        dh_0, dc_0 = torch.empty_like(h_0), None if c_0 is None else torch.empty_like(c_0)
        native.backward(
            call.cell, call.half, call.lengths, call.down, gates, [w.w_hh for w in weights],
            _stacked(weights, "norm") if ctx.ready else None, h_0, c_0, y, memory, extra, dy.contiguous(),
            dh_n.contiguous(), None if dc_n is None or c_0 is None else dc_n.contiguous(), dgates, dextra, dnorm,
            previous, dh_0, dc_0,
        )  # fmt: skip
        grads: list[Tensor | None] = []
        if ctx.ready:
            for d in range(directions):
                assert dextra is not None
                assert dnorm is not None
                grads += _norm_gradients(dgates[d], dextra[d], dnorm[d], previous[d], extra[d], memory[d], weights[d])
            return None, None, dgates.float(), dh_0, dc_0, *grads
        dx = None
        if ctx.needs_input_grad[1]:
            dx = y.new_empty(N, weights[0].w_ih.shape[1])
            for d, w in enumerate(weights):
                _back_project(dgates[d], w.w_ih, dx, add=d > 0, half=call.half)
        for d, w in enumerate(weights):
            by_new = extra[d].to(kind) if call.cell == "gru_before" else previous[d]
            grads += _weight_gradients(
                call.cell, dgates[d], None if dextra is None else dextra[d], x, previous[d], by_new, w
            )
        return None, dx, None, dh_0, dc_0, *grads


def _weight_gradients(
    cell: str, da: Tensor, dv: Tensor | None, x: Tensor, previous: Tensor, by_new: Tensor, w: Weights
) -> list[Tensor | None]:
    """Sum over all tokens: by each of `Weights`. `by_new` is what the new gate of a GRU was multiplied with."""
    H = w.w_hh.shape[1]
    d_ih = _sum_over_tokens(da, x)[:, : w.w_ih.shape[1]]
    if cell.startswith("gru"):
        new = da[:, 2 * H :] if dv is None else dv
        d_hh = torch.cat([_sum_over_tokens(da[:, : 2 * H], previous), _sum_over_tokens(new, by_new)])
    else:
        d_hh = _sum_over_tokens(da, previous)
    if w.b_ih is None:
        return [d_ih, d_hh, None, None, None]
    db = da.sum(0, dtype=torch.float32)
    db_hh = db.clone() if dv is None else torch.cat([db[: 2 * H], dv.sum(0, dtype=torch.float32)])
    return [d_ih, d_hh, db, db_hh, None]


def _norm_gradients(
    da: Tensor, dv: Tensor, dn: Tensor, previous: Tensor, sums: Tensor, memory: Tensor, w: Weights
) -> list[Tensor | None]:
    """Sum over all tokens for the normalised LSTM; what its projection used has its gradient from PyTorch."""
    H = w.w_hh.shape[1]
    da = da.float()
    normal, normal_c = (torch.nn.functional.layer_norm(t, t.shape[1:]) for t in (sums, memory))
    gain = (da * normal).sum(0).view(4, H)
    dnorm = torch.cat([torch.zeros_like(gain), gain, (dn * normal_c).sum(0, keepdim=True), dn.sum(0, keepdim=True)])
    return [None, _sum_over_tokens(dv, previous), None, None if w.b_hh is None else da.sum(0), dnorm]


def _grouped(parts: Sequence[Tensor | None]) -> list[Weights]:
    return [Weights(*parts[i : i + _PARTS]) for i in range(0, len(parts), _PARTS)]  # type: ignore[arg-type]


def _stacked(weights: Sequence[Weights], name: str) -> Tensor:
    return torch.stack([getattr(w, name) for w in weights])


def _sum_over_tokens(da: Tensor, x: Tensor) -> Tensor:
    """Return da^T x (G*H, D) in float32.

    Of bfloat16 oneDNN compiles and keeps a primitive for every new number of tokens: it gets a few round numbers only.
    """
    if da.dtype == torch.float32:
        return da.T @ x
    done = 0
    total = torch.zeros(da.shape[1], x.shape[1])
    for size in _ROUND:
        while len(da) - done >= size:
            total += da[done : done + size].T @ x[done : done + size]
            done += size
    return total.addmm_(da[done:].T.float(), x[done:].float()) if done < len(da) else total


def _has_hidden_bias(cell: str, weights: Sequence[Weights]) -> bool:
    """Whether a bias is added to U h alone, where the reset gate of PyTorch's GRU multiplies it."""
    return cell == "gru_after" and weights[0].b_hh is not None


def _input_bias(cell: str, w: Weights, H: int) -> Tensor | None:
    """Return what is added to W x: both biases, but for the one of `_has_hidden_bias`."""
    if w.b_ih is None or w.b_hh is None:
        return None
    if cell != "gru_after":
        return w.b_ih + w.b_hh
    return torch.cat([w.b_ih[: 2 * H] + w.b_hh[: 2 * H], w.b_ih[2 * H :]])


def _even(x: Tensor) -> Tensor:
    """Add a column of zeros to an odd number of them: bfloat16 is multiplied in pairs."""
    return torch.nn.functional.pad(x, (0, 1)) if x.shape[1] % 2 else x


def _project(x: Tensor, weight: Tensor, bias: Tensor | None, out: Tensor, half: bool) -> None:
    """Write x W^T + b into out (N, G*H)."""
    if half:
        native.half_product(x, _even(weight), bias, out)
    elif bias is None:
        torch.mm(x, weight.T, out=out)
    else:
        torch.addmm(bias, x, weight.T, out=out)


def _back_project(da: Tensor, weight: Tensor, out: Tensor, *, add: bool, half: bool) -> None:
    """Write da W into out (N, D), or add it to what stands there."""
    if half:
        native.half_product(da, weight, None, out, transposed=True, add=add)
    elif add:
        out.addmm_(da, weight)
    else:
        torch.mm(da, weight, out=out)
