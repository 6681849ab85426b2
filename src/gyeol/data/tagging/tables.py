"""Tagged sentences out of JSON, parquet, CSV and FASTA files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

from gyeol.data.paths import check_file
from gyeol.data.tables.dialect import open_rows
from gyeol.data.tables.label_text import list_in
from gyeol.data.tables.objects import collected, json_rows, scan_parquet
from gyeol.data.tables.rows import BadRow
from gyeol.data.tagging.layout import TAG_NAMES, TOKEN_NAMES, Row, Rows, text_rows
from gyeol.data.tagging.names import names_in
from gyeol.data.tagging.rows import Sentence, Token, read_rows
from gyeol.data.tagging.schemes import find_scheme
from gyeol.data.text.example import REMEDIES
from gyeol.data.text.example_files import read_examples
from gyeol.data.text.fasta import read_fasta
from gyeol.errors import DataError, closest

__all__ = ["parquet_names", "read_objects", "read_parquet", "read_sequences", "read_table", "sentence_a_row"]

_SLICE = 5_000  # rows of a parquet file held at a time
_SAMPLE = 200
_CONLLU = 10  # columns
_OBJECT = 'one object per line was expected, such as {"tokens": ["a"], "tags": ["O"]}'


def read_objects(
    path: Path, input: str | None, target: str | None, beside: Sequence[tuple[str, str]], need_tags: bool
) -> Iterator[Sentence]:
    """Read JSON lines, or one JSON list of objects: keys hold lists of tokens and tags, or texts.

    Raises
    ------
    DataError
        For a line that is no such object.
    """
    for row in json_rows(path):
        if isinstance(row, BadRow):
            raise DataError(f"{path}, line {row.line}: {row.reason}; {_OBJECT}")
        yield _from_object(row[1], f"{path}, line {row[0]}", row[0], input, target, beside, need_tags)


def read_parquet(
    path: Path, input: str | None, target: str | None, beside: Sequence[tuple[str, str]], need_tags: bool
) -> Iterator[Sentence]:
    """Read a parquet file whose columns hold lists: a row a sentence.

    Raises
    ------
    DataError
        For a file or a row that cannot be used.
    """
    frame, _, count = scan_parquet(path)
    for start in range(0, count, _SLICE):
        for number, row in enumerate(collected(path, frame.slice(start, _SLICE)).iter_rows(named=True), start + 1):
            yield _from_object(row, f"{path}, row {number}", number, input, target, beside, need_tags)


def parquet_names(path: Path, column: str | None) -> list[str] | None:
    """Find the names of numbered tags that Hugging Face's data sets write into a parquet file, if there are any."""
    import polars as pl

    try:
        described = json.loads(pl.read_parquet_metadata(path).get("huggingface", ""))
    except (ValueError, RecursionError, OSError, pl.exceptions.PolarsError):
        return None
    return names_in(described, column or "ner_tags")


def _from_object(
    row: Mapping[str, Any], where: str, number: int, input: str | None, target: str | None,
    beside: Sequence[tuple[str, str]], need_tags: bool,
) -> Sentence:  # fmt: skip
    words = _values(row, input, TOKEN_NAMES, "--input", where)
    others = [_values(row, column, (), option, where) for column, option in beside]
    tags = _values(row, target, TAG_NAMES, "--target", where) if need_tags else []
    for name, some in [("tags", tags)] * need_tags + [(n, o) for (n, _), o in zip(beside, others, strict=True)]:
        if len(some) != len(words):
            raise DataError(f"{where}: {len(words)} tokens and {len(some)} {name}; there must be one for each")
    tokens: list[Token] = list(zip(words, *others, strict=True)) if others else list(words)
    return Sentence(tokens, tags, number)


def _values(row: Mapping[str, Any], key: str | None, usual: Sequence[str], option: str, where: str) -> list[str]:
    key = key if key is not None else next((name for name in usual if name in row), usual[0] if usual else "")
    if key not in row:
        raise DataError(f"{where}: there is no {key!r}{closest(key, list(row))}; name the key with {option}")
    values = row[key]
    if isinstance(values, str):
        values = cut(values) if (listed := list_in(values)) is None else listed
    if option != "--input" and isinstance(values, list):
        values = [str(value) if type(value) is int else value for value in values]
    if not isinstance(values, list) or not all(isinstance(value, str) and value.strip() for value in values):
        raise DataError(f"{where}: {key!r} is {values!r:.60}; a list of texts was expected")
    return values


def cut(text: str) -> list[str]:
    """Cut at white space; where there is none, into letters: proteins, DNA."""
    return text.split() if _spaced(text) else list(text.strip())


def _spaced(text: str) -> bool:
    return any(c.isspace() for c in text.strip())


def read_sequences(
    path: Path, input: str | None, target: str | None, beside: Sequence[tuple[str, str]], need_tags: bool
) -> Iterator[Sentence]:
    """Read letters from one FASTA file and their tags from another, record by record.

    Raises
    ------
    DataError
        Where the two do not have the same records, or not a tag to each letter.
    """
    if input is not None or beside:
        raise DataError(f"{path} is a FASTA file, which has no columns: leave --input, --beside and --within out")
    if need_tags and target is None:
        raise DataError(f"{path} is a FASTA file: name that of the tags, letter for letter, with --target FILE")
    tags = read_fasta(check_file(Path(target))) if need_tags and target is not None else None
    for record in read_fasta(path):
        if tags is None:
            yield Sentence(list(record.letters), [], record.line, record.name)
            continue
        if (other := next(tags, None)) is None:
            where = f"{path}, line {record.line}"
            raise DataError(f"{where}: {record.name!r:.40} has no tags: {target} ends before it")
        if (other.name, len(other.letters)) != (record.name, len(record.letters)):
            raise DataError(
                f"{path}, line {record.line}: {record.name!r:.40} has {len(record.letters)} letters, and "
                f"{target}, line {other.line}, has {len(other.letters)} tags for {other.name!r:.40}; there must be "
                "one for each"
            )
        yield Sentence(list(record.letters), list(other.letters), record.line, record.name)
    if tags is not None and (more := next(tags, None)) is not None:
        raise DataError(f"{target}, line {more.line}: tags of {more.name!r:.40}, which {path} has not")


