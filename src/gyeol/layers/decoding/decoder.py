"""A decoder that looks back at its source: recurrent layers, attention between them, a vector to predict from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, final

import torch
from torch import Tensor, nn

from gyeol.kernels.cells.cell import Cell
from gyeol.kernels.packing import Packing
from gyeol.layers.attention.alignment import Alignment, Source
from gyeol.layers.dropout import LockedDropout
from gyeol.layers.recurrent.layer import Recurrent
from gyeol.layers.recurrent.stepper import Stepper

__all__ = ["Decoder", "DecoderState"]

#: The state of each layer: tensors (1, rows, H), for the LSTM two of them.
DecoderState = list[tuple[Tensor, ...]]


@final
class Decoder(nn.Module):
    """Words so far to a vector for the next (Luong et al. 2015, figure 2; layers as in Wu et al. 2016, section 3).

    The first layer reads the words; its states ask the source; what they find goes into the layers above, and beside
    the last layer's state into ``tanh(W [c_t; h_t])`` (Luong's equation 5). Nothing of a step waits for another
    step's attention, so that with the words given (teacher forcing) each layer is one walk. With input feeding
    (Luong et al. 2015, section 3.3) the vector of each step is fed to the next one, and steps are taken one by one.

    Parameters
    ----------
    cell : str or Cell
    input_size, hidden_size, output_size : int
        E of the words; H; O of what is predicted from.
    value_size : int
        V of the source's vectors.
    num_layers : int
    alignment : Alignment, optional
        None: every step sees the one vector that stands for the source.
    dropout : float
        Share of features dropped between layers and before the result, the same at every step.
    input_feeding : bool
    precision : str
        Of the recurrent layers.
    """

    def __init__(
        self,
        cell: str | Cell,
        input_size: int,
        hidden_size: int,
        output_size: int,
        value_size: int,
        *,
        num_layers: int = 1,
        alignment: Alignment | None = None,
        dropout: float = 0.0,
        input_feeding: bool = False,
        precision: str = "float32",
    ) -> None:
        super().__init__()
        self.output_size, self.input_feeding = output_size, input_feeding
        first = input_size + (output_size if input_feeding else 0)
        sizes = [first, *[hidden_size + value_size] * (num_layers - 1)]
        self.layers = nn.ModuleList(Recurrent(cell, size, hidden_size, precision=precision) for size in sizes)
        self.alignment = alignment
        self.combine = nn.Linear(hidden_size + value_size, output_size)
        self.locked = LockedDropout(dropout)

    @property
    def walks(self) -> list[Recurrent]:
        """The recurrent layers, the first first."""
        return [layer for layer in self.layers if isinstance(layer, Recurrent)]

    def forward(
        self, x: Tensor, packing: Packing, state: DecoderState, source: Source
    ) -> tuple[Tensor, Tensor, DecoderState]:
        """Walk over given words.

        Parameters
        ----------
        x : Tensor, shape (N, E)
            Packed.
        packing : Packing
            How the B targets lie.
        state : DecoderState
            Before the first word.
        source : Source

        Returns
        -------
        output : Tensor, shape (N, O)
        weights : Tensor, shape (B, Q, T)
            Where each step looked; what stands at a target's padding means nothing.
        state : DecoderState
        """
        if self.input_feeding:
            return self._one_by_one(x, packing, state, source)
        after, context, weights = [], None, x.new_zeros(0)
        for n, layer in enumerate(self.walks):
            if n:
                assert context is not None
                x = torch.cat([self.locked(x, packing), context], dim=1)
            x, last = layer.run_packed(x, packing, _joined(state[n]))
            after.append(_parted(last))
            if n == 0:
                found, weights = self.look(packing.scatter(x), source, torch.arange(packing.steps))
                context = packing.gather(found)
        assert context is not None
        return self.predict(torch.cat([context, x], dim=1), packing), weights, after

    def look(self, query: Tensor, source: Source, steps: Tensor) -> tuple[Tensor, Tensor]:
        """Ask the source with states (B, Q, H): contexts (B, Q, V), weights (B, Q, T)."""
        if self.alignment is not None:
            found: tuple[Tensor, Tensor] = self.alignment(query, source, steps)
            return found
        context = source.values[:, :1].expand(-1, query.shape[1], -1)
        return context, query.new_ones(*query.shape[:2], 1)

    def predict(self, both: Tensor, packing: Packing | None) -> Tensor:
        """Put context and state together: ``tanh(W [c; h])``."""
        vector = torch.tanh(self.combine(both))
        return vector if packing is None else self.locked(vector, packing)

    def step(
        self,
        x: Tensor,
        state: DecoderState,
        source: Source,
        number: int,
        fed: Tensor | None = None,
        steppers: Sequence[Stepper] | None = None,
        combine: Callable[[Tensor], Tensor] | None = None,
    ) -> tuple[Tensor, Tensor, DecoderState]:
        """Take one step of K targets for each source.

        Parameters
        ----------
        x : Tensor, shape (B, K, E)
            The last words.
        state : DecoderState
            Of B * K rows.
        source : Source
        number : int
            Which step it is, from 0.
        fed : Tensor of shape (B, K, O), optional
            The result of the step before, where input feeding is used; zeros by default.
        steppers : sequence of Stepper, optional
            Of B * K rows, one a layer: they take the step, from the state in their own memory, where it is then. For a
            few rows that is much faster: the weights lie ready.
        combine : callable, optional
            Takes the place of the layer that puts context and state (B * K, V + H) together.

        Returns
        -------
        output : Tensor, shape (B, K, O)
        weights : Tensor, shape (B, K, T)
        state : DecoderState
        """
        B, K, _ = x.shape
        if self.input_feeding:
            x = torch.cat([x, x.new_zeros(B, K, self.output_size) if fed is None else fed], dim=2)
        rows, after, context, weights = x.flatten(0, 1), [], None, x.new_zeros(0)
        packing = Packing(torch.ones(B * K, dtype=torch.int64), None, 1)
        for n, layer in enumerate(self.walks):
            if n:
                assert context is not None
                rows = torch.cat([rows, context], dim=1)
            if steppers is None:
                rows, last = layer.run_packed(rows, packing, _joined(state[n]))
            else:
                rows, last = steppers[n](rows), steppers[n].state
            after.append(_parted(last))
            if n == 0:
                numbers = torch.full((K,), number, device=x.device)
                found, weights = self.look(rows.view(B, K, -1), source, numbers)
                context = found.flatten(0, 1)
        assert context is not None
        both = torch.cat([context, rows], dim=1)
        vector = self.predict(both, None) if combine is None else torch.tanh(combine(both))
        return vector.view(B, K, -1), weights, after

    def _one_by_one(
        self, x: Tensor, packing: Packing, state: DecoderState, source: Source
    ) -> tuple[Tensor, Tensor, DecoderState]:
        words = packing.scatter(x)
        fed: Tensor | None = None
        outputs, looks = [], []
        for t in range(packing.steps):
            fed, weights, state = self.step(words[:, t : t + 1], state, source, t, fed)
            outputs.append(fed)
            looks.append(weights)
        output = packing.gather(torch.cat(outputs, dim=1))
        return self.locked(output, packing), torch.cat(looks, dim=1), state


def _joined(state: tuple[Tensor, ...]) -> Any:
    return state if len(state) > 1 else state[0]


def _parted(state: Any) -> tuple[Tensor, ...]:
    return tuple(state) if isinstance(state, tuple) else (state,)
