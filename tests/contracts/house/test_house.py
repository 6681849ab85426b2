"""The house: files of a length one reads, folders of a size one knows, no import circles."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from . import file_length, folder_size, import_circles


def test_file_length() -> None:
    assert file_length.too_long() == []


def test_folder_size() -> None:
    assert folder_size.too_crowded() == []


def test_a_folder_one_file_too_full_is_named(tmp_path: Path) -> None:
    room = tmp_path / "src" / "gyeol" / "room"
    (room / "inner").mkdir(parents=True)
    for n in range(16):
        (room / f"m{n}.py").touch()
        (room / "inner" / f"m{n}.py").touch()
    (room / "notes.md").touch()
    assert folder_size.too_crowded(tmp_path) == []
    (room / "m16.py").touch()
    assert folder_size.too_crowded(tmp_path) == ["src/gyeol/room: 17 source files, at most 16; divide it by subject"]


def test_no_import_circles() -> None:
    found = import_circles.circles(import_circles.import_graph("gyeol"))
    assert import_circles.complaints(found) == []


@pytest.mark.parametrize(
    ("modules", "expected"),
    [
        ({"a": "from {p} import b", "b": "from {p} import a"}, [("a", "b")]),
        (
            {"a": "from {p} import b", "b": "def late():\n    from {p}.c import x", "c": "x = 1\nimport {p}.a"},
            [("a", "b", "c")],
        ),
        ({"a": "from {p} import b", "b": "from {p} import c", "c": ""}, []),
        (
            {
                "a": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from {p} import b",
                "b": "from {p} import a",
            },
            [],
        ),
    ],
    ids=["two", "three, one inside a function", "a chain", "for type checkers alone"],
)
def test_circles_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, modules: dict[str, str], expected: list[tuple[str, ...]]
) -> None:
    package = f"circles_{len(modules)}_{len(expected)}"
    (tmp_path / package).mkdir()
    (tmp_path / package / "__init__.py").touch()
    for name, source in modules.items():
        (tmp_path / package / f"{name}.py").write_text(source.replace("{p}", package), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    found = import_circles.circles(import_circles.import_graph(package))
    assert found == [tuple(f"{package}.{name}" for name in circle) for circle in expected]
    assert package not in sys.modules  # read, never run
    assert import_circles.complaints(found, known=[]) == [f"import circle: {' <-> '.join(c)}" for c in found]


def test_a_known_circle_that_is_gone_must_leave_the_list() -> None:
    assert import_circles.complaints([], known=[("p.a", "p.b")]) == [
        "no longer a circle, remove it from KNOWN: p.a <-> p.b"
    ]
