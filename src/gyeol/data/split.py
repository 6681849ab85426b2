"""Splits of the data into a training and a validation part."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["gapped_tail_split", "stratified_split", "tail_split"]


def stratified_split(
    classes: npt.NDArray[np.int64], fraction: float, *, seed: int, at_most: int = 10_000
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Split examples with the same share of each class; every class keeps at least one to train on.

    Parameters
    ----------
    classes : int array, shape (N,)
        The class of every example.
    fraction : float
        The share of the validation part, between 0 and 1.
    seed : int
        Decides which.
    at_most : int
        The maximum size of the validation part: beyond some ten thousand a figure gains little.

    Returns
    -------
    train, valid : int arrays
        Indices, both in ascending order.

    Examples
    --------
    >>> kept, held = stratified_split(np.array([0, 0, 0, 0, 1, 1, 1, 1, 2]), 0.25, seed=0)
    >>> len(held), (kept == 8).any()
    (2, np.True_)
    """
    count = len(classes)
    random = np.random.default_rng([seed, 0x5EED])
    labels, sizes = np.unique(classes, return_counts=True)
    valid: list[npt.NDArray[np.int64]] = []
    for label, share_size in zip(labels, _shares(sizes, min(round(fraction * count), at_most)), strict=True):
        rows = np.flatnonzero(classes == label)
        valid.append(random.permutation(rows)[:share_size])
    chosen = np.sort(np.concatenate(valid)) if valid else np.zeros(0, dtype=np.int64)
    return np.setdiff1d(np.arange(count), chosen), chosen


def tail_split(classes: npt.NDArray[np.int64], fraction: float) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Split off the last examples of each class, the same share of each: for consecutive parts of a text.

    Examples
    --------
    >>> [rows.tolist() for rows in tail_split(np.array([0, 0, 0, 1, 1]), 0.5)]
    [[0, 1, 3], [2, 4]]
    """
    labels, sizes = np.unique(classes, return_counts=True)
    shares = _shares(sizes, round(fraction * len(classes)))
    valid = [
        np.flatnonzero(classes == c)[n - share_size :] for c, n, share_size in zip(labels, sizes, shares, strict=True)
    ]
    chosen = np.sort(np.concatenate(valid)) if valid else np.zeros(0, dtype=np.int64)
    return np.setdiff1d(np.arange(len(classes)), chosen), chosen


def gapped_tail_split(
    classes: npt.NDArray[np.int64], fraction: float, *, gap: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Split off the last examples of each class, and drop ``gap`` before them, which overlap with them.

    A class that is too short is used for training only.

    Examples
    --------
    >>> [rows.tolist() for rows in gapped_tail_split(np.array([0, 0, 0, 0, 0, 1]), 0.4, gap=1)]
    [[0, 1, 5], [3, 4]]
    """
    train, valid = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for label in np.unique(classes).tolist():
        rows = np.flatnonzero(classes == label)
        share_size = round(len(rows) * fraction)
        rest = len(rows) - share_size - gap
        if share_size and rest > 0:
            train.append(rows[:rest])
            valid.append(rows[len(rows) - share_size :])
        else:
            train.append(rows)
    return np.concatenate(train), np.concatenate(valid)


def _shares(sizes: npt.NDArray[np.int64], total: int) -> npt.NDArray[np.int64]:
    """Share a total among classes by size; what rounding down leaves goes to the largest remainders (Hamilton)."""
    exact = sizes * (total / max(1, int(sizes.sum())))
    shares: npt.NDArray[np.int64] = np.minimum(np.floor(exact).astype(np.int64), sizes - 1)
    for i in np.argsort(np.floor(exact) - exact, kind="stable"):
        shares[i] += int(shares.sum() < total and shares[i] < sizes[i] - 1)
    return shares
