"""From a user's file to examples: .tsv, .csv, .jsonl, .parquet, .txt and FASTA, in the encodings people have.

The rules that decide what a row means:

- **TSV**: one line is one row, split at tabs; quotes are ordinary characters, because reviews are full of them. Only a
  field that begins and ends with ``"`` and doubles every quote within was written by a spreadsheet and is unwrapped.
- **CSV**: as Python's `csv` reads it; a quoted field may hold line breaks, up to 1,000 of them.
- **JSON lines**: one object a line. **Parquet**: read in slices.
- **FASTA**: one text a record, all its lines joined; it has no labels.
- **TXT**: one text a line, unless its first lines hold the same number of tabs: then it is a TSV file (NSMC's are).
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeVar

from gyeol.data.columns import Columns, find_columns, has_header
from gyeol.data.fasta import is_fasta, read_fasta
from gyeol.data.lines import MAX_LINE, check_file, open_text, read_lines
from gyeol.data.rows import BadRow, Row, csv_rows, plain_rows, too_long, tsv_rows
from gyeol.errors import DataError, closest

__all__ = [
    "MAX_TEXT",
    "BadRow",
    "Example",
    "columns_of",
    "fingerprint",
    "fingerprint_all",
    "open_text",
    "read_examples",
    "scan_parquet",
]

MAX_TEXT = 1_000_000  # characters of one text
SAMPLE = 200  # rows looked at to tell the columns apart
SLICE = 20_000  # rows of a parquet file held at a time

_SUFFIXES = (".tsv", ".csv", ".jsonl", ".ndjson", ".parquet", ".txt")
_MENDS = {
    "fields": "mend the row or remove it",
    "json": 'one object a line was expected, such as {"text": "...", "label": "..."}',
    "label": "give the row a label or remove it",
    "empty": "write a text or remove the row",
    "long": "shorten it or break it into several rows",
}


@dataclass(frozen=True, slots=True)
class Example:
    """One text, its label if there is one, and where it stands: the line (of a parquet file, the row), from 1."""

    input: str
    target: str | None
    line: int


_Object = tuple[int, Mapping[str, Any]] | BadRow


def read_examples(
    path: str | os.PathLike[str],
    *,
    input: str | None = None,
    target: str | None = None,
    need_target: bool = True,
    on_bad_row: Callable[[BadRow], None] | None = None,
) -> Iterator[Example]:
    """Read a file's examples as they are asked for; the file and its columns are checked at once.

    Parameters
    ----------
    path : str or path
        A .tsv, .csv, .jsonl, .ndjson, .parquet, .txt or FASTA file; the text formats may be gzipped (.tsv.gz).
    input, target : str, optional
        The columns of the text and the label, by name or by number from 1. Without them the names people use are looked
        for (text, document, review, ...; label, class, ...); of two columns, the one with few different values is the
        label.
    need_target : bool
        Whether every row must have a label. If not, a label is given where its column is plain to see.
    on_bad_row : callable, optional
        Told of each row that gives no example, which is then left out. Without it such a row is an error.

    Raises
    ------
    DataError
        If the file cannot be read, its columns cannot be told apart, or a row is bad and `on_bad_row` is not given.
    """
    path = check_file(path)
    if is_fasta(path):
        return _fasta_examples(path, input, target, need_target)
    kind = _format_of(path)
    if kind == ".parquet":
        results = _parquet_examples(path, input, target, need_target)
    elif kind in {".jsonl", ".ndjson"}:
        objects = _json_objects(read_lines(path))
        sample, objects = _sampled(objects)
        columns = _object_columns(path, _keys(sample), sample, input=input, target=target, need_target=need_target)
        results = (_from_object(item, columns, need_target) for item in objects)
    else:
        rows, columns = _table(path, kind, input, target, need_target)
        results = _from_table(rows, columns, need_target)
    return _reported(path, results, on_bad_row, "row" if kind == ".parquet" else "line")


def columns_of(path: str | os.PathLike[str]) -> list[str]:
    """List a file's columns: its header, or ``["1", "2", ...]`` without one; a text file of plain lines has ``["1"]``.

    Raises
    ------
    DataError
        If the file cannot be read.
    """
    path = check_file(path)
    if is_fasta(path):
        return ["1"]
    kind = _format_of(path)
    if kind == ".parquet":
        return list(scan_parquet(path)[1])
    if kind in {".jsonl", ".ndjson"}:
        return _keys(_sampled(_json_objects(read_lines(path)))[0])
    sample, _, plain = _open_table(path, kind)
    if has_header(sample) and not plain:
        return [cell.strip() or str(i + 1) for i, cell in enumerate(sample[0])]
    return [str(i + 1) for i in range(max(map(len, sample)))]


def fingerprint(path: str | os.PathLike[str]) -> str:
    """Give the SHA-256 of a file's bytes, as 64 hexadecimal digits; the file is streamed.

    Of a folder it is that of its files' names and hashes, a line each: ``name``, two spaces, hash.

    Raises
    ------
    DataError
        If the file cannot be read.
    """
    if os.path.isdir(path):
        names = sorted(p.relative_to(path).as_posix() for p in Path(path).rglob("*") if p.is_file())
        lines = (f"{name}  {fingerprint(Path(path) / name)}\n" for name in names)
        return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()
    path = check_file(path)
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}; check the permissions") from None


def fingerprint_all(paths: Sequence[Path]) -> str:
    """Give one SHA-256 for several files: their names and what is in them.

    Raises
    ------
    DataError
        If one cannot be read.
    """
    return hashlib.sha256("".join(f"{path.name} {fingerprint(path)}\n" for path in paths).encode()).hexdigest()


def _fasta_examples(path: Path, input: str | None, target: str | None, need_target: bool) -> Iterator[Example]:
    for option, column in (("--input", input), ("--target", target)):
        if column is not None:
            raise DataError(f"{path} is a FASTA file, which has no columns: leave {option} {column} out")
    if need_target:
        raise DataError(f"{path} holds sequences without labels; give a folder with one FASTA file a class: NAME.fa")
    return (Example(record.letters, None, record.line) for record in read_fasta(path))


def _format_of(path: Path) -> str:
    name = path.name.lower()
    inner = Path(name.removesuffix(".gz")).suffix
    if inner not in _SUFFIXES or (inner == ".parquet" and name.endswith(".gz")):
        shown = "".join(Path(name).suffixes[-2:]) if name.endswith(".gz") else Path(name).suffix
        came = f"the ending {shown!r}" if shown else "a name without an ending"
        raise DataError(f"{path} has {came}, which says no known format{closest(inner or shown, _SUFFIXES)}")
    return inner


def _reported(
    path: Path, results: Iterable[Example | BadRow], on_bad_row: Callable[[BadRow], None] | None, unit: str
) -> Iterator[Example]:
    for result in results:
        if isinstance(result, Example):
            yield result
        elif on_bad_row is None:
            raise DataError(f"{path}, {unit} {result.line}: {result.reason}; {_MENDS[result.kind]}")
        else:
            on_bad_row(result)


_T = TypeVar("_T")


def _sampled(items: Iterator[_T]) -> tuple[list[_T], Iterator[_T]]:
    """Look ahead: the first items, and all of them again."""
    first = list(islice(items, SAMPLE))
    return first, chain(first, items)


# Tables: lists of fields.


def _table(
    path: Path, kind: str, input: str | None, target: str | None, need_target: bool
) -> tuple[Iterator[Row], Columns]:
    sample, rows, plain = _open_table(path, kind)
    if plain and need_target:
        raise DataError(f"{path} holds plain lines of text; a text and its label, with a tab between, were expected")
    if plain:
        return rows, Columns(("1",), False, 0, None)
    columns = find_columns(path, sample, input=input, target=target, need_target=need_target)
    if columns.header:
        rows = _under_header(rows)
        first = next((item for item in rows if isinstance(item, BadRow) or _filled(item[1])), None)
        if first is None:
            raise DataError(f"{path} has a header and no rows under it; write one text a row")
        rows = chain([first], rows)
    return rows, columns


def _open_table(path: Path, kind: str) -> tuple[list[list[str]], Iterator[Row], bool]:
    """Give the first good rows, all rows, and whether they are plain lines of text."""
    lines = read_lines(path)
    plain = False
    if kind == ".txt":
        sample_lines, lines = _sampled(lines)
        tabs = {line.count("\t") for _, line in [s for s in sample_lines if s[1].strip()][:20]}
        plain = len(tabs) != 1 or 0 in tabs
    rows = plain_rows(lines) if plain else csv_rows(lines) if kind == ".csv" else tsv_rows(lines)
    first, rows = _sampled(rows)
    sample = [item[1] for item in first if not isinstance(item, BadRow) and _filled(item[1])]
    if not sample and not (plain and any(isinstance(item, BadRow) for item in first)):
        for item in first:
            if isinstance(item, BadRow):
                raise DataError(f"{path}, line {item.line}: {item.reason}; {_MENDS[item.kind]}")
        raise DataError(f"{path} holds nothing but white space; a file with one text a row was expected")
    return sample, rows, plain


def _filled(fields: list[str]) -> bool:
    return any(field.strip() for field in fields)


def _under_header(rows: Iterator[Row]) -> Iterator[Row]:
    for item in rows:
        if not isinstance(item, BadRow) and _filled(item[1]):
            break
        yield item
    yield from rows


def _from_table(rows: Iterator[Row], columns: Columns, need_target: bool) -> Iterator[Example | BadRow]:
    width, text, label = len(columns.names), columns.input, columns.target
    needed = max(text, label if label is not None and need_target else 0) + 1
    blank = range(0)  # empty lines that end a file say nothing; within a list of texts each is a text that lacks
    for item in rows:
        if isinstance(item, BadRow):
            yield item
            continue
        number, fields = item
        if len(fields) == 1 and not fields[0].strip():
            if width == 1:
                blank = range(blank.start if blank else number, number + 1)
            continue
        for empty in blank:
            yield BadRow(empty, "the text is empty", "empty")
        blank = range(0)
        if len(fields) < needed:
            listed = ", ".join(columns.names)
            yield BadRow(number, f"{len(fields)} fields where {width} were expected ({listed})", "fields")
        elif any(fields[width:]):
            yield BadRow(number, f"{len(fields)} fields where {width} were expected: a separator in a text?", "fields")
        else:
            found = None if label is None or label >= len(fields) else fields[label]
            yield _checked(number, fields[text], found, need_target)


# Objects: what JSON lines and parquet rows are.


def _json_objects(lines: Iterator[tuple[int, str]]) -> Iterator[_Object]:
    for number, line in lines:
        if len(line) > MAX_LINE:
            yield too_long(number)
        elif line.strip():
            try:
                value = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield BadRow(number, f"not JSON ({getattr(error, 'msg', None) or type(error).__name__})", "json")
            else:
                ok = isinstance(value, dict)
                yield (number, value) if ok else BadRow(number, f"a JSON {type(value).__name__}, not an object", "json")


def _keys(sample: Iterable[_Object]) -> list[str]:
    return list(dict.fromkeys(key for item in sample if not isinstance(item, BadRow) for key in item[1]))


def _object_columns(
    path: Path, names: list[str], sample: list[_Object], *, input: str | None, target: str | None, need_target: bool
) -> Columns:
    if not names:
        bad = next((item for item in sample if isinstance(item, BadRow)), BadRow(1, "holds no object", "json"))
        raise DataError(f"{path}, line {bad.line}: {bad.reason}; {_MENDS[bad.kind]}")
    rows = [[_as_text(item[1].get(n)) or "" for n in names] for item in sample if not isinstance(item, BadRow)]
    return find_columns(path, rows, names=names, input=input, target=target, need_target=need_target)


def _as_text(value: object) -> str | None:
    """Write a value as a table would; None where it is missing or no single value."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        whole = math.isfinite(value) and value.is_integer() and abs(value) < 1e15
        return None if math.isnan(value) else str(int(value)) if whole else str(value)
    return str(value) if isinstance(value, int) else None


