"""One file over https: streamed to a file beside its place, counted and hashed, flushed and renamed.

What is cut off, too large or another file than expected leaves nothing behind. Only `catalog.get` comes here.
"""

from __future__ import annotations

import hashlib
import http.client
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gyeol.data.atomic import replace_file
from gyeol.errors import DownloadError

__all__ = ["fetch"]

_PIECE = 1 << 18  # bytes read at a time
_TIMEOUT = 30.0  # seconds without a byte


def fetch(
    url: str,
    path: Path,
    *,
    sha256: str | None,
    size: int,
    progress: Callable[[str], None] | None = None,
    loopback: bool = False,
    timeout: float = _TIMEOUT,
) -> str:
    """Download one file and give its SHA-256.

    Parameters
    ----------
    url : str
        Where it is; redirects are followed to https addresses only.
    path : path
        The destination, once it is complete and verified.
    sha256 : str or None
        What it must hash to, if that is known.
    size : int
        Bytes it may have at most; twice as many where the hash, and so the size, is not known.
    progress : callable, optional
        Told one line at the beginning and at every fifth of the way.
    loopback : bool
        Allow plain http from this very machine, for the tests.
    timeout : float
        Seconds without a byte after which the server counts as gone.

    Raises
    ------
    DownloadError
        If it cannot be downloaded or is not the expected file; nothing is left of it.
    SaveError
        If it cannot be written.
    """
    actual = ""
    cap = size if sha256 is not None else 2 * size

    def write(beside: Path) -> None:
        nonlocal actual
        digest, count, reported = hashlib.sha256(), 0, -1
        with _connect(url, loopback=loopback, timeout=timeout) as answer, beside.open("wb") as out:
            announced = _length(answer)
            if announced is not None and announced > cap:
                raise DownloadError(
                    f"{url} would give {announced:,} bytes where {size:,} were expected; nothing was saved"
                )
            while piece := _read(answer, url):
                count += len(piece)
                if count > cap:
                    raise DownloadError(f"{url} gives more than the {size:,} bytes expected; nothing was saved")
                digest.update(piece)
                out.write(piece)
                if progress is not None and count * 5 // (announced or size) > reported:
                    reported = count * 5 // (announced or size)
                    progress(f"{path.name}: {count / 1e6:,.1f} of {(announced or size) / 1e6:,.1f} MB")
        if announced is not None and count < announced:
            raise DownloadError(
                f"{url} was interrupted after {count:,} of {announced:,} bytes; nothing was saved, try again"
            )
        actual = digest.hexdigest()
        if sha256 is not None and actual != sha256:
            raise DownloadError(
                f"{url} gave a different file than the catalogue lists (SHA-256 {actual[:12]}..., not "
                f"{sha256[:12]}...); nothing was saved"
            )

    replace_file(path, write)
    return actual


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
        words = http.client.responses.get(error.code, "")  # not the server's own, which may be anything
        raise DownloadError(f"{url}: the server answered {error.code} {words}; try again later") from None
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
        raise DownloadError(f"{url} was interrupted ({_reason(error)}); nothing was saved, try again") from None


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", None) or error) or type(error).__name__
