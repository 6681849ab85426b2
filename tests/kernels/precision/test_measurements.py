"""The file of measurements: the same in the next process, and never trusted."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from gyeol.kernels.precision import measurements
from gyeol.kernels.precision.measurements import MeasurementFile, file_here

SUBJECT = "lstm 128 to 128: 32 rows of 16 steps, 1 thread"
SECONDS = {"float32": 2.0, "bfloat16@amx": 0.5}


def written(path: Path, seconds: object, fmt: object = 1) -> bytes:
    return json.dumps({"format": fmt, "processor": "x", "seconds": seconds}).encode()


def test_the_next_process_finds_what_this_one_kept(tmp_path: Path) -> None:
    path = tmp_path / "new" / "precision-0.json"
    assert MeasurementFile(path).find(SUBJECT) is None
    assert MeasurementFile(path).keep(SUBJECT, SECONDS) == SECONDS
    assert MeasurementFile(path).find(SUBJECT) == SECONDS
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_who_was_first_is_right(tmp_path: Path) -> None:
    one, other = (MeasurementFile(tmp_path / "precision-0.json") for _ in range(2))
    assert one.find(SUBJECT) is other.find(SUBJECT) is None
    one.keep(SUBJECT, SECONDS)
    assert other.keep(SUBJECT, {"float32": 1.0, "bfloat16@amx": 3.0}) == SECONDS
    other.keep("another", {"float32": 1.0})
    assert MeasurementFile(one.path).entries() == {SUBJECT: SECONDS, "another": {"float32": 1.0}}


def test_other_contestants_are_measured_anew(tmp_path: Path) -> None:
    file = MeasurementFile(tmp_path / "precision-0.json")
    file.keep(SUBJECT, {"float32": 1.0})
    assert file.keep(SUBJECT, SECONDS) == file.find(SUBJECT) == SECONDS


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\xff\xfe", b"{", b"[]", b"null", b"[" * 100_000, b" " * (2 << 20), b'{"format": 1}',
        written(Path(), {SUBJECT: SECONDS}, fmt=2), written(Path(), [SUBJECT]), written(Path(), {SUBJECT: [1.0]}),
        written(Path(), {SUBJECT: {}}), written(Path(), {SUBJECT: {"float32": "1"}}),
        written(Path(), {SUBJECT: {"float32": True}}), written(Path(), {SUBJECT: {"float32": -1.0}}),
        written(Path(), {SUBJECT: {"float32": float("nan")}}), written(Path(), {SUBJECT: {"float32": float("inf")}}),
        written(Path(), {SUBJECT: {f"{n}": 1.0 for n in range(99)}}), written(Path(), {SUBJECT + "x" * 300: SECONDS}),
    ],
    ids=range(19),
)  # fmt: skip
def test_damage_counts_as_nothing_and_is_replaced(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "precision-0.json"
    path.write_bytes(content)
    file = MeasurementFile(path)
    assert file.find(SUBJECT) is None
    assert file.entries() == {}
    file.keep(SUBJECT, SECONDS)
    assert MeasurementFile(path).entries() == {SUBJECT: SECONDS}


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name in ("pipe", "folder", "loop"):
        assert MeasurementFile(tmp_path / name).find(SUBJECT) is None


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.json").mkdir()
    for path in (None, tmp_path / "file" / "x.json", tmp_path / "folder.json"):
        file = MeasurementFile(path)
        assert file.keep(SUBJECT, SECONDS) == file.find(SUBJECT) == SECONDS
        assert MeasurementFile(path).find(SUBJECT) is None
    assert sorted(f.name for f in tmp_path.iterdir()) == ["file", "folder.json"]


def test_it_stays_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measurements, "_ENTRIES", 3)
    monkeypatch.setattr(measurements, "_FILES", 2)
    for n in range(3):
        (tmp_path / f"precision-{n}.json").write_text("{}")
        os.utime(tmp_path / f"precision-{n}.json", (n, n))
    file = MeasurementFile(tmp_path / "precision-9.json")
    for n in range(5):
        file.keep(f"subject {n}", SECONDS)
    assert list(file.entries()) == ["subject 2", "subject 3", "subject 4"]
    assert sorted(f.name for f in tmp_path.iterdir()) == ["precision-2.json", "precision-9.json"]


def test_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GYEOL_CACHE", str(tmp_path / "own"))
    path = file_here().path
    assert path is not None
    assert path.parent == tmp_path / "own"
    monkeypatch.delenv("GYEOL_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert file_here().path == tmp_path / "cache" / "gyeol" / path.name
    monkeypatch.setattr(measurements, "cache_folder", lambda: (_ for _ in ()).throw(RuntimeError("no home")))
    assert file_here().path is None
