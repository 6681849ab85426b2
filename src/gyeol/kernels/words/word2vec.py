"""Skip-gram and CBOW with negative sampling (Mikolov et al. 2013): the native kernel, and what it computes, readably.

The words around a centre share its noise words, so that a step is three small matrix products (Ji, Satish, Li, Dubey
2016): ``cpp/words/word2vec.hpp`` has the equations. Both implementations draw the same random numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gyeol.kernels import native
from gyeol.kernels.words import calls

__all__ = ["LONGEST_SENTENCE", "ROW", "Noise", "Pass", "noise_table", "reference", "train_words"]

ROW = 16  # rows of the tables are a multiple of so many numbers
LONGEST_SENTENCE = 10_000  # words; as in Gensim, what is longer is cut
_MOST_INPUTS, _MOST_OUTPUTS = 16, 8  # different rows of a step
_BEYOND = 6.0  # nothing is learnt from scores as large as this
_ALWAYS = 0xFFFFFFFF
_64_BITS = (1 << 64) - 1

Floats = npt.NDArray[np.float32]


class Noise(NamedTuple):
    """Walker's alias table of V words: row n stays n where 32 random bits are below chance[n], else it is other[n]."""

    chance: npt.NDArray[np.uint32]
    other: npt.NDArray[np.int32]


def noise_table(weights: npt.ArrayLike) -> Noise:
    """Prepare to draw words in proportion to their weights, in constant time (Walker 1977).

    Parameters
    ----------
    weights : array, shape (V,)
        Above 0.

    Examples
    --------
    >>> noise_table([3.0, 1.0]).other.tolist(), (noise_table([3.0, 1.0]).chance / 2**32).round(3).tolist()
    ([0, 0], [1.0, 0.5])
    """
    shares = np.asarray(weights, dtype=np.float64)
    left = (shares * (len(shares) / shares.sum())).tolist()
    chance, other = [1.0] * len(left), list(range(len(left)))
    small = [n for n, share in enumerate(left) if share < 1.0]
    large = [n for n, share in enumerate(left) if share >= 1.0]
    while small and large:
        less, more = small.pop(), large[-1]
        chance[less], other[less] = left[less], more
        left[more] -= 1.0 - left[less]
        if left[more] < 1.0:
            small.append(large.pop())
    bits = np.minimum(np.array(chance) * 2.0**32, float(_ALWAYS)).astype(np.uint32)
    return Noise(bits, np.array(other, dtype=np.int32))


@dataclass(frozen=True, slots=True)
class Pass:
    """How sentences are passed over.

    Parameters
    ----------
    keep : uint32 array, shape (V,)
        A word stays where 32 random bits are at most this; the largest number: always.
    noise : Noise
    window, negative : int
        Words on either side, at most; noise words a centre.
    cbow : bool
        The mean of the words around tells the centre; otherwise each of them does.
    """

    keep: npt.NDArray[np.uint32]
    noise: Noise
    window: int
    negative: int
    cbow: bool


def train_words(
    inputs: Floats,
    outputs: Floats,
    tokens: npt.NDArray[np.int32],
    how: Pass,
    *,
    rate: float,
    last_rate: float,
    seed: int,
    threads: int,
) -> None:
    """Pass over some sentences once, updating both tables.

    Parameters
    ----------
    inputs, outputs : float32 arrays, shape (V, S)
        S a multiple of `ROW`, zeros past a vector's end. ``inputs`` are the vectors that are wanted.
    tokens : int32 array, shape (N,)
        Words by number; -1 ends a sentence.
    how : Pass
    rate, last_rate : float
        The learning rate at the first token and after the last, linear between.
    seed : int
        From 0 up to, not including, 2^64.
    threads : int
        Each takes a part of the sentences and updates the tables without locks (Recht et al. 2011); one gives the same
        bits each time. The reference takes the parts one after the other.

    Raises
    ------
    ValueError, TypeError
        A shape, a type or a number does not fit; nothing was computed.
    """
    update: Callable[..., None] = calls.train_words if native.native_available() else reference
    settings = (how.window, how.negative, how.cbow, rate, last_rate, seed, threads)
    update(inputs, outputs, tokens, how.keep, how.noise.chance, how.noise.other, *settings)


