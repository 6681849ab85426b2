"""SHA-256 of files and folders: which data a model was trained on, whether a download is whole."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from gyeol.data.paths import check_file
from gyeol.errors import DataError

__all__ = ["fingerprint", "fingerprint_all"]


def fingerprint(path: str | os.PathLike[str]) -> str:
    """Give the SHA-256 of a file's bytes, as 64 hexadecimal digits; the file is streamed.

    Of a folder it is that of its files' names and hashes, a line each: ``name``, two spaces, hash.

    Raises
    ------
    DataError
        If the file cannot be read.
    """
    if os.path.isdir(path):
        names = sorted(p.relative_to(path).as_posix() for p in Path(path).rglob("*") if p.is_file())
        lines = (f"{name}  {fingerprint(Path(path) / name)}\n" for name in names)
        return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()
    path = check_file(path)
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}; check the permissions") from None


def fingerprint_all(paths: Sequence[Path]) -> str:
    """Give one SHA-256 for several files: their names and what is in them.

    Raises
    ------
    DataError
        If one cannot be read.
    """
    return hashlib.sha256("".join(f"{path.name} {fingerprint(path)}\n" for path in paths).encode()).hexdigest()
