"""Matrices written block by block against the whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import scipy.io
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol.data.vectors.matrix_files import MATRIX_FORMATS, write_matrix
from gyeol.errors import ParameterError, SaveError

TERMS = pl.Series(["가", "나 다", 'a"b', "x,y", "z"])


def blocks_of(seed: int, sizes: list[int], dtype: Any) -> list[tuple[Any, Any]]:
    draw = np.random.default_rng(seed)
    blocks = []
    for size in sizes:
        dense = np.where(draw.random((size, len(TERMS))) < 0.4, draw.random((size, len(TERMS))), 0.0)
        blocks.append((sp.csr_matrix(dense.astype(dtype)), np.arange(size + 1, dtype=np.int64)))
    return blocks


def read(path: Path, rows: int) -> Any:
    if path.suffix == ".npz":
        return sp.load_npz(path).toarray()
    if path.suffix == ".mtx":
        return scipy.io.mmread(path).toarray()
    out = np.zeros((rows, len(TERMS)))
    for row in pl.read_parquet(path).iter_rows(named=True):
        out[row["document"], TERMS.to_list().index(row["term"])] = row["value"]
    return out


@pytest.mark.parametrize("ending", MATRIX_FORMATS)
@given(seed=st.integers(0, 99), sizes=st.lists(st.integers(0, 5), max_size=4), single=st.booleans())
@settings(max_examples=25, deadline=None)
def test_blocks_are_the_whole(
    ending: str, seed: int, sizes: list[int], single: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("m") / f"x{ending}"
    blocks = blocks_of(seed, sizes, np.float32 if single else np.float64)
    shape = write_matrix(path, iter(blocks), TERMS)
    rows = sum(sizes)
    expected = np.vstack([np.zeros((0, len(TERMS)), np.float32), *(matrix.toarray() for matrix, _ in blocks)])
    assert shape == (rows, rows, len(TERMS), np.count_nonzero(expected))
    np.testing.assert_array_equal(read(path, rows).astype(expected.dtype), expected)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("ending", MATRIX_FORMATS)
def test_rows_that_are_tokens_know_their_document(ending: str, tmp_path: Path) -> None:
    first = sp.csr_matrix(np.eye(5)[[0, 1, 2]]), np.array([0, 2, 3])
    second = sp.csr_matrix(np.eye(5)[[4, 3]]), np.array([0, 0, 2])
    path = tmp_path / f"x{ending}"
    assert write_matrix(path, [first, second], TERMS, tokens=True) == (4, 5, 5, 5)
    if ending == ".npz":
        with np.load(path) as file:
            assert file["documents"].tolist() == [0, 2, 3, 3, 5]
        assert sp.load_npz(path).shape == (5, 5)
    if ending == ".parquet":
        frame = pl.read_parquet(path)
        assert frame["document"].to_list() == [0, 0, 1, 3, 3]
        assert frame["place"].to_list() == [0, 1, 0, 0, 1]
        assert frame["term"].to_list() == ["가", "나 다", 'a"b', "z", "x,y"]


@pytest.mark.parametrize("name", ["x.csv", "x", "x.npy"])
def test_endings_that_say_nothing(name: str, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"is not a matrix format.*\.npz"):
        write_matrix(tmp_path / name, [], TERMS)


def test_what_fails_leaves_what_stood_there(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    path.write_bytes(b"old")

    def broken() -> Any:
        yield blocks_of(0, [3], np.float64)[0]
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        write_matrix(path, broken(), TERMS)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(SaveError):
        write_matrix(path / "below.npz", [], TERMS)
