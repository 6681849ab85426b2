"""The network of `LanguageModel`, and what its batches carry from one to the next."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from gyeol.errors import ParameterError
from gyeol.kernels.packing import Packing
from gyeol.layers import (
    Embedding,
    LockedDropout,
    Recurrent,
    StepScale,
    linear_cross_entropy,
    sampled_cross_entropy,
    sampling_probabilities,
    word_dropout,
)

__all__ = ["Carrier", "LanguageNet", "Pieces", "activity", "cut", "dropped", "in_order", "targets_of"]

_LOGITS = 1 << 22  # numbers of a block of logits: 16 MB
_FULL = 50_000  # words that a full softmax may have
_CUTS = 4_000, 20_000, 100_000, 500_000  # frequent words are distinguished first, rarer ones in groups behind them


class Pieces(NamedTuple):
    """A window of B streams, cut where a text starts: P pieces, none of which extends past an end.

    ``tokens`` and ``targets`` (P, T) int64; ``lengths`` (P,); ``rows`` (P,), the stream of each; ``fresh`` (P,) bool,
    those that begin a text; ``last`` (B,), the piece with which each stream leaves the window; ``first``, whether the
    window is the first of its streams.
    """

    tokens: Tensor
    targets: Tensor
    lengths: Tensor
    rows: Tensor
    fresh: Tensor
    last: Tensor
    first: bool


def cut(inputs: npt.NDArray[np.int64], targets: npt.NDArray[np.int64], *, end: int | None, first: bool) -> Pieces:
    """Cut a window (B, T) before every mark of an end among its inputs, or nowhere.

    Examples
    --------
    >>> pieces = cut(np.array([[5, 2, 6]]), np.array([[2, 6, 7]]), end=2, first=False)
    >>> pieces.tokens.tolist(), pieces.lengths.tolist(), pieces.fresh.tolist()
    ([[5, 2], [2, 6]], [1, 2], [False, True])
    """
    B, T = inputs.shape
    begins = np.zeros((B, T), dtype=bool)
    begins[:, 0] = True
    if end is not None:
        begins |= inputs == end
    rows, starts = np.nonzero(begins)
    ends = np.append(np.where(rows[1:] == rows[:-1], starts[1:], T), T)
    lengths = ends - starts
    places = np.minimum(starts[:, None] + np.arange(int(lengths.max())), T - 1)
    fresh = (inputs[rows, starts] == end) if end is not None else np.zeros(len(rows), dtype=bool)
    last = np.append(np.flatnonzero(rows[1:] != rows[:-1]), len(rows) - 1)
    cells = rows[:, None], places
    tensors = [torch.from_numpy(array) for array in (inputs[cells], targets[cells], lengths, rows, fresh, last)]
    tokens, following, counts, streams, news, leaving = tensors
    return Pieces(tokens, following, counts, streams, news, leaving, first)


def in_order(values: Tensor, pieces: Pieces) -> Tensor:
    """Put one number a packed token, (N,), into the order in which the streams hold them, one after the other."""
    T = pieces.tokens.shape[1]
    padded = Packing.of(pieces.lengths, T).scatter(values.unsqueeze(1)).squeeze(2)
    return padded[torch.arange(T) < pieces.lengths[:, None]]


def targets_of(pieces: Pieces, packing: Packing) -> Tensor:
    """Return the targets (N,) of a window's tokens as they lie."""
    return packing.gather(pieces.targets.unsqueeze(2)).squeeze(1)


