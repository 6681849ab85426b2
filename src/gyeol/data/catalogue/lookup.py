"""Data sets by name: where their files are on this machine, and fetching them when the user asks for that.

The table itself is `gyeol.data.catalogue.datasets`. Nothing here opens a connection but `download_dataset`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from gyeol.cache_place import cache_folder
from gyeol.data.atomic import replace_file
from gyeol.data.catalogue.datasets import CATALOG, Dataset, RemoteFile
from gyeol.data.catalogue.download import fetch
from gyeol.data.fingerprint import fingerprint
from gyeol.errors import DataError, DownloadError, SaveError, closest

__all__ = [
    "CATALOG",
    "Dataset",
    "RemoteFile",
    "cache_folder",
    "describe_catalogue",
    "download_dataset",
    "find_dataset",
    "resolve_file",
]


def find_dataset(name: str) -> Dataset:
    """Look a data set up.

    Raises
    ------
    DataError
        If the catalogue does not have it; names the nearest that it has.

    Examples
    --------
    >>> find_dataset("nsmc").task
    'classify'
    """
    if name not in CATALOG:
        raise DataError(f"no data set is called {name!r}{closest(name, CATALOG)}")
    return CATALOG[name]


def resolve_file(name: str, role: str) -> Path:
    """Find a file of a data set on this machine: in the folder named by ``GYEOL_DATA``, else among the downloads.

    Parameters
    ----------
    name, role : str
        The data set and which of its files, as in the catalogue: ``resolve("nsmc", "train")``.

    Raises
    ------
    DataError
        If the catalogue has no such data set or role.
    DownloadError
        If the file is missing (says how to download it), or is not the expected one.
    """
    entry = find_dataset(name)
    if role not in entry.files:
        raise DataError(f"the data set {name!r} has no {role!r}{closest(role, entry.files)}")
    file = entry.files[role]
    if (path := _local_path(file)) is not None and path.exists():
        known = {file.local_sha256, file.sha256} - {None}
        if known and _checked(path) not in known:
            raise DownloadError(
                f"{path} is not the file that the catalogue lists as {name} {role} (its SHA-256 differs); "
                "fix it, or unset GYEOL_DATA"
            )
        return path
    if file.url is None:
        raise DownloadError(f"{name} {role} cannot be downloaded; set GYEOL_DATA to a folder that holds {file.local}")
    path = _cached_path(entry, file.url)
    if not path.is_file():
        raise DownloadError(f"{name} {role} is not on this machine; download it with: gyeol data get {name}")
    known_hash = file.sha256 or _pins().get(file.url)
    if known_hash is not None and _checked(path) != known_hash:
        raise DownloadError(f"{path} was changed after it was downloaded; remove it and run: gyeol data get {name}")
    return path


def download_dataset(name: str, *, progress: Callable[[str], None] | None = None) -> list[Path]:
    """Download a data set's files into the cache; what is there already, and right, is left as it is.

    Parameters
    ----------
    name : str
        The data set.
    progress : callable, optional
        Called with a line at the start of a file and at every fifth of the way.

    Returns
    -------
    list of path
        The files, in the catalogue's order of roles.

    Raises
    ------
    DownloadError
        If a file cannot be fetched or is not what it should be; nothing is left of it.
    SaveError
        If the cache cannot be written to.
    """
    entry = find_dataset(name)
    remote = [file for file in entry.files.values() if file.url is not None]
    if not remote:
        raise DownloadError(
            f"{name} has no public address to download it from; set GYEOL_DATA to a folder that holds it"
        )
    return [_get_file(entry, file, progress) for file in remote]


def describe_catalogue() -> list[dict[str, Any]]:
    """List the catalogue: one dict per data set, with its entry and where its files are.

    The values of ``files`` are ``"data"`` (in the folder ``GYEOL_DATA``), ``"cache"`` or ``"absent"``, by role;
    ``here`` is true if nothing is left to download. No file is read.
    """
    rows = []
    for entry in CATALOG.values():
        places = {role: _place(entry, file) for role, file in entry.files.items()}
        public = [role for role, file in entry.files.items() if file.url is not None]
        rows.append(
            {
                "name": entry.name,
                "title": entry.title,
                "task": entry.task,
                "licence": entry.licence,
                "source": entry.source,
                "bytes": sum(entry.files[role].bytes for role in public),
                "files": places,
                "here": all(places[role] != "absent" for role in public or places),
                "note": entry.note,
            }
        )
    return rows


def _place(entry: Dataset, file: RemoteFile) -> str:
    local = _local_path(file)
    if local is not None and local.exists():
        return "data"
    return "cache" if file.url is not None and _cached_path(entry, file.url).is_file() else "absent"


def _local_path(file: RemoteFile) -> Path | None:
    folder = os.environ.get("GYEOL_DATA", "")
    return Path(folder) / file.local if folder and file.local else None


def _cached_path(entry: Dataset, url: str) -> Path:
    return cache_folder() / "data" / entry.name / Path(unquote(urlsplit(url).path)).name


def _get_file(
    entry: Dataset, file: RemoteFile, progress: Callable[[str], None] | None, *, loopback: bool = False
) -> Path:
    url = file.url or ""
    path = _cached_path(entry, url)
    expected = file.sha256 or _pins().get(url)
    if path.is_file() and expected is not None and _checked(path) == expected:
        return path
    came = fetch(url, path, sha256=expected, size=file.bytes, progress=progress)
    if expected is None:
        pins = _pins() | {url: came}
        replace_file(_pins_path(), lambda beside: _write_json(beside, pins))
    return path


# What was hashed already need not be hashed again while its size and time stay as they are.


def _checked(path: Path) -> str:
    if path.is_dir():  # whose size and time do not reflect its files
        return fingerprint(path)
    stat = path.stat()
    key, stamp = str(path.resolve()), [stat.st_size, stat.st_mtime_ns]
    table = _read_json(cache_folder() / "checked.json")
    known = table.get(key)
    if isinstance(known, list) and known[:2] == stamp and isinstance(known[-1], str):
        return known[-1]
    came = fingerprint(path)
    table[key] = [*stamp, came]
    with suppress(SaveError):  # a cache that cannot be written to costs time, no more
        replace_file(cache_folder() / "checked.json", lambda beside: _write_json(beside, table))
    return came


def _pins_path() -> Path:
    return cache_folder() / "pins.json"


def _pins() -> dict[str, str]:
    """Read the hashes of files first met without a known one, by address; a damaged table is an error."""
    path = _pins_path()
    pins = _read_json(path, strict=True)
    if not all(isinstance(value, str) for value in pins.values()):
        raise DownloadError(f"{path} is damaged; remove it, and the files it lists are downloaded again")
    return pins


def _read_json(path: Path, *, strict: bool = False) -> dict[str, Any]:
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError):
        table = None
    if isinstance(table, dict):
        return table
    if strict:
        raise DownloadError(f"{path} is damaged; remove it, and the files it lists are downloaded again")
    return {}


def _write_json(path: Path, table: dict[str, Any]) -> None:
    path.write_text(json.dumps(table, indent=1, sort_keys=True), encoding="utf-8")
