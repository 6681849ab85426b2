"""A folder of one text file an author, each cut into passages: examples by whoever wrote them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from gyeol.data.fingerprint import fingerprint_all
from gyeol.data.tables.lines import read_lines
from gyeol.data.text.sources import Labelled, Source
from gyeol.errors import DataError, ParameterError

__all__ = ["CHARACTERS", "cut_passages", "folder_fingerprint", "read_authors"]

CHARACTERS = 500  # of a passage, by default
_SOLID = re.compile(r"\S+")


def cut_passages(
    lines: Iterable[str], *, characters: int | None = None, count: int | None = None
) -> Iterator[tuple[int, str]]:
    """Cut lines into passages, streaming; each with the number, from 1, of the line in which it starts.

    Parameters
    ----------
    lines : iterable of str
        A text; empty lines count for nothing.
    characters : int, optional
        Begin a new passage with the word that would make it longer than this; a longer word is one by itself.
    count : int, optional
        Instead, so many lines that are not empty make one.

    Raises
    ------
    ParameterError
        For both, for none, and for less than 1.

    Examples
    --------
    >>> list(cut_passages(["가나 다라", "", "마바"], characters=5))
    [(1, '가나 다라'), (3, '마바')]
    """
    given = [n for n in (characters, count) if n is not None]
    if len(given) != 1 or given[0] < 1:
        raise ParameterError(f"characters={characters}, lines={count}: give one of the two, 1 or more")
    held: list[str] = []
    first_line = size = 0
    for number, line in enumerate(lines, 1):
        pieces = [line.strip()] if count is not None and line.strip() else [] if count else _SOLID.findall(line)
        for piece in pieces:
            if held and (len(held) == count if count is not None else size + len(piece) > (characters or 0)):
                yield first_line, " ".join(held)
                held, size = [], 0
            first_line = first_line if held else number
            held.append(piece)
            size += len(piece) + 1
    if held:
        yield first_line, " ".join(held)


def read_authors(folder: Path, *, characters: int | None = None, lines: int | None = None) -> Labelled:
    """Read a folder of .txt (or .txt.gz) files, each an author's; the file's name is the author's.

    Parameters
    ----------
    folder : Path
    characters, lines : int, optional
        How long a passage is; 500 characters where neither is given.

    Raises
    ------
    DataError
        Where there are no two such files, and where one holds no text or cannot be read; names it.
    """
    files = sorted(p for p in folder.iterdir() if p.is_file() and re.search(r"\.txt(\.gz)?$", p.name, re.IGNORECASE))
    if len(files) < 2:
        held = ", ".join(p.name for p in files) or "none"
        raise DataError(
            f"{folder} holds {len(files)} text files ({held}); expected two or more, one per author: NAME.txt"
        )
    if characters is None and lines is None:
        characters = CHARACTERS
    data = Labelled(Source(folder, None, None, folder.name))
    for file in files:
        author = re.sub(r"\.txt(\.gz)?$", "", file.name, flags=re.IGNORECASE)
        before = len(data.texts)
        for line, text in cut_passages((text for _, text in read_lines(file)), characters=characters, count=lines):
            data.texts.append(text)
            data.labels.append(author)
            data.lines.append(line)
        if len(data.texts) == before:
            raise DataError(f"{file} holds no text: every line is empty or white space")
    return data


def folder_fingerprint(folder: Path) -> str:
    """Give one SHA-256 for all text files of a folder."""
    names = sorted(p for p in folder.iterdir() if p.is_file() and p.name.lower().endswith((".txt", ".txt.gz")))
    return fingerprint_all(names)
