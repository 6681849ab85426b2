"""The command line as a whole: exit statuses, help, and how soon it is there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

import pytest
import typer

from gyeol.cli.app import app

from .conftest import Run

GYEOL = [sys.executable, "-c", "from gyeol.cli.app import main; main()"]


def commands(group: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = [path]
    for name, command in getattr(group, "commands", {}).items():
        found += commands(command, (*path, name))
    return found


ALL = commands(typer.main.get_command(app))


def test_every_command_is_known() -> None:
    assert {("fit", "classify"), ("predict",), ("evaluate",), ("data", "list"), ("demo",)} < set(ALL)


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_help_says_all(gyeol: Run, path: tuple[str, ...]) -> None:
    for flag in ("--help", "-h"):
        shown = gyeol(*path, flag)
        assert shown.status == 0
        assert shown.err == ""
        assert shown.out.startswith(f"Usage: {' '.join(('gyeol', *path))} ")
        assert max(map(len, shown.out.splitlines())) <= 80
        assert "..." not in shown.out.replace("]...", "").replace("}...", "")  # no sentence is truncated
        for line in shown.out.partition("Options:")[2].splitlines():
            assert not line.strip().endswith((">", "COL", "FILE", "  "))  # every option says what it does


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["prdict"], "'predict'"),
        (["fit", "clasify"], "'classify'"),
        (["fit", "classify"], "DATA"),
        (["fit", "classify", "a.tsv"], "--out"),
        (["predict"], "MODEL"),
        (["predict", "m", "a", "--tpo", "1"], "--top"),
        (["fit", "classify", "a.tsv", "--out", "m", "--seed", "x"], "--seed"),
        (["--bogus"], "--bogus"),
    ],
)
def test_mistakes_in_the_command_point_to_its_help(gyeol: Run, given: list[str], expected: str) -> None:
    message = gyeol(*given).mistake
    assert expected in message
    assert message.endswith("--help")


@pytest.mark.parametrize("given", [[], ["fit"], ["data"]])
def test_half_a_command_shows_its_help(gyeol: Run, given: list[str]) -> None:
    shown = gyeol(*given)
    assert (shown.status, shown.out) == (2, "")
    assert "Commands:" in shown.err


def test_version(gyeol: Run) -> None:
    import gyeol as package

    assert gyeol("--version").out == f"gyeol {package.__version__}\n"


def raising(error: BaseException) -> Any:
    def fail(*_: Any, **__: Any) -> NoReturn:
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "status", "expected"),
    [
        (OSError(28, "No space left on device"), 2, "could not read or write: no space left on device"),
        (PermissionError(13, "Permission denied", "a.tsv"), 2, "a.tsv: permission denied"),
        (MemoryError(), 2, "out of memory"),
        (RuntimeError("two\nlines \x1b[31m"), 1, "RuntimeError: two lines  [31m. This is a bug in gyeol"),
        (ValueError("x" * 10_000), 1, "xxx"),
    ],
)
def test_statuses(
    gyeol: Run, monkeypatch: pytest.MonkeyPatch, error: BaseException, status: int, expected: str
) -> None:
    from gyeol.data.catalogue import lookup

    monkeypatch.setattr(lookup, "describe_catalogue", raising(error))
    monkeypatch.setattr("gyeol.cli.app._drop_output", lambda: None)
    result = gyeol("data", "list")
    assert (result.status, result.out) == (status, "")
    assert result.err.count("\n") == 1
    assert expected in result.err
    assert len(result.err) < 2100


def test_an_interruption_is_130(gyeol: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from gyeol.data.catalogue import lookup

    monkeypatch.setattr(lookup, "describe_catalogue", raising(KeyboardInterrupt()))
    assert gyeol("data", "list").status == 130


def test_debug_shows_the_traceback_wherever_it_stands(gyeol: Run, tmp_path: Path) -> None:
    for given in (["--debug", "info", tmp_path / "m"], ["info", tmp_path / "m", "--debug"]):
        result = gyeol(*given)
        assert result.status == 2
        assert "Traceback" in result.err
        assert result.err.splitlines()[-1].startswith("gyeol: there is no model")


def test_what_follows_two_dashes_is_text(gyeol: Run, model: Path) -> None:
    asked = gyeol("predict", model, "--json", "--", "--debug", "-5점")
    assert [p["text"] for p in asked.object["predictions"]] == ["--debug", "-5점"]


def test_a_terminal_that_lacks_letters_is_no_failure() -> None:
    done = subprocess.run(
        [*GYEOL, "data", "list", "--json"],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "긍정" in json.loads(done.stdout)["built_in"]["reviews"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize("given", [["data", "list"], ["--help"]])
def test_an_output_that_cannot_be_written(given: list[str]) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run([*GYEOL, *given], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "gyeol: could not read or write: no space left on device\n"


# How soon.


def quickest(commands: dict[str, list[str]], times: int = 5) -> dict[str, float]:
    """Time processes in turns, so that whatever else the machine does befalls all; the shortest time of each."""
    best = dict.fromkeys(commands, 99.0)
    for _ in range(times):
        for name, arguments in commands.items():
            start = time.perf_counter()
            done = subprocess.run([sys.executable, "-c", *arguments], capture_output=True, check=False)
            best[name] = min(best[name], time.perf_counter() - start)
            assert done.returncode == 0, done.stderr
    return best


def test_help_and_import_are_quick_and_load_no_torch() -> None:
    """Beside the help of a Typer program that does nothing: seconds would only tell how busy the machine is."""
    without = "import sys; heavy = {'torch', 'numpy', 'sklearn', 'polars', 'tokenizers'} & set(sys.modules); "
    without += "assert not heavy, heavy"
    helped = f"import gyeol.cli.app as a\ntry: a.main()\nfinally:\n import sys; {without}"
    seconds = quickest(
        {
            "nothing": ["import typer\ndef nothing(): pass\ntyper.run(nothing)", "--help"],
            "import gyeol": [f"import gyeol; dir(gyeol); {without}"],
            "gyeol --help": [helped, "--help"],
            "gyeol fit classify --help": [helped, "fit", "classify", "--help"],
        }
    )
    print(seconds)
    assert max(seconds.values()) < 3 * seconds["nothing"], seconds


@pytest.mark.parametrize(
    ("given", "kind", "status"),
    [
        (["predict", "none", "a", "--json"], "ModelError", 2),
        (["evaluate", "--json"], "UsageError", 2),
        (["predict", "none", "--bogus", "--json"], "UsageError", 2),
        (["fit", "classify", "none.csv", "--out", "m", "--json", "--set", "epoch=3"], "ParameterError", 2),
        (["fit", "classify", "none.csv", "--out", "m", "--json"], "DataError", 2),
        (["data", "get", "none", "--json"], "DataError", 2),
    ],
)
def test_with_json_an_error_is_one_object(
    gyeol: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: list[str], kind: str, status: int
) -> None:
    monkeypatch.chdir(tmp_path)
    result = gyeol(*given)
    assert (result.status, result.out) == (status, "")
    assert result.error["type"] == kind
    assert result.err.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "kind", "status"),
    [
        (KeyboardInterrupt(), "KeyboardInterrupt", 130),
        (RuntimeError("odd"), "RuntimeError", 1),
        (MemoryError(), "MemoryError", 2),
        (PermissionError(13, "Permission denied", "a.tsv"), "PermissionError", 2),
    ],
)
def test_with_json_faults_and_interruptions_are_objects(
    gyeol: Run, monkeypatch: pytest.MonkeyPatch, error: BaseException, kind: str, status: int
) -> None:
    from gyeol.data.catalogue import lookup

    monkeypatch.setattr(lookup, "describe_catalogue", raising(error))
    monkeypatch.setattr("gyeol.cli.app._drop_output", lambda: None)
    result = gyeol("data", "list", "--json")
    assert result.status == status
    assert result.error["type"] == kind
    assert gyeol("data", "list", "--", "--json").err.startswith("gyeol: ")
