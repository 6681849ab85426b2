"""A cache of parsed vector files in the user's cache folder: a matrix to map into memory, its words, and their source.

A folder a file, named by a hash of the file's path, in the folder ``vectors`` of the cache::

    vectors.npy   float32, (V, D)
    words.txt     UTF-8, a line a word; no word holds a line break
    source.json   the version, the file's size, time and hash, form, limit, and what the other two must be

It is written whole or not at all, and never trusted: an entry that does not fit in every point is ignored.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gyeol.data.atomic import replace_folder
from gyeol.data.catalogue.lookup import cache_folder

if TYPE_CHECKING:
    from gyeol.data.vectors.blocks import VectorTable

__all__ = ["identity", "is_worth_it", "load", "store"]

_VERSION = 1
_LEAST = {"word2vec": 1 << 20, "glove": 1 << 20, "word2vec-binary": 1 << 24}  # bytes of a file that is worth caching
_EDGE = 1 << 20  # bytes hashed at either end of a file
_SAMPLES, _PAGE = 64, 1 << 12  # and how many pieces of how many bytes between
_MOST_JSON = 1 << 20  # bytes


def is_worth_it(path: Path, form: str) -> bool:
    """Tell whether a file is large enough."""
    with suppress(OSError):
        return path.stat().st_size >= _LEAST[form]
    return False


def identity(path: Path) -> dict[str, Any] | None:
    """Tell a file by its size, time, and a hash of its first and last megabyte and of pieces between.

    None if it cannot be read.
    """
    try:
        stat = path.stat()
        return {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns, "sha256": _sampled(path)}
    except OSError:
        return None


def load(
    path: Path, seen: dict[str, Any], form: str, limit: int | None
) -> tuple[list[str], npt.NDArray[np.float32], list[str]] | None:
    """Map the cached table of a file; None if there is none, or anything about it is wrong."""
    try:
        return _load(_folder(path), {"version": _VERSION, "source": seen, "form": form, "limit": limit})
    except Exception:  # whatever may be wrong with it, the file itself is still there
        return None


def store(path: Path, seen: dict[str, Any], form: str, limit: int | None, table: VectorTable) -> None:
    """Keep what was read; where that is impossible (a disk full or read-only), nothing happens."""
    words = "\n".join(table.words).encode()

    def write(folder: Path) -> None:
        np.save(folder / "vectors.npy", table.vectors, allow_pickle=False)
        (folder / "words.txt").write_bytes(words)
        state = {
            "version": _VERSION,
            "source": seen,
            "form": form,
            "limit": limit,
            "shape": list(table.vectors.shape),
            "vectors": _sampled(folder / "vectors.npy"),
            "words": hashlib.sha256(words).hexdigest(),
            "words_bytes": len(words),
            "notes": table.notes,
        }
        (folder / "source.json").write_text(json.dumps(state, indent=1), encoding="utf-8")

    with suppress(OSError, RuntimeError):  # the latter where there is no home
        replace_folder(_folder(path), write)


def _folder(path: Path) -> Path:
    name = hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:32]
    return cache_folder() / "vectors" / name


class _UnfitError(Exception):
    """The cached table is invalid."""


def _load(folder: Path, expected: dict[str, Any]) -> tuple[list[str], npt.NDArray[np.float32], list[str]]:
    files = [folder / name for name in ("source.json", "words.txt", "vectors.npy")]
    _demand(all(file.is_file() for file in files))  # a pipe, say, would never end
    state_file, words_file, vectors_file = files
    with state_file.open("rb") as stream:
        state = json.loads(stream.read(_MOST_JSON))
    _demand({key: state[key] for key in expected} == expected)
    (rows, dimension), notes = state["shape"], state["notes"]
    _demand(type(rows) is int and type(dimension) is int and min(rows, dimension) > 0)
    _demand(type(notes) is list and all(type(note) is str for note in notes))

    # NumPy reads the header only if it is, byte by byte, the one it would have written.
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": (rows, dimension)})
    with vectors_file.open("rb") as stream:
        _demand(stream.read(header.tell()) == header.getvalue())
    _demand(vectors_file.stat().st_size == header.tell() + 4 * rows * dimension)
    _demand(_sampled(vectors_file) == state["vectors"])

    _demand(words_file.stat().st_size == state["words_bytes"])
    text = words_file.read_bytes()
    _demand(hashlib.sha256(text).hexdigest() == state["words"])
    words = text.decode("utf-8").split("\n")
    _demand(len(words) == rows)
    return words, np.asarray(np.load(vectors_file, mmap_mode="r", allow_pickle=False)), notes


def _demand(is_so: bool) -> None:
    if not is_so:
        raise _UnfitError


def _sampled(path: Path) -> str:
    """Hash a file of two megabytes whole, of a larger one the ends and pieces between, so that none takes long."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        digest.update(b"%d" % size)
        digest.update(stream.read(_EDGE))
        for i in range(_SAMPLES if size > 2 * _EDGE else 0):
            stream.seek(_EDGE + (size - 2 * _EDGE) * i // _SAMPLES)
            digest.update(stream.read(_PAGE))
        stream.seek(max(0, size - _EDGE))
        digest.update(stream.read(_EDGE))
    return digest.hexdigest()
