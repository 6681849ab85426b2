"""Where a data set's file is on this machine, and fetching it when the user asks for that.

`resolve` never opens a connection. `get` does, over https alone: what arrives is streamed to a file beside its place, counted
and hashed, flushed and renamed, so that a cut-off or foreign file leaves nothing behind.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from gyeol.data.atomic import replace_file
from gyeol.data.catalog import CATALOG, Dataset, RemoteFile, dataset
from gyeol.data.files import fingerprint
from gyeol.errors import DataError, DownloadError, SaveError, closest

__all__ = ["cache_folder", "describe", "get", "resolve"]

Progress = Callable[[str, int, int], None]  # the file's name, bytes so far, bytes in all

_PIECE = 1 << 18  # bytes read at a time
_TIMEOUT = 30.0  # seconds without a byte


def cache_folder() -> Path:
    """Name the folder for what was downloaded: ``$XDG_CACHE_HOME/gyeol``, or what the system uses; it may not exist yet."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(given):  # the XDG specification says to ignore a relative one
        return Path(given) / "gyeol"
    if sys.platform == "win32" and os.environ.get("LOCALAPPDATA"):
        return Path(os.environ["LOCALAPPDATA"]) / "gyeol" / "cache"
    return Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "gyeol"


def resolve(name: str, role: str) -> Path:
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
        If the file is not here (says how to fetch it), or is not what it should be.
    """
    entry = dataset(name)
    if role not in entry.files:
        raise DataError(f"the data set {name!r} has no {role!r}{closest(role, entry.files)}")
    file = entry.files[role]
    if (path := _local_path(file)) is not None and path.is_file():
        known = {file.local_sha256, file.sha256} - {None}
        if known and _checked(path) not in known:
            raise DownloadError(
                f"{path} is not the file the catalogue knows as {name} {role} (its SHA-256 differs); "
                "mend it, or unset GYEOL_DATA"
            )
        return path
    if file.url is None:
        raise DownloadError(f"{name} {role} cannot be downloaded; set GYEOL_DATA to a folder that holds {file.local}")
    path = _cached_path(entry, file.url)
    if not path.is_file():
        raise DownloadError(f"{name} {role} is not on this machine; fetch it with: gyeol data get {name}")
    known_hash = file.sha256 or _pins().get(file.url)
    if known_hash is not None and _checked(path) != known_hash:
        raise DownloadError(f"{path} was changed after it was downloaded; remove it and run: gyeol data get {name}")
    return path


def get(name: str, *, progress: Progress | None = None) -> list[Path]:
    """Download a data set's files into the cache; what is there already, and right, is left as it is.

    Parameters
    ----------
    name : str
        The data set.
    progress : callable, optional
        Told a file's name, the bytes so far and the bytes in all, several times a second.

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
    entry = dataset(name)
    remote = [file for file in entry.files.values() if file.url is not None]
    if not remote:
        raise DownloadError(f"{name} has no public home to download it from; set GYEOL_DATA to a folder that holds it")
    return [_get_file(entry, file, progress) for file in remote]


def describe() -> list[dict[str, Any]]:
    """List the catalogue: a dict a data set, with what the table says and where its files are now.

    The values of ``files`` are ``"data"`` (in the folder ``GYEOL_DATA``), ``"cache"`` or ``"absent"``, by role; no file is read.
    """
    return [
        {
            "name": entry.name,
            "title": entry.title,
            "task": entry.task,
            "licence": entry.licence,
            "source": entry.source,
            "bytes": sum(file.bytes for file in entry.files.values() if file.url is not None),
            "files": {role: _place(entry, file) for role, file in entry.files.items()},
            "note": entry.note,
        }
        for entry in CATALOG.values()
    ]


def _place(entry: Dataset, file: RemoteFile) -> str:
    local = _local_path(file)
    if local is not None and local.is_file():
        return "data"
    return "cache" if file.url is not None and _cached_path(entry, file.url).is_file() else "absent"


def _local_path(file: RemoteFile) -> Path | None:
    folder = os.environ.get("GYEOL_DATA", "")
    return Path(folder) / file.local if folder and file.local else None


def _cached_path(entry: Dataset, url: str) -> Path:
    return cache_folder() / "data" / entry.name / Path(unquote(urlsplit(url).path)).name


def _get_file(entry: Dataset, file: RemoteFile, progress: Progress | None, *, loopback: bool = False) -> Path:
    url = file.url or ""
    path = _cached_path(entry, url)
    expected = file.sha256 or _pins().get(url)
    if path.is_file() and expected is not None and _checked(path) == expected:
        return path
    came = _fetch(url, path, sha256=expected, size=file.bytes, progress=progress, loopback=loopback)
    if expected is None:
        pins = _pins() | {url: came}
        replace_file(_pins_path(), lambda beside: _write_json(beside, pins))
    return path


