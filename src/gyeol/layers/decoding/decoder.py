"""A decoder that looks back at its source, and what every network that writes has around it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, final

import torch
from torch import Tensor, nn

from gyeol.kernels.cells.cell import Cell
from gyeol.kernels.packing import Packing
from gyeol.layers.attention.alignment import Alignment, Source
from gyeol.layers.attention.packed import PackedAlignment
from gyeol.layers.dropout import LockedDropout
from gyeol.layers.losses.cross_entropy import linear_cross_entropy
from gyeol.layers.packed_linear import PackedLinear
from gyeol.layers.recurrent.layer import Recurrent
from gyeol.layers.recurrent.packed import PackedRecurrent
from gyeol.layers.recurrent.stepper import Stepper
from gyeol.layers.words.embedding import Embedding

__all__ = ["Decoder", "DecoderState", "PackedDecoder", "Read", "Writer"]

_FEW = 8  # rows of a step that steppers take

#: The state of each layer: tensors (1, rows, H), for the LSTM two of them.
DecoderState = list[tuple[Tensor, ...]]


@final
class Decoder(nn.Module):
    """Words so far to a vector for the next (Luong et al. 2015, figure 2; layers as in Wu et al. 2016, section 3).

    The first layer reads the words; its states are the queries; their contexts are inputs of the layers above, and with
    the last layer's state of ``tanh(W [c_t; h_t])`` (Luong's equation 5). No step depends on the attention of another,
    so that with teacher forcing each layer runs over all steps at once. With input feeding (Luong et al. 2015, section
    3.3) the vector of each step is an input of the next one, and steps are computed one by one.

    Parameters
    ----------
    cell : str or Cell
    input_size, hidden_size, output_size : int
        E of the words; H; O of what is predicted from.
    value_size : int
        V of the source's vectors.
    num_layers : int
    alignment : Alignment, optional
        None: every step gets the one vector that represents the source.
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
        """Run over given words (teacher forcing).

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
            Of each step; undefined at a target's padding.
        state : DecoderState
        """
        if self.input_feeding:
            return self._one_by_one(x, packing, state, source)
        states, context, weights = [], None, x.new_zeros(0)
        for n, layer in enumerate(self.walks):
            if n:
                assert context is not None
                x = torch.cat([self.locked(x, packing), context], dim=1)
            x, last = layer.run_packed(x, packing, _joined(state[n]))
            states.append(_parted(last))
            if n == 0:
                found, weights = self.look(packing.scatter(x), source, torch.arange(packing.steps))
                context = packing.gather(found)
        assert context is not None
        return self.predict(torch.cat([context, x], dim=1), packing), weights, states

    def look(self, query: Tensor, source: Source, steps: Tensor) -> tuple[Tensor, Tensor]:
        """Attend to the source with queries (B, Q, H): contexts (B, Q, V), weights (B, Q, T)."""
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
        packed: PackedDecoder | None = None,
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
        packed : PackedDecoder, optional
            The same layers with weights packed once: without gradients, and much faster.

        Returns
        -------
        output : Tensor, shape (B, K, O)
        weights : Tensor, shape (B, K, T)
        state : DecoderState
        """
        B, K, _ = x.shape
        if self.input_feeding:
            x = torch.cat([x, x.new_zeros(B, K, self.output_size) if fed is None else fed], dim=2)
        rows, states, context, weights = x.flatten(0, 1), [], None, x.new_zeros(0)
        packing = Packing(torch.ones(B * K, dtype=torch.int64), None, 1)
        walks = [layer.run_packed for layer in self.walks] if packed is None else packed.walks(B * K)
        look = self.look if packed is None or packed.look is None else packed.look
        for n, walk in enumerate(walks):
            if n:
                assert context is not None
                rows = torch.cat([rows, context], dim=1)
            rows, last = walk(rows, packing, _joined(state[n]))
            states.append(_parted(last))
            if n == 0:
                numbers = torch.full((K,), number, device=x.device)
                found, weights = look(rows.view(B, K, -1), source, numbers)
                context = found.flatten(0, 1)
        assert context is not None
        both = torch.cat([context, rows], dim=1)
        vector = self.predict(both, None) if packed is None else torch.tanh(packed.combine(both))
        return vector.view(B, K, -1), weights, states

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


@final
class PackedDecoder:
    """A decoder's layers with weights packed once, for `Decoder.step`; later training does not reach them.

    Parameters
    ----------
    decoder : Decoder
    weights : {"float32", "bfloat16", "int8"}
        How the weights are stored; see `gyeol.layers.Stepper` for what it costs.
    """

    def __init__(self, decoder: Decoder, weights: str) -> None:
        self.weights = weights
        self.combine = PackedLinear(decoder.combine.weight, decoder.combine.bias, weights=weights)
        self.look = None if decoder.alignment is None else PackedAlignment(decoder.alignment, weights=weights)
        self._layers = decoder.walks
        self._walks: list[PackedRecurrent] = []
        self._steppers: dict[int, list[Stepper]] = {}

    def walks(self, rows: int) -> list[Callable[[Tensor, Packing, Any], tuple[Tensor, Any]]]:
        """What takes a step of so many rows, a layer each: few of them step by step, others as a batch."""
        if rows > _FEW and self.weights != "int8":
            if not self._walks:
                self._walks = [PackedRecurrent(layer, weights=self.weights) for layer in self._layers]
            return list(self._walks)
        if rows not in self._steppers:
            self._steppers[rows] = [layer.stepper(rows, weights=self.weights) for layer in self._layers]
        return [partial(_stepped, stepper) for stepper in self._steppers[rows]]


def _stepped(stepper: Stepper, rows: Tensor, packing: Packing, state: Any) -> tuple[Tensor, Any]:
    """Take one step from a state; what is returned is no longer the stepper's memory."""
    for to, part in zip(_parted(stepper.state), _parted(state), strict=True):
        to.copy_(part)
    output = stepper(rows).clone()
    return output, _joined(tuple(part.clone() for part in _parted(stepper.state)))


