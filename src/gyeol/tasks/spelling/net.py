"""The two readers of `SpellingCorrector`: one language model reads from the left, one from the right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from gyeol.inputs import Vocabulary
from gyeol.kernels.packing import Packing
from gyeol.tasks.language.data import END
from gyeol.tasks.language.net import Carrier, LanguageNet, Pieces

__all__ = ["BothCarriers", "Query", "SpellingNet"]

_ROWS = 4096  # pieces read at once
_TEXTS = 256  # texts whose states are held at once


class Query(NamedTuple):
    """How probable each of some strings is in place of ``text[start:end]``."""

    text: int
    start: int
    end: int
    strings: Sequence[str]


class BothCarriers:
    """The states that both readers leave to the next window."""

    def __init__(self) -> None:
        self.readers = (Carrier(), Carrier())

    def state(self) -> dict[str, Tensor]:
        """Return them as named tensors."""
        return {f"{n}.{name}": part for n, one in enumerate(self.readers) for name, part in one.state().items()}

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Take over what `state` returned."""
        for n, one in enumerate(self.readers):
            one.restore({name[2:]: part for name, part in tensors.items() if name.startswith(f"{n}.")})


class SpellingNet(nn.Module):
    """Two language models over characters; the second reads texts from their end.

    Parameters
    ----------
    size, embedding_size : int
        V of the vocabulary, and the length of a character's vector.
    **layers
        Of each reader, as `LanguageNet` takes them.
    """

    def __init__(self, size: int, embedding_size: int, **layers: Any) -> None:
        super().__init__()
        self.left = LanguageNet(size, embedding_size, **layers, tied=False)
        self.right = LanguageNet(size, embedding_size, **layers, tied=False)

    @property
    def readers(self) -> tuple[LanguageNet, LanguageNet]:
        """The one that reads from the left, the one that reads from the right."""
        return self.left, self.right

    @torch.inference_mode()
    def log_probabilities(
        self, vocabulary: Vocabulary, texts: Sequence[str], queries: Sequence[Query]
    ) -> list[npt.NDArray[Any]]:
        """Return for each query the log probabilities (strings, 2), given the text left and right of the place.

        Each string counts with the one character that follows it (for the second reader: precedes it), so
        that a word's end is judged, too.
        """
        answers = [np.zeros((len(q.strings), 2)) for q in queries]
        for first in range(0, len(texts), _TEXTS):
            group = texts[first : first + _TEXTS]
            mine = [n for n, q in enumerate(queries) if first <= q.text < first + _TEXTS]
            for side, net in enumerate(self.readers):
                rows = [group, [text[::-1] for text in group]][side]
                turned = []
                for n in mine:
                    q, length = queries[n], len(texts[queries[n].text])
                    start, end = (q.start, q.end) if side == 0 else (length - q.end, length - q.start)
                    strings = q.strings if side == 0 else [s[::-1] for s in q.strings]
                    turned.append(Query(q.text - first, start, end, strings))
                for n, values in zip(mine, _answers(net, vocabulary, rows, turned), strict=True):
                    answers[n][:, side] = values
        return answers


def numbered(vocabulary: Vocabulary, text: str) -> npt.NDArray[np.int64]:
    """Number the characters of a text; all white space is one kind."""
    return vocabulary.encode(" " if c.isspace() else c for c in text).astype(np.int64)


