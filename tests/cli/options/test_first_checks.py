"""What is said before PyTorch is loaded; what `--settings` lists; what shells complete."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ..conftest import Run

FITS = [
    "classify", "language", "author", "translate", "spell", "tag", "series", "regress", "transcribe", "forecast",
    "frames", "caption",
]  # fmt: skip


@pytest.fixture
def without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every import of PyTorch fail, and of the estimators with it."""
    for name in [name for name in sys.modules if name.startswith("gyeol.tasks.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)


@pytest.mark.parametrize("task", FITS)
@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--set", "hiden_size=3"], "hiden_size is not a setting of this task; did you mean 'hidden_size'?"),
        (["--set", "validaton_fraction"], "has no '='"),
        (["--time-limit", "soon"], "is not a duration"),
        (["--config", "nowhere.toml"], "settings file not found:"),
        (["--resume"], "nothing to resume"),
        ([], "there is no file"),
    ],
)
def test_mistakes_are_told_without_pytorch(
    gyeol: Run, tmp_path: Path, without_torch: Any, task: str, given: list[str], said: str
) -> None:
    assert said in gyeol("fit", task, tmp_path / "no.csv", "--out", tmp_path / "m", *given).mistake
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_is_taken_is_told_without_pytorch(gyeol: Run, tmp_path: Path, without_torch: Any) -> None:
    (tmp_path / "things").mkdir()
    (tmp_path / "things" / "a").write_text("precious")
    assert "other things" in gyeol("fit", "tag", tmp_path / "a", "--out", tmp_path / "things").mistake


def test_several_near_names_are_named(gyeol: Run, tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text("layers = 2\nbidrectional = true\n")
    given = ["--set", "size=3", "--config", tmp_path / "run.toml"]
    message = gyeol("fit", "caption", tmp_path, "--out", tmp_path / "m", *given).mistake
    assert "--set size is not a setting of this task; did you mean 'image_size'" in message
    assert "run.toml: layers is not a setting of this task; did you mean 'num_layers'" in message
    assert "run.toml: bidrectional is not a setting of this task" in message


def test_a_question_ends_with_one_mark(gyeol: Run, tmp_path: Path) -> None:
    message = gyeol("fit", "tag", tmp_path, "--out", tmp_path / "m", "--set", "hiden_size=3").mistake
    assert "did you mean 'hidden_size'? 'gyeol fit tag --settings' lists the settings" in message
    message = gyeol("fit", "tag", tmp_path, "--out", tmp_path / "m", "--set", "xyzzy=3").mistake
    assert "xyzzy is not a setting of this task. 'gyeol fit tag --settings' lists the settings" in message


def test_settings_as_a_table_fit_the_terminal(gyeol: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for columns in ("80", "100"):
        monkeypatch.setenv("COLUMNS", columns)
        lines = gyeol("fit", "tag", "--settings").out.splitlines()
        assert max(map(len, lines)) <= int(columns)
        assert any(line.startswith("head ") and "'crf'" in line for line in lines)
        assert [line.split()[0] for line in lines if line.split()[1:2] == ["default"]] == ["model", "training"]


def test_settings_as_json(gyeol: Run) -> None:
    for given in (["--settings", "--json"], ["--json", "--settings"], ["x.csv", "--settings", "--json"]):
        listed = gyeol("fit", "classify", *given).object["settings"]
        assert {one["task"] for one in listed} == {"classify", "series"}
        (dropout,) = (one for one in listed if one["task"] == "classify" and one["name"] == "dropout")
        assert dropout == {
            "task": "classify",
            "name": "dropout",
            "default": 0.4,
            "range": "a number from 0 up to, not including, 1",
            "meaning": "Share of values dropped in training.",
            "group": "training",
        }


@pytest.mark.parametrize(
    ("words", "place", "expected"),
    [
        ("gyeol fit tag x --set hea", 5, ["head=", "head=crf", "head=linear"]),
        ("gyeol fit tag x --set head = l", 7, ["linear"]),
        ("gyeol fit tag x --set head =", 6, ["crf", "linear"]),
        ("gyeol fit tag x --set head = crf --set bidirectional = t", 11, ["true"]),
        ("gyeol fit tag x --set head = crf --set mem", 9, ["members=", "members=1"]),
    ],
)
def test_bash_completes(words: str, place: int, expected: list[str]) -> None:
    shell = {"_GYEOL_COMPLETE": "complete_bash", "COMP_WORDS": "\n".join(words.split()), "COMP_CWORD": str(place)}
    code = "from gyeol.cli.app import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **shell}, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == expected
