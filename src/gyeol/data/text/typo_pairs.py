"""Pairs of what was typed and what was meant, from a file.

Two forms are read, by line: ``typed<TAB>meant``, and ``meant: typed typed ...``, the form of the lists of common
misspellings that go round (Birkbeck, Wikipedia). A first line ``typed<TAB>meant`` is a header. A table of two columns
with another separator (``typed,meant``) is read as well.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from gyeol.data.paths import check_file
from gyeol.data.tables.dialect import Table, open_rows
from gyeol.data.tables.header import has_header, is_known
from gyeol.data.tables.lines import open_text
from gyeol.data.tables.rows import BadRow
from gyeol.errors import DataError

__all__ = ["read_typo_pairs"]


def read_typo_pairs(path: str | os.PathLike[str]) -> list[tuple[str, str]]:
    """Read pairs of (typed, meant).

    Raises
    ------
    DataError
        If the file cannot be read or holds no pair; for a line of another form, with its number.
    """
    pairs = list(_pairs(path))
    if not pairs:
        raise DataError(f"{path} holds no pair; lines like 'recieve<TAB>receive' or 'receive: recieve' were expected")
    return pairs


def _pairs(path: str | os.PathLike[str]) -> Iterator[tuple[str, str]]:
    table = open_rows(check_file(path), "")
    if table.dialect.separator not in {"", "\t"}:
        yield from _of_table(path, table)
        return
    for number, line in open_text(path):
        if not line.strip():
            continue
        typed, tab, meant = line.partition("\t")
        if tab:
            if "\t" in meant:
                raise DataError(f"{path}, line {number}: {line.count(chr(9)) + 1} columns; expected typed<TAB>meant")
            if number == 1 and is_known(typed) and is_known(meant):
                continue
            if not typed.strip() or not meant.strip():
                raise DataError(f"{path}, line {number}: one side is empty; expected typed<TAB>meant")
            yield typed, meant
            continue
        right, colon, wrongs = line.partition(": ")
        if not colon or not right.strip() or not wrongs.strip():
            raise DataError(
                f"{path}, line {number}: {line[:40]!r} is not a pair; expected typed<TAB>meant, or meant: typed typed"
            )
        for wrong in wrongs.split():
            yield wrong, right.strip()


def _of_table(path: str | os.PathLike[str], table: Table) -> Iterator[tuple[str, str]]:
    header = has_header(table.cells())
    for row in table.rows:
        if isinstance(row, BadRow):
            raise DataError(f"{path}, line {row.line}: {row.reason}; fix the row or remove it")
        number, fields = row
        if header or fields == [""]:
            header = False if fields != [""] else header
            continue
        if len(fields) != 2 or not all(map(str.strip, fields)):
            raise DataError(f"{path}, line {number}: {', '.join(fields)[:40]!r} is not a pair; expected two columns")
        yield fields[0], fields[1]
