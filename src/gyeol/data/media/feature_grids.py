"""Ready features of images: a grid of vectors each, from .npy and .npz files or from Python."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from gyeol.data.large_arrays import allocate
from gyeol.data.media.images import Picture
from gyeol.data.paths import check_file
from gyeol.errors import DataError

__all__ = ["as_grids", "load_grids"]

_MOST = 64 << 20  # numbers of one grid
_HEADERS: dict[Any, Any] = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def as_grids(features: Any) -> list[Picture]:
    """Take features as Python has them: paths of .npy or .npz files, or arrays (P, D) or (height, width, D).

    Raises
    ------
    DataError
        An entry is none of these: names it.
    """
    if isinstance(features, (str, bytes, os.PathLike)) or not hasattr(features, "__iter__"):
        raise DataError(f"got {type(features).__name__} where a list of grids was expected: wrap one in [ ]")
    found = []
    for number, grid in enumerate(features):
        if isinstance(grid, Picture):
            found.append(grid)
        elif isinstance(grid, (str, os.PathLike)):
            found.append(Picture(Path(grid)))
        else:
            found.append(Picture(_laid_out(np.asarray(grid), f"grid {number}")))
    if not found:
        raise DataError("got no grids: the list is empty")
    return found


def load_grids(pictures: Sequence[Picture], shape: tuple[int, ...] | None = None) -> npt.NDArray[np.float32]:
    """Read features, all of one shape, into memory or a file that goes of itself.

    Parameters
    ----------
    pictures : sequence of Picture
    shape : tuple of int, optional
        The shape that they must have; by default that of the first.

    Returns
    -------
    array of float32, shape (N, height, width, D)

    Raises
    ------
    DataError
        One cannot be read, has another shape, or holds what is no number.
    """
    grids: npt.NDArray[np.float32] | None = None
    for number, picture in enumerate(pictures):
        path = picture.source if isinstance(picture.source, Path) else None
        where = str(path) if path is not None else f"grid {number}"
        one = np.asarray(picture.source, dtype=np.float32) if path is None else _laid_out(_read(path), where)
        if grids is None:
            grids = allocate((len(pictures), *(shape or one.shape)), np.dtype(np.float32))
        if one.shape != grids.shape[1:]:
            raise DataError(f"{where} has the shape {one.shape}, and the others have {grids.shape[1:]}")
        if not np.isfinite(one).all():
            raise DataError(f"{where} holds a NaN or an infinite number")
        grids[number] = one
    assert grids is not None
    return grids


def _laid_out(grid: npt.NDArray[Any], where: str) -> npt.NDArray[np.float32]:
    """Lay vectors out (height, width, D): a list of as many as a square has becomes one, another a row."""
    if grid.dtype.kind not in "fiu" or grid.dtype == np.uint8 or grid.ndim not in (1, 2, 3) or not grid.size:
        raise DataError(
            f"{where} is an array of {grid.dtype} of shape {grid.shape}; floats of shape (P, D) or (height, width, D) "
            "were expected"
        )
    if grid.ndim == 3:
        return grid.astype(np.float32)
    rows = grid.reshape(-1, grid.shape[-1])
    side = round(len(rows) ** 0.5)
    lines = side if side * side == len(rows) else 1
    return rows.reshape(lines, -1, grid.shape[-1]).astype(np.float32)


def _read(path: Path) -> npt.NDArray[Any]:
    """Read the array of a file, or the only one (or that called ``features``) of an archive, once its size is known."""
    path = check_file(path)
    try:
        if not zipfile.is_zipfile(path):
            with path.open("rb") as file:
                return _array(path, file)
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            name = "features.npy" if "features.npy" in names else names[0] if len(names) == 1 else None
            if name is None:
                raise DataError(
                    f"{path} holds {', '.join(names)[:100]}; one array, or one called features, was expected"
                )
            with archive.open(name) as member:
                return _array(path, member)  # type: ignore[arg-type]
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path} is not a .npy or .npz file of numbers ({' '.join(str(error).split()):.120})") from None


def _array(path: Path, file: BinaryIO) -> npt.NDArray[Any]:
    version = np.lib.format.read_magic(file)
    if version not in _HEADERS:
        raise DataError(f"{path} is of version {version} of the format, which is unknown")
    shape, by_column, dtype = _HEADERS[version](file)
    count = int(np.prod(shape, dtype=object))
    if dtype.kind not in "fiu" or count > _MOST:
        raise DataError(f"{path} is an array of {dtype} of shape {shape}; floats, {_MOST:,} at most, were expected")
    data = file.read(count * dtype.itemsize)
    if len(data) < count * dtype.itemsize:
        raise DataError(f"{path} ends before its array does; write it again")
    return np.frombuffer(data, dtype=dtype).reshape(shape, order="F" if by_column else "C")
