"""Atomic writes: files and folders are written next to their destination, then renamed, so that none is partial."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from gyeol.errors import SaveError

__all__ = ["backed_up", "check_file_place", "replace_file", "replace_folder", "write_bytes"]

_OLD = "old"  # where the previous folder waits until the new one is in place


def replace_file(path: Path, write: Callable[[Path], None]) -> None:
    """Write a file next to its destination, flush it to disk, then rename it.

    Parameters
    ----------
    path : Path
        The destination; a link is followed.
    write : callable
        Receives a path of the same name in a temporary folder on the same disk, and writes there. A device or a pipe
        (``/dev/null``, ``/dev/stdout``) is passed as it is: an ordinary file must never replace it.

    Raises
    ------
    SaveError
        It cannot be written; whatever was at ``path`` is unchanged, and nothing else is left behind.
    """
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            write(path)
            return
        place = Path(os.path.realpath(path)) if path.is_symlink() else path
        if place.is_dir():
            raise IsADirectoryError(errno.EISDIR, "it is a folder; name a file")
        with _parents(place), _temporary_folder(place) as new:
            write(new / place.name)
            _flush(new / place.name)
            os.replace(new / place.name, place)
    except OSError as error:
        raise _explained(path, error) from error


def write_bytes(path: Path | str, content: bytes) -> None:
    """Write bytes as a file, whole or not at all; see `replace_file`.

    Raises
    ------
    SaveError
        The file cannot be written; the one before is unchanged.
    """

    def write(file: Path) -> None:
        file.write_bytes(content)

    replace_file(Path(path), write)


def check_file_place(path: Path) -> None:
    """Check that a file can be written at a path, before the work whose result it is to hold; nothing is created.

    Raises
    ------
    SaveError
        The path is a folder, a part of it is a file, or the folder it would be in may not be written to.
    """
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "it is a folder; name a file")
        parent = next(folder for folder in path.absolute().parents if folder.exists())
        if not parent.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "")
        if not os.access(parent, os.W_OK):
            raise PermissionError(errno.EACCES, "")
    except OSError as error:
        raise _explained(path, error) from error


def replace_folder(path: Path, write: Callable[[Path], None]) -> None:
    """Write a folder next to its destination, flush its files to disk, then rename it.

    An older folder at ``path`` is moved aside first and removed last, so that at every moment one of the two is whole.

    Parameters
    ----------
    path : Path
        The destination; a link is followed.
    write : callable
        Receives a new empty folder and fills it.

    Raises
    ------
    SaveError
        Where that is impossible, and where a file stands there; what stood at ``path`` still stands, and nothing else
        is left.
    """
    try:
        place = Path(os.path.realpath(path)) if path.is_symlink() else path
        if place.exists() and not place.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "it is a file, not a folder")
        with _parents(place), _temporary_folder(place) as new:
            write(new)
            for file in sorted(new.rglob("*")):
                if file.is_file():
                    _flush(file)
            if place.exists():
                os.rename(place, new.with_name(_OLD))
            os.rename(new, place)
    except OSError as error:
        raise _explained(path, error) from error


@contextmanager
def backed_up(path: Path) -> Iterator[Path | None]:
    """Back up what exists at a path under the next free name, while something new is written to the path.

    A folder ``m`` becomes ``m.1`` (or ``m.2``, ...), a file ``m.vec`` becomes ``m.1.vec``. It is complete before
    the new one replaces the original; if that fails, the backup is removed again. Files are linked if the disk
    can do that, and copied otherwise.

    Parameters
    ----------
    path : Path
        The path; a link is followed. If nothing exists there (or an empty folder), there is no backup.

    Yields
    ------
    Path or None
        The path of the backup.

    Raises
    ------
    SaveError
        Where that is impossible.
    """
    place = Path(os.path.realpath(path)) if path.is_symlink() else path
    if not place.exists() or (place.is_dir() and not any(place.iterdir())):
        yield None
        return
    other = next(name for n in count(1) if not os.path.lexists(name := _numbered(place, n)))

    def link(new: Path) -> None:
        for file in place.iterdir():
            _link(file, new / file.name)

    if place.is_dir():
        replace_folder(other, link)
    else:
        replace_file(other, lambda new: _link(place, new))
    try:
        yield other
    except BaseException:
        shutil.rmtree(other, ignore_errors=True) if other.is_dir() else other.unlink(missing_ok=True)
        raise


def _numbered(place: Path, number: int) -> Path:
    name = f"{place.name}.{number}" if place.is_dir() else f"{place.stem}.{number}{place.suffix}"
    return place.with_name(name)


def _link(file: Path, new: Path) -> None:
    if file.is_dir():
        shutil.copytree(file, new)
        return
    try:
        os.link(file, new)
    except OSError:  # a disk without links
        shutil.copy2(file, new)


@contextmanager
def _temporary_folder(place: Path) -> Iterator[Path]:
    """Create an empty folder, on the disk of the destination, that no other thread or process knows.

    It stands in another beside the place, whose name is short however long the place's is. When that is taken away, an
    older thing that was moved into it goes back where nothing came to stand.
    """
    folder = Path(tempfile.mkdtemp(prefix=".gyeol.", suffix=".part", dir=place.parent))
    try:
        (folder / "new").mkdir()
        yield folder / "new"
    finally:  # also at Ctrl-C
        if (folder / _OLD).exists() and not place.exists():
            os.rename(folder / _OLD, place)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _parents(path: Path) -> Iterator[None]:
    """Create the parent folders of a path, and remove them again if writing fails."""
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
    return SaveError(f"could not write {path}: {why}. Whatever was there before is unchanged")
