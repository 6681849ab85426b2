"""Arrays from untrusted .npz files: checked by their headers first, and never unpickled."""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from gyeol.data.paths import check_file
from gyeol.errors import DataError

__all__ = ["MAX_VALUES", "read_arrays"]

MAX_VALUES = 100_000_000  # numbers of an array, 800 MB
_MOST_BYTES = 8 * MAX_VALUES


def read_arrays(path: str | Path, names: Iterable[str]) -> dict[str, npt.NDArray[Any]]:
    """Read those of the named arrays that a .npz file holds.

    Parameters
    ----------
    path : path
    names : iterable of str
        Arrays to read; what else the file holds is not looked at.

    Returns
    -------
    dict
        Arrays of numbers or texts, by name.

    Raises
    ------
    DataError
        For a file that is no .npz or damaged; for an array of objects, or one whose header announces more than
        800 MB: neither is read.
    """
    path = check_file(path)
    try:
        with zipfile.ZipFile(path) as archive:
            members = {info.filename: info for info in archive.infolist()}
            found = {}
            for name in names:
                if (info := members.get(f"{name}.npy")) is None:
                    continue
                with archive.open(info) as file:
                    _check_header(path, name, file, info.file_size)
                with archive.open(info) as file:
                    found[name] = np.lib.format.read_array(file, allow_pickle=False)
            if not found:
                listed = ", ".join(name.removesuffix(".npy") for name in list(members)[:8]) or "nothing"
                raise DataError(f"{path} holds {listed:.200}; an array called {next(iter(names))} was expected")
            return found
    except DataError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, NotImplementedError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{path} is not a whole .npz file ({reason:.100}); write it again with numpy.savez") from None


def _check_header(path: Path, name: str, file: IO[bytes], size: int) -> None:
    """Refuse, before memory is allocated for it, an array that must not be read."""
    version = np.lib.format.read_magic(file)
    read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}.get(version)
    if read is None:
        raise ValueError(f"{name} is of version {version}")
    shape, _, dtype = read(file)
    if dtype.hasobject:
        raise DataError(
            f"{path}: {name} holds Python objects, which may run code when they are read; write an array of numbers, "
            "short sequences filled up with NaN"
        )
    count, bytes_needed = math.prod(shape), math.prod(shape) * dtype.itemsize
    if count > MAX_VALUES or bytes_needed > _MOST_BYTES:
        raise DataError(
            f"{path}: {name} would be {count:,} values, {bytes_needed / 1e9:,.1f} GB, by its header; "
            f"at most {MAX_VALUES:,} are read: split the file"
        )
    if min(shape, default=0) < 0 or file.tell() + bytes_needed != size:
        raise ValueError(f"{name} claims the shape {shape}, and has other bytes")
