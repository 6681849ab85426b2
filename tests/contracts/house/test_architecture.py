"""docs/architecture.md matches the code: tables drawn from imports and docstrings, a glossary of modules that exist."""

from __future__ import annotations

import re

import pytest

from gyeol.kernels.native import native_available

from . import architecture

TEXT = architecture.PAGE.read_text(encoding="utf-8")
WAYS = {"predict_proba", "translate"}


def block(name: str) -> str:
    """Give what the page holds between the markers of a part."""
    found = re.search(rf"<!-- drawn: {name} -->\n(.*?)\n<!-- end -->", TEXT, re.DOTALL)
    assert found, f"docs/architecture.md has no part {name}"
    return found[1]


@pytest.mark.parametrize("name", architecture.DRAWN)
def test_the_page_matches_the_code(name: str) -> None:
    if name in WAYS and not native_available():
        pytest.skip("the page shows the way through the native kernels, which were not built")
    assert block(name) == architecture.DRAWN[name](), "docs/architecture.md is out of date: run make architecture"


def test_what_is_written_by_hand_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(architecture, "DRAWN", {"floors": lambda: "| new |", "rooms": lambda: ""})
    page = "by hand\n<!-- drawn: floors -->\n| old |\n<!-- end -->\nby hand, too\n<!-- drawn: rooms -->\n<!-- end -->\n"
    drawn = architecture.draw(page)
    assert drawn == page.replace("| old |", "| new |").replace("rooms -->\n", "rooms -->\n\n")
    assert architecture.draw(drawn).replace("\n", "") == drawn.replace("\n", "")


@pytest.mark.parametrize("page", ["", "<!-- drawn: floors -->\n<!-- end -->", "<!-- drawn: attics -->\n<!-- end -->"])
def test_a_page_that_lacks_a_part_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match="are drawn, each once"):
        architecture.draw(page)


def test_every_room_says_why_it_exists() -> None:
    rooms = [room for floor in ("cli", "tasks", "layers", "inputs", "data") for room in architecture._rooms(floor)]
    assert len(rooms) > 30
    for room in rooms:
        assert f"| `{room}` | " in block("rooms")


def test_the_glossary_names_modules_that_exist() -> None:
    rows = [line.split(" | ") for line in TEXT.partition("## Glossary")[2].splitlines() if line.startswith("| ")][1:]
    words = [row[0].removeprefix("| ") for row in rows]
    assert words == sorted(words, key=str.casefold)
    assert len(words) > 25
    for row in rows:
        for name in re.findall(r"`([\w.]+)`", row[2]):
            path = architecture.SOURCE.joinpath(*name.split("."))
            assert path.is_dir() or path.with_suffix(".py").is_file(), f"{row[0]}: no module gyeol.{name}"


def test_contributing_names_the_floors() -> None:
    text = " ".join((architecture.ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split())
    floors = "; ".join(", ".join(f"`{name}`" for name in floor) for floor in architecture._floors())
    assert f"Floors, highest first: {floors}." in text
