"""Allocation of arrays that may be larger than memory."""

from __future__ import annotations

import shutil
import tempfile
from typing import Any

import numpy as np
import numpy.typing as npt

from gyeol.errors import DataError

__all__ = ["allocate"]

_IN_MEMORY = 256 << 20  # bytes


def allocate(shape: tuple[int, ...], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Allocate an array: up to 256 MB in memory, a larger one in an unnamed file that vanishes with it.

    Raises
    ------
    DataError
        The disk has too little space for it.
    """
    count = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    if count <= _IN_MEMORY:
        return np.empty(shape, dtype=dtype)
    folder = tempfile.gettempdir()
    if (free := shutil.disk_usage(folder).free) < count:
        raise DataError(
            f"{shape[0]:,} examples take {count:,} bytes once they are unpacked, and {folder} has {free:,}: make each "
            "smaller, or set TMPDIR to a larger disk"
        )
    with tempfile.TemporaryFile() as file:
        file.truncate(count)
        return np.memmap(file, dtype=dtype, mode="r+", shape=shape)
