"""Draw the parts of docs/architecture.md that the code decides: ``python -m tests.contracts.house.architecture``.

Between ``<!-- drawn: NAME -->`` and ``<!-- end -->`` stands what a function here returns; all else is written by hand
and left alone. test_architecture.py fails while the page does not match the code.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import grimp

from . import test_call_paths as call_paths
from .import_circles import circles, import_graph

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "architecture.md"
SOURCE = ROOT / "src" / "gyeol"
_BLOCK = re.compile(r"(?P<start><!-- drawn: (?P<name>[a-z_]+) -->\n).*?(?P<end><!-- end -->)", re.DOTALL)
_NONE = "–"


@cache
def _graph() -> grimp.ImportGraph:
    return import_graph("gyeol")


def _docstring(path: Path) -> list[str]:
    """Give the paragraphs of a module's docstring, each on one line."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return [" ".join(paragraph.split()) for paragraph in text.split("\n\n") if paragraph]


def _summary(path: Path) -> str:
    return _docstring(path)[0]


def _floors() -> list[list[str]]:
    """Read the floors, highest first, from the contract that import-linter checks."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layers = next(contract["layers"] for contract in settings["contracts"] if contract["type"] == "layers")
    return [[name.strip().removeprefix("gyeol.") for name in floor.split("|")] for floor in layers]


def _rooms(floor: str) -> list[str]:
    """List a floor's folder and the rooms in it, as dotted names below gyeol."""
    folder = SOURCE / floor
    if not folder.is_dir():
        return []
    found = sorted(file.parent.relative_to(SOURCE) for file in folder.rglob("__init__.py"))
    return [".".join(room.parts) for room in found]


def _room(module: str) -> str:
    """Give the folder of a module; a single file such as ``errors`` is its own room."""
    below = module.removeprefix("gyeol").lstrip(".")
    return below if not below or (SOURCE / Path(*below.split("."))).is_dir() else below.rpartition(".")[0] or below


@cache
def _imports() -> Mapping[str, set[str]]:
    """Say which rooms each room imports."""
    rooms: dict[str, set[str]] = {}
    for module in sorted(_graph().modules):
        imported = {_room(other) for other in _graph().find_modules_directly_imported_by(module)}
        rooms.setdefault(_room(module), set()).update(imported - {_room(module), ""})
    return rooms


def _short(rooms: set[str], floor: str) -> str:
    """Write rooms by floor: ``data (tables, text), errors``; a room of the same floor without its floor."""
    floors: dict[str, list[str]] = {}
    for room in sorted(rooms):
        first, _, rest = room.partition(".")
        floors.setdefault(first, []).append(rest)
    written = []
    for name, inner in floors.items():
        named = [room for room in inner if room]
        if name == floor:
            written = [*([f"**{name}**"] if "" in inner else []), *(f"**{room}**" for room in named), *written]
        else:
            written.append(name + (f" ({', '.join(named)})" if named else ""))
    return ", ".join(written) or _NONE


def floors() -> str:
    """Draw the floors: what each is for, how many rooms and files it has, which floors it imports."""
    lines = ["| floor | what it is for | rooms | files | imports |", "|---|---|---|---|---|"]
    for number, names in enumerate(_floors()):
        for name in names:
            path = SOURCE / name
            files = sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]
            summary = _summary(path / "__init__.py" if path.is_dir() else files[0])
            below = {
                other.partition(".")[0]
                for room in _imports()
                if room.split(".")[0] == name
                for other in _imports()[room]
            }
            below -= {name}
            lines.append(
                f"| {len(_floors()) - number} `{name}` | {summary} | {len(_rooms(name)) or _NONE} | {len(files)} "
                f"| {', '.join(sorted(below)) or _NONE} |"
            )
    return "\n".join(lines)


def rooms() -> str:
    """Draw every room: its two lines, its files, and the rooms it imports; those of its own floor in bold type."""
    blocks = []
    for floor in [name for names in _floors() for name in names if _rooms(name)]:
        lines = [f"### {floor}", "", "| room | what belongs there | files | imports |", "|---|---|---|---|"]
        for room in _rooms(floor):
            folder = SOURCE / Path(*room.split("."))
            purpose = " ".join(_docstring(folder / "__init__.py")[:2])
            count = sum(1 for _ in folder.glob("*.py"))
            lines.append(f"| `{room}` | {purpose} | {count} | {_short(_imports().get(room, set()), floor)} |")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def mutual() -> str:
    """Name the rooms that import each other, by way of different files, and the circles of files that are left."""
    pairs = sorted(
        f"`{one}` and `{other}`"
        for one, imported in _imports().items()
        for other in imported
        if one < other and one in _imports().get(other, set()) and not other.startswith(f"{one}.")
    )
    known = circles(_graph())
    lines = [f"Import circles between files: {len(known) or 'none'}."]
    lines += [f"- {', '.join(f'`{module}`' for module in circle)}" for circle in known]
    lines += ["", f"Rooms that import each other, through different files: {'; '.join(pairs) or 'none'}."]
    return "\n".join(lines)


def _way(path: call_paths.CallPath) -> str:
    lines = ["| file | what it does |", "|---|---|"]
    lines += [f"| `{name}` | {_summary(SOURCE / name)} |" for name in path.files]
    return "\n".join([f"{len(path.files)} files, {path.hops} calls from one file into another.", "", *lines])


def predict_proba() -> str:
    """Draw the files that one text's `predict_proba` passes."""
    return _way(call_paths.predict_proba())


def translate() -> str:
    """Draw the files that one text's `translate` passes."""
    return _way(call_paths.translate())


DRAWN: dict[str, Callable[[], str]] = {
    function.__name__: function for function in (floors, rooms, mutual, predict_proba, translate)
}


def draw(page: str) -> str:
    """Replace what is drawn in a page.

    Raises
    ------
    ValueError
        Where a part that can be drawn has no place in the page, or the page names one that nobody draws.
    """
    named = [match["name"] for match in _BLOCK.finditer(page)]
    if sorted(named) != sorted(DRAWN):
        raise ValueError(f"the page has the parts {sorted(named)}; {sorted(DRAWN)} are drawn, each once")
    return _BLOCK.sub(lambda match: f"{match['start']}{DRAWN[match['name']]()}\n{match['end']}", page)


if __name__ == "__main__":
    PAGE.write_text(draw(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stdout.write(f"{PAGE.relative_to(ROOT)} is drawn\n")
