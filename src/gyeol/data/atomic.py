"""Files and folders written beside their place and renamed into it: whole, or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from gyeol.errors import SaveError

__all__ = ["replace_file", "replace_folder"]


def replace_file(path: Path, write: Callable[[Path], None]) -> None:
    """Write a file beside its place, flush it to the disk, then rename it into place.

    Parameters
    ----------
    path : Path
        Where the file shall stand.
    write : callable
        Gets a path of the same suffix in the same folder and writes there.

    Raises
    ------
    SaveError
        Where that is impossible; what stood at ``path`` still stands, and nothing else is left.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.part{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(beside)
        _flush(beside)
        os.replace(beside, path)
    except OSError as error:
        raise _explained(path, error) from error
    finally:
        with suppress(OSError):
            beside.unlink()


def replace_folder(path: Path, write: Callable[[Path], None]) -> None:
    """Write a folder beside its place, flush its files to the disk, then rename it into place.

    An older folder at ``path`` is moved aside first and removed last, so that at every moment one of the two is whole.

    Parameters
    ----------
    path : Path
        Where the folder shall stand.
    write : callable
        Gets a new empty folder and fills it.

    Raises
    ------
    SaveError
        Where that is impossible; what stood at ``path`` still stands, and nothing else is left.
    """
    beside: Path | None = None
    aside = path.with_name(f".{path.name}.{os.getpid()}.old")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
        beside.chmod(0o755)
        write(beside)
        for file in sorted(beside.rglob("*")):
            if file.is_file():
                _flush(file)
        if path.exists():
            os.rename(path, aside)
        try:
            os.rename(beside, path)
        except OSError:
            if aside.exists():
                os.rename(aside, path)
            raise
        shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        raise _explained(path, error) from error
    finally:
        if beside is not None:
            shutil.rmtree(beside, ignore_errors=True)


def _flush(file: Path) -> None:
    handle = os.open(file, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _explained(path: Path, error: OSError) -> SaveError:
    if isinstance(error, SaveError):
        return error
    why = {
        errno.ENOSPC: "the disk is full; free some space",
        errno.EDQUOT: "the disk quota is used up; free some space",
        errno.EFBIG: "the file would be larger than the system allows",
        errno.EACCES: "it may not be written to; choose another place",
        errno.EPERM: "it may not be written to; choose another place",
        errno.EROFS: "the disk is read-only; choose another place",
        errno.ENOTDIR: "a part of this path is a file, not a folder",
        errno.EEXIST: "a part of this path is a file, not a folder",
    }.get(error.errno or 0, error.strerror or str(error))
    return SaveError(f"could not write {path}: {why}. What stood there before is unchanged")