def _answers(
    net: LanguageNet, vocabulary: Vocabulary, texts: Sequence[str], queries: Sequence[Query]
) -> list[npt.NDArray[Any]]:
    """Read every text once, up to the place of each query; then every string on from there."""
    streams = [np.concatenate([[END], numbered(vocabulary, text), [END]]) for text in texts]
    states = _states(net, streams, queries)
    pieces: list[tuple[npt.NDArray[np.int64], int, int]] = []  # tokens from the one before on, question, string
    for number, q in enumerate(queries):
        stream = streams[q.text]
        for place, string in enumerate(q.strings):
            inner = numbered(vocabulary, string)
            tokens = np.concatenate([stream[q.start : q.start + 1], inner, stream[q.end + 1 : q.end + 2]])
            pieces.append((tokens, number, place))
    pieces.sort(key=lambda piece: -len(piece[0]))
    answers = [np.zeros(len(q.strings)) for q in queries]
    for first in range(0, len(pieces), _ROWS):
        some = pieces[first : first + _ROWS]
        carrier = Carrier()
        carrier.layers = _gathered([states[number] for _, number, _ in some])
        losses = _losses(net, [tokens for tokens, _, _ in some], carrier)
        for value, (_, number, place) in zip(losses.tolist(), some, strict=True):
            answers[number][place] = -value
    return answers


def _states(
    net: LanguageNet, streams: Sequence[npt.NDArray[np.int64]], queries: Sequence[Query]
) -> list[list[tuple[Tensor, ...]]]:
    """Return the initial state of each query: before the character left of its place is read."""
    stops = [sorted({q.start for q in queries if q.text == n}) for n in range(len(streams))]
    for q_stops in stops:
        if not q_stops or q_stops[0]:
            q_stops.insert(0, 0)
    sizes = [layer.hidden_size for layer in net.walks]
    parts = net.walks[0].cell.states
    zero = [tuple(torch.zeros(1, 1, H, dtype=net.embedding.weight.dtype) for _ in parts) for H in sizes]
    reached: dict[tuple[int, int], list[tuple[Tensor, ...]]] = {(n, 0): zero for n in range(len(streams))}
    for step in range(1, max(map(len, stops), default=0)):
        rows = [n for n, places in enumerate(stops) if len(places) > step]
        rows.sort(key=lambda n: stops[n][step - 1] - stops[n][step])
        carrier = Carrier()
        carrier.layers = _gathered([reached[n, stops[n][step - 1]] for n in rows])
        _walk(net, [streams[n][stops[n][step - 1] : stops[n][step] + 1] for n in rows], carrier)
        for place, n in enumerate(rows):
            state = [tuple(part[:, place : place + 1] for part in layer) for layer in carrier.layers]
            reached[n, stops[n][step]] = state
    return [reached[q.text, q.start] for q in queries]


def _gathered(states: Sequence[list[tuple[Tensor, ...]]]) -> list[tuple[Tensor, ...]]:
    layers = range(len(states[0]))
    return [
        tuple(torch.cat([state[n][p] for state in states], dim=1) for p in range(len(states[0][n]))) for n in layers
    ]


def _walk(net: LanguageNet, rows: list[npt.NDArray[np.int64]], carrier: Carrier) -> tuple[Tensor, Tensor, Packing]:
    """Read rows of tokens, the first of which are inputs and the others inputs and targets; the longest row first."""
    lengths = torch.tensor([len(row) - 1 for row in rows])
    T = int(lengths.max())
    padded = np.zeros((len(rows), T + 1), dtype=np.int64)
    for place, row in enumerate(rows):
        padded[place, : len(row)] = row
    tokens = torch.from_numpy(padded)
    each = torch.arange(len(rows))
    none = torch.zeros(len(rows), dtype=torch.bool)
    pieces = Pieces(tokens[:, :-1], tokens[:, 1:], lengths, each, none, each, False)
    hidden, targets = net(pieces, carrier)
    return hidden, targets, Packing.of(lengths, T)


def _losses(net: LanguageNet, rows: list[npt.NDArray[np.int64]], carrier: Carrier) -> Tensor:
    hidden, targets, packing = _walk(net, rows, carrier)
    values = net.losses(hidden, targets).double()
    padded = packing.scatter(values.unsqueeze(1)).squeeze(2)
    inside = torch.arange(padded.shape[1]) < torch.tensor([len(row) - 1 for row in rows])[:, None]
    return (padded * inside).sum(1)
