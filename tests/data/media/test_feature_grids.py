"""Ready features: every shape that has vectors at places, and nothing that could run."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gyeol.data.media.feature_grids import as_grids, load_grids
from gyeol.errors import DataError

GRID = np.arange(12 * 5, dtype=np.float32).reshape(3, 4, 5)


@pytest.mark.parametrize(
    ("array", "shape"),
    [(GRID, (3, 4, 5)), (GRID.reshape(12, 5), (1, 12, 5)), (np.zeros((49, 2)), (7, 7, 2)), (np.zeros(9), (1, 1, 9)),
     (GRID.astype(np.float16), (3, 4, 5)), (np.asfortranarray(GRID), (3, 4, 5)), (GRID.astype(np.int32), (3, 4, 5))],
)  # fmt: skip
@pytest.mark.parametrize("way", ["python", "npy", "npz", "named"])
def test_every_shape_in_every_form(array: Any, shape: tuple[int, ...], way: str, tmp_path: Path) -> None:
    if way == "python":
        given = array
    else:
        given = tmp_path / f"a.{way[:3]}"
        if way == "npy":
            np.save(given, array)
        else:
            given = tmp_path / "a.npz"
            np.savez_compressed(given, **({"x": array} if way == "npz" else {"features": array, "more": np.zeros(3)}))
    found = load_grids(as_grids([given, given]))
    assert (found.shape, found.dtype) == ((2, *shape), np.float32)
    assert np.array_equal(found[1].ravel(), array.astype(np.float32).ravel())


def header(shape: tuple[int, ...], descr: str = "<f4") -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": descr, "fortran_order": False, "shape": shape})
    return stream.getvalue()


def test_what_cannot_be_is_refused(tmp_path: Path) -> None:
    pickled = io.BytesIO()
    np.save(pickled, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    many = io.BytesIO()
    np.savez(many, a=GRID, b=GRID)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", header((1 << 40,)))
    for name, data, message in (
        ("a.npy", b"no array", "is not a .npy or .npz file of numbers"),
        ("b.npy", pickled.getvalue(), "is an array of object"),
        ("c.npy", header((4, 4, 9)) + bytes(7), "ends before its array does"),
        ("d.npy", header((1 << 40, 5)), "67,108,864 at most"),
        ("e.npz", many.getvalue(), "one array, or one called features"),
        ("f.npz", bomb.getvalue(), "67,108,864 at most"),
        ("g.npz", many.getvalue()[:90], "is not a .npy or .npz file"),
        ("h.npy", header((2, 2), "<U4") + bytes(64), "is an array of <U4"),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(DataError, match=message):
            load_grids(as_grids([tmp_path / name]))


def test_all_have_one_shape_and_are_numbers() -> None:
    with pytest.raises(DataError, match=r"grid 1 has the shape \(3, 4, 5\), and the others have \(2, 2, 5\)"):
        load_grids(as_grids([GRID[:2, :2], GRID]))
    with pytest.raises(DataError, match="grid 0 holds a NaN"):
        load_grids(as_grids([GRID * np.nan]))
    with pytest.raises(DataError, match="grid 0 is an array of uint8"):
        as_grids([np.zeros((4, 4, 3), np.uint8)])
    with pytest.raises(DataError, match="the list is empty"):
        as_grids([])
    with pytest.raises(DataError, match="wrap one in"):
        as_grids("a.npy")
