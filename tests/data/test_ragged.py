"""Sequences of unequal length: what went in comes out, padded with zeros or as it was."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol.data.ragged import Ragged

rows_of = st.lists(st.lists(st.integers(1, 99), max_size=9), max_size=12)


def arrays(rows: list[list[int]], dtype: str = "int32") -> list[np.ndarray]:
    return [np.array(row, dtype=dtype) for row in rows]


@given(rows_of)
def test_gathered_rows_come_back(rows: list[list[int]]) -> None:
    ragged = Ragged.gather(arrays(rows))
    assert len(ragged) == len(rows)
    assert ragged.lengths.tolist() == [len(row) for row in rows]
    assert [ragged[i].tolist() for i in range(len(ragged))] == rows
    assert ragged.values.dtype == np.int32
    assert ragged.starts.dtype == ragged.lengths.dtype == np.int64


@given(rows_of.filter(bool), st.data(), st.integers(1, 8))
@settings(max_examples=80)
def test_padding_is_zeros_behind_the_rows_asked_for(rows: list[list[int]], data: st.DataObject, multiple: int) -> None:
    which = np.array(data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=8)), dtype=np.int64)
    rectangle, lengths = Ragged.gather(arrays(rows)).pad(which, multiple=multiple)
    assert rectangle.shape[0] == len(which)
    assert rectangle.shape[1] % multiple == 0
    assert rectangle.shape[1] - max(1, lengths.max(initial=0)) in range(multiple)
    assert rectangle.dtype == np.int32
    assert lengths.dtype == np.int64
    for row, wanted, length in zip(rectangle, which, lengths, strict=True):
        assert row[:length].tolist() == rows[wanted]
        assert not row[length:].any()


def test_many_rows_from_a_stream() -> None:
    """More than a block of them, one by one; the numbers are not held twice."""
    ragged = Ragged.gather(np.full(i % 3, i, dtype=np.int32) for i in range(20_000))
    assert ragged.lengths.tolist() == [i % 3 for i in range(20_000)]
    assert all((ragged[i] == i).all() for i in range(0, 20_000, 97))


@pytest.mark.parametrize("dtype", ["int32", "int64", "float32"])
def test_the_numbers_keep_their_kind(dtype: str) -> None:
    ragged = Ragged.gather(arrays([[1, 2], [3]], dtype))
    assert ragged.values.dtype == ragged.pad(np.array([0, 1]))[0].dtype == dtype


def test_nothing_and_rows_of_nothing() -> None:
    assert len(Ragged.gather([])) == 0
    nothing = Ragged.gather(arrays([[], []]))
    rectangle, lengths = nothing.pad(np.array([0, 1]))
    assert rectangle.tolist() == [[0], [0]]
    assert lengths.tolist() == [0, 0]
