"""What goes on in recurrent layers while a network runs: gates, states, and the loss's gradient by every state.

While it records, a `Recorder` keeps what every layer was given: its inputs, the state before them, its weights, and
once there is a backward pass the gradient of the loss by its outputs. `Recorder.walks` then walks one row again by the
reference implementation, which keeps every state; PyTorch's autograd finds the gradient by each of them. So it serves
every cell, native or custom, and whichever way the layer was walked. Layers that nobody records pay for one comparison
a call.

Shapes: B rows, T steps, N tokens, D inputs, H units; P numbers of h where it is projected, else H.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from gyeol.errors import ParameterError
from gyeol.kernels.cells.cell import Cell, State, Weights
from gyeol.kernels.packing import Packing
from gyeol.layers.recurrent.layer import Recurrent
from gyeol.layers.recurrent.replay import Replayed, Upstream, replay

__all__ = ["Call", "Recorder", "Walk", "recording"]

Floats = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """One row's way through one layer in one direction; row t of every array is step t of the input.

    Parameters
    ----------
    name : str
        The recurrent module, as the network names it: ``"recurrent"``, ``"decoder"``. Modules in a list are layers of
        one name.
    layer : int
        From 0.
    direction : {"forward", "reverse"}
    cell : str
    gates : mapping of str to array, shape (T, H)
        Activations by name, as the cell names them (`gyeol.kernels.cells`); empty for a cell that names none.
    states : mapping of str to array, shape (T, H)
        ``hidden`` (T, P), ``cell``, ..., after each step.
    gradients : mapping of str to array, shape (T, H)
        Of the loss by each of these states: the total derivative, through the outputs and all later steps. Empty where
        there was no backward pass.
    call : int
        Which of the network's calls of this layer, from 0. A call that takes up the state that the one before left is
        part of the same walk.
    """

    name: str
    layer: int
    direction: Literal["forward", "reverse"]
    cell: str
    gates: Mapping[str, Floats]
    states: Mapping[str, Floats]
    gradients: Mapping[str, Floats] = field(default_factory=dict)
    call: int = 0


@dataclass(slots=True, eq=False)
class Call:
    """One layer's work on one batch, in each direction, and the gradients that came back.

    Parameters
    ----------
    name, layer, cell
        As of `Walk`.
    x : Tensor, shape (N, D)
        Packed.
    packing : Packing
    before : tuple of Tensor, each (directions, B, H)
        By row, not by rank.
    weights : sequence of Weights
        One a direction; the second is walked from each row's last step to its first.
    outputs : Tensor, shape (N, directions * H)
        Packed.
    after : tuple of Tensor, each (directions, B, H)
        By row; only as many parts as the layer computed.
    d_outputs : Tensor, optional
        The gradient by `outputs`.
    d_after : dict of (part, direction) to Tensor, shape (B, H)
        The gradients by `after`, where there are any.
    """

    name: str
    layer: int
    cell: Cell
    x: Tensor
    packing: Packing
    before: State
    weights: Sequence[Weights]
    outputs: Tensor
    after: State
    d_outputs: Tensor | None = None
    d_after: dict[tuple[int, int], Tensor] = field(default_factory=dict)

    @property
    def differentiated(self) -> bool:
        """Whether a backward pass came by."""
        return self.d_outputs is not None or bool(self.d_after)

    def places(self, row: int) -> Tensor:
        """Return where the tokens (T,) of a row lie among the N."""
        home = self.packing.home
        rank = row if home is None else int(home[row])
        counts = self.packing.counts()
        return (counts.cumsum(0) - counts)[: int(self.packing.lengths[rank])] + rank

    def keep_outputs(self, grad: Tensor | None, *, padded: bool) -> None:
        """Keep the gradient by the outputs, (B, T, directions * H) where they are padded; None where there is none."""
        self.d_outputs = grad if grad is None or not padded else self.packing.gather(grad)

    def keep_states(self, grad: Tensor | None, *, part: int) -> None:
        """Keep the gradient by one part of the states after the last step, (directions, B, H) by rank."""
        for direction, one in enumerate(() if grad is None else self.packing.unrank(grad)):
            self.keep_state(one, part=part, direction=direction)

    def keep_state(self, grad: Tensor | None, *, part: int, direction: int) -> None:
        """Keep the gradient by one part of the states after the last step in one direction, (B, H) by row."""
        if grad is not None:
            self.d_after[part, direction] = grad

    def replayed(self, direction: int, row: int, *, gradients: bool) -> Replayed:
        """Walk one row again in one direction; what comes back is in the order of that walk."""
        weights = self.weights[direction]
        places = self.places(row).to(weights.w_ih.device)
        if direction:
            places = places.flip(0)
        upstream = None
        if gradients:
            P = self.before[0].shape[-1]
            outputs = None
            if self.d_outputs is not None:
                outputs = self.d_outputs[places, direction * P : (direction + 1) * P]
            ends = [self.d_after.get((part, direction)) for part in range(len(self.before))]
            upstream = Upstream(outputs, [None if end is None else end[row : row + 1] for end in ends])
        first = tuple(part[direction, row : row + 1] for part in self.before)
        return replay(self.cell, self.x[places], first, weights, upstream)

    def continues(self, other: Call) -> bool:
        """Whether this call goes on from the state that another one left."""
        return (
            len(self.weights) == 1
            and len(self.before) == len(other.after)
            and all(map(torch.equal, self.before, other.after))
        )


@final
class Recorder:
    """What the recurrent layers of a network did since recording began; see `recording`."""

    def __init__(self, net: nn.Module) -> None:
        self.modules = {module: name for name, module in net.named_modules() if isinstance(module, Recurrent)}
        self.calls: list[Call] = []

    def walks(self, row: int = 0, *, gradients: bool = True) -> list[Walk]:
        """Return what one row of the batch went through: a walk for each layer, direction and call.

        Call it before the weights change. Of several backward passes the last one counts.

        Parameters
        ----------
        row : int
            Of the batch; a layer that has fewer rows is left out.
        gradients : bool
            Whether to find the gradients, where there was a backward pass: that takes three times as long.

        Raises
        ------
        ParameterError
            No layer had such a row.
        """
        if self.calls and not 0 <= row < max(len(call.packing.lengths) for call in self.calls):
            most = max(len(call.packing.lengths) for call in self.calls)
            raise ParameterError(f"row={row!r}: the recorded batch has rows 0 to {most - 1}")
        walks: list[Walk] = []
        for chain, number in self._chains(row):
            differentiated = gradients and any(call.differentiated for call in chain)
            for direction in range(len(chain[0].weights)):
                parts = [call.replayed(direction, row, gradients=differentiated) for call in chain]
                joined = (
                    {name: torch.cat([part[kind][name] for part in parts]) for name in parts[0][kind]}
                    for kind in range(len(Replayed._fields))
                )
                gates, states, slopes = (_arrays(found, reverse=direction == 1) for found in joined)
                way: Literal["forward", "reverse"] = "reverse" if direction else "forward"
                first = chain[0]
                walks.append(Walk(first.name, first.layer, way, first.cell.name, gates, states, slopes, number))
        return walks

    def chains(self) -> list[Call]:
        """Return the calls that went through a backward pass; those that go on from one another joined to one."""
        joined = [_joined(chain) for chain, _ in self._chains(0)]
        return [call for call in joined if call.differentiated]

    def _chains(self, row: int) -> list[tuple[list[Call], int]]:
        """Join calls that go on from one another; return each with its number among its layer's."""
        chains: list[tuple[list[Call], int]] = []
        last: dict[tuple[str, int], tuple[list[Call], int]] = {}
        for call in self.calls:
            if row >= len(call.packing.lengths):
                continue
            key = (call.name, call.layer)
            known = last.get(key)
            if known is not None and call.continues(known[0][-1]):
                known[0].append(call)
                continue
            last[key] = ([call], 0 if known is None else known[1] + 1)
            chains.append(last[key])
        return chains

    def keep_packed(
        self, module: Recurrent, layer: int, x: Tensor, packing: Packing, first: State, *, outputs: Tensor, after: State
    ) -> None:
        """Keep the call of a layer whose tokens are packed (N, D); states are by rank, `first` of all layers."""
        first, ended = (tuple(packing.unrank(part) for part in state) for state in (first, after))
        call = self._keep(module, layer, x, packing, first, outputs, ended)
        if outputs.requires_grad:
            outputs.register_hook(partial(call.keep_outputs, padded=False))  # type: ignore[no-untyped-call]
        for part, state in enumerate(after):
            if state.requires_grad:
                state.register_hook(partial(call.keep_states, part=part))  # type: ignore[no-untyped-call]

    def keep_padded(
        self, module: Recurrent, layer: int, x: Tensor, lengths: Tensor | None, first: State, *, outputs: Tensor,
        last: list[State],
    ) -> None:  # fmt: skip
        """Keep the call of a layer whose tokens are padded (B, T, D).

        `last` ends with a state, each part (B, H), of each direction. They are replaced by views of themselves: h of
        the last step may be a part of the outputs, too, and the gradient by the view is only what comes by the state.
        """
        B, T = x.shape[:2]
        after = [tuple(part.view_as(part) for part in state) for state in last[-module.num_directions :]]
        last[-module.num_directions :] = after
        packing = Packing.even_rows(B, T) if lengths is None else Packing.of(lengths, T)
        ended = tuple(torch.stack([part.detach() for part in parts]) for parts in zip(*after, strict=True))
        call = self._keep(
            module, layer, packing.gather(x.detach()), packing, first, packing.gather(outputs.detach()), ended
        )
        if outputs.requires_grad:
            outputs.register_hook(partial(call.keep_outputs, padded=True))  # type: ignore[no-untyped-call]
        for direction, state in enumerate(after):
            for part, tensor in enumerate(state):
                if tensor.requires_grad:
                    tensor.register_hook(partial(call.keep_state, part=part, direction=direction))  # type: ignore[no-untyped-call]

    def _keep(
        self, module: Recurrent, layer: int, x: Tensor, packing: Packing, first: State, outputs: Tensor, after: State
    ) -> Call:
        ways = module.num_directions
        before = tuple(part[layer * ways : (layer + 1) * ways].detach() for part in first)
        name, number = _named(self.modules[module], layer)
        call = Call(
            name, number, module.cell, x.detach(), packing, before, module.weights_of(layer), outputs.detach(),
            tuple(part.detach() for part in after),
        )  # fmt: skip
        self.calls.append(call)
        return call


