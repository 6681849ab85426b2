"""Files and folders written beside their place and renamed into it: whole, or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gyeol.errors import SaveError

__all__ = ["replace_file", "replace_folder"]


def replace_file(path: Path, write: Callable[[Path], None]) -> None:
    """Write a file beside its place, flush it to the disk, then rename it into place.

    Parameters
    ----------
    path : Path
        Where the file shall stand; of a link, what it leads to.
    write : callable
        Gets a path of the same suffix in the same folder and writes there.

    Raises
    ------
    SaveError
        Where that is impossible; what stood at ``path`` still stands, and nothing else is left.
    """
    try:
        place = Path(os.path.realpath(path)) if path.is_symlink() else path
        beside = place.with_name(f".{place.name}.{os.getpid()}.part{place.suffix}")
        with _parents(place):
            try:
                write(beside)
                _flush(beside)
                os.replace(beside, place)
            finally:
                with suppress(OSError):
                    beside.unlink()
    except OSError as error:
        raise _explained(path, error) from error


def replace_folder(path: Path, write: Callable[[Path], None]) -> None:
    """Write a folder beside its place, flush its files to the disk, then rename it into place.

    An older folder at ``path`` is moved aside first and removed last, so that at every moment one of the two is whole.

    Parameters
    ----------
    path : Path
        Where the folder shall stand; of a link, what it leads to.
    write : callable
        Gets a new empty folder and fills it.

    Raises
    ------
    SaveError
        Where that is impossible, and where a file stands there; what stood at ``path`` still stands, and nothing else
        is left.
    """
    try:
        place = Path(os.path.realpath(path)) if path.is_symlink() else path
        if place.exists() and not place.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "a file stands there, not a folder")
        with _parents(place):
            beside = Path(tempfile.mkdtemp(prefix=f".{place.name}.", suffix=".part", dir=place.parent))
            try:
                beside.chmod(0o755)
                write(beside)
                for file in sorted(beside.rglob("*")):
                    if file.is_file():
                        _flush(file)
                _swap(beside, place)
            finally:
                shutil.rmtree(beside, ignore_errors=True)
    except OSError as error:
        raise _explained(path, error) from error


def _swap(beside: Path, path: Path) -> None:
    aside = path.with_name(f".{path.name}.{os.getpid()}.old")
    try:
        if path.exists():
            # Left by a process that was killed here: numbers of processes come again, in containers at once.
            shutil.rmtree(aside, ignore_errors=True)
            os.rename(path, aside)
        os.rename(beside, path)
    finally:  # also at Ctrl-C
        if aside.exists() and not path.exists():
            os.rename(aside, path)
        shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def _parents(path: Path) -> Iterator[None]:
    """Make the folders that lead to a place, and take them away again where nothing comes to stand there."""
    missing = [folder for folder in path.parents if not folder.exists()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for folder in missing:
            with suppress(OSError):
                folder.rmdir()
        raise


def _flush(file: Path) -> None:
    # Windows flushes only what is open for writing.
    handle = os.open(file, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
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
