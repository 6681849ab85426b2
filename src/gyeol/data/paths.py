"""Files by their names: those that are there, those that differ only in their Unicode form, and those that are near."""

from __future__ import annotations

import os
import stat
import unicodedata
from pathlib import Path

from gyeol.errors import DataError, closest

__all__ = ["cause_of", "check_file", "find_path"]

_MOST = 5000  # names of a folder that are looked at


def find_path(path: str | os.PathLike[str]) -> Path:
    """Give the path as it is, or as it is spelled on the disk: names in NFC and NFD (macOS) are the same names.

    Parameters
    ----------
    path : str or path
        What a user named; it may exist or not.

    Returns
    -------
    Path
        The path itself where it exists, or where nothing of that name does.
    """
    path = Path(path)
    if str(path).isascii() or os.path.lexists(path):
        return path
    found = Path(path.anchor)
    for part in path.parts[len(Path(path.anchor).parts) :]:
        if not os.path.lexists(found / part):
            composed = unicodedata.normalize("NFC", part)
            names = (name for name in _names(found) if unicodedata.normalize("NFC", name) == composed)
            part = next(names, None) or part
        found /= part
    return found if os.path.lexists(found) else path


def check_file(path: str | os.PathLike[str]) -> Path:
    """Give the path of a file that is there, with bytes in it.

    Parameters
    ----------
    path : str or path
        The file a user named.

    Raises
    ------
    DataError
        If there is no such file (names similar ones beside it), if it is a folder or a device, or if it is empty.
    """
    path = Path(path)
    try:
        path = find_path(path)
        state = path.stat()
    except FileNotFoundError:
        raise DataError(f"there is no file {path}{_neighbours(path)}") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {cause_of(error)}; check the name and the permissions") from None
    if stat.S_ISDIR(state.st_mode):
        raise DataError(f"{path} is a folder; a file was expected{_inside(path)}")
    if not stat.S_ISREG(state.st_mode):
        raise DataError(f"{path} is not an ordinary file; save its output to a file first")
    if state.st_size == 0:
        raise DataError(f"{path} is empty; a file with one text per row was expected")
    return path


def cause_of(error: Exception) -> str:
    """Say in small letters why a file could not be opened or read."""
    return (getattr(error, "strerror", None) or str(error)).lower()


def _names(folder: Path) -> list[str]:
    """List a folder, a few thousand names at most."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry, _ in zip(entries, range(_MOST), strict=False))
    except (OSError, ValueError):
        return []


def _inside(folder: Path) -> str:
    names = [name for name in _names(folder) if not name.startswith(".")]
    return f"; it holds {', '.join(names[:5])}{', ...' if len(names) > 5 else ''}" if names else ""


def _neighbours(path: Path) -> str:
    from difflib import get_close_matches

    names = {name.casefold(): name for name in _names(path.parent)}
    near = [names[key] for key in get_close_matches(path.name.casefold(), names, n=5, cutoff=0.6)]
    if near:
        return closest(near[0], near).removesuffix(".") if len(near) == 1 else f"; similar there: {', '.join(near)}"
    return "" if path.parent.is_dir() else f"; there is no folder {path.parent} either"
