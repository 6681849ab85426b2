"""How far back a loss's gradient reaches through a recurrent layer: its norm by the state so many steps before the end.

The loss's gradient by the outputs of a row is added up over its steps, to ``v``, and comes to the row's last state
only; what reaches the state d steps before it is compared with ``v``: ``||ds_{T-d}|| / ||v||``. The state is all that a
cell hands on, (h, c) of an LSTM. A ratio that falls with d vanishes, one that rises explodes (Bengio, Simard and
Frasconi 1994; Pascanu, Mikolov and Bengio 2013, equation 5).

A row is walked in parts that end 2^k, ..., 4, 2, 1 and 0 steps before its end, each by the fastest way to walk: the
states in between are tensors by which autograd gives the gradient, all for the price of walking the layer once.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gyeol.kernels.autograd import run_layer
from gyeol.kernels.cells.cell import State, Weights
from gyeol.kernels.packing import Packing
from gyeol.layers.recurrent.routes import choose_route, walk_by
from gyeol.layers.recurrent.trace import Call

__all__ = ["gradient_reach"]


def gradient_reach(call: Call, direction: int, *, rows: int | None = None) -> dict[int, Tensor]:
    """Measure what part of the loss's gradient reaches the states 1, 2, 4, ... steps before each row's last.

    Parameters
    ----------
    call : Call
        Recorded, and run backwards.
    direction : int
    rows : int, optional
        How many rows of the batch to take, evenly by their length; by default all.

    Returns
    -------
    dict of int to Tensor
        By distance, the ratio of each row that has such a state and a gradient.
    """
    rows_taken = _Rows(call, direction, rows)
    size = _norms(rows_taken.end)
    if int(rows_taken.lengths[0]) < 2:
        return {}
    device = rows_taken.weights.w_ih.device.type
    with torch.inference_mode(False), torch.enable_grad(), torch.autocast(device, enabled=False):
        found = rows_taken.gradients()
    ratios = {distance: _norms(state) / size[: len(state[0])] for distance, state in sorted(found.items())}
    return {distance: ratio[size[: len(ratio)] > 0] for distance, ratio in ratios.items()}


def _norms(state: State) -> Tensor:
    """Return the norm of each row of a state, over all its parts."""
    return torch.stack([part.double().square().sum(1) for part in state]).sum(0).sqrt()


class _Rows:
    """Some rows of a recorded call, by rank, to be walked in one direction; shapes are theirs."""

    def __init__(self, call: Call, direction: int, count: int | None) -> None:
        B = len(call.packing.lengths)
        self.cell, self.x, self.reverse = call.cell, call.x, direction == 1
        self.weights = Weights(*(None if part is None else part.detach() for part in call.weights[direction]))  # type: ignore[arg-type]
        self.ranks = torch.arange(0, B, 1 if count is None else -(-B // count))
        self.lengths = call.packing.lengths[self.ranks]
        counts = call.packing.counts()
        self.offsets = counts.cumsum(0) - counts
        order = torch.arange(B) if call.packing.order is None else call.packing.order
        dtype, rows = self.weights.w_ih.dtype, order[self.ranks].to(call.x.device)
        self.first: State = tuple(part[direction, rows].to(dtype) for part in call.before)
        end = [torch.zeros_like(part[direction], dtype=dtype) for part in call.before]
        if call.d_outputs is not None:
            P = end[0].shape[1]
            tokens = order[call.packing.rows()].to(call.x.device)
            end[0].index_add_(0, tokens, call.d_outputs[:, direction * P : (direction + 1) * P].to(dtype))
        for part, total in enumerate(end):
            if (last := call.d_after.get((part, direction))) is not None:
                total += last.to(dtype)
        #: What comes to the last state: the loss's gradient by all outputs of the row, and by its state.
        self.end: State = tuple(part[rows] for part in end)

    def gradients(self) -> dict[int, State]:
        """Find the gradient by the state at each distance, of the first rows: those that are longer."""
        states: dict[int, State] = {}
        state: State = ()
        distance = 1 << (int(self.lengths[0]) - 1).bit_length() - 1
        while distance:
            known, many = len(state[0]) if state else 0, int((self.lengths > distance).sum())
            if known:  # from twice the distance on
                state = self._walk(slice(known), self.lengths[:known] - 2 * distance, distance, state)
            if many > known:  # rows without a state further back: from their beginning
                new = slice(known, many)
                with torch.no_grad():
                    begun = self._walk(
                        new, torch.zeros_like(self.lengths[new]), self.lengths[new] - distance,
                        tuple(part[new] for part in self.first),
                    )  # fmt: skip
                begun = tuple(part.requires_grad_() for part in begun)
                state = tuple(map(torch.cat, zip(state, begun, strict=True))) if known else begun
            states[distance] = state
            distance //= 2
        alive = len(state[0])
        state = self._walk(slice(alive), self.lengths[:alive] - 1, 1, state)
        flat = [part for one in states.values() for part in one]
        grads = torch.autograd.grad(state, flat, [part[:alive] for part in self.end], materialize_grads=True)
        parts = len(state)
        return {distance: grads[n * parts : (n + 1) * parts] for n, distance in enumerate(states)}

    def _walk(self, rows: slice, begin: Tensor, steps: Tensor | int, state: State) -> State:
        """Walk rows from their own step `begin` for so many steps, never rising; return the state after them."""
        count = len(begin)
        steps = torch.full((count,), steps) if isinstance(steps, int) else steps
        t = torch.arange(int(steps[0]))[:, None]
        step = begin + t
        if self.reverse:
            step = self.lengths[rows] - 1 - step
        real = t < steps
        x = self.x[(self.offsets[step.clamp(min=0)] + self.ranks[rows])[real].to(self.x.device)]
        x = x.to(self.weights.w_ih.dtype)
        packing = Packing(steps, None, int(steps[0]))
        fill = 1.0 if packing.even else len(x) / (count * packing.steps)
        route = choose_route(self.cell, device=x.device.type, dtype=x.dtype, fill=fill)
        if route == "native":
            assert self.cell.native is not None
            whole = tuple(part.unsqueeze(0) for part in state)
            _, after = run_layer(self.cell.native, x, steps, whole, [self.weights], step=self.cell.step)
            return tuple(part.squeeze(0) for part in after)
        lengths = None if packing.even else steps.to(x.device)
        _, after = walk_by(route, self.cell, packing.scatter(x), lengths, state=state, weights=self.weights)
        return tuple(part.view_as(part) for part in after)  # c is a part of h's graph, too: only its way on counts
