"""The validation part: the same share of every class, the same for the same seed, nothing lost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol.data.split import stratified_split

classes_of = st.lists(st.integers(0, 6), max_size=120).map(lambda values: np.array(values, dtype=np.int64))


@given(classes_of, st.floats(0, 1), st.integers(0, 2**40), st.integers(0, 200))
@settings(max_examples=120)
def test_nothing_is_lost_and_every_class_keeps_one(
    classes: np.ndarray, fraction: float, seed: int, at_most: int
) -> None:
    kept, held = stratified_split(classes, fraction, seed=seed, at_most=at_most)
    assert kept.dtype == held.dtype == np.int64
    assert sorted([*kept, *held]) == list(range(len(classes)))
    assert (np.diff(kept) > 0).all()
    assert (np.diff(held) > 0).all()
    assert set(classes[kept]) == set(classes)
    assert len(held) <= min(round(fraction * len(classes)), at_most)
    again = stratified_split(classes, fraction, seed=seed, at_most=at_most)
    assert all((a == b).all() for a, b in zip(again, (kept, held), strict=True))


@given(st.lists(st.integers(1, 60), min_size=1, max_size=6), st.floats(0, 0.5))
@settings(max_examples=120)
def test_each_class_gives_its_share_to_within_one(sizes: list[int], fraction: float) -> None:
    classes = np.repeat(np.arange(len(sizes)), sizes)
    _, held = stratified_split(classes, fraction, seed=0)
    share = round(fraction * len(classes)) / len(classes)
    for label, size in enumerate(sizes):
        assert abs(int((classes[held] == label).sum()) - share * size) <= 1
    if min(sizes) > 1:
        assert len(held) == round(fraction * len(classes))


def test_order_does_not_decide_which() -> None:
    """A file sorted by label, or by date, is held back from everywhere."""
    _, held = stratified_split(np.repeat([0, 1], 500), 0.2, seed=0)
    assert len(held) == 200
    for part in np.split(np.arange(1000), 4):
        assert 30 <= np.isin(held, part).sum() <= 70


def test_another_seed_holds_back_others() -> None:
    classes = np.repeat([0, 1], 50)
    assert stratified_split(classes, 0.2, seed=0)[1].tolist() != stratified_split(classes, 0.2, seed=1)[1].tolist()


@pytest.mark.parametrize(
    ("classes", "fraction", "held"),
    [
        ([0], 0.5, 0),
        ([0, 1, 2, 3], 0.5, 0),
        ([0, 0], 0.5, 1),
        ([0] * 99 + [1], 0.1, 10),
        ([0] * 9, 0.0, 0),
        ([0] * 9, 0.01, 0),
        ([], 0.5, 0),
    ],
)
def test_few_and_tiny_classes(classes: list[int], fraction: float, held: int) -> None:
    assert len(stratified_split(np.array(classes, dtype=np.int64), fraction, seed=0)[1]) == held


def test_at_most_ten_thousand() -> None:
    classes = np.arange(150_000) % 2
    kept, held = stratified_split(classes, 0.1, seed=0)
    assert (len(kept), len(held)) == (140_000, 10_000)
    assert classes[held].sum() == 5_000
