"""A task is a file and a line: in `gyeol.tasks` for the estimator, in `gyeol.cli.tasks` for its commands.

The two files of `new_task` stand in for one in each of these packages; gyeol knows them in no other way.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import gyeol
from gyeol import cli, tasks
from gyeol.cli import app
from gyeol.cli.options.setting_names import completions
from gyeol.tasks.settings import settings_of

from ..cli.conftest import Run
from ..cli.conftest import gyeol as run_gyeol

HERE = Path(__file__).parent / "new_task"
ROWS = [(text * n, label) for n in (1, 2, 3, 4) for text, label in (("aab", "low"), ("abba", "low"), ("yzz", "high"))]
FAST = ["--threads", "1", "--set", "epochs=20", "--set", "validation_fraction=0.25", "-q"]

run = run_gyeol


@pytest.fixture(autouse=True)
def letters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Add the files, and the two lines."""
    for package, file in ((tasks, "estimator"), (cli.tasks, "commands")):
        folder = tmp_path / file
        folder.mkdir()
        shutil.copy(HERE / f"{file}.py", folder / "letters.py")
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder)])
    monkeypatch.setitem(tasks.ESTIMATORS, "letters", ("letters", "LetterClassifier"))  # the line in gyeol.tasks
    monkeypatch.setitem(cli.tasks.FILES, "letters", "letters")  # the line in gyeol.cli.tasks
    monkeypatch.setattr(app, "app", app.build())  # as the command does when it starts
    yield
    for package in (tasks, cli.tasks):
        sys.modules.pop(f"{package.__name__}.letters", None)
        package.__dict__.pop("letters", None)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "letters.csv"
    path.write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in ROWS), encoding="utf-8")
    return path


def test_in_python(tmp_path: Path) -> None:
    kind = tasks.TASKS["letters"]
    texts, labels = zip(*ROWS, strict=True)
    model = kind(epochs=20, learning_rate=0.1, threads=1).fit(texts, labels)
    assert model.predict(["aaa", "zzzz"]).tolist() == ["low", "high"]
    model.save(tmp_path / "m")
    again = gyeol.load(tmp_path / "m")
    assert type(again) is kind
    assert np.array_equal(again.predict_proba(texts), model.predict_proba(texts))
    named = {one.name: one for one in settings_of(kind)}
    assert named["letters"].meaning.startswith("How many letters")
    assert {"epochs", "threads", "random_state"} < set(named)


def test_on_the_command_line(run: Run, table: Path, tmp_path: Path) -> None:
    out = tmp_path / "m"
    fitted = run("fit", "letters", table, "--out", out, *FAST, "--set", "letters=4", "--json").object
    assert (fitted["task"], fitted["classes"]) == ("letters", ["high", "low"])
    assert run("evaluate", out, table).object["accuracy"] == 1.0
    assert run("predict", out, "aaa", "zzz").out == "low\nhigh\n"
    assert run("predict", out, "aaa", "--loud").out == "LOW\n"
    assert run("explain", out, "cab").out in ("ab\n", "ba\n")
    assert sorted(run("letters", out).out.strip()) == ["a", "b", "y", "z"]
    info = run("info", out, "--json").object
    assert (info["task"], info["tokenizer"], info["settings"]["letters"]) == ("letters", "none: letters are given", 4)
    assert "fit letters" in run("generate", out).mistake  # other tasks' verbs name it


def test_it_has_all_that_tasks_have_in_common(run: Run, table: Path, tmp_path: Path, reviews_model: Path) -> None:
    out = tmp_path / "m"
    assert "letters" in run("fit", "--help").out
    shown = run("fit", "letters", "--help").out
    assert all(flag in shown for flag in ("--target COL", "--out MODEL", "--time-limit", "--resume", "--settings"))
    settings = run("fit", "letters", "--settings").out.splitlines()
    assert any(line.split()[:3] == ["letters", "30", "How"] for line in settings)
    mistake = run("fit", "letters", table, "--out", out, "--set", "leters=4").mistake
    assert "--set leters is not a setting of this task; did you mean 'letters'?" in mistake
    assert "none.csv" in run("fit", "letters", tmp_path / "none.csv", "--out", out).mistake
    assert completions(["letters"], "let") == ["letters=", "letters=30"]
    assert "--loud" in run("predict", "--help").out
    mistake = run("predict", reviews_model, "aaa", "--loud").mistake
    assert mistake == "--loud is for models of 'fit letters'; this is a model of 'fit classify'"


@pytest.fixture
def reviews_model() -> Path:
    return HERE.parent / "saved_models" / "classify"
