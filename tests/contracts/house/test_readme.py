"""README and README.ko agree, and their commands run; the commands of every page exist; every link has a target."""

from __future__ import annotations

import inspect
import io
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

import gyeol
from gyeol.cli.app import app, main
from gyeol.data.text.sources import find_source, read_labelled
from gyeol.layers import CELLS
from gyeol.tasks import TASKS

from . import documented
from .documented import PAGES, ROOT, code_blocks, commands, gyeol_calls, links

ENGLISH, KOREAN = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.ko.md"))
#: Commands of README that take longer than a minute, or do what another test does: installing, all tests.
NOT_RUN = {"make setup", "make demo", "make test"}
#: Tasks that a command may become where it sees other data.
BECOMES = {"classify": ("classify", "series"), "regress": ("regress", "regress-text")}


def test_both_readmes_give_the_same_commands() -> None:
    assert commands(ENGLISH) == commands(KOREAN)
    assert len(commands(ENGLISH)) >= 8


def test_both_readmes_give_the_same_python() -> None:
    english, korean = (
        [re.sub(r"\s+#.*", "", block) for block in code_blocks(text, "python")] for text in (ENGLISH, KOREAN)
    )
    assert english == korean
    assert english


def test_both_readmes_link_to_the_same_pages() -> None:
    def others(text: str) -> list[str]:
        return sorted(link for link in links(text) if not link.startswith("README"))

    assert others(ENGLISH) == others(KOREAN)
    assert "README.ko.md" in links(ENGLISH)
    assert "README.md" in links(KOREAN)


def test_both_readmes_give_the_same_figures() -> None:
    def figures(text: str) -> list[str]:
        rows = re.findall(r"^\|.*\|$", text, re.MULTILINE)
        return sorted(re.findall(r"\d+\.\d+", "\n".join(rows)))

    assert figures(ENGLISH) == figures(KOREAN)
    told = "".join((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("accuracy.md", "performance.md"))
    for figure in figures(ENGLISH):
        assert figure in told, f"{figure} is in README.md, and neither in docs/accuracy.md nor in docs/performance.md"


@pytest.mark.parametrize("name", ["README.md", "README.ko.md"])
def test_a_readme_is_short(name: str) -> None:
    assert len((ROOT / name).read_text(encoding="utf-8").splitlines()) <= 150


def test_contributing_is_short() -> None:
    assert len((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").splitlines()) < 60


def test_every_task_has_a_line() -> None:
    for text in (ENGLISH, KOREAN):
        for task, kind in TASKS.items():
            assert f"`gyeol fit {task.removesuffix('-text')}`" in text
            assert f"`{kind.__name__}`" in text


def test_every_cell_has_its_equation() -> None:
    text = (ROOT / "docs" / "layers.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \| ", text, re.MULTILINE) == list(CELLS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_have_targets(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for link in links(text):
        name, _, heading = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), f"{page.name} links to {link}"
        if heading:
            headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert heading in [re.sub(r"[^\w -]", "", one).lower().replace(" ", "-") for one in headings], link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_exist(page: Path) -> None:
    for arguments in gyeol_calls(page.read_text(encoding="utf-8")):
        assert wrong(arguments) == [], f"{page.name}: gyeol {shlex.join(arguments)}"


def wrong(arguments: list[str]) -> list[str]:
    """Name the verbs, options and settings of a call that do not exist."""
    command: Any = typer.main.get_command(app)
    context, path = typer.Context(command), []
    rest = list(arguments)
    while rest and hasattr(command, "get_command"):
        found = command.get_command(context, rest[0])
        if found is None:
            return [] if set(rest[0]) <= {"."} else [f"no command {rest[0]}"]
        command, path, rest = found, [*path, rest[0]], rest[1:]
    known = {name for option in command.get_params(context) for name in (*option.opts, *option.secondary_opts)}
    options = [word for word in rest if re.match(r"--?[a-z]", word)]
    found_wrong = [f"no option {option}" for option in options if option.partition("=")[0] not in known]
    if path[:1] == ["fit"] and len(path) == 2:
        kinds = [TASKS[task] for task in BECOMES.get(path[1], (path[1],))]
        settings = {name for kind in kinds for name in inspect.signature(kind).parameters}
        pairs = [rest[n + 1] for n, word in enumerate(rest[:-1]) if word == "--set"]
        found_wrong += [
            f"no setting {pair}" for pair in pairs if pair.partition("=")[0] not in {*settings, "NAME", "name"}
        ]
    return found_wrong


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("fit classify a.csv --out m --set cell=gru --set frame=5", []),
        ("fit clasify a.csv", ["no command clasify"]),
        ("predict m --fiel a.csv", ["no option --fiel"]),
        ("fit tag a --set beam=4", ["no setting beam=4"]),
        ("vectors mpa v", ["no command mpa"]),
    ],
)
def test_a_wrong_command_is_found(call: str, expected: list[str]) -> None:
    assert wrong(shlex.split(call)) == expected


def test_targets_of_make_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for page in PAGES:
        for target in re.findall(r"(?:^    |`)make ([a-z]+)", page.read_text(encoding="utf-8"), re.MULTILINE):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"{page.name}: make {target}"


def test_the_commands_of_the_readme_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a folder of their own, as they are written, one after another."""
    monkeypatch.chdir(tmp_path)
    ran = 0
    for command in commands(ENGLISH):
        if command in NOT_RUN:
            continue
        words = shlex.split(command)
        assert words[0] == "gyeol", command
        monkeypatch.setattr(sys, "argv", words)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b""), encoding="utf-8"))
        try:
            main()
        except SystemExit as leaving:
            pytest.fail(f"{command}: status {leaving.code}, {capsys.readouterr().err}")
        out, err = capsys.readouterr()
        assert out.strip() or "wrote" in err, f"{command} answers nothing"
        ran += 1
    assert ran >= 6
    answers = (tmp_path / "answers.tsv").read_text(encoding="utf-8").splitlines()
    assert len(answers) == 501
    assert set(answers[0].split("\t")) >= {"label", "probability"}


def test_the_python_of_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    train = read_labelled(find_source("reviews", "train"))
    names = {"texts": train.texts[:60], "labels": train.labels[:60]}
    [block] = code_blocks(ENGLISH, "python")
    exec(compile(block, "README.md", "exec"), names)
    assert gyeol.load(tmp_path / "my-model").predict(["다시 보고 싶은 영화"])[0] in ("긍정", "부정")


def test_the_picture_is_small() -> None:
    picture = ROOT / "docs" / "words.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size < 100_000


def test_commands_are_found_in_pages() -> None:
    import doctest

    assert doctest.testmod(documented).failed == 0
    assert sum(len(gyeol_calls(page.read_text(encoding="utf-8"))) for page in PAGES) > 100