def reference(
    inputs: Floats,
    outputs: Floats,
    tokens: npt.NDArray[np.int32],
    keep: npt.NDArray[np.uint32],
    chance: npt.NDArray[np.uint32],
    other: npt.NDArray[np.int32],
    window: int,
    negative: int,
    cbow: bool,
    rate: float,
    last_rate: float,
    seed: int,
    threads: int,
) -> None:
    """Do what the kernel does, a part after the other; see `train_words`."""
    step = _cbow if cbow else _skipgram
    kept, count = keep.tolist(), len(tokens)
    for part in range(threads):
        draws = _Draws(seed ^ part * 0xD1342543DE82EF95 & _64_BITS)
        draws.state = draws.next()
        begin, end = (_begin(tokens, count * which // threads) for which in (part, part + 1))
        for at, words in _sentences(tokens[begin:end].tolist()):
            now = rate + (last_rate - rate) * ((begin + at) / count)
            stay = [w for w in words if kept[w] == _ALWAYS or draws.next() >> 32 <= kept[w]]
            for i in range(len(stay) if len(stay) > 1 else 0):
                reach = 1 + draws.below(window)
                around = stay[max(0, i - reach) : i] + stay[i + 1 : i + reach + 1]
                drawn = [draws.noise(chance, other) for _ in range(negative)]
                step(inputs, outputs, around, stay[i], drawn, now)


def _skipgram(inputs: Floats, outputs: Floats, around: list[int], centre: int, noise: list[int], rate: float) -> None:
    """Let each word around tell the centre from the noise."""
    for x in _blocks(around, _MOST_INPUTS):
        for y, labels in _outputs(centre, noise):
            rows, columns = inputs[x], outputs[y]
            g = _gradients(rows @ columns.T, labels, rate)
            np.add.at(inputs, x, g @ columns)
            np.add.at(outputs, y, g.T @ rows)


def _cbow(inputs: Floats, outputs: Floats, around: list[int], centre: int, noise: list[int], rate: float) -> None:
    """Let the mean of the words around tell the centre from the noise."""
    mean = inputs[around].mean(axis=0)
    error = np.zeros_like(mean)
    for y, labels in _outputs(centre, noise):
        columns = outputs[y]
        g = _gradients(columns @ mean, labels, rate)
        error += g @ columns
        np.add.at(outputs, y, np.outer(g, mean))
    np.add.at(inputs, around, error)


def _gradients(scores: Floats, labels: Floats, rate: float) -> Floats:
    with np.errstate(over="ignore", invalid="ignore"):
        g = np.float32(rate) * (labels - 1.0 / (1.0 + np.exp(-scores)))
        return np.where(np.abs(scores) < _BEYOND, g, 0.0).astype(np.float32)


def _outputs(centre: int, noise: list[int]) -> Iterator[tuple[list[int], Floats]]:
    """Yield the output rows of each step and their labels: 1 for the centre; noise that is the centre is left out."""
    for place, rows in enumerate(_blocks([centre, *(word for word in noise if word != centre)], _MOST_OUTPUTS)):
        labels = np.zeros(len(rows), dtype=np.float32)
        labels[0] = place == 0
        yield rows, labels


def _blocks(words: list[int], most: int) -> Iterator[list[int]]:
    """Cut words into blocks that end as soon as they hold so many different ones."""
    block: list[int] = []
    for word in words:
        block.append(word)
        if len(set(block)) == most:
            yield block
            block = []
    if block:
        yield block


def _begin(tokens: npt.NDArray[np.int32], at: int) -> int:
    """Move a place to the next beginning of a sentence."""
    while 0 < at < len(tokens) and tokens[at - 1] >= 0:
        at += 1
    return at


def _sentences(tokens: list[int]) -> Iterator[tuple[int, list[int]]]:
    at = 0
    while at < len(tokens):
        first, words = at, list[int]()
        while at < len(tokens) and len(words) < LONGEST_SENTENCE:
            at += 1
            if tokens[at - 1] < 0:
                break
            words.append(tokens[at - 1])
        yield first, words


@dataclass(slots=True)
class _Draws:
    """SplitMix64 (Steele, Lea, Flood 2014)."""

    state: int

    def next(self) -> int:
        self.state = z = self.state + 0x9E3779B97F4A7C15 & _64_BITS
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & _64_BITS
        z = (z ^ z >> 27) * 0x94D049BB133111EB & _64_BITS
        return z ^ z >> 31

    def below(self, limit: int) -> int:
        return (self.next() >> 32) * limit >> 32

    def noise(self, chance: npt.NDArray[np.uint32], other: npt.NDArray[np.int32]) -> int:
        bits = self.next()
        row = (bits >> 32) * len(chance) >> 32
        return row if bits & _ALWAYS < chance[row] else int(other[row])
