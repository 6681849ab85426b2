"""Tensors on the disk: whole or not there, small to check, and nothing that could run."""

from __future__ import annotations

import errno
import importlib
import json
import struct
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gyeol.engine import Checkpoint, read_tensors, write_tensors
from gyeol.errors import ModelError, SaveError

GROUPS = {"net": {"a.weight": torch.arange(6.0).view(2, 3)}, "best": {"a.weight": torch.ones(2, 3)}}
STATE = {"step": 3, "records": [{"accuracy": 0.1}]}
module = importlib.import_module("gyeol.engine.checkpoint")


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


shapes = st.lists(st.integers(0, 3), max_size=3)
kinds = st.sampled_from([torch.float32, torch.float64, torch.bfloat16, torch.int64, torch.uint8, torch.bool])


@given(st.dictionaries(st.text("ab./한", min_size=1, max_size=5), st.tuples(shapes, kinds), max_size=4))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_tensors_round_trip(tmp_path: Path, wanted: dict[str, tuple[list[int], torch.dtype]]) -> None:
    tensors = {name: (torch.randn(shape) * 9).to(kind) for name, (shape, kind) in wanted.items()}
    write_tensors(tmp_path / "t.safetensors", tensors)
    back = read_tensors(tmp_path / "t.safetensors")
    assert back.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert back[name].dtype == tensor.dtype
        assert torch.equal(back[name], tensor)


