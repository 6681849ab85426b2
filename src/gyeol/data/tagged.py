"""Sentences whose tokens have tags: CoNLL (columns, blank lines between sentences), CoNLL-U, JSON lines, FASTA."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from gyeol.data.fasta import is_fasta, read_fasta
from gyeol.data.files import read_examples
from gyeol.data.lines import check_file, open_text
from gyeol.errors import DataError, closest

__all__ = ["Tagged", "places_in_words", "read_tagged"]

Token = str | tuple[str, ...]
Columns = Sequence[tuple[str, str]]  # columns that stand beside the tokens, and the options that name them

_CONLLU = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
_KEYS = (("tokens", "words", "input"), ("tags", "labels", "target", "ner_tags", "upos"))
_WHOLE = re.compile(r"[0-9]+")
_NO_TOKEN = re.compile(r"[0-9]+[-.][0-9]+")  # of CoNLL-U: a token of several words, one that is not written
_LONGEST = 100_000  # tokens of a sentence
_COMMENTS = ("#", ";", "$")


@dataclass(slots=True)
class Tagged:
    """Sentences: the ``tokens`` of each, their ``tags`` (empty where there are none), the ``lines`` they begin in.

    A token is a text, or where other columns stand beside it, a tuple of texts.
    """

    path: Path
    tokens: list[list[Token]] = field(default_factory=list)
    tags: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)

    def about(self) -> dict[str, str]:
        """What a model card says of the file."""
        from gyeol.data.files import fingerprint

        return {"data": self.path.name, "sha256": fingerprint(self.path)}


def read_tagged(
    path: str | Path,
    *,
    input: str | None = None,
    target: str | None = None,
    beside: Sequence[str] = (),
    within: str | None = None,
    need_tags: bool = True,
) -> Tagged:
    """Read a file of tagged sentences.

    Parameters
    ----------
    path : path
        ``.conllu``, ``.jsonl``, or anything else: columns apart by tabs or white space, blank lines between sentences.
        Of a ``.csv`` a row is a sentence, cut at white space or, where there is none, into letters. The tags of a FASTA
        file are in another, named by ``target``.
        Lines before a sentence that begin with ``#``, ``;`` or ``$`` and have not its columns are comments, and so is
        ``-DOCSTART-``.
    input, target : str, optional
        The column of the tokens and that of the tags: a number from 1, a name of CoNLL-U (``form``, ``upos``), or a key
        of the JSON objects. The first column that is no number and the last one by default.
    beside : sequence of str
        Columns that stand beside each token, a part of speech for instance.
    within : str, optional
        The column that says which word a token is a part of, where tokens are morphemes or pieces: neighbours of which
        it says the same are of one word. What `places_in_words` makes of it stands beside each token, as the last.
    need_tags : bool
        Whether there must be tags.

    Raises
    ------
    DataError
        For a file that cannot be used; names file and line.
    """
    path = check_file(path)
    name = path.name.removesuffix(".gz")
    found = Tagged(path)
    more = [(column, "--beside") for column in beside] + ([(within, "--within")] if within is not None else [])
    if is_fasta(path):
        _read_sequences(found, input, target, more, need_tags)
    elif name.endswith(".csv"):
        _read_table(found, input, target, more, need_tags)
    elif name.endswith((".jsonl", ".ndjson")):
        _read_objects(found, input, target, more, need_tags)
    else:
        _read_columns(found, name.endswith((".conllu", ".conll-u")), input, target, more, need_tags)
    if within is not None:
        for tokens in found.tokens:
            places = places_in_words([token[-1] for token in tokens])
            tokens[:] = [(*token[:-1], place) for token, place in zip(tokens, places, strict=True)]
    if not found.tokens:
        raise DataError(f"{path} holds no sentence: expected a token a line and a blank line after each sentence")
    return found


def places_in_words(words: Sequence[str]) -> list[str]:
    """Say where in its word each token stands: ``alone``, or at its ``begin`` or ``end``, or ``inside``.

    Parameters
    ----------
    words : sequence of str
        What names the word that a token is a part of; neighbours of the same name are of one word.

    Examples
    --------
    >>> places_in_words(["1", "1", "1", "2", "3", "3"])
    ['begin', 'inside', 'end', 'alone', 'begin', 'end']
    """
    places = []
    for _, parts in groupby(words):
        count = sum(1 for _ in parts)
        places += ["alone"] if count == 1 else ["begin", *["inside"] * (count - 2), "end"]
    return places


def _read_columns(
    found: Tagged, conllu: bool, input: str | None, target: str | None, beside: Columns, need_tags: bool
) -> None:
    take: Callable[[list[str], int], tuple[Token, str]] | None = None
    width = 0
    for start, rows in _blocks(found.path, conllu):
        tokens, tags = [], []
        for line, cells in rows:
            if conllu and _NO_TOKEN.fullmatch(cells[0]):
                continue
            if take is None:
                width, take = len(cells), _chosen(found.path, rows, conllu, input, target, beside, need_tags)
            if len(cells) != width:
                raise DataError(
                    f"{found.path}, line {line}: {len(cells)} columns, and {width} in the lines before; mend the row"
                )
            token, tag = take(cells, line)
            tokens.append(token)
            tags.append(tag)
        _add(found, tokens, tags if need_tags else [], start)


def _blocks(path: Path, conllu: bool) -> Iterator[tuple[int, list[tuple[int, list[str]]]]]:
    """Yield each sentence's first line, and its lines' numbers and columns."""
    rows: list[tuple[int, list[str]]] = []
    tabs: bool | None = None
    for number, line in open_text(path):
        if not line.strip() or line.startswith("-DOCSTART-"):
            if rows := _without_comments(rows, conllu):
                yield rows[0][0], rows
            rows = []
            continue
        if tabs is None and line[0] not in _COMMENTS:
            tabs = "\t" in line
        apart = line.split("\t") if tabs or (tabs is None and "\t" in line) else line.split()
        rows.append((number, [cell.strip() for cell in apart]))
        if len(rows) > _LONGEST:
            raise DataError(
                f"{path}, line {number}: a sentence of more than {_LONGEST:,} tokens; are blank lines missing?"
            )
    if rows := _without_comments(rows, conllu):
        yield rows[0][0], rows


def _without_comments(rows: list[tuple[int, list[str]]], conllu: bool) -> list[tuple[int, list[str]]]:
    """Drop the lines before a sentence that look like comments and have not the columns of its last line."""
    width = len(rows[-1][1]) if rows else 0
    for place, (_, cells) in enumerate(rows):
        if cells[0][:1] not in _COMMENTS or not cells[0] or (len(cells) == width > 1 and not conllu):
            return rows[place:]
    return []


def _chosen(
    path: Path, rows: list[tuple[int, list[str]]], conllu: bool, input: str | None, target: str | None,
    beside: Columns, need_tags: bool,
) -> Callable[[list[str], int], tuple[Token, str]]:  # fmt: skip
    """Find the columns, and how to take a token and its tag out of a row."""
    line, first = rows[0]
    count = len(first)
    named = dict(zip(_CONLLU, range(count), strict=False)) if conllu else {}

    def place(column: str, option: str) -> int:
        if column.lower() in named:
            return named[column.lower()]
        if _WHOLE.fullmatch(column) and 1 <= int(column) <= count:
            return int(column) - 1
        names = [*named, *map(str, range(1, count + 1))]
        raise DataError(
            f"{path}, line {line}: {option} {column!r} is no column{closest(column, names)}; there are {count}"
        )

    numbered = all(_WHOLE.fullmatch(cells[0]) for _, cells in rows) and count > 1
    at = place(input, "--input") if input is not None else named.get("form", 1 if numbered else 0)
    to = place(target, "--target") if target is not None else named.get("upos", count - 1)
    more = [place(column, option) for column, option in beside]
    if need_tags and (count < 2 or at == to):
        raise DataError(f"{path}, line {line}: one column, {first[at]!r:.60}; a token and its tag were expected")

    def take(cells: list[str], number: int) -> tuple[Token, str]:
        for cell, what in ((cells[at], "token"), *(((cells[to], "tag"),) if need_tags else ())):
            if not cell or (what == "tag" and cell == "_" and conllu):
                raise DataError(f"{path}, line {number}: the {what} is missing; mend the row")
        token: Token = (cells[at], *(cells[n] for n in more)) if more else cells[at]
        return token, cells[to]

    return take


def _read_objects(found: Tagged, input: str | None, target: str | None, beside: Columns, need_tags: bool) -> None:
    for number, line in open_text(found.path):
        if not line.strip():
            continue
        where = f"{found.path}, line {number}"
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raise DataError(f'{where}: one object a line was expected, such as {{"tokens": ["a"], "tags": ["O"]}}')
        tokens = _list_of(row, input, _KEYS[0], "--input", where)
        others = [_list_of(row, column, (), option, where) for column, option in beside]
        tags = _list_of(row, target, _KEYS[1], "--target", where) if need_tags else []
        for name, some in [("tags", tags)] * need_tags + [(n, o) for (n, _), o in zip(beside, others, strict=True)]:
            if len(some) != len(tokens):
                raise DataError(f"{where}: {len(tokens)} tokens and {len(some)} {name}; there must be one to each")
        joined: list[Token] = list(zip(tokens, *others, strict=True)) if others else list(tokens)
        _add(found, joined, tags, number)


def _read_sequences(found: Tagged, input: str | None, target: str | None, beside: Columns, need_tags: bool) -> None:
    """Read letters from one FASTA file and their tags from another, record by record."""
    if input is not None or beside:
        raise DataError(f"{found.path} is a FASTA file, which has no columns: leave --input, --beside and --within out")
    if need_tags and target is None:
        raise DataError(f"{found.path} is a FASTA file: name that of the tags, letter for letter, with --target FILE")
    records = read_fasta(found.path)
    tags = read_fasta(check_file(Path(target))) if need_tags and target is not None else None
    for record in records:
        if tags is None:
            _add(found, list(record.letters), [], record.line)
            continue
        if (other := next(tags, None)) is None:
            where = f"{found.path}, line {record.line}"
            raise DataError(f"{where}: {record.name!r:.40} has no tags: {target} ends before it")
        if (other.name, len(other.letters)) != (record.name, len(record.letters)):
            raise DataError(
                f"{found.path}, line {record.line}: {record.name!r:.40} has {len(record.letters)} letters, and in "
                f"{target}, line {other.line}, stand {len(other.letters)} tags for {other.name!r:.40}; one to each"
            )
        _add(found, list(record.letters), list(other.letters), record.line)
    if tags is not None and (more := next(tags, None)) is not None:
        raise DataError(f"{target}, line {more.line}: tags of {more.name!r:.40}, which {found.path} has not")


def _read_table(found: Tagged, input: str | None, target: str | None, beside: Columns, need_tags: bool) -> None:
    if beside:
        raise DataError(f"{found.path} is a table of whole sentences: {beside[0][1]} is for files with a token a line")
    for row in read_examples(found.path, input=input, target=target, need_target=need_tags, target_text=True):
        tokens, tags = _cut(row.input), _cut(row.target or "") if need_tags else []
        if need_tags and len(tags) != len(tokens):
            raise DataError(
                f"{found.path}, line {row.line}: {len(tokens)} tokens and {len(tags)} tags; there must be one to each"
            )
        _add(found, tokens, tags, row.line)


def _cut(text: str) -> list[Any]:
    """Cut at white space; where there is none, into letters."""
    return text.split() if any(c.isspace() for c in text.strip()) else list(text.strip())


def _list_of(row: dict[str, Any], key: str | None, usual: Sequence[str], option: str, where: str) -> list[str]:
    key = key if key is not None else next((name for name in usual if name in row), usual[0] if usual else "")
    if key not in row:
        raise DataError(f"{where}: there is no {key!r}{closest(key, list(row))}; name the key with {option}")
    values = row[key]
    if isinstance(values, str):  # letter by letter: proteins, DNA
        values = list(values)
    if option == "--within" and isinstance(values, list):
        values = [str(value) if type(value) is int else value for value in values]
    if not isinstance(values, list) or not all(isinstance(value, str) and value.strip() for value in values):
        raise DataError(f"{where}: {key!r} is {values!r:.60}; a list of texts was expected")
    return values


def _add(found: Tagged, tokens: list[Token], tags: list[str], line: int) -> None:
    if not tokens:
        return
    if len(tokens) > _LONGEST:
        raise DataError(f"{found.path}, line {line}: a sentence of more than {_LONGEST:,} tokens; cut it")
    found.tokens.append(tokens)
    found.tags.append(tags)
    found.lines.append(line)