def _fetch(
    url: str,
    path: Path,
    *,
    sha256: str | None,
    size: int,
    progress: Progress | None = None,
    loopback: bool = False,
    timeout: float = _TIMEOUT,
) -> str:
    """Download one file and give its SHA-256; ``loopback`` allows plain http from this very machine, for the tests."""
    came = ""
    cap = size if sha256 is not None else 2 * size  # without a hash the size is a guess as well

    def write(beside: Path) -> None:
        nonlocal came
        digest, count = hashlib.sha256(), 0
        with _connect(url, loopback=loopback, timeout=timeout) as answer, beside.open("wb") as out:
            announced = _length(answer)
            if announced is not None and announced > cap:
                raise DownloadError(
                    f"{url} would give {announced:,} bytes where {size:,} were expected; nothing was kept"
                )
            while piece := _read(answer, url):
                count += len(piece)
                if count > cap:
                    raise DownloadError(f"{url} gives more than the {size:,} bytes expected; nothing was kept")
                digest.update(piece)
                out.write(piece)
                if progress is not None:
                    progress(path.name, count, announced or size)
        if announced is not None and count < announced:
            raise DownloadError(f"{url} broke off after {count:,} of {announced:,} bytes; nothing was kept, try again")
        came = digest.hexdigest()
        if sha256 is not None and came != sha256:
            raise DownloadError(
                f"{url} gave another file than the catalogue knows (SHA-256 {came[:12]}..., expected {sha256[:12]}...); "
                "nothing was kept"
            )

    replace_file(path, write)
    return came


def _connect(url: str, *, loopback: bool, timeout: float) -> http.client.HTTPResponse:
    _check_address(url, loopback=loopback)
    opener = urllib.request.OpenerDirector()  # by hand: urllib's own also opens file:, ftp: and data: addresses
    for handler in (
        urllib.request.UnknownHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.HTTPHandler() if loopback else urllib.request.ProxyHandler(),
        urllib.request.HTTPSHandler(),
        _Redirects(loopback),
    ):
        opener.add_handler(handler)
    request = urllib.request.Request(url, headers={"User-Agent": "gyeol"})  # noqa: S310 -- the scheme is checked above
    try:
        answer: http.client.HTTPResponse = opener.open(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        error.close()
        raise DownloadError(f"{url}: the server answered {error.code} {error.reason}; try again later") from None
    except (OSError, http.client.HTTPException) as error:
        raise DownloadError(f"{url} cannot be reached ({_reason(error)}); check the connection") from None
    return answer


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a redirect to where one may download from, and nowhere else."""

    def __init__(self, loopback: bool) -> None:
        self.loopback = loopback

    def redirect_request(self, *args: Any, **named: Any) -> urllib.request.Request | None:
        _check_address(named["newurl"] if "newurl" in named else args[5], loopback=self.loopback)
        return super().redirect_request(*args, **named)

    def http_error_302(self, req: Any, fp: Any, code: Any, msg: Any, headers: Any) -> Any:
        # urllib itself refuses other schemes before redirect_request is asked, with an error that is not ours.
        target = headers.get("Location") or headers.get("URI") or ""
        if urlsplit(target).scheme:
            try:
                _check_address(target, loopback=self.loopback)
            except DownloadError:
                fp.close()
                raise
        return super().http_error_302(req, fp, code, msg, headers)

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


def _check_address(url: str, *, loopback: bool) -> None:
    parts = urlsplit(url)
    if parts.scheme == "https" or (loopback and parts.scheme == "http" and parts.hostname == "127.0.0.1"):
        return
    raise DownloadError(f"{url} is not an https address; gyeol downloads over https only")


def _length(answer: http.client.HTTPResponse) -> int | None:
    text = answer.headers.get("Content-Length", "")
    return int(text) if text.isascii() and text.isdigit() else None


def _read(answer: http.client.HTTPResponse, url: str) -> bytes:
    try:
        return answer.read(_PIECE)
    except (OSError, http.client.HTTPException) as error:
        raise DownloadError(f"{url} broke off ({_reason(error)}); nothing was kept, try again") from None


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", None) or error) or type(error).__name__


# What was hashed already need not be hashed again while its size and time stay as they are.


def _checked(path: Path) -> str:
    stat = path.stat()
    key, stamp = str(path.resolve()), [stat.st_size, stat.st_mtime_ns]
    table = _read_json(cache_folder() / "checked.json")
    known = table.get(key)
    if isinstance(known, list) and known[:2] == stamp and isinstance(known[-1], str):
        return known[-1]
    came = fingerprint(path)
    table[key] = [*stamp, came]
    try:
        replace_file(cache_folder() / "checked.json", lambda beside: _write_json(beside, table))
    except SaveError:
        pass  # a cache that cannot be written to costs time, no more
    return came


def _pins_path() -> Path:
    return cache_folder() / "pins.json"


def _pins() -> dict[str, str]:
    """The hashes of files first met without a known one, by address; a damaged table is an error, not an empty one."""
    path = _pins_path()
    pins = _read_json(path, strict=True)
    if not all(isinstance(value, str) for value in pins.values()):
        raise DownloadError(f"{path} is damaged; remove it, and what it vouched for is fetched anew")
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
        raise DownloadError(f"{path} is damaged; remove it, and what it vouched for is fetched anew")
    return {}


def _write_json(path: Path, table: dict[str, Any]) -> None:
    path.write_text(json.dumps(table, indent=1, sort_keys=True), encoding="utf-8")
