"""The catalogue says what is true, and finds files without a connection."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
import socket
from pathlib import Path

import pytest

from gyeol.data.catalogue import lookup
from gyeol.data.catalogue.lookup import CATALOG, Dataset, RemoteFile, describe_catalogue, resolve_file
from gyeol.data.text.example_files import read_examples
from gyeol.errors import DataError, DownloadError
from gyeol.tasks import TASKS

DATA = os.environ.get("GYEOL_DATA", "")
SUM = re.compile(r"[0-9a-f]{64}")


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A set of one file, ``b"a\\n"`` at home and ``b"b\\n"`` in GYEOL_DATA, whose place is given back."""
    home, local = (hashlib.sha256(content).hexdigest() for content in (b"a\n", b"b\n"))
    file = RemoteFile("https://example.org/x/a.txt", home, 2, "small/b.txt", local)
    files = {"all": file, "kept": RemoteFile(None, None, 2, "small/kept.txt", local)}
    monkeypatch.setitem(CATALOG, "small", Dataset("small", "", "", "", "classify", files))
    monkeypatch.setenv("GYEOL_DATA", str(tmp_path / "data"))
    (tmp_path / "data/small").mkdir(parents=True)
    return tmp_path / "data/small/b.txt"


@pytest.mark.parametrize("name", CATALOG)
def test_every_entry_is_whole(name: str) -> None:
    entry = CATALOG[name]
    assert entry.name == name
    assert entry.title
    assert entry.licence
    assert entry.source.startswith("https://")
    assert entry.task in {*TASKS, "words"}
    places = set()
    for file in entry.files.values():
        assert file.bytes > 0
        assert file.url is None or re.match(r"https://.*/[0-9a-f]{40}/", file.url)
        assert file.sha256 is None or SUM.fullmatch(file.sha256)
        assert file.url is not None or file.local is not None
        assert (file.local is None) == (file.local_sha256 is None)
        assert file.local is None or not (Path(file.local).is_absolute() or ".." in file.local)
        places.add(file.url or file.local)  # two files of no public address are two all the same
    assert len(places) == len(entry.files)


def test_the_names_that_were_promised() -> None:
    promised = "nsmc imdb korean_chatbot multi30k ptb wikitext2 tinyshakespeare ko_en"
    assert set(promised.split()) <= set(CATALOG)
    assert "rebuilt from the same 712,404 raw reviews" in CATALOG["nsmc"].note
    assert dataclasses.is_dataclass(CATALOG["nsmc"])


@pytest.mark.skipif(not DATA, reason="GYEOL_DATA is not set")
@pytest.mark.parametrize(("name", "role"), [(n, r) for n, e in CATALOG.items() for r in e.files])
def test_the_local_files_are_those_of_the_table(name: str, role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GYEOL_DATA", DATA)
    file = CATALOG[name].files[role]
    if file.local is None or not (Path(DATA) / file.local).exists():
        pytest.skip(f"GYEOL_DATA has no {file.local}")
    path = resolve_file(name, role)
    assert path == Path(DATA) / file.local
    if path.is_file() and file.sha256 == file.local_sha256:
        assert path.stat().st_size == file.bytes
    if CATALOG[name].task == "classify" and role in {"train", "test"}:
        entry = CATALOG[name]
        assert next(iter(read_examples(path, input=entry.input, target=entry.target))).target in {"0", "1"}


def test_the_local_file_is_taken_and_checked(small: Path) -> None:
    with pytest.raises(DownloadError, match="gyeol data get small"):
        resolve_file("small", "all")
    for content in (b"b\n", b"a\n"):  # the local one, and the public one under the local name
        small.write_bytes(content)
        assert resolve_file("small", "all") == small
    small.write_bytes(b"c\n")
    os.utime(small, ns=(1, 1))
    with pytest.raises(DownloadError, match="is not the file that the catalogue lists"):
        resolve_file("small", "all")
    with pytest.raises(DownloadError, match="cannot be downloaded; set GYEOL_DATA"):
        resolve_file("small", "kept")


def test_a_file_is_hashed_once_while_it_stays_as_it_is(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed = []
    real = lookup.fingerprint
    monkeypatch.setattr(lookup, "fingerprint", lambda path: hashed.append(path) or real(path))
    small.write_bytes(b"b\n")
    for _ in range(3):
        resolve_file("small", "all")
    assert len(hashed) == 1
    os.utime(small, ns=(5, 5))
    resolve_file("small", "all")
    assert len(hashed) == 2
    (lookup.cache_folder() / "checked.json").write_text("[no table")
    resolve_file("small", "all")
    assert len(hashed) == 3


def test_a_download_that_was_changed_is_refused(small: Path) -> None:
    path = lookup.cache_folder() / "data/small/a.txt"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"a\n")
    assert resolve_file("small", "all") == path
    path.write_bytes(b"other\n")
    with pytest.raises(DownloadError, match="was changed after it was downloaded"):
        resolve_file("small", "all")


def test_names_that_are_not_there() -> None:
    with pytest.raises(DataError, match="no data set is called 'nsmx'; did you mean 'nsmc'"):
        resolve_file("nsmx", "train")
    with pytest.raises(DataError, match="the data set 'nsmc' has no 'tran'; did you mean 'train'"):
        resolve_file("nsmc", "tran")


def test_describe_says_what_is_here(small: Path) -> None:
    [row] = [row for row in describe_catalogue() if row["name"] == "small"]
    assert row["files"] == {"all": "absent", "kept": "absent"}
    assert row["here"] is False
    small.write_bytes(b"b\n")
    [row] = [row for row in describe_catalogue() if row["name"] == "small"]
    assert row["files"] == {"all": "data", "kept": "absent"}
    assert row["here"] is True
    assert len(describe_catalogue()) == len(CATALOG)


@pytest.mark.parametrize("given", ["", "relative/path"])
def test_the_cache_without_an_absolute_xdg_folder(given: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", given)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    assert lookup.cache_folder() == tmp_path / ".cache/gyeol"
    monkeypatch.setattr("sys.platform", "darwin")
    assert lookup.cache_folder() == tmp_path / "Library/Caches/gyeol"
    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert lookup.cache_folder() == tmp_path / "local/gyeol/cache"