def _from_object(item: _Object, columns: Columns, need_target: bool) -> Example | BadRow:
    if isinstance(item, BadRow):
        return item
    number, record = item
    name = columns.names[columns.input]
    if name not in record:
        return BadRow(number, f"no key {name!r}", "json")
    value = record[name]
    text = "" if value is None else _as_text(value)
    if text is None:
        return BadRow(number, f"{name!r} is a {type(value).__name__}, not a text", "json")
    try:
        text.encode()
    except UnicodeEncodeError:
        return BadRow(number, f"{name!r} holds half a character (a lone surrogate)", "json")
    label = None if columns.target is None else _as_text(record.get(columns.names[columns.target]))
    return _checked(number, text, label, need_target)


def _checked(number: int, text: str, label: str | None, need_target: bool) -> Example | BadRow:
    if not text or text.isspace():
        return BadRow(number, "the text is empty", "empty")
    if len(text) > MAX_TEXT:
        return BadRow(number, f"the text has {len(text):,} characters, more than {MAX_TEXT:,}", "long")
    label = label.strip() if label is not None else ""
    if not label or label.casefold() == "nan":
        return BadRow(number, "the label is missing", "label") if need_target else Example(text, None, number)
    return Example(text, label, number)


def scan_parquet(path: Path) -> tuple[Any, dict[str, Any], int]:
    """Open a parquet file: a lazy frame, its schema and its number of rows."""
    import polars as pl

    with path.open("rb") as stream:
        if stream.read(4) != b"PAR1":
            raise DataError(f"{path} is not a parquet file; write it again, or name it by what it is")
    try:
        frame = pl.scan_parquet(path)
        return frame, dict(frame.collect_schema()), int(frame.select(pl.len()).collect().item())
    except Exception as error:  # polars has many kinds, one for each way in which a file can be damaged
        raise DataError(f"{path} is not a whole parquet file ({str(error).splitlines()[0]}); write it again") from None


def _parquet_examples(
    path: Path, input: str | None, target: str | None, need_target: bool
) -> Iterator[Example | BadRow]:
    frame, schema, count = scan_parquet(path)
    if not count or not schema:
        raise DataError(f"{path} has no rows; a file with one text a row was expected")
    sample: list[_Object] = list(enumerate(frame.head(SAMPLE).collect().to_dicts(), start=1))
    columns = _object_columns(path, list(schema), sample, input=input, target=target, need_target=need_target)
    wanted = [columns.names[i] for i in (columns.input, columns.target) if i is not None]

    def results() -> Iterator[Example | BadRow]:
        for start in range(0, count, SLICE):
            for number, record in enumerate(
                frame.select(wanted).slice(start, SLICE).collect().iter_rows(named=True), start=start + 1
            ):
                yield _from_object((number, record), columns, need_target)

    return results()
