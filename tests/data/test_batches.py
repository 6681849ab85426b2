"""Batches: every example exactly once, in an order that the seed decides, with little padding."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol.data.batches import bucket, in_order_of_length

lengths_of = st.lists(st.integers(0, 40), max_size=60).map(lambda values: np.array(values, dtype=np.int64))


def padding(lengths: np.ndarray, batches: list[np.ndarray]) -> float:
    """The share of the rectangles that is padding."""
    cells = sum(len(rows) * int(lengths[rows].max()) for rows in batches)
    return 1 - lengths.sum() / cells


def as_lists(batches: list[np.ndarray]) -> list[list[int]]:
    return [rows.tolist() for rows in batches]


@given(lengths_of, st.integers(1, 9), st.integers(0, 2**40), st.integers(0, 99), st.integers(1, 4))
@settings(max_examples=80)
def test_every_example_exactly_once(lengths: np.ndarray, batch_size: int, seed: int, epoch: int, pool: int) -> None:
    batches = bucket(lengths, batch_size, seed=seed, epoch=epoch, pool=pool)
    assert sorted(chain(*as_lists(batches))) == list(range(len(lengths)))
    assert len(batches) == -(-len(lengths) // batch_size)
    assert sorted(map(len, batches), reverse=True)[:-1] == [batch_size] * max(0, len(batches) - 1)
    for rows in batches:
        assert (np.diff(lengths[rows]) <= 0).all()  # longest first, as packed layouts want it
    assert as_lists(bucket(lengths, batch_size, seed=seed, epoch=epoch, pool=pool)) == as_lists(batches)


@pytest.mark.parametrize("other", [{"seed": 1, "epoch": 0}, {"seed": 0, "epoch": 1}])
def test_another_epoch_or_seed_gives_other_batches(other: dict[str, int]) -> None:
    lengths = np.random.default_rng(0).integers(1, 90, 500)
    first, second = bucket(lengths, 16, seed=0, epoch=0), bucket(lengths, 16, **other)
    assert as_lists(first) != as_lists(second)
    assert {tuple(sorted(rows)) for rows in as_lists(first)} != {tuple(sorted(rows)) for rows in as_lists(second)}


def test_seed_and_epoch_do_not_stand_for_each_other() -> None:
    lengths = np.ones(100, dtype=np.int64)
    assert as_lists(bucket(lengths, 8, seed=1, epoch=2)) != as_lists(bucket(lengths, 8, seed=2, epoch=1))


def test_padding_is_small_and_batches_come_in_no_order_of_length() -> None:
    lengths = np.clip(np.random.default_rng(0).gamma(2.0, 8.0, 20_000).astype(np.int64), 1, 95)
    batches = bucket(lengths, 64, seed=0, epoch=0)
    shuffled = np.split(np.random.default_rng(0).permutation(20_000), range(64, 20_000, 64))
    assert padding(lengths, batches) < 0.05 < 0.5 < padding(lengths, shuffled)
    longest = [int(lengths[rows].max()) for rows in batches]
    assert abs(np.corrcoef(longest, np.arange(len(longest)))[0, 1]) < 0.2


@given(lengths_of, st.integers(1, 9), st.integers(1, 200))
@settings(max_examples=80)
def test_in_order_of_length_covers_all_within_bounds(lengths: np.ndarray, batch_size: int, steps: int) -> None:
    batches = in_order_of_length(lengths, batch_size, steps=steps)
    order = np.array([*chain(*as_lists(batches))], dtype=np.int64)
    assert sorted(order.tolist()) == list(range(len(lengths)))
    assert (np.diff(lengths[order]) <= 0).all()
    for rows in batches:
        assert 1 <= len(rows) <= batch_size
        assert len(rows) == 1 or len(rows) * int(lengths[rows].max()) <= steps
    for rows in batches[:-1]:  # no batch ends before it must
        longest = max(1, int(lengths[rows[0]]))
        assert len(rows) == batch_size or (len(rows) + 1) * longest > steps


def test_nothing_gives_no_batches() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    assert bucket(nothing, 4, seed=0, epoch=0) == []
    assert in_order_of_length(nothing, 4) == []
