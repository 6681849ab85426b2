"""The cache of word vectors: mapped the second time, and read past where anything about it is wrong."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from gyeol.data.vectors import parse_cache
from gyeol.data.vectors.blocks import VectorTable
from gyeol.data.vectors.vector_files import read_vectors, write_vectors
from gyeol.errors import SaveError

Floats = npt.NDArray[np.float32]
MB = 1 << 20


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "gyeol" / "vectors"


def text(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def same_bits(a: Floats, b: Floats) -> bool:
    return a.shape == b.shape and np.array_equal(np.asarray(a).view(np.uint32), np.asarray(b).view(np.uint32))


def table(rows: int, dimension: int) -> tuple[list[str], Floats]:
    vectors = np.random.default_rng(0).normal(size=(rows, dimension)).astype(np.float32)
    return [f"낱말{i}" for i in range(rows)], vectors


# The cache


@pytest.fixture
def large(tmp_path: Path) -> Path:
    words, vectors = table(9000, 14)
    write_vectors(tmp_path / "large.vec", words, vectors, form="word2vec")
    assert (tmp_path / "large.vec").stat().st_size > MB
    return tmp_path / "large.vec"


def is_mapped(given: VectorTable) -> bool:
    return not given.vectors.flags.writeable


def test_a_large_file_is_mapped_the_second_time(large: Path, own_cache: Path) -> None:
    first = read_vectors(large)
    told: list[float] = []
    second = read_vectors(large, on_progress=told.append)
    assert (is_mapped(first), is_mapped(second), told) == (False, True, [1.0])
    assert type(second.vectors) is np.ndarray
    assert second.vectors.flags.c_contiguous
    assert (second.words, second.notes) == (first.words, first.notes)
    assert same_bits(second.vectors, first.vectors)
    (folder,) = own_cache.iterdir()
    assert sorted(file.name for file in folder.iterdir()) == ["source.json", "vectors.npy", "words.txt"]
    assert not is_mapped(read_vectors(large, cache=False))
    assert not is_mapped(read_vectors(large, limit=100))
    assert is_mapped(read_vectors(large, limit=100))
    assert len(read_vectors(large, limit=100).words) == 100


def test_notes_are_kept_too(large: Path) -> None:
    lines = large.read_text().splitlines()
    lines[-1] = lines[1]
    large.write_text("\n".join(lines) + "\n")
    first, second = read_vectors(large), read_vectors(large)
    assert is_mapped(second)
    assert second.notes == first.notes != []


def test_small_files_and_cache_false_leave_nothing(tmp_path: Path, large: Path, own_cache: Path) -> None:
    read_vectors(text(tmp_path / "small", "a 1 2\n"))
    read_vectors(large, cache=False)
    assert not own_cache.exists()


def test_a_file_that_changed_is_read_anew(large: Path) -> None:
    read_vectors(large)
    stat = large.stat()
    content = large.read_text()
    at = content.rindex(" ") + 1
    large.write_text(content[:at] + ("1" if content[at] != "1" else "2") * (len(content) - at - 1) + "\n")
    os.utime(large, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert large.stat().st_size == stat.st_size
    changed = read_vectors(large)
    assert not is_mapped(changed)
    assert is_mapped(read_vectors(large))
    os.utime(large, ns=(1, 1))
    assert not is_mapped(read_vectors(large))


def spoil_json(**named: Any) -> Callable[[Path], object]:
    def spoil(folder: Path) -> None:
        state = json.loads((folder / "source.json").read_text())
        (folder / "source.json").write_text(json.dumps(state | named))

    return spoil


def flip(name: str, at: int) -> Callable[[Path], object]:
    def spoil(folder: Path) -> None:
        content = bytearray((folder / name).read_bytes())
        content[at] ^= 1
        (folder / name).write_bytes(content)

    return spoil


def replaced_by_folder(name: str) -> Callable[[Path], object]:
    def spoil(folder: Path) -> None:
        (folder / name).unlink()
        (folder / name).mkdir()

    return spoil


def pipe(folder: Path) -> None:
    (folder / "words.txt").unlink()
    os.mkfifo(folder / "words.txt")


SPOILED: list[Callable[[Path], object]] = [
    *[lambda folder, name=name: (folder / name).unlink() for name in ("source.json", "words.txt", "vectors.npy")],
    *[
        lambda folder, name=name: (folder / name).write_bytes(b"")
        for name in ("source.json", "words.txt", "vectors.npy")
    ],
    *[replaced_by_folder(name) for name in ("source.json", "words.txt", "vectors.npy")],
    *[flip(name, at) for name in ("words.txt", "vectors.npy") for at in (0, 5, 100, 30_000, -1)],
    *[
        spoil_json(**{key: None})
        for key in ("version", "source", "form", "limit", "shape", "vectors", "words", "notes")
    ][:3],
    *[
        spoil_json(shape=shape)
        for shape in (None, [9000], [14, 9000], [-1, 2], [9000.0, 14], [10**30, 14], "ab", [True, 1])
    ],
    *[spoil_json(notes=notes) for notes in (None, "a", [1], {})],
    spoil_json(words_bytes=3, words="00"),
    lambda folder: (folder / "source.json").write_text("[" * 100_000),
    lambda folder: (folder / "source.json").write_text("[]"),
    lambda folder: (folder / "source.json").write_bytes(b"\xff{}"),
    lambda folder: (folder / "vectors.npy").write_bytes((folder / "vectors.npy").read_bytes()[:-4]),
    lambda folder: np.save(folder / "vectors.npy", np.array([{}], object), allow_pickle=True),
    lambda folder: np.save(folder / "vectors.npy", np.ones((9000, 14))),
    *([pipe] if hasattr(os, "mkfifo") else []),
]


@pytest.mark.parametrize("spoil", SPOILED)
def test_a_damaged_cache_is_read_past(large: Path, own_cache: Path, spoil: Callable[[Path], object]) -> None:
    first = read_vectors(large)
    (folder,) = own_cache.iterdir()
    spoil(folder)
    again = read_vectors(large)
    assert not is_mapped(again)
    assert again.words == first.words
    assert same_bits(again.vectors, first.vectors)
    assert is_mapped(read_vectors(large))  # and it is mended


def test_a_cache_that_cannot_be_written_is_passed_over(
    large: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text(tmp_path / "a file", "x")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "a file"))
    assert len(read_vectors(large).words) == 9000

    def full(*args: object) -> None:
        raise SaveError("the disk is full")

    monkeypatch.setattr(parse_cache, "replace_folder", full)
    assert len(read_vectors(large).words) == 9000
    monkeypatch.setattr(parse_cache, "cache_folder", lambda: (_ for _ in ()).throw(RuntimeError("no home")))
    assert len(read_vectors(large).words) == 9000
