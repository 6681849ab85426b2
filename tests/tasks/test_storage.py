"""Models on disk: they come back to the same bits, or not at all; and nothing in a folder is believed."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import resource
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gyeol import ModelError, ParameterError, SaveError, TextClassifier, load
from gyeol.inputs import FEATURES, Token, Tokenizer, make_tokenizer
from gyeol.kernels.cells.rnn import step as rnn_tanh_step
from gyeol.layers import Cell
from gyeol.tasks import storage
from gyeol.tasks.storage import FORMAT, check_place, save

HASHED = ["history.jsonl", "metrics.json", "model.safetensors", "tokenizer.json"]
FILES = ["README.md", "config.json", *HASHED]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def rewrite(folder: Path, name: str, content: bytes) -> None:
    """Write a file as somebody would who means harm: with the right hash in config.json."""
    (folder / name).write_bytes(content)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["files"][name] = hashlib.sha256(content).hexdigest()
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")


def edit(folder: Path, name: str, change: Callable[[Any], Any]) -> None:
    value = json.loads((folder / name).read_text(encoding="utf-8"))
    changed = change(value)
    content = json.dumps(value if changed is None else changed).encode()
    if name == "config.json":
        (folder / name).write_bytes(content)
    else:
        rewrite(folder, name, content)


def refused(folder: Path, expected: str = "", **own: Any) -> str:
    """Load and be refused, in one line of a readable length; returns it."""
    with pytest.raises(ModelError) as caught:
        load(folder, **own)
    message = str(caught.value)
    assert expected in message
    assert len(message.splitlines()) == 1
    assert len(message) < 600 + 2 * len(str(folder))
    return message


# There and back.


@pytest.mark.parametrize(
    "changed",
    [
        {},
        *[{"features": features} for features in FEATURES],
        {"precision": "float64", "cell": "gru", "num_layers": 2},
        {"precision": "bfloat16", "bidirectional": False},
        {"tokenizer": "bpe", "lowercase": True, "ngrams": 1},
        {"tokenizer": "jamo", "pooling": "last", "attention": None},
        {"class_weight": {"긍정": 2.0}, "averaging": 0.9, "time_limit": 100.0},
    ],
    ids=str,
)
def test_a_model_comes_back_to_the_same_bits(
    small: dict[str, Any], texts: list[str], labels: list[str], changed: dict[str, Any], tmp_path: Path
) -> None:
    model = TextClassifier(**{**small, **changed}).fit(texts, labels, about={"data": "films.tsv"})
    model.save(tmp_path / "films")
    again = load(tmp_path / "films")
    assert names(tmp_path / "films") == FILES
    fresh = [*texts, "전혀 다른 문장", "Zebra ☃ <unk>", "ㅋ"]
    assert np.array_equal(again.predict_proba(fresh), model.predict_proba(fresh))
    assert again.get_params() == model.get_params()
    assert again.classes_.tolist() == model.classes_.tolist()
    assert (again.about_, again.metrics_, again.counts_) == (model.about_, model.metrics_, model.counts_)
    assert again.history_.records == model.history_.records
    assert again.history_.best == model.history_.best
    again.save(tmp_path / "again")
    for name in HASHED:
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "films" / name).read_bytes()
    again.fit(texts, labels)  # what was loaded can be trained anew
    assert np.array_equal(again.predict_proba(fresh), model.predict_proba(fresh))


@pytest.mark.parametrize("kind", [int, bool, float, object])
def test_labels_come_back_as_they_were(small: dict[str, Any], texts: list[str], kind: Any, tmp_path: Path) -> None:
    labels = np.array([i % 2 for i in range(len(texts))]).astype(kind)
    model = TextClassifier(**small).fit(texts, labels if kind is not object else np.array(["a", "b"] * 20, object))
    model.save(tmp_path / "m")
    assert load(tmp_path / "m").predict(texts).dtype.kind == model.predict(texts).dtype.kind
    assert load(str(tmp_path / "m")).predict(texts).tolist() == model.predict(texts).tolist()


def test_many_long_labels_can_be_read_again(small: dict[str, Any], tmp_path: Path) -> None:
    labels = [f"{'가' * 990}{i}" for i in range(300) for _ in range(2)]
    TextClassifier(**{**small, "epochs": 1}).fit([f"글 {i}" for i in range(600)], labels).save(tmp_path / "m")
    assert (tmp_path / "m" / "config.json").stat().st_size > 1 << 20
    assert len(load(tmp_path / "m").classes_) == 300
    TextClassifier(**{**small, "epochs": 1}).fit(["가", "나"], [1, 2]).save(tmp_path / "m")  # and be replaced


def test_a_data_file_may_have_a_name_in_no_encoding(model: TextClassifier, tmp_path: Path) -> None:
    before = model.about_
    try:
        model.about_ = {**before, "data": os.fsdecode(b"\xff.tsv")}
        model.save(tmp_path / "m")
    finally:
        model.about_ = before
    assert load(tmp_path / "m").about_["data"] == "?.tsv"


def test_who_may_read_the_folder_may_read_all_of_it(folder: Path) -> None:
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {(folder / "README.md").stat().st_mode & 0o777}


def test_nothing_in_a_folder_is_a_pickle(folder: Path) -> None:
    for path in folder.iterdir():
        content = path.read_bytes()
        assert not content.startswith((b"\x80", b"PK"))
        if path.suffix != ".safetensors":
            content.decode("utf-8")


def test_the_card_may_be_edited_and_left_out(folder: Path, model: TextClassifier, texts: list[str]) -> None:
    (folder / "README.md").write_text("mine", encoding="utf-8")
    assert load(folder).predict(texts).tolist() == model.predict(texts).tolist()
    (folder / "README.md").unlink()
    load(folder)


# Where to write.


def test_an_older_model_is_replaced_and_nothing_is_left_beside_it(model: TextClassifier, folder: Path) -> None:
    (folder / "history.jsonl").unlink()  # even one that is damaged
    model.save(folder)
    load(folder)
    model.save(folder.parent / "new" / "deeper" / "films")
    assert names(folder.parent) == ["films", "new"]


@pytest.mark.parametrize("what", ["letters", "a file", "a model and more", "a folder with some config.json"])
def test_what_is_no_model_is_never_replaced(model: TextClassifier, tmp_path: Path, what: str) -> None:
    place = tmp_path / "place"
    if what == "a file":
        place.write_text("dear", encoding="utf-8")
    else:
        place.mkdir()
        (place / ("config.json" if "config" in what else "love.txt")).write_text('{"dear": 1}', encoding="utf-8")
    if what == "a model and more":
        model.save(tmp_path / "model")
        for path in (tmp_path / "model").iterdir():
            shutil.copy(path, place)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for attempt in (lambda: model.save(place), lambda: check_place(place)):
        with pytest.raises(SaveError, match="choose another place") as caught:
            attempt()
        assert isinstance(caught.value, OSError)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_places_that_are_no_folder_of_their_own(model: TextClassifier, tmp_path: Path) -> None:
    for place in (Path(), Path("/"), tmp_path / ".."):
        with pytest.raises(SaveError, match="is not the name of a folder"):
            model.save(place)
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(SaveError, match="part of this path is a file"):
        model.save(tmp_path / "file" / "m")
    check_place(tmp_path / "far" / "m")
    (tmp_path / "empty").mkdir()
    check_place(tmp_path / "empty")
    model.save(tmp_path / "empty")


def test_a_link_is_followed(model: TextClassifier, folder: Path) -> None:
    (folder.parent / "link").symlink_to(folder)
    model.save(folder.parent / "link")
    assert (folder.parent / "link").is_symlink()
    load(folder.parent / "link")


@pytest.mark.parametrize("at", ["write_tensors", "_write_json", "write_card", "_digest"])
def test_a_full_disk_leaves_the_older_model_and_nothing_else(
    model: TextClassifier, folder: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    monkeypatch.setattr(storage, at, full)
    with pytest.raises(SaveError, match="the disk is full; free some space") as caught:
        save(model, folder)
    assert len(str(caught.value).splitlines()) == 1
    with pytest.raises(SaveError):
        save(model, folder.parent / "new" / "films")
    assert names(folder.parent) == ["films"]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("room", [100, 3000])
def test_files_that_the_system_refuses(model: TextClassifier, folder: Path, room: int) -> None:
    """A limit of the operating system, met by JSON or by the weights, which safetensors writes in its own way."""
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
    try:
        with pytest.raises(SaveError, match="larger than the system allows"):
            model.save(folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert names(folder.parent) == ["films"]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


# Accidents to a folder.


@pytest.mark.parametrize("name", ["config.json", *HASHED])
@pytest.mark.parametrize("accident", ["missing", "empty", "truncated", "flipped", "a folder"])
def test_a_damaged_file_is_named(folder: Path, name: str, accident: str) -> None:
    path = folder / name
    content = bytearray(path.read_bytes())
    if accident in ("missing", "a folder"):
        path.unlink()
        if accident == "a folder":
            path.mkdir()
    elif accident == "flipped":
        content[len(content) // 2] ^= 0x80
        path.write_bytes(content)
    else:
        path.write_bytes(content[: len(content) // 2] if accident == "truncated" else b"")
    refused(folder, name)


@pytest.mark.parametrize("name", HASHED)
def test_a_file_of_another_model_is_named(
    small: dict[str, Any], texts: list[str], labels: list[str], folder: Path, name: str
) -> None:
    other = TextClassifier(**{**small, "hidden_size": 4, "random_state": 5}).fit([f"{t} 참" for t in texts], labels)
    other.save(folder.parent / "other")
    shutil.copy(folder.parent / "other" / name, folder / name)
    refused(folder, f"{folder / name} is damaged or belongs to another model")


def test_a_file_that_cannot_be_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: Path) -> str:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(storage, "_digest", denied)
    refused(folder, "model.safetensors cannot be read: Permission denied")


def test_no_model_at_all(folder: Path, tmp_path: Path) -> None:
    refused(folder.parent / "film", "did you mean 'films'?")
    refused(tmp_path / "nowhere" / "x", "train one with gyeol fit")
    refused(folder / "README.md", "is a file; a gyeol model is a folder")
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", "config.json is missing")


def test_a_newer_format_says_how_to_read_it(folder: Path) -> None:
    edit(folder, "config.json", lambda c: c.update(format=FORMAT + 1, gyeol="9.0.0", news=["unknown"]))
    assert "'9.0.0' (format 2); this one reads format 1 and older: pip install -U gyeol" in refused(folder)
    with pytest.raises(SaveError, match="choose another place"):  # named foreign rather than replaced
        check_place(folder.parent)


# Classes of the user's own.


class Pairs(Tokenizer):
    """Two characters a token."""

    name = "pairs"

    def cut(self, text: str) -> list[Token]:
        return [Token(text[i : i + 2], i, min(i + 2, len(text))) for i in range(0, len(text), 2)]


OWN_CELL = Cell("mine", 1, rnn_tanh_step)


@pytest.mark.parametrize("features", [None, "bow", "onehot"])
@pytest.mark.parametrize("own", [Pairs, Pairs(lowercase=True), make_tokenizer("bpe")], ids=["class", "object", "bpe"])
def test_a_tokenizer_of_ones_own_is_handed_over(
    small: dict[str, Any], texts: list[str], labels: list[str], folder: Path, own: Any, features: str | None
) -> None:
    texts = [f"{text} Film" for text in texts]
    model = TextClassifier(**{**small, "tokenizer": own}, features=features).fit(texts, labels)
    model.save(folder)
    refused(folder, "a custom one that no model folder holds: load it in Python, with gyeol.load(path, tokenizer=")
    again = load(folder, tokenizer=own)
    assert np.array_equal(again.predict_proba(texts), model.predict_proba(texts))
    other = load(folder, tokenizer=type(own) if isinstance(own, Tokenizer) else own())
    assert np.array_equal(other.predict_proba(texts), model.predict_proba(texts))


def test_a_cell_of_ones_own_is_handed_over(
    small: dict[str, Any], texts: list[str], labels: list[str], folder: Path
) -> None:
    model = TextClassifier(**{**small, "cell": OWN_CELL}).fit(texts, labels)
    model.save(folder)
    assert "cell='mine'" in refused(folder, "load it in Python, with gyeol.load(path, cell=mine)")
    assert np.array_equal(load(folder, cell=OWN_CELL).predict_proba(texts), model.predict_proba(texts))
    for wrong in (
        {"cell": 3},
        {"cell": "lstn"},
        {"cell": "lstm"},
        {"cell": OWN_CELL, "tokenizer": Pairs},
        {"cel": OWN_CELL, "cell": "rnn"},
    ):
        with pytest.raises(ParameterError):
            load(folder, **wrong)


def test_no_name_from_a_file_is_imported(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "trap.py").write_text("raise SystemExit('imported')", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("own:trap.Cell", "own:trap", "trap", "trap:Cell", "os.system"):
        edit(folder, "config.json", lambda c, name=name: c["settings"].update(cell=name))
        refused(folder, "cell")
    edit(folder, "config.json", lambda c: c["settings"].update(cell="lstm"))
    for name in ("trap.Tokenizer", "__main__", "own:trap"):
        edit(folder, "tokenizer.json", lambda t, name=name: t.update(tokenizer=name))
        refused(folder, "tokenizer")