def dropped(weight: Tensor, p: float) -> Tensor:
    """Drop a share of weights, to the nearest 256th, and scale up the others: as dropout, but eight for one draw.

    To draw a number for each of a million weights takes longer than to multiply them with a batch.
    """
    least = min(255, round(256 * p))
    draws = torch.empty((weight.numel() + 7) // 8, dtype=torch.int64).random_(-(1 << 63), None)
    kept = draws.view(torch.uint8)[: weight.numel()].view(weight.shape) >= least
    return weight * (kept * (256 / (256 - least))).to(weight.dtype)


def activity(states: Tensor, kept: Tensor, packing: Packing) -> Tensor:
    """Tell how large states (N, K) are, and how much they change from step to step.

    Twice the mean square of those kept by dropout, and the mean square of the change: activation regularisation with
    the weights of Merity et al. 2018 (section 4.5), alpha = 2 and beta = 1.
    """
    counts = packing.counts()
    later = torch.arange(int(counts[0]), len(states))
    before = later - counts[:-1].repeat_interleave(counts[1:])
    # A window of one step has no change; its mean would be no number.
    change = (states[later] - states[before]).square().sum() / max(1, later.numel() * states.shape[1])
    return 2 * kept.square().mean() + change


class Carrier:
    """The state that B streams leave a window with: by layer, tensors (1, B, H)."""

    def __init__(self) -> None:
        self.layers: list[tuple[Tensor, ...]] = []

    def before(self, pieces: Pieces, sizes: list[int], parts: int, like: Tensor) -> list[tuple[Tensor, ...]]:
        """Give every piece its state: that of its stream, or zeros."""
        if pieces.first or not self.layers:
            return [tuple(like.new_zeros(1, len(pieces.rows), H) for _ in range(parts)) for H in sizes]
        keep = (~pieces.fresh).to(like.dtype)[:, None]
        # Later pieces of a window begin a text: only the first piece of a stream takes its state.
        return [tuple(part[:, pieces.rows] * keep for part in layer) for layer in self.layers]

    def after(self, pieces: Pieces, layers: list[tuple[Tensor, ...]]) -> None:
        """Keep the state of each stream's last piece."""
        self.layers = [tuple(part.detach()[:, pieces.last] for part in layer) for layer in layers]

    def state(self) -> dict[str, Tensor]:
        """Return it as named tensors."""
        return {f"{n}.{p}": part for n, layer in enumerate(self.layers) for p, part in enumerate(layer)}

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Take over what `state` returned."""
        count = len({name.partition(".")[0] for name in tensors})
        parts = len(tensors) // max(1, count)
        self.layers = [tuple(tensors[f"{n}.{p}"] for p in range(parts)) for n in range(count)]


class LanguageNet(nn.Module):
    """Tokens to the hidden state that predicts the next: embedding, recurrent layers, a softmax over all words.

    Tied (Press and Wolf 2017; Inan et al. 2017), the softmax's weights are the embedding, and the last layer has its
    size. Dropped are words of the embedding, features at both ends of every layer, the same at every step (Gal and
    Ghahramani 2016), and recurrent weights (Wan et al. 2013), as Merity et al. 2018 have it. Above 50,000 words the
    softmax is the adaptive one (Grave et al. 2017), with separate weights.

    Parameters
    ----------
    size, embedding_size : int
        V of the vocabulary, and the length of a token's vector.
    cell, hidden_size, num_layers, precision
        Of the recurrent layers (`gyeol.layers.Recurrent`).
    dropout, weight_dropout : float
        Shares of features and of recurrent weights dropped.
    tied : bool
    samples : int
        Words, on average, from which the softmax is learned at each step; 0: all.
    """

    def __init__(
        self,
        size: int,
        embedding_size: int,
        *,
        cell: Any,
        hidden_size: int,
        num_layers: int,
        precision: str,
        dropout: float,
        tied: bool = True,
        weight_dropout: float = 0.0,
        samples: int = 0,
    ) -> None:
        super().__init__()
        E, H = embedding_size, hidden_size
        full = size <= _FULL
        tied = tied and full
        self.embedding = Embedding(size, E, dropout=word_dropout(size, dropout), sparse=not tied)
        nn.init.uniform_(self.embedding.weight, -0.1, 0.1)
        self.steps = StepScale()
        sizes = [E, *[H] * (num_layers - 1), E if tied else H]
        self.layers = nn.ModuleList(
            Recurrent(cell, sizes[n], sizes[n + 1], precision=precision) for n in range(len(sizes) - 1)
        )
        self.weight_dropout = weight_dropout
        if weight_dropout and not self.walks[0].cell.hidden_product:
            raise ParameterError(
                f"weight_dropout={weight_dropout} drops weights between states, which the cell "
                f"{self.walks[0].cell.name!r} has not: set weight_dropout=0"
            )
        self.entry, self.between, self.exit = (LockedDropout(share * dropout) for share in (0.75, 0.6, 1.0))
        self.weight = nn.Parameter(torch.empty(size, H).uniform_(-0.1, 0.1)) if full and not tied else None
        self.bias = nn.Parameter(torch.zeros(size)) if full else None
        self.adaptive = None if full else _adaptive(H, size)
        self.samples = samples if full and 0 < samples < size else 0
        self._chances: Tensor | None = None

    @property
    def walks(self) -> list[Recurrent]:
        """The recurrent layers, the first first."""
        return [layer for layer in self.layers if isinstance(layer, Recurrent)]

    @property
    def softmax(self) -> Tensor:
        """The weights of the softmax, (V, E) or (V, H)."""
        return self.embedding.weight if self.weight is None else self.weight

    def forward(self, pieces: Pieces, carrier: Carrier) -> tuple[Tensor, Tensor]:
        """Walk a window: hidden states (N, K) and targets (N,) of its tokens; the carrier then holds what follows."""
        states, packing = self.states(pieces, carrier)
        return self.exit(states, packing), targets_of(pieces, packing)

    def states(self, pieces: Pieces, carrier: Carrier) -> tuple[Tensor, Packing]:
        """Walk a window: the last layer's states (N, K), nothing dropped from them, and how they lie."""
        packing = Packing.of(pieces.lengths, pieces.tokens.shape[1])
        x = self.steps(self.embedding(packing.gather(pieces.tokens.unsqueeze(2)).squeeze(1)), packing)
        walks = self.walks
        cell = walks[0].cell
        sizes = [layer.hidden_size for layer in walks]
        before = carrier.before(pieces, sizes, len(cell.states), x)
        after: list[tuple[Tensor, ...]] = []
        x = self.entry(x, packing)
        for n, layer in enumerate(walks):
            if n:
                x = self.between(x, packing)
            state: Any = before[n] if cell.has_memory else before[n][0]
            x, state = self._walk(layer, x, packing, state)
            after.append(tuple(state) if cell.has_memory else (state,))
        carrier.after(pieces, after)
        return x, packing

    def _walk(self, layer: Recurrent, x: Tensor, packing: Packing, state: Any) -> tuple[Tensor, Any]:
        if not (self.training and self.weight_dropout):
            return layer.run_packed(x, packing, state)
        weights = {"layer.weight_hh_l0": dropped(layer.get_parameter("weight_hh_l0"), self.weight_dropout)}
        walked: tuple[Tensor, Any] = functional_call(_Packed(layer), weights, (x, packing, state))
        return walked

    def loss(
        self, hidden: Tensor, targets: Tensor, *, frequencies: Tensor | None = None, precision: str = "float32"
    ) -> Tensor:
        """Return the mean of minus the log probabilities of targets (N,) after hidden states (N, K), to learn by.

        Learned from samples, it takes each word's share of all targets, ``frequencies`` (V,); see
        `gyeol.layers.sampled_cross_entropy`.
        """
        if self.adaptive is not None:
            mean: Tensor = self.adaptive(hidden, targets).loss
            return mean
        if self.samples:
            if self._chances is None:
                self._chances = sampling_probabilities(len(self.softmax), self.samples)
            return sampled_cross_entropy(
                hidden, self.softmax, self.bias, targets, self._chances, frequencies=frequencies, precision=precision
            )
        return linear_cross_entropy(hidden, self.softmax, self.bias, targets, precision=precision)

    def losses(self, hidden: Tensor, targets: Tensor) -> Tensor:
        """Return minus the log probability of each target, (N,), without keeping all logits."""
        if self.adaptive is not None:
            found: Tensor = -self.adaptive(hidden, targets).output
            return found
        step = max(1, _LOGITS // len(self.softmax))
        blocks = [
            F.cross_entropy(self.logits(hidden[first : first + step]), targets[first : first + step], reduction="none")
            for first in range(0, len(hidden), step)
        ]
        return torch.cat(blocks)

    def logits(self, hidden: Tensor) -> Tensor:
        """Return numbers (N, V) whose softmax is the probabilities after hidden states (N, K)."""
        if self.adaptive is not None:
            shares: Tensor = self.adaptive.log_prob(hidden)
            return shares
        return F.linear(hidden, self.softmax, self.bias)


def _adaptive(width: int, size: int) -> nn.AdaptiveLogSoftmaxWithLoss:
    """Make a softmax in whose groups a word gets fewer numbers the rarer it is: a quarter from group to group."""
    cuts = [cut for cut in _CUTS if cut < size]
    share = max(1.0, min(4.0, (width / 4) ** (1 / len(cuts))))  # the last one's words keep four where they can
    return nn.AdaptiveLogSoftmaxWithLoss(width, size, cuts, div_value=share, head_bias=True)


class _Packed(nn.Module):
    """A layer whose call is its `run_packed`."""

    def __init__(self, layer: Recurrent) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor, packing: Packing, state: Any) -> Any:
        return self.layer.run_packed(x, packing, state)
