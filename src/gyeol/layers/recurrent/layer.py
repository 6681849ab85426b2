"""Recurrent layers of any cell, in one or both directions, over rows of different lengths.

A *cell* is a step (`gyeol.kernels.cells`); a *layer* is a walk over a cell (`routes.py`). Directions and layers are
composed of walks: a reverse walk starts at each row's own last step, a stack feeds one layer's outputs to the next.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import PackedSequence

from gyeol.errors import DataError, ParameterError, ShapeError, closest
from gyeol.kernels.autograd import run_layer
from gyeol.kernels.cells.cell import Cell, State, Weights
from gyeol.kernels.cells.table import find_cell
from gyeol.kernels.packing import Packing
from gyeol.kernels.precision.layer import PRECISIONS, arithmetic_of
from gyeol.layers.recurrent.checks import (
    check_flags,
    check_input,
    check_lengths,
    check_packed,
    check_probability,
    check_projection,
    check_row_state,
    check_sizes,
    check_state,
)
from gyeol.layers.recurrent.routes import Route, choose_route, walk_by, walk_nothing
from gyeol.layers.recurrent.stepper import Stepper
from gyeol.layers.recurrent.transforms import (
    autocast_type,
    call_as_leaf,
    cast_results,
    is_proxy,
    is_transformed,
    needs_operations,
)

if TYPE_CHECKING:
    from gyeol.layers.recurrent.trace import Recorder

__all__ = ["Recurrent"]

_PARTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "norm", "weight_hr")  # in the order of `Weights`


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
    proj_size : int
        P: h is projected to so many numbers, ``h_t = W_hr (o * tanh(c_t))`` (Sak et al. 2014); 0 for none. Of the cell
        `gyeol.kernels.cells.lstm.PROJECTED` only, which `gyeol.layers.LSTM` chooses; walked by PyTorch's operation.
    precision : {"float32", "high", "bfloat16", "high-train", "bfloat16-train", "auto"}
        "bfloat16" multiplies in bfloat16, with sums, gates and memory in float32, where the processor has it (AMX or
        AVX512-BF16). "high" takes each number as the sum of two bfloat16 and is off from float32 by some 1e-5; a row
        that holds an infinity gives NaN. It pays on tiles (AMX); elsewhere float32 is faster. With "-train" they do so
        in training only. "auto" takes in training what is the fastest for this cell, size and batch here, by a
        measurement (`gyeol.kernels.precision`). All else, and the normalised LSTM, is in the parameters' own type; so
        is "auto" in a graph that is being compiled.
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

    #: Who keeps what the layers do, while somebody records (`gyeol.layers.recording`).
    recorder: Recorder | None = None

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
        proj_size: int = 0,
        precision: str = "float32",
        device: Any = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.cell = find_cell(cell)
        if precision not in PRECISIONS:
            raise ParameterError(f"precision={precision!r} is not one{closest(str(precision), PRECISIONS)}")
        self.precision = precision
        check_sizes({"input_size": input_size, "hidden_size": hidden_size, "num_layers": num_layers})
        check_flags({"bias": bias, "batch_first": batch_first, "bidirectional": bidirectional})
        check_probability("dropout", dropout)
        check_projection(proj_size, hidden_size)
        if self.cell.projects != (proj_size > 0):
            raise ParameterError(
                f"proj_size={proj_size}: only the LSTM projects its state, and cell={self.cell.name!r}"
            )
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout = bias, batch_first, float(dropout)
        self.bidirectional, self.proj_size = bidirectional, proj_size
        self.num_directions = 2 if bidirectional else 1
        sides = ("ih", "hh") if self.cell.hidden_product else ("ih",)
        kinds = ("weight", "bias") if bias else ("weight",)
        others = (("norm", self.cell.has_norm), ("weight_hr", self.cell.projects))
        self._parts = (*(f"{kind}_{side}" for kind in kinds for side in sides), *(name for name, has in others if has))
        rows, outputs = self.cell.gates * hidden_size, proj_size or hidden_size
        for layer in range(num_layers):
            columns = input_size if layer == 0 else outputs * self.num_directions
            for suffix in self._suffixes(layer):
                shapes: dict[str, tuple[int, ...]] = {
                    "weight_ih": (rows, columns), "weight_hh": (rows, outputs), "bias_ih": (rows,), "bias_hh": (rows,),
                    "norm": (10, hidden_size), "weight_hr": (proj_size, hidden_size),
                }  # fmt: skip
                for name in self._parts:
                    parameter = nn.Parameter(torch.empty(shapes[name], device=device, dtype=dtype))
                    self.register_parameter(f"{name}_{suffix}", parameter)
        self._suffix_of = [self._suffixes(layer) for layer in range(num_layers)]
        self._names = {suffix: self._names_of(suffix) for suffixes in self._suffix_of for suffix in suffixes}
        self.reset_parameters()

    def _names_of(self, suffix: str) -> list[str | None]:
        """Name the parameters of one layer in one direction, in the order of `Weights`; None for one it has not."""
        return [f"{part}_{suffix}" if part in self._parts else None for part in _PARTS]

    def _suffixes(self, layer: int) -> list[str]:
        return [f"l{layer}", f"l{layer}_reverse"][: self.num_directions]

    def weights_of(self, layer: int) -> list[Weights]:
        """The weights of one layer, in each direction."""
        return [self._weights(suffix) for suffix in self._suffix_of[layer]]

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
        own = self._parameters  # what is no parameter (a weight norm's product, say) is an attribute
        names = self._names[suffix]
        return Weights(*[None if n is None else own[n] if n in own else getattr(self, n) for n in names])  # type: ignore[arg-type]

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
        defaults = {
            "proj_size": 0, "num_layers": 1, "bias": True, "batch_first": False, "dropout": 0.0, "bidirectional": False,
        }  # fmt: skip
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
            Of shape (T, D) it is one row, and state, output and final state have no B either. B may be 0.
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

        Under ``torch.autocast`` both are of its type, as PyTorch's are.

        Raises
        ------
        DataError
            A shape, a type or a length does not fit.
        """
        if torch.compiler.is_compiling() and not torch.compiler.is_exporting():
            from gyeol.layers.recurrent.compiled import run_compiled

            return run_compiled(self, x, state, lengths, need_state=need_state)
        return self.run(x, state, lengths, need_state=need_state)

    def run(self, x: Any, state: Any, lengths: Any, *, need_state: bool) -> tuple[Any, Any]:
        """Do what `forward` does, outside of ``torch.compile``."""
        if isinstance(x, PackedSequence):
            if lengths is not None:
                raise DataError("lengths came beside a PackedSequence, which has its own: leave one of them out")
            check_packed(x)
            tokens, last = self.run_packed(x.data, Packing.of_packed(x), state, need_state=need_state)
            return PackedSequence(tokens, x.batch_sizes, x.sorted_indices, x.unsorted_indices), last
        if isinstance(x, Tensor) and x.dim() == 2:
            return self._run_one(x, state, lengths, need_state)
        if not isinstance(x, Tensor) or x.dim() != 3:
            if is_proxy(x):
                return call_as_leaf(self, x, state, lengths, need_state)
            came = f"shape {tuple(x.shape)}" if isinstance(x, Tensor) else type(x).__name__
            expected = "(B, T, D) or (T, D)" if self.batch_first else "(T, B, D) or (T, D)"
            raise ShapeError(f"the input came as {came}, expected {expected}")
        output, last = self._run(x if self.batch_first else x.transpose(0, 1), state, lengths, need_state)
        return output if self.batch_first else output.transpose(0, 1), last

    def _run_one(self, x: Tensor, state: Any, lengths: Any, need_state: bool) -> tuple[Tensor, Any]:
        """Walk the layers over one row without a batch: x (T, D), a state of parts (num_layers * directions, H)."""
        parts = check_row_state(state, x, self.cell.states)
        batch = 0 if self.batch_first else 1
        if state is not None:
            whole = tuple(part.unsqueeze(1) if isinstance(part, Tensor) else part for part in parts)
            state = whole if isinstance(state, (tuple, list)) else whole[0]
        output, last = self.run(x.unsqueeze(batch), state, lengths, need_state=need_state)
        if last is not None:
            last = tuple(part.squeeze(1) for part in last) if isinstance(last, tuple) else last.squeeze(1)
        return output.squeeze(batch), last

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
        check_input(tokens, B, T, input_size=self.input_size, weight=self._first_weight)
        autocast = autocast_type(tokens)
        if self._route(tokens, 1.0, need_state, autocast) == "native":
            first = self._check_state(state, tokens, B)
            return cast_results(self._run_native(tokens, packing, first, need_state, autocast is not None), autocast)
        lengths = packing.unrank(packing.lengths.view(1, -1, 1)).flatten()
        output, last = self._run(packing.scatter(tokens), state, lengths, need_state)
        return packing.gather(output), last

    def _run(self, x: Tensor, state: Any, lengths: Any, need_state: bool) -> tuple[Tensor, Any]:
        """Walk all layers over x (B, T, D)."""
        B, T = x.shape[:2]
        check_input(x, B, T, input_size=self.input_size, weight=self._first_weight)
        rows = None if lengths is None else check_lengths(lengths, B, T, device=x.device)
        first = self._check_state(state, x, B)
        autocast = autocast_type(x)
        if B == 0:
            width = self.num_directions * (self.proj_size or self.hidden_size)
            outputs = walk_nothing(x, first, self.parameters(), width)
            none = None if not need_state else first if self.cell.has_memory else first[0]
            return cast_results((outputs, none), autocast)
        route = self._route(x, 1.0 if rows is None else int(rows.sum()) / (B * T), need_state, autocast)
        if route == "native":
            packing = Packing.even_rows(B, T) if rows is None else Packing.of(rows, T)
            tokens, after = self._run_native(packing.gather(x), packing, first, need_state, autocast is not None)
            return cast_results((packing.scatter(tokens, by_time=not self.batch_first), after), autocast)
        last: list[State] = []
        for layer in range(self.num_layers):
            if layer > 0 and self.dropout > 0:
                x = F.dropout(x, self.dropout, self.training)
            given, walks = x, []
            for suffix in self._suffix_of[layer]:
                before = tuple(part[len(last)] for part in first)
                reverse = suffix.endswith("_reverse")
                outputs, after = walk_by(
                    route, self.cell, x, rows, state=before, weights=self._weights(suffix), reverse=reverse
                )
                walks.append(outputs)
                last.append(after)
            x = torch.cat(walks, dim=-1) if len(walks) > 1 else walks[0]
            if self.recorder is not None:
                self.recorder.keep_padded(self, layer, given, rows, first, outputs=x, last=last)
        stacked = tuple(torch.stack(parts) for parts in zip(*last, strict=True)) if need_state else (None,)
        return cast_results((x, stacked if self.cell.has_memory and need_state else stacked[0]), autocast)

    @property
    def _first_weight(self) -> Tensor:
        """Of the first layer, for what all have in common: device and type."""
        return self.weight_ih_l0  # type: ignore[return-value]

    def _route(self, x: Tensor, fill: float, need_state: bool, autocast: torch.dtype | None = None) -> Route:
        followed = needs_operations(x)
        if is_transformed() or (followed and self.cell.linear is not None):
            return "reference"
        kind, dtype, built = x.device.type, self._first_weight.dtype, False if followed else None
        return choose_route(
            self.cell, device=kind, dtype=dtype, fill=fill, need_state=need_state, autocast=autocast, built=built
        )

    def _run_native(
        self, x: Tensor, packing: Packing, first: State, need_state: bool, autocast: bool
    ) -> tuple[Tensor, Any]:
        """Walk all layers over packed tokens (N, D), which stay packed from layer to layer."""
        precision = "bfloat16" if autocast else self.precision
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
            given = x
            x, after = run_layer(
                self.cell.native,
                x,
                packing.lengths,
                first if self.num_layers == 1 else tuple(part[of_layer] for part in first),
                weights,
                element=arithmetic.element,
                instruction_set=arithmetic.instruction_set,
                step=self.cell.step,
            )
            if self.recorder is not None:
                self.recorder.keep_packed(self, layer, given, packing, first, outputs=x, after=after)
            last.append(after)
        if not need_state:
            return x, None
        parts = last[0] if self.num_layers == 1 else [torch.cat(parts) for parts in zip(*last, strict=True)]
        joined = tuple(packing.unrank(part) for part in parts)
        return x, joined if self.cell.has_memory else joined[0]

    def _check_state(self, state: Any, x: Tensor, B: int) -> State:
        L, H, names = self.num_layers * self.num_directions, self.hidden_size, self.cell.states
        return check_state(state, x, names, [(L, B, self.proj_size or H), *[(L, B, H)] * (len(names) - 1)])