class Read(NamedTuple):
    """The output of an encoder: the source to attend to, and the initial state of the decoder."""

    source: Source
    state: DecoderState


class Writer(nn.Module):
    """The decoding part of a network; a derived class creates its parts, and an encoder.

    The softmax's weights are the words' vectors (Press and Wolf 2017).

    Attributes
    ----------
    words : Embedding
    decoder : Decoder
    bias : nn.Parameter, shape (V,)
    locked : LockedDropout
    """

    words: Embedding
    decoder: Decoder
    bias: nn.Parameter
    locked: LockedDropout

    def write(
        self, read: Read, inputs: Tensor, targets: Tensor, lengths: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Packing]:
        """Predict targets, each word given those before it (teacher forcing).

        Parameters
        ----------
        read : Read
            Of B sources.
        inputs, targets : int64 tensors, shape (B, Q)
            The decoder's inputs, and what it is to predict.
        lengths : int64 tensor, shape (B,)
            Of the targets.

        Returns
        -------
        vectors : Tensor, shape (N, E)
            Packed: the vector that each word is predicted from.
        targets : Tensor, shape (N,)
        weights : Tensor, shape (B, Q, T)
        packing : Packing
            Of the targets.
        """
        packing = Packing.of(lengths, targets.shape[1])
        given = packing.gather(inputs.unsqueeze(2)).squeeze(1)
        x = self.locked(self.words(given), packing)
        vectors, weights, _ = self.decoder(x, packing, read.state, read.source)
        return vectors, packing.gather(targets.unsqueeze(2)).squeeze(1), weights, packing

    def loss(self, vectors: Tensor, targets: Tensor, *, precision: str, label_smoothing: float) -> Tensor:
        """Return the mean of minus the log probabilities of targets."""
        return linear_cross_entropy(
            vectors, self.words.weight, self.bias, targets, precision=precision, label_smoothing=label_smoothing
        )

    def logits(self, vectors: Tensor) -> Tensor:
        """Return numbers (..., V) whose softmax is the probabilities of the next word."""
        return vectors @ self.words.weight.T + self.bias


def _joined(state: tuple[Tensor, ...]) -> Any:
    return state if len(state) > 1 else state[0]


def _parted(state: Any) -> tuple[Tensor, ...]:
    return tuple(state) if isinstance(state, tuple) else (state,)
