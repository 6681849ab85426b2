"""Model folders by somebody who means harm, all hashes right: refused in one line, quickly, in little room."""

from __future__ import annotations

import hashlib
import json
import resource
import shutil
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save

from gyeol import GyeolError, ModelError, TextClassifier, load

ROOM = 1 << 30  # bytes that a refusal may take, far above what it needs and far below what the files claim


def forge(folder: Path, name: str, content: bytes) -> Path:
    """Write a file, with the right hash in config.json."""
    (folder / name).write_bytes(content)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["files"][name] = hashlib.sha256(content).hexdigest()
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


def edit(folder: Path, name: str, change: Callable[[Any], Any]) -> Path:
    """Change a JSON file in place, or put in what ``change`` returns."""
    value = json.loads((folder / name).read_text(encoding="utf-8"))
    changed = change(value)
    content = json.dumps(value if changed is None else changed).encode()
    if name != "config.json":
        return forge(folder, name, content)
    (folder / name).write_bytes(content)
    return folder


@contextmanager
def little_room() -> Iterator[None]:
    """Let this process take no more than `ROOM` further, and a few seconds."""
    taken = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[0]) * resource.getpagesize()
    limits = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (taken + ROOM, limits[1]))
    begun = time.process_time()
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)
    assert time.process_time() - begun < 5


def refused(folder: Path, expected: str = "") -> None:
    with little_room(), pytest.raises(ModelError) as caught:
        load(folder)
    message = str(caught.value)
    assert expected in message
    assert len(message.splitlines()) == 1
    assert len(message) < 600 + 2 * len(str(folder))


def header(entries: Any, data: bytes = b"") -> bytes:
    text = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
    return struct.pack("<Q", len(text)) + text + data


EMPTY = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 7,
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 2**64 - 1) + b"{}",
        struct.pack("<Q", 100 << 20) + b"{}",
        struct.pack("<Q", 3 << 20) + b"{}",
        header({f"t{i}": EMPTY for i in range(500_000)}),
        header({f"t{i}": EMPTY for i in range(50_000)}),
        header({"x\n" * 500_000: EMPTY}),
        header({"x": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}}),
        header({"x": {"dtype": "F32", "shape": [2**63, 2**63], "data_offsets": [0, 4]}}, b"1234"),
        header({"x": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}, b"1234"),
        header({"x": {"dtype": "F999", "shape": [1], "data_offsets": [0, 4]}}, b"1234"),
        header({"x": EMPTY, "__metadata__": {"y": 3}}),
        header(b"[" * 1_000_000),
        header([]),
        header({}),
        b"\x80\x04cos\nsystem\n(S'touch /tmp/x'\ntR.",
        b"PK\x03\x04" + b"\x00" * 100,
    ],
    ids=range(19),
)
def test_weights_that_are_none(folder: Path, content: bytes) -> None:
    refused(forge(folder, "model.safetensors", content), str(folder))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_no_numbers(folder: Path, value: float) -> None:
    tensors = load_file(folder / "model.safetensors")
    for name in ("head.weight", "embedding.weight"):
        broken = {key: tensor.clone() for key, tensor in tensors.items()}
        broken[name][-1, -1] = value
        refused(forge(folder, "model.safetensors", save(broken)), f"'{name}' holds numbers that are not finite")


@pytest.mark.parametrize(
    "change",
    [
        lambda tensors: tensors.pop("head.bias"),
        lambda tensors: tensors.update(extra=torch.zeros(1)),
        lambda tensors: tensors.update({"head.bias": torch.zeros(3)}),
        lambda tensors: tensors.update({"head.bias": torch.zeros(2, dtype=torch.float64)}),
        lambda tensors: tensors.update({"head.bias": torch.zeros(2, dtype=torch.complex64)}),
        lambda tensors: tensors.update({"grams.keys2": tensors["grams.keys2"].float()}),
        lambda tensors: tensors.update({"head.bias\n" * 9999: torch.zeros(2)}),
    ],
    ids=range(7),
)
def test_weights_that_do_not_fit(folder: Path, change: Any) -> None:
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    refused(forge(folder, "model.safetensors", save(tensors)), "do not fit together")


@pytest.mark.parametrize(
    "claimed",
    [
        {"hidden_size": 1 << 16},
        {"hidden_size": 1 << 16, "num_layers": 100, "embedding_size": 1 << 16},
        {"embedding_size": 1 << 16, "cell": "gru", "ngrams": 9},
        {"hidden_size": 2**53},
        {"num_layers": 10**15},
        {"features": "bow", "hidden_size": 1 << 16},
        {"precision": "float64"},
        {"pooling": "+".join(["max"] * 100_000)},
    ],
    ids=lambda claimed: str(claimed)[:60],
)
def test_settings_that_claim_a_giant(folder: Path, claimed: dict[str, Any]) -> None:
    refused(edit(folder, "config.json", lambda config: config["settings"].update(claimed)))


