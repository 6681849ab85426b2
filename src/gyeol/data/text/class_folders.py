"""A folder of texts: a folder a class, and in it a file a text, as reviews (IMDB) and newsgroups are handed out."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import Path

from gyeol.data.paths import check_file
from gyeol.data.tables.lines import read_lines
from gyeol.data.tables.rows import BadRow
from gyeol.data.text.example import MAX_TEXT, Example
from gyeol.errors import DataError

__all__ = ["class_folders", "folder_examples", "folder_of_role"]

_NOT_A_CLASS = {"unsup", "unlabeled", "unlabelled", "__macosx", "__pycache__"}
_ROLES = {"train": ("train", "training"), "valid": ("valid", "val", "validation", "dev"), "test": ("test", "testing")}


def class_folders(folder: Path) -> dict[str, list[Path]]:
    """Find the classes of a folder: its folders that hold text files, and these; empty where there are not two.

    The files are those that end in ``.txt`` or ``.txt.gz``; where a folder has none, those whose names have no ending.
    Folders called ``unsup`` or ``unlabeled`` are no class.
    """
    found: dict[str, list[Path]] = {}
    if not folder.is_dir():
        return found
    for place in sorted(folder.iterdir()):
        if not place.is_dir() or place.name.startswith(".") or place.name.lower() in _NOT_A_CLASS:
            continue
        files = sorted(file for file in place.iterdir() if not file.name.startswith(".") and file.is_file())
        texts = [file for file in files if file.name.lower().endswith((".txt", ".txt.gz"))]
        texts = texts or [file for file in files if not file.suffix or file.suffix[1:].isdigit()]
        if texts:
            found.setdefault(unicodedata.normalize("NFC", place.name), []).extend(texts)
    return found if len(found) > 1 else {}


def folder_of_role(folder: Path, role: str) -> Path:
    """Give the part of a folder that is for a role, where it has such parts: ``train`` and ``test`` within it."""
    for name in _ROLES.get(role, ()):
        if class_folders(folder / name):
            return folder / name
    return folder


def folder_examples(classes: dict[str, list[Path]]) -> Iterator[Example | BadRow]:
    """Read a text a file, in the order of classes and names; the line of each is its number among all."""
    number = 0
    for label, files in classes.items():
        for file in files:
            number += 1
            try:
                text = _text_of(file)
            except DataError as error:
                yield BadRow(number, str(error), "file")
                continue
            if text:
                yield Example(text, label, number, (("file", f"{file.parent.name}/{file.name}"),))
            else:
                yield BadRow(number, f"{file.parent.name}/{file.name}: the text is empty", "empty")


def _text_of(file: Path) -> str:
    if file.stat().st_size == 0:
        return ""
    lines: list[str] = []
    size = 0
    for _, line in read_lines(check_file(file)):
        lines.append(line.removesuffix("\r"))
        size += len(line) + 1
        if size > MAX_TEXT:
            raise DataError(f"{file} has more than {MAX_TEXT:,} characters: break it into several files")
    return "\n".join(lines).strip()
