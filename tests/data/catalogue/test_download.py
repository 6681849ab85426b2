"""Downloads from a server on this very machine: whole and right, or nothing at all."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gyeol.data.catalogue import lookup
from gyeol.data.catalogue.download import fetch
from gyeol.data.catalogue.lookup import CATALOG, Dataset, RemoteFile, download_dataset, resolve_file
from gyeol.errors import DownloadError, SaveError

BODY = bytes(range(256)) * 4096  # 1 MiB
SUM = hashlib.sha256(BODY).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """Answers by path."""

    hits: list[str]
    body = BODY

    def do_GET(self) -> None:
        type(self).hits.append(self.path)
        if self.path.startswith("/to/"):
            where = {
                "file": "file:///etc/hostname",
                "ftp": "ftp://127.0.0.1/x",
                "http": "http://example.org/x",
                "good": "/file.txt",
                "loop": "/to/loop",
            }[self.path.removeprefix("/to/")]
            self.send_response(302)
            self.send_header("Location", where)
            self.end_headers()
            return
        if self.path == "/gone":
            self.send_error(404)
            return
        body = type(self).body
        self.send_response(200)
        if self.path not in {"/unsized", "/endless"}:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body[: len(body) // 2] if self.path == "/cut" else body)
            while self.path == "/endless":
                self.wfile.write(body)
        except OSError:
            pass  # the client had enough

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    Handler.hits, Handler.body = [], BODY
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()
        thread.join()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("GYEOL_DATA", raising=False)
    (tmp_path / "here").mkdir()
    return tmp_path / "here" / "file.txt"


def fetch_here(server: str, name: str, place: Path, sha256: str | None = SUM, size: int = len(BODY)) -> str:
    return fetch(f"{server}/{name}", place, sha256=sha256, size=size, loopback=True, timeout=5)


@pytest.mark.parametrize("name", ["file.txt", "unsized", "to/good"])
def test_a_whole_file_arrives(server: str, place: Path, name: str) -> None:
    assert fetch_here(server, name, place) == SUM
    assert place.read_bytes() == BODY
    assert list(place.parent.iterdir()) == [place]


@pytest.mark.parametrize(
    ("name", "sha256", "size", "word"),
    [
        ("cut", SUM, len(BODY), "was interrupted after 524,288 of 1,048,576 bytes"),
        ("file.txt", "0" * 64, len(BODY), "a different file than the catalogue lists"),
        ("file.txt", SUM, len(BODY) - 1, "would give 1,048,576 bytes where 1,048,575 were expected"),
        ("unsized", SUM, len(BODY) - 1, "gives more than the 1,048,575 bytes expected"),
        ("endless", None, 3_000_000, "gives more than"),
        ("gone", SUM, len(BODY), "answered 404"),
        ("to/file", SUM, len(BODY), "file:///etc/hostname is not an https address"),
        ("to/ftp", SUM, len(BODY), "not an https address"),
        ("to/http", SUM, len(BODY), "http://example.org/x is not an https address"),
        ("to/loop", SUM, len(BODY), "answered 302 Found"),
    ],
)
@pytest.mark.parametrize("before", [None, b"what stood there"])
def test_what_is_wrong_leaves_nothing(
    server: str, place: Path, name: str, sha256: str | None, size: int, word: str, before: bytes | None
) -> None:
    if before is not None:
        place.write_bytes(before)
    with pytest.raises(DownloadError) as caught:
        fetch_here(server, name, place, sha256, size)
    assert word in str(caught.value)
    assert "\n" not in str(caught.value)
    assert [(p, p.read_bytes()) for p in place.parent.iterdir()] == ([] if before is None else [(place, before)])


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/x", "file:///etc/hostname", "ftp://example.org/x", "x", ""])
def test_https_only_unless_a_test_asks(place: Path, url: str) -> None:
    with pytest.raises(DownloadError, match="not an https address"):
        fetch(url, place, sha256=None, size=10)
    with pytest.raises(DownloadError, match="not an https address"):
        fetch("http://127.0.0.2/x", place, sha256=None, size=10, loopback=True)


def test_a_server_that_is_not_there(server: str, place: Path) -> None:
    with pytest.raises(DownloadError, match=r"cannot be reached \(.*\); check the connection"):
        fetch("http://127.0.0.1:9/x", place, sha256=SUM, size=10, loopback=True)
    assert not list(place.parent.iterdir())


def test_a_place_that_cannot_be_written(server: str, place: Path) -> None:
    (place / "in the way").mkdir(parents=True)
    with pytest.raises(SaveError, match="could not write"):
        fetch_here(server, "file.txt", place)
    assert list(place.parent.iterdir()) == [place]


def test_progress_is_told_in_lines(server: str, place: Path) -> None:
    told: list[str] = []
    fetch(f"{server}/file.txt", place, sha256=SUM, size=len(BODY), loopback=True, progress=told.append)
    assert told[-1] == "file.txt: 1.0 of 1.0 MB"
    assert len(told) <= 6


@pytest.fixture
def entry(server: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    monkeypatch.setattr(lookup, "fetch", partial(fetch, loopback=True))
    files = {
        "train": RemoteFile(f"{server}/train.txt", SUM, len(BODY)),
        "test": RemoteFile(f"{server}/test.txt", None, len(BODY)),
    }
    made = Dataset("served", "", "", "", "classify", files)
    monkeypatch.setitem(CATALOG, "served", made)
    return made


def test_get_then_resolve(entry: Dataset) -> None:
    with pytest.raises(DownloadError, match="download it with: gyeol data get served"):
        resolve_file("served", "train")
    paths = download_dataset("served")
    assert [path.name for path in paths] == ["train.txt", "test.txt"]
    assert paths == [resolve_file("served", "train"), resolve_file("served", "test")]
    assert all(path.read_bytes() == BODY for path in paths)
    hits = len(Handler.hits)
    assert download_dataset("served") == paths
    assert len(Handler.hits) == hits  # what is here and right is not fetched again


def test_the_first_hash_met_is_kept(entry: Dataset) -> None:
    path = download_dataset("served")[1]
    pins = json.loads((lookup.cache_folder() / "pins.json").read_text())
    assert pins == {entry.files["test"].url: SUM}
    path.unlink()
    Handler.body = BODY[::-1]
    with pytest.raises(DownloadError, match="a different file than the catalogue lists"):
        download_dataset("served")
    assert not path.exists()
    path.write_bytes(BODY[::-1])
    with pytest.raises(DownloadError, match="was changed after it was downloaded"):
        resolve_file("served", "test")
    for damaged in ("[1]", "{", '{"a": 1}'):
        (lookup.cache_folder() / "pins.json").write_text(damaged)
        with pytest.raises(DownloadError, match=r"pins\.json is damaged; remove it"):
            download_dataset("served")


def test_a_set_without_a_public_home(monkeypatch: pytest.MonkeyPatch) -> None:
    file = RemoteFile(None, None, 1, "kept/a.txt", SUM)
    monkeypatch.setitem(CATALOG, "kept", Dataset("kept", "", "", "", "classify", {"all": file}))
    with pytest.raises(DownloadError, match="no public address"):
        download_dataset("kept")
