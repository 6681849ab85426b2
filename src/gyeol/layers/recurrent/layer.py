"""Recurrent layers of any cell, in one or both directions, over rows of different lengths.

A *cell* is a step (`gyeol.kernels.cells`); a *layer* is a walk over a cell (`routes.py`). Directions and layers are
composed of walks: a reverse walk starts at each row's own last step, a stack feeds one layer's outputs to the next.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import PackedSequence

from gyeol.errors import DataError, ParameterError, closest
from gyeol.kernels.autograd import run_layer
from gyeol.kernels.cells.cell import Cell, State, Weights
from gyeol.kernels.cells.table import find_cell
from gyeol.kernels.packing import Packing
from gyeol.kernels.precision.layer import PRECISIONS, arithmetic_of
from gyeol.layers.recurrent.routes import Route, choose_route, walk_by
from gyeol.layers.recurrent.stepper import Stepper

__all__ = ["Recurrent"]


class Recurrent(nn.Module):
    """Layers of any cell, with PyTorch's arguments, parameter names, shapes and initial values.

    Parameters
    ----------
    cell : str, Cell or class
        A name in `CELLS`, or a custom cell: a `Cell`, or a class derived from it.
    input_size, hidden_size, num_layers : int
        D, H, and the number of layers on top of each other.
    bias : bool
    batch_first : bool
        Inputs and outputs are (B, T, ...) rather than (T, B, ...).
    dropout : float
        Probability of dropping an output of a layer before it enters the next; in training only.
    bidirectional : bool
        Walk each layer in both directions and join their outputs.
    precision : {"float32", "bfloat16", "bfloat16-train", "auto"}
        "bfloat16" multiplies in bfloat16, with sums, gates and memory in float32, where the processor has it
        (AVX512-BF16); "bfloat16-train" does so in training only. "auto" takes in training what is the fastest for this
        cell, size and batch here, by a measurement (`gyeol.kernels.precision`). All else is in the parameters' type.
    device, dtype
        Where the parameters lie, and their type.

    Raises
    ------
    ParameterError
        A setting is out of range.

    Examples
    --------
    >>> layer = Recurrent("gru", 8, 16, bidirectional=True, batch_first=True)
    >>> output, state = layer(torch.zeros(2, 5, 8), lengths=[5, 3])
    >>> output.shape, state.shape
    (torch.Size([2, 5, 32]), torch.Size([2, 2, 16]))
    """

    def __init__(
        self,
        cell: str | Cell | type[Cell],
        input_size: int,
        hidden_size: int,
        *,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        precision: str = "float32",
        device: Any = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.cell = find_cell(cell)
        if precision not in PRECISIONS:
            raise ParameterError(f"precision={precision!r} is not one{closest(str(precision), PRECISIONS)}")
        self.precision = precision
        sizes = {"input_size": input_size, "hidden_size": hidden_size, "num_layers": num_layers}
        for name, value in sizes.items():
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise ParameterError(f"{name}={value!r}: expected a whole number of 1 or more")
        if not isinstance(dropout, (int, float)) or isinstance(dropout, bool) or not 0 <= dropout <= 1:
            raise ParameterError(f"dropout={dropout!r}: expected a probability from 0 to 1")
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout = bias, batch_first, float(dropout)
        self.bidirectional = bidirectional
        self.num_directions = 2 if bidirectional else 1
        sides = ("ih", "hh") if self.cell.hidden_product else ("ih",)
        kinds = ("weight", "bias") if bias else ("weight",)
        norm = ("norm",) if self.cell.has_norm else ()
        self._parts = (*(f"{kind}_{side}" for kind in kinds for side in sides), *norm)
        rows = self.cell.gates * hidden_size
        for layer in range(num_layers):
            columns = input_size if layer == 0 else hidden_size * self.num_directions
            for suffix in self._suffixes(layer):
                shapes: dict[str, tuple[int, ...]] = {
                    "weight_ih": (rows, columns), "weight_hh": (rows, hidden_size),
                    "bias_ih": (rows,), "bias_hh": (rows,), "norm": (10, hidden_size),
                }  # fmt: skip
                for name in self._parts:
                    parameter = nn.Parameter(torch.empty(shapes[name], device=device, dtype=dtype))
                    self.register_parameter(f"{name}_{suffix}", parameter)
        self.reset_parameters()

    def _suffixes(self, layer: int) -> list[str]:
        return [f"l{layer}", f"l{layer}_reverse"][: self.num_directions]

    def weights_of(self, layer: int) -> list[Weights]:
        """The weights of one layer, in each direction."""
        return [self._weights(suffix) for suffix in self._suffixes(layer)]

    def stepper(self, batch_size: int = 1, *, weights: str = "float32") -> Stepper:
        """Make a `Stepper`: this layer one step at a time, with the weights it has now."""
        return Stepper(self, batch_size, weights=weights)

    @torch.no_grad()
    def step(self, x: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Take one step without gradients; for many, a `stepper` keeps its weights packed and its state in place.

        Parameters
        ----------
        x : Tensor, shape (B, D)
        state
            As `forward`'s; zeros by default.

        Returns
        -------
        output : Tensor, shape (B, H)
        state
            As `forward`'s, after the step.
        """
        output, after = self(x.unsqueeze(1 if self.batch_first else 0), state)
        return output.squeeze(1 if self.batch_first else 0), after

    def _weights(self, suffix: str) -> Weights:
        parts = {name.replace("weight", "w").replace("bias", "b"): f"{name}_{suffix}" for name in self._parts}
        return Weights(**{"w_hh": None, **{field: getattr(self, name) for field, name in parts.items()}})

    def reset_parameters(self) -> None:
        """Draw every parameter from U(-1/sqrt(H), 1/sqrt(H)), in PyTorch's order: a seed gives the same values.

        A norm's gains are 1 and its shift is 0.
        """
        bound = 1 / math.sqrt(self.hidden_size)
        for name, parameter in self.named_parameters():
            if name.startswith("norm_"):
                nn.init.ones_(parameter)
                nn.init.zeros_(parameter[-1])
            else:
                nn.init.uniform_(parameter, -bound, bound)

    def extra_repr(self) -> str:
        """Show what differs from the defaults."""
        text = f"{self.input_size}, {self.hidden_size}"
        defaults = {"num_layers": 1, "bias": True, "batch_first": False, "dropout": 0.0, "bidirectional": False}
        if type(self) is Recurrent:
            text = f"{self.cell.name!r}, {text}"
        for name, default in defaults.items():
            if getattr(self, name) != default:
                text += f", {name}={getattr(self, name)}"
        return text

    def forward(
        self,
        x: Tensor | PackedSequence,
        state: Tensor | tuple[Tensor, Tensor] | None = None,
        lengths: Tensor | Sequence[int] | None = None,
        *,
        need_state: bool = True,
    ) -> tuple[Any, Any]:
        """Walk the layers over a batch.

        Parameters
        ----------
        x : Tensor of shape (T, B, D), or (B, T, D) with batch_first, or PackedSequence
        state : Tensor of shape (num_layers * directions, B, H), optional
            The state before the first step, zeros by default; a tuple of such for a cell whose state has
            several parts (h and c for the LSTM).
        lengths : B whole numbers in 1..T, optional
            The rows' lengths; T by default. What x holds beyond them reaches nothing.
        need_state : bool
            Whether the final state is requested; otherwise the state returned is None. Without native kernels an LSTM
            then trains faster on rows of different lengths.

        Returns
        -------
        output : Tensor of shape (T, B, directions * H), or (B, T, directions * H), or PackedSequence
            h of the last layer at every step; 0 at padding.
        state
            Like `state`, after each row's own last step; None if it was not requested.

        Raises
        ------
        DataError
            A shape, a type or a length does not fit.
        """
        if isinstance(x, PackedSequence):
            if lengths is not None:
                raise DataError("lengths came beside a PackedSequence, which has its own: leave one of them out")
            if x.data.dim() != 2:
                raise DataError(f"the packed data have shape {tuple(x.data.shape)}, expected (all steps, D)")
            sizes = x.batch_sizes
            if bool((sizes[1:] > sizes[:-1]).any()) or int(sizes[-1]) < 1 or int(sizes.sum()) != len(x.data):
                came = f"{sizes.tolist()[:8]} for {len(x.data)} steps"
                raise DataError(
                    f"the packed batch_sizes are {came}, expected numbers that never rise and sum to {len(x.data)}"
                )
            tokens, last = self.run_packed(x.data, Packing.of_packed(x), state, need_state=need_state)
            return PackedSequence(tokens, x.batch_sizes, x.sorted_indices, x.unsorted_indices), last
        if not isinstance(x, Tensor) or x.dim() != 3:
            came = f"shape {tuple(x.shape)}" if isinstance(x, Tensor) else type(x).__name__
            raise DataError(f"the input came as {came}, expected {'(B, T, D)' if self.batch_first else '(T, B, D)'}")
        output, last = self._run(x if self.batch_first else x.transpose(0, 1), state, lengths, need_state)
        return output if self.batch_first else output.transpose(0, 1), last

    def run_packed(
        self, tokens: Tensor, packing: Packing, state: Any = None, *, need_state: bool = True
    ) -> tuple[Tensor, Any]:
        """Walk the layers over packed tokens (N, D): `forward` without the way from a padded batch and back.

        Returns
        -------
        tokens : Tensor, shape (N, directions * H)
        state
            As `forward`'s.
        """
        B, T = len(packing.lengths), packing.steps
        self._check_input(tokens, B, T)
        if self._route(tokens, 1.0, need_state) == "native":
            return self._run_native(tokens, packing, self._check_state(state, tokens, B), need_state)
        lengths = packing.unrank(packing.lengths.view(1, -1, 1)).flatten()
        output, last = self._run(packing.scatter(tokens), state, lengths, need_state)
        return packing.gather(output), last

    def _run(self, x: Tensor, state: Any, lengths: Any, need_state: bool) -> tuple[Tensor, Any]:
        """Walk all layers over x (B, T, D)."""
        self._check_input(x, *x.shape[:2])
        rows = self._check_lengths(lengths, *x.shape[:2], device=x.device)
        first = self._check_state(state, x, len(x))
        route = self._route(x, int(rows.sum()) / (x.shape[0] * x.shape[1]), need_state)
        if route == "native":
            packing = Packing.of(rows, x.shape[1])
            tokens, after = self._run_native(packing.gather(x), packing, first, need_state)
            return packing.scatter(tokens, by_time=not self.batch_first), after
        last: list[State] = []
        for layer in range(self.num_layers):
            if layer > 0 and self.dropout > 0:
                x = F.dropout(x, self.dropout, self.training)
            walks = []
            for suffix in self._suffixes(layer):
                before = tuple(part[len(last)] for part in first)
                reverse = suffix.endswith("_reverse")
                outputs, after = walk_by(
                    route, self.cell, x, rows, state=before, weights=self._weights(suffix), reverse=reverse
                )
                walks.append(outputs)
                last.append(after)
            x = torch.cat(walks, dim=-1) if len(walks) > 1 else walks[0]
        if not need_state:
            return x, None
        stacked = tuple(torch.stack(parts) for parts in zip(*last, strict=True))
        return x, stacked if self.cell.has_memory else stacked[0]

    def _route(self, x: Tensor, fill: float, need_state: bool) -> Route:
        kind = x.device.type
        autocast = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else None
        return choose_route(self.cell, device=kind, dtype=x.dtype, fill=fill, need_state=need_state, autocast=autocast)

    def _run_native(self, x: Tensor, packing: Packing, first: State, need_state: bool) -> tuple[Tensor, Any]:
        """Walk all layers over packed tokens (N, D), which stay packed from layer to layer."""
        precision = "bfloat16" if torch.is_autocast_enabled("cpu") else self.precision
        x, last = x.float(), []
        first = tuple(packing.rank(part.float()) for part in first)
        assert self.cell.native is not None
        for layer in range(self.num_layers):
            if layer > 0 and self.dropout > 0:
                x = F.dropout(x, self.dropout, self.training)
            of_layer = slice(layer * self.num_directions, (layer + 1) * self.num_directions)
            weights = self.weights_of(layer)
            arithmetic = arithmetic_of(
                precision, self.cell.native, x, len(packing.lengths), weights, training=self.training
            )
            x, after = run_layer(
                self.cell.native,
                x,
                packing.lengths,
                tuple(part[of_layer] for part in first),
                weights,
                bfloat16=arithmetic.element == "bfloat16",
                instruction_set=arithmetic.instruction_set,
                step=self.cell.step,
            )
            last.append(after)
        if not need_state:
            return x, None
        joined = tuple(packing.unrank(torch.cat(parts)) for parts in zip(*last, strict=True))
        return x, joined if self.cell.has_memory else joined[0]

    def _check_input(self, x: Tensor, B: int, T: int) -> None:
        D = x.shape[-1]
        if x.layout != torch.strided:
            raise DataError(f"the input is {x.layout}, expected a dense tensor: convert it with x.to_dense()")
        home = self.weight_ih_l0.device
        if x.device != home:
            raise DataError(f"the input is on {x.device}, expected the weights' device {home}: x.to('{home}')")
        if self.input_size != D:
            raise DataError(f"the input has {D} features a step, expected input_size={self.input_size}")
        if B == 0 or T == 0:
            raise DataError(f"the batch is empty: {B} rows of {T} steps, expected 1 or more of both")
        expected = self.weight_ih_l0.dtype
        if x.dtype != expected and not (torch.is_autocast_enabled(x.device.type) and x.dtype.is_floating_point):
            raise DataError(
                f"the input is {x.dtype}, expected the weights' {expected}: convert it with x.to({expected})"
            )

    @staticmethod
    def _check_lengths(lengths: Any, B: int, T: int, *, device: torch.device) -> Tensor:
        if lengths is None:
            return torch.full((B,), T, device=device)
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

    def _check_state(self, state: Any, x: Tensor, B: int) -> State:
        """Return the state before the first step as a tuple of (layers * directions, B, H), zeros if None came."""
        shape = (self.num_layers * self.num_directions, B, self.hidden_size)
        names = self.cell.states
        if state is None:
            return tuple(x.new_zeros(shape) for _ in names)
        parts = tuple(state) if isinstance(state, (tuple, list)) else (state,)
        if len(parts) != len(names) or not all(isinstance(part, Tensor) for part in parts):
            count = {2: "two", 3: "three", 4: "four"}.get(len(names), str(len(names)))
            listed = f"{', '.join(names[:-1])} and {names[-1]}"
            expected = f"a tuple of {count} tensors, {listed}" if len(names) > 1 else "one tensor, h"
            kinds = " and ".join(sorted({type(part).__name__ for part in parts})) or "nothing"
            raise DataError(f"the state came as {len(parts)} of {kinds}, expected {expected}")
        for name, part in zip(names, parts, strict=True):
            if part.shape != shape:
                raise DataError(f"the state's {name} has shape {tuple(part.shape)}, expected {shape}")
            if part.dtype != x.dtype:
                raise DataError(f"the state's {name} is {part.dtype}, expected the input's {x.dtype}")
            if part.device != x.device:
                raise DataError(f"the state's {name} is on {part.device}, expected the input's device {x.device}")
        return parts
