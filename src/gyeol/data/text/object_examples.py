"""From rows that are objects (JSON lines, JSON arrays, parquet files) to examples."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gyeol.data.tables.columns import Columns, find_columns
from gyeol.data.tables.label_text import as_written, label_text, value_text
from gyeol.data.tables.objects import SAMPLE, SLICE, Object, collected, keys_of, sampled, scan_parquet
from gyeol.data.tables.rows import BadRow
from gyeol.data.text.example import REMEDIES, Example, checked_example
from gyeol.errors import DataError

__all__ = ["object_examples", "parquet_examples"]


def object_examples(
    path: Path,
    objects: Iterator[Object],
    input: str | None,
    target: str | None,
    *,
    need_target: bool,
    others: bool,
    target_text: bool,
) -> tuple[Iterator[Example | BadRow], Columns]:
    """Read examples from objects."""
    sample, objects = sampled(objects)
    columns = _object_columns(path, keys_of(sample), sample, input=input, target=target, need_target=need_target)
    read_label = as_written if target_text else label_text
    return (_from_object(item, columns, read_label, need_target, others) for item in objects), columns


def _object_columns(
    path: Path, names: list[str], sample: list[Object], *, input: str | None, target: str | None, need_target: bool
) -> Columns:
    if not names:
        bad = next((item for item in sample if isinstance(item, BadRow)), BadRow(1, "holds no object", "json"))
        raise DataError(f"{path}, line {bad.line}: {bad.reason}; {REMEDIES[bad.kind]}")
    rows = [[_shown(item[1].get(n)) for n in names] for item in sample if not isinstance(item, BadRow)]
    return find_columns(path, rows, names=names, input=input, target=target, need_target=need_target)


def _shown(value: object) -> str:
    """Write a value, or a list of them, as a field."""
    if isinstance(value, (list, tuple)):
        try:
            return label_text(value) or ""
        except ValueError:
            return ""
    return value_text(value) or ""


def _from_object(
    item: Object, columns: Columns, read_label: Callable[[Any], str | None], need_target: bool, others: bool
) -> Example | BadRow:
    if isinstance(item, BadRow):
        return item
    number, record = item
    name = columns.names[columns.input]
    more = tuple((key, _written(value)) for key, value in record.items() if key != name) if others else ()
    if name not in record:
        return BadRow(number, f"no key {name!r}", "json", more)
    value = record[name]
    text = "" if value is None else value_text(value)
    if text is None:
        return BadRow(number, f"{name!r} is a {type(value).__name__}, not a text", "json", more)
    try:
        text.encode()
    except UnicodeEncodeError:
        return BadRow(number, f"{name!r} holds half a character (a lone surrogate)", "json", more)
    label = None if columns.target is None else record.get(columns.names[columns.target])
    return checked_example(number, text, label, read_label, need_target, more)


def _written(value: object) -> str:
    """Format another value of a row: a list or an object as JSON, null as nothing."""
    if value is None:
        return ""
    text = value_text(value)
    return json.dumps(value, ensure_ascii=False, default=str) if text is None else text


def parquet_examples(
    path: Path, input: str | None, target: str | None, *, need_target: bool, others: bool, target_text: bool
) -> tuple[Iterator[Example | BadRow], Columns]:
    """Read examples from a parquet file, a slice at a time."""
    frame, schema, count = scan_parquet(path)
    if not count or not schema:
        raise DataError(f"{path} has no rows; a file with one text per row was expected")
    sample: list[Object] = list(enumerate(collected(path, frame.head(SAMPLE)).to_dicts(), start=1))
    columns = _object_columns(path, list(schema), sample, input=input, target=target, need_target=need_target)
    read_label = as_written if target_text else label_text
    selected = [columns.names[i] for i in (columns.input, columns.target) if i is not None]

    def results() -> Iterator[Example | BadRow]:
        chosen = frame if others else frame.select(selected)
        for start in range(0, count, SLICE):
            rows = collected(path, chosen.slice(start, SLICE)).iter_rows(named=True)
            for number, record in enumerate(rows, start=start + 1):
                yield _from_object((number, record), columns, read_label, need_target, others)

    return results(), columns
