"""Biological sequences: FASTA files (``>name`` and lines of letters), and folders of them, one file a class."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gyeol.data.lines import check_file, open_text
from gyeol.errors import DataError

__all__ = ["MAX_SEQUENCE", "Record", "class_files", "is_fasta", "read_fasta"]

MAX_SEQUENCE = 1_000_000  # letters of one sequence

_ENDING = re.compile(r"\.(fa|fasta|fna|faa|ffn)(\.gz)?$", re.IGNORECASE)
_LETTERS = re.compile(r"[A-Za-z*.\-]+")


@dataclass(frozen=True, slots=True)
class Record:
    """One record: the text after ``>``, the letters of all its lines, and the line of its header, from 1."""

    name: str
    letters: str
    line: int


def is_fasta(path: Path) -> bool:
    """Whether a name ends as those of FASTA files do: .fa .fasta .fna .faa .ffn, gzipped or not."""
    return _ENDING.search(path.name) is not None


def read_fasta(path: Path) -> Iterator[Record]:
    """Read a FASTA file's records, streaming. Letters stay as they are, small or capital.

    Parameters
    ----------
    path : Path
        A FASTA file, whatever it is called; one that only holds labels in the place of letters is one as well.

    Raises
    ------
    DataError
        Text before the first header, a record without letters or of more than 1,000,000, a line with anything but
        letters, ``*``, ``-`` and ``.``; names file and line.
    """
    path = check_file(path)
    name: str | None = None
    begun = size = 0
    lines: list[str] = []
    for number, line in open_text(path):
        line = line.strip()
        if line.startswith(">"):
            if name is not None:
                yield _record(path, name, lines, begun)
            name, begun, lines, size = line[1:].strip(), number, [], 0
        elif line:
            if name is None:
                raise DataError(f"{path}, line {number}: {line!r:.40} before the first header; a FASTA file begins '>'")
            if _LETTERS.fullmatch(line) is None:
                wrong = next(c for c in line if _LETTERS.fullmatch(c) is None)
                raise DataError(f"{path}, line {number}: {wrong!r} is no letter of a sequence; mend the line")
            size += len(line)
            if size > MAX_SEQUENCE:
                raise DataError(f"{path}, line {number}: a sequence of more than {MAX_SEQUENCE:,} letters; cut it")
            lines.append(line)
    if name is None:
        raise DataError(f"{path} holds no sequence: expected a line '>name' and lines of letters under it")
    yield _record(path, name, lines, begun)


def _record(path: Path, name: str, lines: list[str], begun: int) -> Record:
    if not lines:
        raise DataError(f"{path}, line {begun}: the sequence {name!r:.40} has no letters; remove it")
    return Record(name, "".join(lines), begun)


def class_files(folder: Path) -> dict[str, Path]:
    """Find the FASTA files of a folder, each a class; the file's name is the class's. Empty where there are none.

    Raises
    ------
    DataError
        Where there is one only, or two of one name.
    """
    files = sorted(path for path in folder.iterdir() if path.is_file() and is_fasta(path))
    found: dict[str, Path] = {}
    for path in files:
        name = _ENDING.sub("", path.name)
        if name in found:
            raise DataError(f"{found[name]} and {path.name} are two files of one class, {name!r}; join or rename them")
        found[name] = path
    if len(found) == 1:
        raise DataError(f"{folder} holds one FASTA file, {files[0].name}; expected two or more, one a class: NAME.fa")
    return found