def test_shared_turned_and_trained_tensors_are_written_as_they_look(tmp_path: Path) -> None:
    table = torch.nn.Parameter(torch.arange(6.0).view(2, 3))
    write_tensors(tmp_path / "t", {"a": table, "tied": table, "turned": table.T, "part": table[:, 1]})
    back = read_tensors(tmp_path / "t")
    assert torch.equal(back["tied"], table)
    assert torch.equal(back["turned"], table.T)
    assert torch.equal(back["part"], table[:, 1])
    assert not back["a"].requires_grad


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_disk_that_takes_no_more_is_an_os_error(tmp_path: Path) -> None:
    """A file may grow to 1,000 bytes here: safetensors says so in words of its own."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(OSError, match="os error") as caught:
            write_tensors(tmp_path / "t", {"a": torch.zeros(10_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert caught.value.errno == errno.EFBIG
    with pytest.raises(OSError, match="os error") as caught:
        write_tensors(tmp_path / "no such folder" / "t", {"a": torch.zeros(1)})
    assert caught.value.errno == errno.ENOENT


def header(text: str | bytes, size: int | None = None) -> bytes:
    raw = text.encode() if isinstance(text, str) else text
    return struct.pack("<Q", len(raw) if size is None else size) + raw


@pytest.mark.parametrize(
    ("bytes_", "word"),
    [
        (b"", "is truncated: 0 bytes"),
        (b"1234567", "is truncated: 7 bytes"),
        (header("{}", 1 << 40), "its header claims 1,099,511,627,776 bytes"),
        (header("{}", (4 << 20) + 1), "not a tensor file written by gyeol"),
        (header("{}", 4 << 20), "damaged or not a safetensors file"),
        (header("{"), "damaged or not a safetensors file"),
        (
            header('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}') + b"1234",
            "damaged or not a safetensors file",
        ),
        (
            header('{"a":{"dtype":"F32","shape":[9],"data_offsets":[0,4]}}') + b"1234",
            "damaged or not a safetensors file",
        ),
        (
            header('{"a":{"dtype":"X9","shape":[1],"data_offsets":[0,4]}}') + b"1234",
            "damaged or not a safetensors file",
        ),
        (b"\x80\x04\x95\x0c\x00\x00\x00\x00cposix\nsystem\n.", "not a tensor file written by gyeol"),
    ],
)
def test_what_is_no_tensor_file(tmp_path: Path, bytes_: bytes, word: str) -> None:
    (tmp_path / "t").write_bytes(bytes_)
    with pytest.raises(ModelError) as caught:
        read_tensors(tmp_path / "t")
    assert word in str(caught.value)
    assert str(tmp_path / "t") in str(caught.value)


def test_a_header_beyond_the_cap_is_refused_unread(tmp_path: Path) -> None:
    """Half a million empty tensors are a legal file: reading it would take seconds and gigabytes."""
    entry = '"%07d":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}'
    (tmp_path / "t").write_bytes(header("{" + ",".join(entry % i for i in range(90_000)) + "}"))
    with pytest.raises(ModelError, match="its header claims"):
        read_tensors(tmp_path / "t")


def test_tensors_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is missing"):
        read_tensors(tmp_path / "t")
    with pytest.raises(ModelError, match="not a safetensors file"):
        read_tensors(tmp_path)


@given(st.binary(max_size=64))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_read_or_refused_in_one_way(tmp_path: Path, content: bytes) -> None:
    for whole in (content, header(content)):
        (tmp_path / "t").write_bytes(whole)
        with suppress(ModelError):
            read_tensors(tmp_path / "t")


def test_a_checkpoint_round_trips_with_the_random_state(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "deep" / "kept", {"cell": "lstm", "sizes": (1, 2)})
    assert not checkpoint.exists()
    torch.manual_seed(4)
    checkpoint.save(GROUPS, STATE)
    expected = torch.rand(3)
    torch.manual_seed(5)
    groups, state = Checkpoint(tmp_path / "deep" / "kept", {"cell": "lstm", "sizes": [1, 2]}).load()
    assert torch.equal(torch.rand(3), expected)
    assert state == STATE
    assert groups.keys() == GROUPS.keys()
    assert torch.equal(groups["net"]["a.weight"], GROUPS["net"]["a.weight"])


def test_it_holds_tensors_and_json_and_nothing_else(tmp_path: Path) -> None:
    (checkpoint := Checkpoint(tmp_path / "kept", {"a": 1})).save(GROUPS, STATE)
    assert sorted(content(tmp_path)) == ["kept/state.json", "kept/tensors.safetensors"]
    assert json.loads((tmp_path / "kept/state.json").read_text()).keys() == {"format", "about", "state"}
    raw = (tmp_path / "kept/tensors.safetensors").read_bytes()
    assert raw[8:9] == b"{"
    assert checkpoint.exists()
    checkpoint.remove()
    assert list(tmp_path.iterdir()) == []
    checkpoint.remove()  # again is no mistake


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("when", ["tensors half written", "before the second file", "in the second file"])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()], ids=["full", "ctrl-c"])
def test_nothing_half_written_is_ever_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: bool, when: str, error: BaseException
) -> None:
    place = tmp_path / "kept"
    checkpoint = Checkpoint(place, {"a": 1})
    if before:
        checkpoint.save(GROUPS, STATE)
    standing = content(tmp_path)
    seen: list[dict[str, bytes]] = []

    def fail(path: Path, *_: Any, **__: Any) -> None:
        path.write_bytes(b"half")
        seen.append(content(place) if place.exists() else {})
        raise error

    def whole_then_fail(path: Path, tensors: Any) -> None:
        write_tensors(path, tensors)
        fail(path.with_name("state.json"))

    if when == "tensors half written":
        monkeypatch.setattr(module, "write_tensors", fail)
    elif when == "before the second file":
        monkeypatch.setattr(module, "write_tensors", whole_then_fail)
    else:
        monkeypatch.setattr(Path, "write_text", fail)
    with pytest.raises(SaveError if isinstance(error, OSError) else KeyboardInterrupt):
        checkpoint.save({"net": {"a.weight": torch.zeros(9)}}, {})
    assert content(tmp_path) == standing
    assert seen == [{Path(name).name: raw for name, raw in standing.items()}]
    assert [p.name for p in tmp_path.iterdir()] == (["kept"] if before else [])
    if before:
        assert checkpoint.load()[1] == STATE


def test_a_state_that_is_no_json_leaves_the_old_one(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "kept", {})
    checkpoint.save(GROUPS, STATE)
    with pytest.raises(TypeError):
        checkpoint.save(GROUPS, {"records": {object()}})
    assert [p.name for p in tmp_path.iterdir()] == ["kept"]
    assert checkpoint.load()[1] == STATE


def test_other_things_are_neither_replaced_nor_removed(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file")
    (tmp_path / "folder" / "inner").mkdir(parents=True)
    (tmp_path / "empty").mkdir()
    for name, word in {"file": "is a file", "folder": "contains other things than a checkpoint \\(inner\\)"}.items():
        checkpoint = Checkpoint(tmp_path / name, {})
        for action in (checkpoint.check_place, checkpoint.remove, lambda c=checkpoint: c.save(GROUPS, STATE)):
            with pytest.raises(SaveError, match=word):
                action()
    assert (tmp_path / "file").read_text() == "a file"
    assert (tmp_path / "folder" / "inner").is_dir()
    Checkpoint(tmp_path / "empty", {}).save(GROUPS, STATE)


@pytest.mark.parametrize(
    ("name", "raw", "word"),
    [
        ("state.json", b"", "is damaged"),
        ("state.json", b"[]", "is damaged"),
        ("state.json", b"null", "is damaged"),
        ("state.json", b"\xff\xfe", "is damaged"),
        ("state.json", b"[" * 100_000, "is damaged"),
        ("state.json", b'{"format": 1, "about": {}}', "is damaged"),
        ("state.json", b'{"format": 1, "about": 3, "state": {}}', "is damaged"),
        (
            "state.json",
            b'{"format": 2, "about": {}, "state": {}}',
            "has format 2; this version of gyeol reads format 1",
        ),
        ("state.json", b'{"format": 1, "about": {"cell": "gru"}, "state": {}}', "cell (was 'gru', is None)"),
        ("tensors.safetensors", b"x" * 20, "not a tensor file written by gyeol"),
    ],
)
def test_damage_is_told_and_the_random_state_stays(tmp_path: Path, name: str, raw: bytes, word: str) -> None:
    checkpoint = Checkpoint(tmp_path / "kept", {})
    checkpoint.save(GROUPS, STATE)
    (tmp_path / "kept" / name).write_bytes(raw)
    torch.manual_seed(5)
    before = torch.get_rng_state()
    with pytest.raises(ModelError) as caught:
        checkpoint.load()
    assert word in str(caught.value)
    assert "\n" not in str(caught.value)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    "random", [None, torch.zeros(3), torch.zeros(3, dtype=torch.uint8), torch.zeros(0, dtype=torch.uint8)]
)
def test_a_random_state_that_is_none(tmp_path: Path, random: torch.Tensor | None) -> None:
    checkpoint = Checkpoint(tmp_path / "kept", {})
    checkpoint.save(GROUPS, STATE)
    tensors = {"net/a.weight": torch.ones(1)} if random is None else {"random": random}
    write_tensors(tmp_path / "kept" / "tensors.safetensors", tensors)
    with pytest.raises(ModelError, match="random state"):
        checkpoint.load()
