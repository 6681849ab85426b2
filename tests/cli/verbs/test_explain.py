"""`gyeol explain`: one way for every task; files, rows, classes, units, mistakes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from gyeol.tasks import TextClassifier

from ...contracts.test_saved_models import FOLDER
from ...explain.rendering.examples import of_text
from ..conftest import Run


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any, Any]]:
    """Let text classifiers explain by hand-made explanations; returns what they are asked."""
    questions: list[tuple[str, Any, Any]] = []

    def explain(self: Any, x: str, *, target: Any = None, position: int | None = None) -> Any:
        questions.append((x, target, position))
        return of_text(x, units=40, layers=1)

    monkeypatch.setattr(TextClassifier, "explain", explain)
    return questions


def test_in_the_terminal(gyeol: Run, model: Path, asked: list[Any]) -> None:
    shown = gyeol("explain", model, "정말 좋아요")
    assert shown.out.startswith("긍정   (긍정 0.930")
    assert "\x1b" not in shown.out
    assert gyeol("explain", model, stdin="정말 좋아요\n".encode()).out == shown.out
    for show in ("gates", "attention", "gradients", "reading"):
        assert gyeol("explain", model, "정말 좋아요", "--show", show).out.startswith(shown.out.rstrip("\n"))
    assert set(asked) == {("정말 좋아요", None, None)}


def test_files(gyeol: Run, model: Path, asked: list[Any], tmp_path: Path) -> None:
    for kind, begin in ((".html", b"<!doctype html>"), (".png", b"\x89PNG"), (".JSON", b"{")):
        out = tmp_path / "new" / f"why{kind}"
        done = gyeol("explain", model, "정말 좋아요", "--out", out)
        assert (done.status, done.out, done.err) == (0, "", f"wrote {out}\n")
        assert out.read_bytes().startswith(begin)
    both = gyeol("explain", model, "정말 좋아요", "--out", tmp_path / "a.html", "--show", "reading")
    assert "after each step" in both.out


def test_json_units_and_classes(gyeol: Run, model: Path, asked: list[Any], tmp_path: Path) -> None:
    seen = gyeol("explain", model, "정말 좋아요", "--json").object
    assert {"model", "prediction", "tokens", "attention", "gates", "states", "gradients", "attributions"} < set(seen)
    assert len(seen["states"][0]["units"]) == 32
    every = gyeol("explain", model, "정말 좋아요", "--json", "--units", "all", "--out", tmp_path / "a.json").object
    assert len(every["states"][0]["units"]) == 40
    assert len(json.loads((tmp_path / "a.json").read_text("utf-8"))["states"][0]["units"]) == 40
    gyeol("explain", model, "정말", "--target", "부정", "--position", 2)
    assert asked[-1] == ("정말", "부정", 2)


def test_mistakes_are_said_before_a_model_is_loaded(
    gyeol: Run, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("the model was loaded")

    monkeypatch.setattr("gyeol.tasks.storage.load", fail)
    (tmp_path / "file").touch()
    for out, message in (
        ("why.svg", "explanations are written as .html, .png or .json"),
        ("why", "explanations are written as"),
        (tmp_path / "file" / "why.html", "a part of this path is a file"),
        (tmp_path / "file" / "deep" / "why.html", "a part of this path is a file"),
    ):
        assert message in gyeol("explain", model, "정말", "--out", out).mistake
    (tmp_path / "a.html").mkdir()
    assert "is a folder" in gyeol("explain", model, "정말", "--out", tmp_path / "a.html").mistake
    assert "a number of units, 1 or more, or all" in gyeol("explain", model, "정말", "--units", "most").mistake
    for where in ((), ("--out", tmp_path / "a.png")):
        assert "is for a page or JSON" in gyeol("explain", model, "정말", "--units", "3", *where).mistake
    said = gyeol("explain", model, "정말", "--show", "gate").mistake
    assert "'--show': 'gate' is not one of 'gates', 'attention', 'gradients', 'reading'" in said
    assert "not UTF-8" in gyeol("explain", model, stdin="정말".encode("cp949")).mistake
    monkeypatch.setattr("os.access", lambda _, mode: mode != os.W_OK)
    assert "may not be written to" in gyeol("explain", model, "정말", "--out", tmp_path / "b.html").mistake


def test_a_file_is_no_text(gyeol: Run, model: Path, asked: list[Any], tmp_path: Path) -> None:
    path = tmp_path / "lines.txt"
    path.write_text("정말 좋아요\n", encoding="utf-8")
    for folder in (model, FOLDER / "tag"):
        said = gyeol("explain", folder, path).mistake
        assert said.endswith(f"names a file: explain reads a text; give the text itself, or pipe it: "
                             f"gyeol explain {folder} < {path}")  # fmt: skip
    assert asked == []
    gyeol("explain", model, stdin=str(path).encode())
    assert asked == [(str(path), None, None)]


def test_arguments_may_be_negative_numbers(gyeol: Run, model: Path, asked: list[Any]) -> None:
    heart = FOLDER / "series"
    assert gyeol("explain", heart, "-0.1,0.2").out == gyeol("explain", heart, "--", "-0.1,0.2").out != ""
    both = gyeol("predict", heart, "-.1 -2e-1", "0.3", "-1", "--top", 1)
    assert both.out == gyeol("predict", heart, "--top", 1, "--", "-.1 -2e-1", "0.3", "-1").out
    assert both.status == 0
    gyeol("explain", model, "-1", "--target", "-2")
    assert asked == [("-1", "-2", None)]
    assert "put -- before a text that begins with -" in gyeol("explain", model, "-_- 별로").mistake
    assert "No such option: --shwo" in gyeol("predict", model, "--shwo", "gates").mistake


def test_a_sequence_of_another_length_is_noted(gyeol: Run, tmp_path: Path) -> None:
    path = tmp_path / "load.csv"
    path.write_text("1,2\n3,4\n", encoding="utf-8")
    heart = FOLDER / "series"
    for given in (path, "1 2"):
        assert "has 2 step(s), but the model was trained on sequences of " in gyeol("explain", heart, given).err


def test_empty_texts(gyeol: Run, model: Path, asked: list[Any]) -> None:
    assert "is empty" in gyeol("explain", model, " ").mistake
    assert "is empty" in gyeol("explain", model, stdin=b"\n").mistake
    assert asked == []
