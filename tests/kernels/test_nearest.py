"""Codes of a table: cosines within their bound on every instruction set; the nearest always are candidates."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol.kernels import native, native_available
from gyeol.kernels.nearest import Nearest, at_least

pytestmark = pytest.mark.skipif(not native_available(), reason="the kernels were not built")


@pytest.mark.parametrize("instructions", native.instruction_sets())
@given(seed=st.integers(0, 999), rows=st.integers(1, 70), width=st.integers(1, 70), count=st.integers(1, 9))
@settings(max_examples=60, deadline=None)
def test_the_nearest_are_among_the_candidates(instructions: str, seed: int, rows: int, width: int, count: int) -> None:
    draw = np.random.default_rng(seed)
    table = (draw.standard_normal((rows, width)) * draw.choice([1e-30, 1.0, 1e30], (rows, 1))).astype(np.float32)
    table[draw.random(rows) < 0.1] = 0
    q = draw.standard_normal(width)
    q = (q / np.linalg.norm(q)).astype(np.float32)
    lengths = np.linalg.norm(table.astype(np.float64), axis=1)
    cosines = np.divide(table.astype(np.float64) @ q, lengths, out=np.zeros(rows), where=lengths > 0)
    before = native.use_instruction_set(instructions)
    try:
        nearest = Nearest(table)
        near = np.empty(rows, dtype=np.float32)
        native.cosines(nearest._codes, nearest._factors, q, near)
        found = set(nearest.candidates(q, min(count, rows)).tolist())
    finally:
        native.use_instruction_set(before)
    bound = 0.5 * nearest._factors * np.abs(q).sum() + 1e-5
    assert (np.abs(near - cosines) <= bound).all()
    best = np.sort(cosines)[-min(count, rows)]
    assert set(np.flatnonzero(cosines >= best).tolist()) <= found


@given(seed=st.integers(0, 99), size=st.integers(1, 3000), count=st.integers(1, 20))
def test_at_least_so_many(seed: int, size: int, count: int) -> None:
    values = np.random.default_rng(seed).standard_normal(size).astype(np.float32)
    limit = at_least(values, count)
    assert (values >= limit).sum() >= min(count, size)


def test_few_rows_of_many_are_looked_at_again() -> None:
    table = np.random.default_rng(0).standard_normal((20_000, 50)).astype(np.float32)
    q = table[3] / np.linalg.norm(table[3])
    assert len(Nearest(table).candidates(q, 10)) < 200


def test_what_does_not_fit() -> None:
    codes, factors = np.empty(64 + 6, np.int8), np.empty(2, np.float32)
    table, q, out = np.ones((2, 3), np.float32), np.ones(3, np.float32), np.empty(2, np.float32)
    native.quantise(table, codes, factors)
    native.cosines(codes, factors, q, out)
    for wrong in ((codes[:-1], factors, q, out), (codes, factors, q[:2], out), (codes, factors, q, out[:1])):
        with pytest.raises(ValueError, match="expected"):
            native.cosines(*wrong)
    with pytest.raises(ValueError, match="codes"):
        native.quantise(table, codes[:-1], factors)
    with pytest.raises(TypeError):
        native.quantise(table.astype(np.float64), codes, factors)
