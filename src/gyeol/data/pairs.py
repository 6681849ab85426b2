"""Pairs of what was typed and what was meant, from a file.

Two forms are read, by line: ``typed<TAB>meant``, and ``meant: typed typed ...``, the form of the lists of common
misspellings that go round (Birkbeck, Wikipedia). A first line ``typed<TAB>meant`` is a header.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from gyeol.data.lines import open_text
from gyeol.errors import DataError

__all__ = ["read_pairs"]

_HEADERS = {("typed", "meant"), ("wrong", "right")}


def read_pairs(path: str | os.PathLike[str]) -> list[tuple[str, str]]:
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
    for number, line in open_text(path):
        if not line.strip():
            continue
        typed, tab, meant = line.partition("\t")
        if tab:
            if "\t" in meant:
                raise DataError(f"{path}, line {number}: {line.count(chr(9)) + 1} columns; expected typed<TAB>meant")
            if (typed, meant) in _HEADERS and number == 1:
                continue
            if not typed.strip() or not meant.strip():
                raise DataError(f"{path}, line {number}: one side is empty; expected typed<TAB>meant")
            yield typed, meant
            continue
        right, colon, wrongs = line.partition(": ")
        if not colon or not right.strip() or not wrongs.strip():
            raise DataError(
                f"{path}, line {number}: {line[:40]!r} is no pair; expected typed<TAB>meant, or meant: typed typed"
            )
        for wrong in wrongs.split():
            yield wrong, right.strip()
