"""Which examples go together: batches of similar length, in an order that a seed decides."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["bucket", "bucket_by_tokens", "in_order_of_length", "strided"]


def bucket(
    lengths: npt.NDArray[np.int64], batch_size: int, *, seed: int, epoch: int, pool: int = 100
) -> list[npt.NDArray[np.int64]]:
    """Shuffle, then sort by length inside pools of batches, then shuffle the batches.

    Padding is small because neighbours are of similar length; order is random because pools and batches are. The same
    (seed, epoch) gives the same batches, so that a training can be taken up again anywhere.

    Parameters
    ----------
    lengths : int array, shape (N,)
        Length of every example.
    batch_size : int
        Examples a batch; the last may hold fewer.
    seed, epoch : int
        Decide the order.
    pool : int
        Batches a pool.

    Returns
    -------
    list of int arrays
        The examples of each batch, every example exactly once.

    Examples
    --------
    >>> [b.tolist() for b in bucket(np.array([9, 1, 8, 2]), 2, seed=0, epoch=0)]
    [[3, 1], [0, 2]]
    """
    random = np.random.default_rng([seed, epoch])
    order = random.permutation(len(lengths))
    batches: list[npt.NDArray[np.int64]] = []
    for start in range(0, len(order), batch_size * pool):
        rows = order[start : start + batch_size * pool]
        rows = rows[np.argsort(-lengths[rows], kind="stable")]
        batches += [rows[i : i + batch_size] for i in range(0, len(rows), batch_size)]
    return [batches[i] for i in random.permutation(len(batches))]


def bucket_by_tokens(
    lengths: npt.NDArray[np.int64], tokens: int, *, seed: int, epoch: int, pool: int = 100
) -> list[npt.NDArray[np.int64]]:
    """Shuffle as `bucket` does, but fill batches by tokens: long examples come in smaller batches.

    Parameters
    ----------
    lengths : int array, shape (N,)
    tokens : int
        Tokens a batch, about; one example may hold more.
    seed, epoch, pool
        As in `bucket`.

    Examples
    --------
    >>> [b.tolist() for b in bucket_by_tokens(np.array([9, 1, 8, 2]), 9, seed=0, epoch=0)]
    [[3, 1], [2], [0]]
    """
    random = np.random.default_rng([seed, epoch])
    order = random.permutation(len(lengths))
    size = max(1, int(tokens * pool / max(1.0, float(lengths.mean()))))
    batches: list[npt.NDArray[np.int64]] = []
    for start in range(0, len(order), size):
        rows = order[start : start + size]
        rows = rows[np.argsort(-lengths[rows], kind="stable")]
        # A batch ends where the tokens so far pass the next multiple of what one holds.
        which = (np.cumsum(lengths[rows]) - 1) // tokens
        batches += np.split(rows, np.flatnonzero(np.diff(which)) + 1)
    return [batches[i] for i in random.permutation(len(batches))]


def in_order_of_length(
    lengths: npt.NDArray[np.int64], batch_size: int, *, steps: int = 1 << 16
) -> list[npt.NDArray[np.int64]]:
    """Cut all examples, longest first, into batches: the cheapest way to pass over data once.

    Parameters
    ----------
    lengths : int array, shape (N,)
        Length of every example.
    batch_size : int
        Examples a batch, at most.
    steps : int
        Steps a batch, padding included, at most (one example may exceed it): bounds the memory of long texts.

    Examples
    --------
    >>> [b.tolist() for b in in_order_of_length(np.array([9, 1, 8, 2]), 3, steps=18)]
    [[0, 2], [3, 1]]
    """
    order = np.argsort(-lengths, kind="stable")
    batches: list[npt.NDArray[np.int64]] = []
    start = 0
    while start < len(order):
        longest = max(1, int(lengths[order[start]]))
        size = max(1, min(batch_size, steps // longest))
        batches.append(order[start : start + size])
        start += size
    return batches


def strided(
    count: int, batch_size: int, epoch: int, *, stride: int, seed: int, least: int
) -> list[npt.NDArray[np.int64]]:
    """Shuffle every ``stride``-th example, in the next epoch those beside them.

    Neighbours among the windows of a series are nearly the same: it is enough to see some of them at a time.

    Parameters
    ----------
    count : int
        N, the examples.
    batch_size : int
        Examples a batch; the last may hold fewer.
    epoch, stride, seed : int
    least : int
        Batches of an epoch, at least: few examples are gone through several times.

    Examples
    --------
    >>> [b.tolist() for b in strided(6, 2, 0, stride=2, seed=0, least=1)]
    [[4, 0], [2]]
    """
    draw = np.random.default_rng([seed, epoch])
    rows = np.arange(min(epoch % stride, count - 1), count, stride, dtype=np.int64)
    passes = max(1, -(-least * batch_size // len(rows)))
    rows = np.concatenate([draw.permutation(rows) for _ in range(passes)])
    return [rows[first : first + batch_size] for first in range(0, len(rows), batch_size)]
