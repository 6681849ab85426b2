"""Rows that are objects: JSON lines, JSON arrays, and parquet files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeVar

from gyeol.data.tables.lines import MAX_LINE, read_lines
from gyeol.data.tables.rows import BadRow, too_long
from gyeol.errors import DataError

__all__ = [
    "MAX_JSON",
    "SAMPLE",
    "SLICE",
    "Object",
    "collected",
    "json_rows",
    "keys_of",
    "sampled",
    "scan_parquet",
]

MAX_JSON = 512 << 20  # bytes of a JSON file that is read whole
SAMPLE = 200  # rows inspected to distinguish the columns
SLICE = 20_000  # rows of a parquet file held at a time

_LISTS = ("data", "rows", "records", "examples", "items", "documents", "train", "test")  # keys of a list of objects

Object = tuple[int, Mapping[str, Any]] | BadRow
_T = TypeVar("_T")


def sampled(items: Iterator[_T]) -> tuple[list[_T], Iterator[_T]]:
    """Look ahead: the first items, and all of them again."""
    first = list(islice(items, SAMPLE))
    return first, chain(first, items)


def json_rows(path: Path) -> Iterator[Object]:
    """Read the objects of a file: one a line, or, where the file is one list of objects, each entry of it.

    Such a list may stand under a key (``{"data": [...]}``), and a table may be written by its columns, as pandas does
    (``{"text": {"0": "..."}, ...}``). A file like that is read whole and may have 512 MB.

    Raises
    ------
    DataError
        For a larger one, and for one that holds no rows.
    """
    first = next((line.strip() for _, line in read_lines(path) if line.strip()), "")
    if path.name.lower().removesuffix(".gz").endswith((".jsonl", ".ndjson")):
        whole = first == "[" or first[:2] == "[{"
    elif isinstance(value := _parsed(first), dict):
        more = len(list(islice((line for _, line in read_lines(path) if line.strip()), 2))) > 1
        whole = not more and _records(value) is not None
    else:
        whole = first[:1] in ("[", "{")
    return _json_whole(path) if whole else _json_lines(read_lines(path))


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _json_lines(lines: Iterator[tuple[int, str]]) -> Iterator[Object]:
    for number, line in lines:
        if len(line) > MAX_LINE:
            yield too_long(number)
        elif line.strip():
            try:
                value = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield BadRow(number, f"not JSON ({getattr(error, 'msg', None) or type(error).__name__})", "json")
            else:
                yield _entry(number, value)


def _entry(number: int, value: Any) -> Object:
    return (
        (number, value)
        if isinstance(value, dict)
        else BadRow(number, f"a JSON {type(value).__name__}, not an object", "json")
    )


def _json_whole(path: Path) -> Iterator[Object]:
    if path.stat().st_size > MAX_JSON:
        raise DataError(
            f"{path} is one JSON value of {path.stat().st_size:,} bytes, more than {MAX_JSON:,}: write JSON lines, one "
            "object a line"
        )
    text: list[str] = []
    for _, line in read_lines(path):
        text.append(line)
        if len(line) > MAX_LINE:
            text = []
            break
    try:
        value = json.loads("\n".join(text) if text else _whole(path))
    except (ValueError, RecursionError) as error:
        reason = getattr(error, "msg", None) or type(error).__name__
        raise DataError(f"{path}, line {getattr(error, 'lineno', 1)}: not JSON ({reason}); fix the file") from None
    records = _records(value)
    if not records:
        raise DataError(f'{path}: a list of objects was expected, such as [{{"text": "...", "label": "..."}}]')
    return (_entry(number, record) for number, record in enumerate(records, 1))


def _whole(path: Path) -> str:
    """Read a file that is one long line."""
    import gzip

    raw = path.read_bytes()
    if path.name.lower().endswith(".gz"):
        with gzip.open(path) as stream:
            raw = stream.read(MAX_JSON + 1)
    if len(raw) > MAX_JSON:
        raise DataError(f"{path} unpacks to more than {MAX_JSON:,} bytes: write JSON lines, one object per line")
    return raw.decode("utf-8-sig")


def _records(value: Any) -> list[Any] | None:
    """Find the rows in a JSON value: a list, a list under a key, or columns."""
    if isinstance(value, list):
        return value
    if not isinstance(value, dict):
        return None
    for key in _LISTS:
        if isinstance(found := value.get(key), list) and found and isinstance(found[0], dict):
            return found
    columns = list(value.values())
    if columns and all(isinstance(c, dict) and c for c in columns) and len({tuple(c) for c in columns}) == 1:
        return [{name: value[name][key] for name in value} for key in columns[0]]
    if len(columns) > 1 and all(isinstance(c, list) and c for c in columns) and len({len(c) for c in columns}) == 1:
        return [dict(zip(value, row, strict=True)) for row in zip(*columns, strict=True)]
    return None


def keys_of(sample: Iterable[Object]) -> list[str]:
    """List the keys of objects."""
    return list(dict.fromkeys(key for item in sample if not isinstance(item, BadRow) for key in item[1]))


def scan_parquet(path: Path) -> tuple[Any, dict[str, Any], int]:
    """Open a parquet file: a lazy frame, its schema and its number of rows."""
    import polars as pl

    with path.open("rb") as stream:
        if stream.read(4) != b"PAR1":
            raise DataError(f"{path} is not a parquet file; write it again, or name it by what it is")
    try:
        frame = pl.scan_parquet(path)
        return frame, dict(frame.collect_schema()), int(frame.select(pl.len()).collect().item())
    except (Exception, pl.exceptions.PanicException) as error:  # one kind for each way in which it can be damaged
        raise DataError(f"{path} is not a whole parquet file ({str(error).splitlines()[0]}); write it again") from None


def collected(path: Path, frame: Any) -> Any:
    """Read a slice of a parquet file's lazy frame.

    Raises
    ------
    DataError
        It is damaged there.
    """
    import polars as pl

    try:
        return frame.collect()
    except (Exception, pl.exceptions.PanicException) as error:  # the latter is no Exception: polars failed in Rust
        reason = (str(error).splitlines() or [""])[0]
        raise DataError(f"{path} is damaged: its rows cannot be read ({reason:.100}); write it again") from None
