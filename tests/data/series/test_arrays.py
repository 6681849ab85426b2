"""Arrays that strangers made: looked at by their headers, never unpickled."""

from __future__ import annotations

import io
import pickle
import tracemalloc
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol.data.series.arrays import read_arrays
from gyeol.errors import DataError


def header(shape: tuple[int, ...], descr: str = "<f8") -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": descr, "fortran_order": False, "shape": shape})
    return file.getvalue()


def packed(path: Path, content: bytes, name: str = "X.npy") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return path


def test_arrays_come_back(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "a.npz", X=np.arange(6.0).reshape(2, 3), y=np.array(["a", "b"]), other=np.ones(9))
    found = read_arrays(tmp_path / "a.npz", ["X", "y", "z"])
    assert found["X"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert found["y"].tolist() == ["a", "b"]
    assert set(found) == {"X", "y"}


class Bad:
    def __reduce__(self) -> tuple[object, ...]:
        return (pytest.fail, ("unpickled",))


def test_objects_are_refused_unread(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", X=np.array([[1, 2], [3]], dtype=object))
    with pytest.raises(DataError, match="X holds Python objects, which may run code"):
        read_arrays(tmp_path / "a.npz", ["X"])
    packed(tmp_path / "b.npz", header((1,), "|O") + pickle.dumps(Bad()))
    with pytest.raises(DataError, match="X holds Python objects"):
        read_arrays(tmp_path / "b.npz", ["X"])
    packed(tmp_path / "c.npz", pickle.dumps(Bad()))
    with pytest.raises(DataError, match=r"is not a whole \.npz file"):
        read_arrays(tmp_path / "c.npz", ["X"])


@pytest.mark.parametrize(
    ("shape", "descr"), [((10**6, 10**6), "<f8"), ((2, 60_000_000), "<f4"), ((1,), f"<U{1 << 28}"), ((2**62, 4), "<f8")]
)
def test_a_bomb_is_refused_by_its_header(tmp_path: Path, shape: tuple[int, ...], descr: str) -> None:
    path = packed(tmp_path / "a.npz", header(shape, descr) + bytes(1 << 22))
    assert path.stat().st_size < 20_000
    tracemalloc.start()
    with pytest.raises(DataError, match="by its header; at most 100,000,000 are read"):
        read_arrays(path, ["X"])
    assert tracemalloc.get_traced_memory()[1] < 2 << 20
    tracemalloc.stop()


@pytest.mark.parametrize(
    "content", [header((4,)) + bytes(31), header((4,)) + bytes(33), header((-1, 4)), b"", b"\x93NUMPY"]
)
def test_an_array_of_other_bytes_than_it_says(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(DataError, match=r"is not a whole \.npz file"):
        read_arrays(packed(tmp_path / "a.npz", content), ["X"])


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.integers(0, 255), st.booleans())
def test_a_damaged_file_is_an_error_of_the_data_or_reads(
    tmp_path_factory: pytest.TempPathFactory, place: int, byte: int, cut: bool
) -> None:
    path = tmp_path_factory.mktemp("f") / "a.npz"
    np.savez_compressed(path, X=np.arange(60.0).reshape(3, 20), y=np.array([1, 2, 3]))
    content = bytearray(path.read_bytes())
    place %= len(content)
    if cut:
        content = content[: max(1, place)]
    else:
        content[place] = byte
    path.write_bytes(content)
    with suppress(DataError):
        assert all(array.dtype != object for array in read_arrays(path, ["X", "y"]).values())


def test_what_is_no_zip(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_text("1,2,3")
    with pytest.raises(DataError, match=r"is not a whole \.npz file"):
        read_arrays(tmp_path / "a.npz", ["X"])
    with pytest.raises(DataError, match="there is no file"):
        read_arrays(tmp_path / "b.npz", ["X"])
