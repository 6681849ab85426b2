"""Pairs of texts: two columns of a file, two files line by line, or a named set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any

from gyeol.data.catalogue.lookup import CATALOG, resolve_file
from gyeol.data.fingerprint import fingerprint
from gyeol.data.paths import check_file
from gyeol.data.tables.columns import Columns, find_pair, same_name
from gyeol.data.tables.lines import read_lines
from gyeol.data.tables.rows import BadRow
from gyeol.data.text.example import Example
from gyeol.data.text.example_files import TEXT_FORMATS, format_of, read_examples
from gyeol.data.text.sources import Source, find_source
from gyeol.data.text.table_examples import open_checked, table_columns
from gyeol.data.text.trained_columns import TrainedColumns, about_columns
from gyeol.errors import DataError, ParameterError, closest

__all__ = ["Parallel", "languages_of", "read_parallel"]


@dataclass(slots=True)
class Parallel:
    """Pairs in memory: ``name`` and ``path`` of where they come from, the texts, and what was left out.

    ``notes`` say in a line each what was decided in reading them and could be doubted.
    """

    name: str
    path: Path
    sources: list[str] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)
    columns: Columns | None = None
    notes: list[str] = field(default_factory=list)

    def about(self) -> dict[str, Any]:
        """Describe the data for a model card: name, hash, and which columns were read."""
        return {"data": self.name, "sha256": fingerprint(self.path), **about_columns(self.columns)}

    def left_out(self) -> str:
        """One line on the pairs left out, or nothing."""
        if not self.bad:
            return ""
        return f"{self.name}: {len(self.bad)} pair(s) left out, line {self.bad[0].line}: {self.bad[0].reason}"


def languages_of(name: str) -> list[str]:
    """List the sides of a named set that has each in a file of its own; empty where it has not.

    Examples
    --------
    >>> languages_of("multi30k")
    ['de', 'en']
    """
    files = CATALOG[name].files if name in CATALOG else {}
    return sorted({role.partition(".")[2] for role in files} - {""})


def read_parallel(
    data: str,
    role: str,
    *,
    targets: str | None = None,
    input: str | None = None,
    target: str | None = None,
    skip_bad_rows: bool = False,
    header: bool | None = None,
    remembered: TrainedColumns | None = None,
) -> Parallel:
    """Read pairs.

    Parameters
    ----------
    data : str
        A file with two columns, the first of two files, or a named set.
    role : str
        Which part of a named set: ``"train"``, ``"valid"`` or ``"test"``.
    targets : str, optional
        The second of two files: its lines answer the lines of the first.
    input, target : str, optional
        Columns of the file, or languages of the named set.
    skip_bad_rows : bool
        Leave out pairs with an empty side; otherwise one is a `DataError`.
    header : bool, optional
        Whether the first row of a table names its columns, if the user says so.
    remembered : Remembered, optional
        The columns that a model was trained on, which are read where the user names none.

    Raises
    ------
    DataError
        For a file or a row that cannot be used; names file and line.
    ParameterError
        Both sides are the same.
    """
    if input is not None and input == target:
        raise ParameterError(f"--input and --target are both {input!r}: a text would be its own translation")
    found = _found(data, role, targets, input, target, header, remembered)
    for row in found.rows:
        if isinstance(row, Example):
            found.pairs.sources.append(row.input)
            found.pairs.targets.append(row.target or "")
            found.pairs.lines.append(row.line)
        elif skip_bad_rows:
            found.pairs.bad.append(row)
        else:
            raise DataError(
                f"{found.pairs.path}, line {row.line}: {row.reason}; fix it, or pass --skip-bad-rows to leave such "
                "pairs out"
            )
    if not found.pairs.sources:
        raise DataError(f"{found.pairs.name} holds no usable pair")
    return found.pairs


@dataclass(slots=True)
class _Found:
    pairs: Parallel
    rows: Iterator[Example | BadRow]


def _found(
    data: str, role: str, targets: str | None, input: str | None, target: str | None, header: bool | None,
    remembered: TrainedColumns | None,
) -> _Found:  # fmt: skip
    sides = languages_of(data) if not Path(data).is_file() else []
    if sides:
        if targets is not None:
            raise ParameterError(f"{data!r} is a named set: choose its sides with --input and --target")
        for option, side in (("--input", input), ("--target", target)):
            if side not in sides:
                came = f"{option} is missing" if side is None else f"{option} {side!r} is not a language of {data!r}"
                raise ParameterError(f"{came}{closest(str(side), sides)}; its languages are {', '.join(sides)}")
        first, second = (resolve_file(data, f"{role}.{side}") for side in (input, target))
        name = f"{data} ({role}, {input} to {target})"
        return _Found(Parallel(name, first), _side_by_side(first, second))
    if targets is not None:
        first, second = check_file(data), check_file(targets)
        return _Found(Parallel(f"{first.name} and {second.name}", first), _side_by_side(first, second))
    source = find_source(data, role, input=input, target=target, task="translate", header=header)
    pairs = Parallel(source.name, source.path)
    if remembered is not None:
        input, target, note = remembered.find(source.path, source.input, source.target, need_target=True, header=header)
        source = replace(source, input=input, target=target)
        pairs.notes.extend([note] if note else [])
    if (source.input is None or source.target is None) and format_of(check_file(source.path)) in TEXT_FORMATS:
        source = _placed(source, pairs.notes)
    return _Found(pairs, _columns(source, pairs))


def _placed(source: Source, notes: list[str]) -> Source:
    """Find the columns of a table by what they hold."""
    table = open_checked(check_file(source.path))
    if table.plain:
        raise DataError(f"{source.path} holds plain lines of text; two columns were expected, or a second file")
    first, second, note = find_pair(source.path, table.cells(), source.header)
    if source.input is None and source.target is None:
        notes.extend([note] if note else [])
        return replace(source, input=str(first + 1), target=str(second + 1))
    given, names = source.input or source.target or "", table_columns(source.path, header=source.header)
    taken = next((at for at, name in enumerate(names) if same_name(name, given)), -1)
    taken = int(given) - 1 if taken < 0 and given.isdecimal() else taken
    other = str((second if taken == first else first) + 1)
    return replace(source, input=source.input or other, target=source.target or other)


def _columns(source: Source, pairs: Parallel) -> Iterator[Example | BadRow]:
    pending: list[BadRow] = []
    rows = read_examples(
        source.path,
        input=source.input,
        target=source.target,
        on_bad_row=pending.append,
        header=source.header,
        target_text=True,
        on_note=pairs.notes.append,
        on_columns=partial(setattr, pairs, "columns"),
    )
    for example in rows:
        yield from pending
        pending.clear()
        yield example
    yield from pending


def _side_by_side(first: Path, second: Path) -> Iterator[Example | BadRow]:
    number = 0
    for number, (left, right) in enumerate(zip_longest(read_lines(first), read_lines(second)), 1):
        if left is None or right is None:
            longer, shorter = (second, first) if left is None else (first, second)
            raise DataError(
                f"{longer}, line {number}: {shorter} ends before it, with line {number - 1}; two files of pairs must "
                "have as many lines"
            )
        source, target = left[1].strip(), right[1].strip()
        if not source or not target:
            if source or target:
                yield BadRow(number, f"the {'target' if source else 'source'} is empty", "empty")
            continue  # both are: nothing is missing
        yield Example(source, target, number)
