"""From tables of text to examples: lists of fields, each with the line in which it starts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from gyeol.data.tables.columns import Columns, find_columns, names_of
from gyeol.data.tables.dialect import Table, open_rows
from gyeol.data.tables.header import find_header
from gyeol.data.tables.label_text import LabelTexts, as_written
from gyeol.data.tables.rows import BadRow, Row
from gyeol.data.text.example import REMEDIES, Example, checked_example
from gyeol.errors import DataError

__all__ = ["open_checked", "table_columns", "table_examples"]


def table_examples(
    path: Path,
    kind: str,
    input: str | None,
    target: str | None,
    *,
    need_target: bool,
    header: bool | None,
    others: bool,
    target_text: bool,
) -> tuple[Iterator[Example | BadRow], Columns]:
    """Read the examples of a table, and find its columns; see `gyeol.data.text.example_files.read_examples`."""
    table = open_checked(path, kind)
    if table.tagged:
        columns = Columns(("label", "text"), False, 1, 0)
    elif table.plain and need_target:
        raise DataError(f"{path} holds plain lines of text; a text and its label, with a tab between, were expected")
    elif table.plain:
        columns = Columns(tuple(names_of(table.cells()[:1], bool(header))) or ("1",), bool(header), 0, None)
    else:
        columns = find_columns(path, table.cells(), input=input, target=target, need_target=need_target, header=header)
    if table_notes := [line for line in (table.note, table.above) if line]:
        columns = replace(columns, notes=(*table_notes, *columns.notes))
    rows = table.rows
    if columns.header:
        rows = _under_header(rows)
        first = next((item for item in rows if isinstance(item, BadRow) or _filled(item[1])), None)
        if first is None:
            raise DataError(f"{path} has a header and no rows under it; write one text per row")
        rows = chain([first], rows)
    read_label = as_written if target_text else LabelTexts()
    return _examples(rows, columns, read_label, need_target, others), columns


def table_columns(path: Path, kind: str | None = None, header: bool | None = None) -> list[str]:
    """List the columns of a table; see `gyeol.data.text.example_files.columns_of`."""
    table = open_checked(path, kind)
    if table.tagged:
        return ["label", "text"]
    cells = table.cells()
    if not (header if header is not None or table.plain else find_header(cells).there):
        return [str(i + 1) for i in range(max(map(len, cells), default=1))]
    return names_of(cells, True)


def open_checked(path: Path, kind: str | None = None) -> Table:
    """Open a table that must have rows.

    Raises
    ------
    DataError
        If there is none: all is white space, or the first rows are bad; names the reason.
    """
    table = open_rows(path, kind)
    if not table.sample and not (table.plain and table.first_bad is not None):
        if (bad := table.first_bad) is not None:
            raise DataError(f"{path}, line {bad.line}: {bad.reason}; {REMEDIES[bad.kind]}")
        raise DataError(f"{path} holds nothing but white space; a file with one text per row was expected")
    return table


def _filled(fields: Iterable[str]) -> bool:
    return any(field.strip() for field in fields)


def _under_header(rows: Iterator[Row]) -> Iterator[Row]:
    for item in rows:
        if not isinstance(item, BadRow) and _filled(item[1]):
            break
        yield item
    yield from rows


def _examples(
    rows: Iterator[Row], columns: Columns, read_label: Callable[[Any], str | None], need_target: bool, others: bool
) -> Iterator[Example | BadRow]:
    width, text, label = len(columns.names), columns.input, columns.target
    needed = max(text, label if label is not None and need_target else 0) + 1
    blank = range(0)  # empty lines that end a file say nothing; within a list of texts each is a text that lacks
    more: tuple[tuple[str, str], ...] = ()
    for item in rows:
        if isinstance(item, BadRow):
            yield item
            continue
        number, fields = item
        if len(fields) == 1 and not fields[0].strip():
            if width == 1:
                blank = range(blank.start if blank else number, number + 1)
            continue
        if blank:
            for empty in blank:
                yield BadRow(empty, "the text is empty", "empty")
            blank = range(0)
        if others:
            more = tuple((n, f) for at, (n, f) in enumerate(zip(columns.names, fields, strict=False)) if at != text)
        expected = f"{len(fields)} field{'' if len(fields) == 1 else 's'} where {width} were expected"
        if len(fields) < needed:
            yield BadRow(number, f"{expected} ({', '.join(columns.names)})", "fields", more)
        elif len(fields) > width and any(fields[width:]):
            yield BadRow(number, f"{expected}: a separator in a text?", "fields", more)
        elif columns.header and tuple(map(str.strip, fields)) == columns.names and width > 1:
            yield BadRow(number, "the header is repeated here", "fields", more)
        else:
            found = None if label is None or label >= len(fields) else fields[label]
            yield checked_example(number, fields[text], found, read_label, need_target, more)
