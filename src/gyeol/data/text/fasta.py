"""Biological sequences: FASTA files (``>name`` and lines of letters), and folders of them, one file a class."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from gyeol.data.paths import check_file
from gyeol.data.tables.lines import open_text
from gyeol.data.tables.rows import BadRow
from gyeol.data.text.example import REMEDIES
from gyeol.errors import DataError

__all__ = ["MAX_SEQUENCE", "Record", "class_files", "is_fasta", "looks_like_fasta", "read_fasta", "read_records"]

MAX_SEQUENCE = 1_000_000  # letters of one sequence

_ENDING = re.compile(r"\.(fa|fas|fasta|fsa|fna|faa|ffn|frn|mpfa|pep)(\.gz)?$", re.IGNORECASE)
_OTHER = re.compile(r"\.(txt|seq|dna|rna|aa|prot|dat|text)(\.gz)?$|^[^.]+(\.gz)?$", re.IGNORECASE)
_LETTERS = re.compile(r"[A-Za-z*.\-]+")
_LIKE = re.compile(r"[A-Z*.\-]+|[ACGTUNacgtun*.\-]+")  # no word of a text
_MOST = 0.5  # of the lines below headers hold letters of sequences: one bad line is reported, and the rest is read
_HEAD = 1 << 16  # bytes that are looked at


@dataclass(frozen=True, slots=True)
class Record:
    """One record: the text after ``>``, the letters of all its lines, and the line of its header, from 1."""

    name: str
    letters: str
    line: int


def is_fasta(path: Path) -> bool:
    """Whether a file is FASTA: its name ends so (.fa .fasta .fna .faa .ffn, ...), gzipped or not, or it begins so.

    A file called .txt, or whose name says no other format, is looked into.
    """
    if _ENDING.search(path.name) is not None:
        return True
    if _OTHER.search(path.name) is None or not path.is_file():
        return False
    try:
        with gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb") as stream:
            head = stream.read(_HEAD)
    except (OSError, EOFError, zlib.error):
        return False
    lines = head.decode("utf-8-sig", "replace").splitlines()
    return looks_like_fasta(lines[:-1] if len(head) == _HEAD else lines)


def looks_like_fasta(lines: Iterable[str]) -> bool:
    """Whether lines are FASTA: a header first, letters of a sequence under it, and most other lines alike.

    Examples
    --------
    >>> looks_like_fasta([">seq1", "ACGTACGT"]), looks_like_fasta(["> as you said", "no, not so"])
    (True, False)
    """
    filled = [line.strip() for line in lines if line.strip()]
    if len(filled) < 2 or filled[0][0] != ">" or filled[1][0] == ">":
        return False
    sequences = [_LIKE.fullmatch(line) is not None for line in filled if line[0] != ">"]
    return sequences[0] and sum(sequences) >= _MOST * len(sequences)


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
    some = False
    for record in read_records(open_text(path)):
        if isinstance(record, BadRow):
            raise DataError(f"{path}, line {record.line}: {record.reason}; {REMEDIES[record.kind]}")
        some = True
        yield record
    if not some:
        raise DataError(f"{path} holds no sequence: expected a line '>name' and lines of letters under it")


def read_records(lines: Iterable[tuple[int, str] | BadRow]) -> Iterator[Record | BadRow]:
    """Gather the lines of FASTA into records; one that cannot be used comes as a `BadRow` in its place.

    Parameters
    ----------
    lines : iterable of (int, str) or BadRow
        Numbered lines; one that could not be read is a fault of its record.
    """
    name: str | None = None
    first_line = size = 0
    letters: list[str] = []
    fault: BadRow | None = None
    for row in lines:
        number, line = (row.line, "") if isinstance(row, BadRow) else (row[0], row[1].strip())
        if line.startswith(">"):
            if name is not None or fault is not None:
                yield fault or _record(name or "", letters, first_line)
            name, first_line, letters, size, fault = line[1:].strip(), number, [], 0, None
        elif fault is None and isinstance(row, BadRow):
            fault = BadRow(row.line, row.reason, "sequence", _named(name))
        elif fault is None and line and not (name is None and line.startswith(";")):
            fault = _fault(line, number, name)
            size += len(line)
            if fault is None and size > MAX_SEQUENCE:
                problem = f"a sequence of more than {MAX_SEQUENCE:,} letters"
                fault = BadRow(number, problem, "sequence", _named(name))
            letters.append(line)
    if name is not None or fault is not None:
        yield fault or _record(name or "", letters, first_line)


def _fault(line: str, number: int, name: str | None) -> BadRow | None:
    if name is None:
        problem = f"{line!r:.40} before the first header; a FASTA file begins '>'"
        return BadRow(number, problem, "sequence")
    if _LETTERS.fullmatch(line) is not None:
        return None
    wrong = next(c for c in line if _LETTERS.fullmatch(c) is None)
    return BadRow(number, f"{wrong!r} is not a letter of a sequence", "sequence", _named(name))


def _named(name: str | None) -> tuple[tuple[str, str], ...]:
    return () if name is None else (("name", name),)


def _record(name: str, letters: list[str], first_line: int) -> Record | BadRow:
    if not letters:
        return BadRow(first_line, f"the sequence {name!r:.40} has no letters", "sequence", _named(name))
    return Record(name, "".join(letters), first_line)


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
        name = name if name != path.name else _OTHER.sub("", path.name) or path.name
        if name in found:
            raise DataError(f"{found[name]} and {path.name} are two files of one class, {name!r}; join or rename them")
        found[name] = path
    if len(found) == 1:
        raise DataError(f"{folder} holds one FASTA file, {files[0].name}; expected two or more, one per class: NAME.fa")
    return found