def read_table(
    path: Path, input: str | None, target: str | None, beside: Sequence[tuple[str, str]], need_tags: bool,
    notes: list[str],
) -> Iterator[Sentence]:  # fmt: skip
    """Read a CSV file: a sentence a row, whose tokens and tags may be lists, or a token a row.

    Columns under this name that are apart by tabs or blanks, CoNLL-U among them, are read as in any other file.

    Raises
    ------
    DataError
        For a row that cannot be used.
    """
    if (token_rows := _token_rows(path)) is not None:
        yield from read_rows(
            path, token_rows, conllu=False, input=input, target=target, beside=beside, need_tags=need_tags, notes=notes
        )
        return
    if beside:
        raise DataError(f"{path} is a table of whole sentences: {beside[0][1]} is for files with one token per line")
    named = _header(path) if input is None and target is None else None
    if named is not None:
        input, target = named
    rows = read_examples(
        path, input=input, target=target if need_tags else None, need_target=need_tags, target_text=True,
        header=True if named is not None else None,
    )  # fmt: skip
    sample = list(islice(rows, _SAMPLE))
    words = any(_spaced(row.input) for row in sample)  # a sentence of one word is no sequence of letters
    listed = bool(sample) and all(_listed(row.input, row.target if need_tags else None) for row in sample)
    for row in chain(sample, rows):
        if listed and not _listed(row.input, row.target if need_tags else None):
            raise DataError(
                f"{path}, line {row.line}: {row.input!r:.60} is not a list; lists were expected, as in other rows"
            )
        tokens: list[Token] = _parts(row.input, listed, words)
        tags = _parts(row.target or "", listed, words)
        if len(tags) != len(tokens) and need_tags:
            raise DataError(
                f"{path}, line {row.line}: {len(tokens)} tokens and {len(tags)} tags; there must be one for each"
            )
        yield Sentence(tokens, tags if need_tags else [], row.line)


def _listed(*cells: str | None) -> bool:
    return all(list_in(cell) is not None for cell in cells if cell is not None)


def _parts(cell: str, listed: bool, words: bool) -> list[Any]:
    """Take a cell apart: a list, or at white space, or where no text has any, into letters."""
    if listed:
        return [str(part) for part in list_in(cell) or []]
    return cell.split() if words else cut(cell)


def _rows(path: Path) -> Iterator[Row]:
    for row in open_rows(path).rows:
        if isinstance(row, BadRow):
            raise DataError(f"{path}, line {row.line}: {row.reason}; {REMEDIES[row.kind]}")
        cells = [cell.strip(" \t\r") for cell in row[1]]
        yield row[0], cells if any(cells) else None


def _header(path: Path) -> tuple[str, str] | None:
    """Name the columns of tokens and tags where the first row calls them so."""
    cells = next((cells for _, cells in _rows(path) if cells), [])
    names = [cell.casefold() for cell in cells]
    at = next((names.index(name) for name in TOKEN_NAMES if name in names), None)
    to = next((names.index(name) for name in TAG_NAMES if name in names), None)
    return None if at is None or to is None else (cells[at], cells[to])


def _pairs(path: Path) -> list[tuple[str, str]]:
    """Take tokens and tags out of the first rows of a table whose columns are called so; empty where they are not."""
    if (named := _header(path)) is None:
        return []
    sample = [cells for _, cells in islice(_rows(path), _SAMPLE) if cells]
    at, to = (sample[0].index(name) for name in named)
    return [(row[at], row[to]) for row in sample[1:] if len(row) > max(at, to)]


def _token_rows(path: Path) -> Rows | None:
    """Give the rows of a table that has a token in each; None of one that has a sentence in each."""
    if _token_a_row(path):
        return partial(_rows, path)
    for rows in (text_rows(path), partial(_rows, path)):
        sample = list(islice(rows(), _SAMPLE))
        filled = [cells for _, cells in sample if cells and cells[0][:1] != "#"]
        if not filled or len(filled[0]) < 2 or any(len(cells) != len(filled[0]) for cells in filled):
            continue
        if any(_spaced(cell) for cells in filled for cell in (cells[0], cells[-1])):
            continue
        numbered = len(filled[0]) == _CONLLU and all(cells[0][:1].isdecimal() for cells in filled)
        parted = sum(cells is None for _, cells in sample[:-1])
        if numbered or (parted and len(filled) > 2 * parted) or find_scheme([[cells[-1] for cells in filled]]):
            return rows
    return None


def _token_a_row(path: Path) -> bool:
    """Whether a table has a token in each row: a column is called so, and its cells are single words."""
    pairs = _pairs(path)
    whole = all(len(cut(text)) == len(cut(tags)) for text, tags in pairs)  # a sentence and its tags
    words = sum(not _spaced(text) for text, _ in pairs)
    listed = any(list_in(text) is not None for text, _ in pairs)
    return bool(pairs) and not whole and not listed and words >= 0.95 * len(pairs)


def sentence_a_row(path: Path) -> bool:
    """Whether the rows of a table are sentences, and their tags as many words."""
    pairs = _pairs(path)
    return any(_spaced(text) for text, _ in pairs) and all(len(a.split()) == len(b.split()) for a, b in pairs)