def _joined(chain: list[Call]) -> Call:
    """Join calls of rows of equal lengths, each of which goes on from the one before; of others return the last."""
    first, last = chain[0], chain[-1]
    if len(chain) == 1 or not all(call.packing.even and call.packing.order is None for call in chain):
        return last
    grads = [torch.zeros_like(call.outputs) if call.d_outputs is None else call.d_outputs for call in chain]
    return Call(
        first.name, first.layer, first.cell, torch.cat([call.x for call in chain]),
        Packing.even_rows(len(first.packing.lengths), sum(call.packing.steps for call in chain)), first.before,
        last.weights, torch.cat([call.outputs for call in chain]), last.after,
        torch.cat(grads) if any(call.differentiated for call in chain) else None, last.d_after,
    )  # fmt: skip


@contextmanager
def recording(net: nn.Module) -> Iterator[Recorder]:
    """Record what the recurrent layers of a network do.

    Parameters
    ----------
    net : nn.Module
        Run it inside of the ``with``, and a loss backwards where gradients are wanted.

    Examples
    --------
    >>> net = Recurrent("gru", 3, 4, bidirectional=True)
    >>> with recording(net) as recorder:
    ...     output, _ = net(torch.randn(5, 2, 3), lengths=[5, 4])
    ...     output.sum().backward()
    >>> forward, reverse = recorder.walks(row=1)
    >>> sorted(forward.gates), reverse.direction, reverse.gradients["hidden"].shape
    (['candidate', 'reset', 'update'], 'reverse', (4, 4))
    """
    recorder = Recorder(net)
    before = {module: module.recorder for module in recorder.modules}
    for module in recorder.modules:
        module.recorder = recorder
    try:
        yield recorder
    finally:
        for module, other in before.items():
            module.recorder = other


def _named(path: str, layer: int) -> tuple[str, int]:
    """Name a module of a network and its layer: what stands in a list of layers is a layer.

    Examples
    --------
    >>> _named("decoder.layers.1", 0), _named("encoder.0", 0), _named("recurrent", 2), _named("", 0)
    (('decoder', 1), ('encoder', 0), ('recurrent', 2), ('recurrent', 0))
    """
    listed = re.fullmatch(r"(.*?)\.?(\d+)", path)
    if listed is not None:
        path, layer = listed[1], layer + int(listed[2])
    return re.sub(r"(^|\.)layers$", "", path) or "recurrent", layer


def _arrays(found: Mapping[str, Tensor], *, reverse: bool) -> dict[str, Floats]:
    """Return tensors (T, H) as arrays in the input's order."""
    return {name: (part.flip(0) if reverse else part).detach().cpu().numpy() for name, part in found.items()}