@pytest.mark.parametrize(
    "runs",
    [[10**9, 64], [10**15], [2**62] * 9, [10**8] * 40, [0] * 100_000, [-1], ["1"], "12", None, [1e308], {"a": 1}],
)
def test_runs_that_are_not_there(folder: Path, runs: Any) -> None:
    refused(edit(folder, "config.json", lambda config: config["learned"].update(runs=runs)))


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c.update(extra=1),
        lambda c: c.update({"x\n" * 9999: 1}),
        lambda c: c["settings"].update(hiden_size=8),
        lambda c: c["settings"].update({"x\n" * 9999: 1}),
        lambda c: c["settings"].update({"self": 1}),
        lambda c: c["settings"].update(cell="own:" + "x\n" * 9999),
        lambda c: c["settings"].update(cell=["lstm"]),
        lambda c: c["settings"].update(class_weight={"pairs": [[[], 1]]}),
        lambda c: c["settings"].update(class_weight={"긍정": 1}),
        lambda c: c["settings"].update(hidden_size={"pairs": []}),
        lambda c: c["settings"].update(hidden_size="8"),
        lambda c: c["settings"].update(learning_rate=float("nan")),
        lambda c: c.update(task="caption\n" * 999),
        lambda c: c.update(task="__init__"),
        lambda c: c.update(format="1"),
        lambda c: c.update(format=10**400, gyeol="x\n" * 9999),
        lambda c: c.update(gyeol=None),
        lambda c: c.pop("gyeol"),
        lambda c: c.pop("learned"),
        lambda c: c["learned"].clear(),
        lambda c: c["learned"].update(classes=["긍정", "긍정"]),
        lambda c: c["learned"].update(classes=["긍정", "\ud800"]),
        lambda c: c["learned"].update(classes=[1, 2]),
        lambda c: c["learned"].update(counts={"긍정": "many"}),
        lambda c: c["learned"].update(counts=[1, 2]),
        lambda c: c["files"].update({"../../etc/passwd": "0"}),
        lambda c: c["files"].pop("metrics.json"),
        lambda c: c["files"].update({"metrics.json": 3}),
        lambda c: [c],
        lambda c: "config",
    ],
    ids=range(30),
)
def test_a_config_that_gyeol_never_wrote(folder: Path, change: Any) -> None:
    refused(edit(folder, "config.json", change), str(folder))


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "metrics.json", "history.jsonl"])
@pytest.mark.parametrize(
    "content",
    [
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b"\xff\xfe{}",
        b"{",
        b"[]",
        b"null",
        b'{"a": NaN}',
        b'{"a": ' + b"9" * 10_000 + b"}",
        b'{"a": 1' + b"0" * 400 + b"}",
        b'{"a": "x"}',
        b"{}{}",
    ],
    ids=range(11),
)
def test_json_that_is_none_of_ours(folder: Path, name: str, content: bytes) -> None:
    if name == "config.json":
        (folder / name).write_bytes(content)
    else:
        forge(folder, name, content)
    refused(folder, name)


def test_files_larger_than_any_of_ours(folder: Path) -> None:
    for name, size in [("config.json", 65 << 20), ("metrics.json", 65 << 20), ("tokenizer.json", 257 << 20)]:
        copy = folder.parent / f"of {name}"
        shutil.copytree(folder, copy)
        with (copy / name).open("wb") as file:
            file.truncate(size)  # holes: no disk is used
        if name != "config.json":
            config = json.loads((copy / "config.json").read_text(encoding="utf-8"))
            with (copy / name).open("rb") as file:
                config["files"][name] = hashlib.file_digest(file, "sha256").hexdigest()
            (copy / "config.json").write_text(json.dumps(config), encoding="utf-8")
        refused(copy, "it is not one of its files")


SCALAR = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=4), st.just("\ud800")
)
JSON = SCALAR | st.lists(SCALAR | st.lists(SCALAR, max_size=2), max_size=3)
JSON |= st.dictionaries(st.text(max_size=4) | st.just("pairs"), SCALAR | st.lists(SCALAR, max_size=2), max_size=2)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where in a JSON value there is something to put something else in for."""
    inner: Any = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    return [path, *(place for key, held in inner for place in places(held, (*path, key)))]


def put(whole: Any, place: tuple[Any, ...], value: Any) -> Any:
    """Put a value in at a place; returns the whole."""
    if not place:
        return value
    within = whole
    for key in place[:-1]:
        within = within[key]
    within[place[-1]] = value
    return whole


@pytest.mark.parametrize("features", [None, "tfidf"])
@given(data=st.data())
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_anything_anywhere_is_refused_or_harmless(
    tmp_path: Path, forged: dict[Any, dict[str, bytes]], features: str | None, data: st.DataObject
) -> None:
    """Whatever value stands at whatever place: a model that predicts and can be saved, or one line."""
    folder = tmp_path / "m"
    folder.mkdir(exist_ok=True)
    for name, content in forged[features].items():
        (folder / name).write_bytes(content)
    name = data.draw(st.sampled_from(["config.json", "tokenizer.json", "metrics.json"]))
    place = data.draw(st.sampled_from(places(json.loads(forged[features][name]))))
    value = data.draw(JSON)
    message = ""
    try:
        model = load(edit(folder, name, lambda whole: put(whole, place, value)))
        model.predict(["정말 좋아요"])
        model.save(tmp_path / "again")
        load(tmp_path / "again")
    except GyeolError as error:
        message = str(error)
    assert len(message.splitlines()) <= 1


@pytest.fixture(scope="module")
def forged(
    small: dict[str, Any], texts: list[str], labels: list[str], tmp_path_factory: pytest.TempPathFactory
) -> dict[Any, dict[str, bytes]]:
    """The files of a model with each kind of features."""
    found = {}
    for features in (None, "tfidf"):
        folder = tmp_path_factory.mktemp("forged") / "m"
        TextClassifier(**small, features=features).fit(texts, labels).save(folder)
        found[features] = {path.name: path.read_bytes() for path in folder.iterdir()}
    return found
