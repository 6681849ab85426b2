"""From a user's file to examples: tables of text, JSON, parquet and FASTA, in the encodings people have.

The rules that decide what a row means:

- **Tables of text** (.tsv, .csv, .txt, .dat, or any name, gzipped or not): `gyeol.data.tables.dialect` judges how they
  are written. A .txt file is one text a line, unless its lines form a table (NSMC's do), or each begins ``__label__``,
  as fastText's do.
- **JSON**: one object per line; a list of objects, if it is small enough. **Parquet**: read in slices.
- **FASTA**: one text a record, all its lines joined; it has no labels.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from gyeol.data.paths import check_file
from gyeol.data.tables.columns import Columns
from gyeol.data.tables.objects import json_rows, keys_of, sampled, scan_parquet
from gyeol.data.tables.rows import BadRow
from gyeol.data.text.example import REMEDIES, Example
from gyeol.data.text.fasta import is_fasta
from gyeol.data.text.fasta_examples import fasta_examples
from gyeol.data.text.object_examples import object_examples, parquet_examples
from gyeol.data.text.table_examples import table_columns, table_examples
from gyeol.errors import DataError, closest

__all__ = ["TEXT_FORMATS", "columns_of", "format_of", "read_examples"]

_SUFFIXES = (".tsv", ".csv", ".jsonl", ".ndjson", ".json", ".parquet", ".txt", ".dat")
#: Endings of tables of text.
TEXT_FORMATS = (".tsv", ".csv", ".txt", ".dat")
_OBJECTS = (".jsonl", ".ndjson", ".json")


def read_examples(
    path: str | os.PathLike[str],
    *,
    input: str | None = None,
    target: str | None = None,
    need_target: bool = True,
    on_bad_row: Callable[[BadRow], None] | None = None,
    header: bool | None = None,
    others: bool = False,
    target_text: bool = False,
    on_note: Callable[[str], None] | None = None,
    on_columns: Callable[[Columns], None] | None = None,
) -> Iterator[Example]:
    """Read a file's examples lazily; the file and its columns are checked at once.

    Parameters
    ----------
    path : str or path
        A .tsv, .csv, .txt, .jsonl, .ndjson, .json, .parquet or FASTA file, or a table of text by another name; the text
        formats may be gzipped (.tsv.gz).
    input, target : str, optional
        The columns of the text and the label, by name or by number from 1. Without them the names people use are looked
        for (text, document, review, ...; label, class, ...); of two columns, the one with few different values is the
        label.
    need_target : bool
        Whether every row must have a label. If not, a label is given where its column is plain to see.
    on_bad_row : callable, optional
        Called with each row that yields no example, which is then left out. Without it such a row is an error.
    header : bool, optional
        Whether the first row of a table names its columns; judged by all of them by default.
    others : bool
        Whether examples bring the fields of all other columns (`Example.others`).
    target_text : bool
        Whether the target column holds texts, which are kept unchanged, not labels.
    on_note : callable, optional
        Called with a line for each decision that could be doubted: the header, the columns.
    on_columns : callable, optional
        Called with the columns that are read; not of FASTA files, which have none.

    Raises
    ------
    DataError
        If the file cannot be read, its columns cannot be distinguished, or a row is bad and `on_bad_row` is not given.
    """
    path = check_file(path)
    if is_fasta(path):
        return _reported(path, _fasta_examples(path, input, target, need_target), on_bad_row, "line")
    kind = format_of(path)
    columns: Columns
    if kind == ".parquet":
        results, columns = parquet_examples(
            path, input, target, need_target=need_target, others=others, target_text=target_text
        )
    elif kind in _OBJECTS:
        results, columns = object_examples(
            path, json_rows(path), input, target, need_target=need_target, others=others, target_text=target_text
        )
    else:
        results, columns = table_examples(
            path, kind, input, target,
            need_target=need_target, header=header, others=others, target_text=target_text,
        )  # fmt: skip
    if on_note is not None:
        for line in columns.notes:
            on_note(line)
    if on_columns is not None:
        on_columns(columns)
    return _reported(path, results, on_bad_row, "row" if kind == ".parquet" else "line")


def columns_of(path: str | os.PathLike[str], *, header: bool | None = None) -> list[str]:
    """List a file's columns: its header, or ``["1", "2", ...]`` without one; a text file of plain lines has ``["1"]``.

    ``header`` says whether there is one, if the user says so.

    Raises
    ------
    DataError
        If the file cannot be read.
    """
    path = check_file(path)
    if is_fasta(path):
        return ["1"]
    kind = format_of(path)
    if kind == ".parquet":
        return list(scan_parquet(path)[1])
    if kind in _OBJECTS:
        return keys_of(sampled(json_rows(path))[0])
    return table_columns(path, kind, header)


def _fasta_examples(path: Path, input: str | None, target: str | None, need_target: bool) -> Iterator[Example | BadRow]:
    for option, column in (("--input", input), ("--target", target)):
        if column is not None:
            raise DataError(f"{path} is a FASTA file, which has no columns: leave {option} {column} out")
    if need_target:
        raise DataError(f"{path} holds sequences without labels; give a folder with one FASTA file a class: NAME.fa")
    return fasta_examples(path)


def format_of(path: Path) -> str:
    """Determine the format of a file by its ending, or else by its content.

    Raises
    ------
    DataError
        Neither gives a format: it is not a table of text.
    """
    name = path.name.lower()
    inner = Path(name.removesuffix(".gz")).suffix
    if inner in _SUFFIXES and not (inner == ".parquet" and name.endswith(".gz")):
        return inner
    if (found := _by_content(path)) is not None:
        return found
    shown = "".join(Path(name).suffixes[-2:]) if name.endswith(".gz") else Path(name).suffix
    came = f"the ending {shown!r}" if shown else "a name without an ending"
    raise DataError(f"{path} has {came}, which is not a known format{closest(inner or shown, _SUFFIXES)}")


def _by_content(path: Path) -> str | None:
    from gyeol.data.tables.dialect import open_rows

    with path.open("rb") as stream:
        if stream.read(4) == b"PAR1":
            return ".parquet"
    try:
        table = open_rows(path, "")
        first = table.sample[0][1][0].lstrip() if table.sample else ""
        if first[:1] in ("{", "[") and not isinstance(next(json_rows(path), None), BadRow):
            return ".json"
    except (DataError, StopIteration):
        return None
    return ".txt" if not table.plain or table.tagged else None


def _reported(
    path: Path, results: Iterable[Example | BadRow], on_bad_row: Callable[[BadRow], None] | None, unit: str
) -> Iterator[Example]:
    for result in results:
        if isinstance(result, Example):
            yield result
        elif on_bad_row is None:
            raise DataError(f"{path}, {unit} {result.line}: {result.reason}; {REMEDIES[result.kind]}")
        else:
            on_bad_row(result)
