"""A writer's step for a few continuations in one native call, its weights packed once."""

from __future__ import annotations

import math
from typing import Any, final

import numpy as np
import torch
from torch import Tensor

from gyeol.kernels import native
from gyeol.layers.attention.alignment import Source
from gyeol.layers.attention.packed import PackedAlignment, kernel_attends
from gyeol.layers.attention.scores import ScaledDot
from gyeol.layers.decoding.decoder import DecoderState, Writer
from gyeol.layers.packed_linear import PackedLinear

__all__ = ["PackedWriter", "WriterState"]


@final
class WriterState:
    """What a step hands on to the next one, as arrays: the state of L layers, and the vectors of the last words.

    Parameters
    ----------
    state : DecoderState
        Before the first word; copied.
    output_size : int
        O.

    Attributes
    ----------
    parts : list of arrays (L, R, H)
    vectors : array, shape (R, O)
        Zeros before the first word.
    """

    def __init__(self, state: DecoderState, output_size: int) -> None:
        self.parts = [np.stack([part[0].detach().numpy() for part in layer]) for layer in zip(*state, strict=True)]
        self.vectors = np.zeros((self.parts[0].shape[1], output_size), np.float32)

    def take(self, rows: Tensor) -> None:
        """Go on with these of the R rows."""
        which = rows.numpy()
        self.parts = [part.take(which, axis=1) for part in self.parts]
        self.vectors = self.vectors[which]


@final
class PackedWriter:
    """Takes the steps of a `Writer`: words to log probabilities of the next ones, as `Decoder.step` and a softmax do.

    The weights are copied, but for the table of words: later training must not reach it. What the weights of contexts
    make of the source is computed once a source (`prepare`), since a weighted mean of vectors times a matrix is the
    weighted mean of their products: a step does not read these weights.

    Parameters
    ----------
    net : Writer
        One of which `fits` says that it can be.
    weights : {"float32", "bfloat16", "int8"}
        See `gyeol.layers.Stepper` for what it costs.
    softmax : PackedLinear
        Vectors (O,) to scores (V,).
    rows : int
        The most continuations that a step takes.
    """

    def __init__(self, net: Writer, weights: str, softmax: PackedLinear, rows: int) -> None:
        decoder = net.decoder
        walks, H, combine = decoder.walks, decoder.walks[0].hidden_size, decoder.combine.weight
        context = combine.shape[1] - H
        self.rows, self.output_size = rows, decoder.output_size
        first, *above = (layer.weights_of(0)[0] for layer in walks)
        layers = [first, *(w._replace(w_ih=w.w_ih[:, :H]) for w in above)]
        of_context = [*(w.w_ih[:, H:] for w in above), combine[:, :context]]
        self._context = PackedLinear(torch.cat(of_context), None, weights=weights)
        name = native.CELLS[walks[0].cell.native or ""].name
        steppers = [native.stepper(name, weights, [layer], rows, -1) for layer in layers]
        alignment = decoder.alignment
        query, vector = (None, None) if alignment is None else PackedAlignment(alignment, weights=weights).query
        scaled = alignment is not None and type(alignment.score) is ScaledDot
        self._keys = alignment is not None
        self._native = native.decoder_step(
            net.words.weight.detach().numpy(), steppers, None if query is None else query.native, vector,
            1 / math.sqrt(H) if scaled else 1.0,
            PackedLinear(combine[:, context:], decoder.combine.bias, weights=weights).native, softmax.native,
        )  # fmt: skip
        self._words = softmax.out_features

    @staticmethod
    def fits(net: Writer) -> bool:
        """Whether all of a network's parts have kernels."""
        decoder, table = net.decoder, net.words.weight
        cells = {layer.cell.native or "" for layer in decoder.walks}
        kernel = native.CELLS.get(next(iter(cells))) if native.native_available() and len(cells) == 1 else None
        return (
            kernel is not None
            and kernel.steps
            and kernel.states in (("h",), ("h", "c"))
            and all(p.dtype == torch.float32 and p.device.type == "cpu" for p in decoder.parameters())
            and table.dtype == torch.float32
            and table.device.type == "cpu"
            and table.is_contiguous()
            and (decoder.alignment is None or kernel_attends(decoder.alignment))
        )

    def prepare(self, source: Source) -> Source:
        """Replace a source's vectors by what the weights of contexts make of them, once for all steps."""
        return Source(source.keys.contiguous(), self._context(source.values), source.lengths)

    def step(self, tokens: Tensor, state: WriterState, source: Source) -> tuple[Tensor, Tensor]:
        """Read the last words (B, K); `state` becomes that after them.

        Parameters
        ----------
        tokens : int64 tensor, shape (B, K)
        state : WriterState
            Of B * K rows.
        source : Source
            As `prepare` returned it.

        Returns
        -------
        logs : Tensor, shape (B, K, V)
            Log probabilities of the next word.
        weights : Tensor, shape (B, K, T)
            Where each continuation looked.
        """
        (B, K), T = tokens.shape, source.values.shape[1]
        logs, weights = np.empty((B * K, self._words), np.float32), np.empty((B, K, T), np.float32)
        h, *c = state.parts
        keys: Any = source.keys.detach().numpy() if self._keys else None
        self._native.take(
            tokens.reshape(-1).numpy(), h, c[0] if c else None, state.vectors, keys, source.values.numpy(),
            source.lengths.numpy(), weights, logs, torch.get_num_threads(),
        )  # fmt: skip
        return torch.from_numpy(logs).view(B, K, -1), torch.from_numpy(weights)
