"""What a command that asks a model loads: nothing heavy before it is sure that there is one, then what it needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gyeol.lazy import delay, load_delayed

from .conftest import Run

HEAVY = {"sklearn", "scipy", "polars", "pandas.core", "sympy", "torch._dynamo", "torch._inductor", "rich"}


def loaded(*arguments: object) -> tuple[int, set[str], str]:
    """Run the ``gyeol`` command in a process of its own; say what it had loaded at its end."""
    code = (
        "import sys\nfrom gyeol.cli import main\nstatus = 0\n"
        "try:\n main()\nexcept SystemExit as leaving:\n status = leaving.code or 0\n"
        "print('\\x1f' + ' '.join(sys.modules))\nsys.exit(status)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    out, _, names = done.stdout.rpartition("\x1f")
    return done.returncode, set(names.split()), out + done.stderr


@pytest.mark.parametrize(
    "command",
    [
        ["predict", "MODEL", "a"], ["evaluate", "MODEL", "a.tsv"], ["info", "MODEL"], ["explain", "MODEL", "a"],
        ["translate", "MODEL", "a"], ["generate", "MODEL"], ["suggest", "MODEL", "a"], ["score", "MODEL", "a"],
        ["correct", "MODEL", "a"], ["chat", "MODEL"],
    ],
    ids=lambda command: command[0],
)  # fmt: skip
def test_no_model_is_said_before_torch_is_loaded(
    gyeol: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("loaded before the folder was looked at")

    monkeypatch.setattr("gyeol.tasks.storage.load", fail)
    given = [str(tmp_path / "none") if part == "MODEL" else part for part in command]
    assert "there is no model" in gyeol(*given).mistake


def test_no_model_loads_neither_torch_nor_numpy(tmp_path: Path) -> None:
    status, names, told = loaded("predict", tmp_path / "none", "a")
    assert status == 2
    assert "there is no model" in told
    assert not {"torch", "numpy", "sklearn", "polars"} & names


def test_a_model_of_another_task_is_named_before_it_is_loaded(
    gyeol: Run, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("loaded")

    monkeypatch.setattr("gyeol.tasks.storage.load", fail)
    assert "is a model of 'fit classify'" in gyeol("generate", model).mistake


@pytest.mark.parametrize("verb", ["predict", "evaluate"])
def test_a_model_is_asked_with_what_it_needs(model: Path, reviews: Path, verb: str) -> None:
    status, names, told = loaded(verb, model, "정말 좋아요" if verb == "predict" else reviews)
    assert status == 0, told
    assert "torch" in names
    assert not HEAVY & names
    tasks = {name for name in names if name.startswith("gyeol.tasks.")}
    assert not {f"gyeol.tasks.{name}" for name in ("translator", "captioner", "language_model", "forecaster")} & tasks


def test_a_delayed_module_is_there_when_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "slow_module.py").write_text("VALUE = 7\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    delay("slow_module", "no_such_module_anywhere")
    assert "no_such_module_anywhere" not in sys.modules
    import slow_module  # type: ignore[import-not-found]

    assert "VALUE" not in vars(sys.modules["slow_module"])
    assert slow_module.VALUE == 7
    assert vars(sys.modules["slow_module"])["VALUE"] == 7
    assert load_delayed("slow_module").VALUE == 7
    del sys.modules["slow_module"]
