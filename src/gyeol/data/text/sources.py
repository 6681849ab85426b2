"""What DATA refers to: a file, a named public set, or a built-in set."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from gyeol.data.catalogue.lookup import CATALOG, resolve_file
from gyeol.data.fingerprint import fingerprint, fingerprint_all
from gyeol.data.paths import find_path
from gyeol.data.tables.columns import Columns, same_name
from gyeol.data.tables.rows import BadRow
from gyeol.data.text.class_folders import class_folders, folder_examples, folder_of_role
from gyeol.data.text.example import Example, Unlabelled
from gyeol.data.text.example_files import read_examples
from gyeol.data.text.fasta import class_files, read_fasta
from gyeol.data.text.trained_columns import about_columns
from gyeol.errors import DataError, closest

__all__ = [
    "BUILT_IN",
    "BUILT_IN_PAIRS",
    "BUILT_IN_SERIES",
    "Labelled",
    "Source",
    "Texts",
    "find_source",
    "has_role",
    "read_labelled",
    "read_texts",
]

_HERE = Path(__file__).parent

#: Data sets inside the package: a folder with train.tsv, valid.tsv and test.tsv.
BUILT_IN = {
    "reviews": "4,300 short Korean reviews of fifteen kinds of things, 긍정 or 부정, written for gyeol; CC0",
    "pairs-ko-en": "3,800 sentences in Korean and English, of home, travel, clinic, laboratory and software; CC0",
    "load": "120 days of an hourly load, made up: days, weeks, holidays, and habits that change without notice",
}

#: Those of them that hold pairs, and their two columns.
BUILT_IN_PAIRS = {"pairs-ko-en": ("ko", "en")}

#: Those of them that are series, made when they are asked for.
BUILT_IN_SERIES = frozenset({"load"})

# A file may hold this share of empty texts: public sets do, and a row without a text teaches nothing. More means that
# the wrong column was read.
_EMPTY_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read, the columns that matter (None: to be found), and the name under which the user knows it.

    ``header`` says whether the first row of a table names its columns; None: to be judged.
    """

    path: Path
    input: str | None
    target: str | None
    name: str
    header: bool | None = None


@dataclass(slots=True)
class Labelled:
    """A whole labelled file in memory: texts, labels and the line of each.

    ``notes`` have a line for each decision in reading it that could be doubted; ``columns`` are those of a table;
    ``further`` holds the fields of one more column, if requested.
    """

    source: Source
    texts: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    columns: Columns | None = None
    further: list[str] = field(default_factory=list)

    def keep(self, rows: list[int]) -> None:
        """Keep some of the rows, by their places."""
        if len(rows) == len(self.lines):
            return
        for name in ("texts", "labels", "lines", "further"):
            values = getattr(self, name)
            setattr(self, name, [values[row] for row in rows] if values else values)

    def about(self) -> dict[str, Any]:
        """Describe the file for a model card: its name, its hash, and which of its columns were read."""
        path = self.source.path
        files = class_files(path) if path.is_dir() else {}
        hashed = fingerprint_all(list(files.values())) if files else fingerprint(path)
        return {"data": self.source.name, "sha256": hashed, **about_columns(self.columns)}

    def left_out(self) -> str:
        """One line on the rows left out, with the first lines of each kind of fault, or nothing."""
        if not self.bad:
            return ""
        kinds: dict[str, list[BadRow]] = {}
        for row in self.bad:
            kinds.setdefault(row.kind, []).append(row)
        parts = [
            f"line {', '.join(str(row.line) for row in own[:5])}{', ...' if len(own) > 5 else ''}: {own[0].reason}"
            for own in kinds.values()
        ]
        return f"{self.source.name}: {len(self.bad)} row(s) left out, {'; '.join(parts)}"


def has_role(data: str, role: str) -> bool:
    """Whether a named set has such a part."""
    return data in BUILT_IN or (data in CATALOG and role in CATALOG[data].files)


def find_source(
    data: str,
    role: str,
    *,
    input: str | None = None,
    target: str | None = None,
    task: str | None = None,
    header: bool | None = None,
) -> Source:
    """Find the source of DATA: a path if it exists, else a name of the catalogue.

    Parameters
    ----------
    data : str
        A path or a name.
    role : str
        Which part of a named set: ``"train"``, ``"valid"`` or ``"test"``.
    input, target : str, optional
        Columns that the user named.
    task : str, optional
        The task, as the catalogue names it; a named set for another task is refused.
    header : bool, optional
        Whether the first row of a table names its columns, if the user says so.

    Raises
    ------
    DataError
        There is neither; names the closest.
    """
    try:
        path = find_path(data)
    except (OSError, ValueError):
        path = Path(data)
    named = data in BUILT_IN or data in CATALOG
    # A model or a folder may have the name of the set it came from; only a file of that name takes precedence.
    # Where a whole text was given as a name, os.path returns False, and pathlib raises.
    if os.path.isfile(path) or (not named and (os.path.exists(path) or path.suffix or "/" in data)):
        path = folder_of_role(path, role) if os.path.isdir(path) else path
        return Source(path, input, target, Path(data).name, header)
    if data in BUILT_IN:
        if _kind(data) != _wanted(task):
            fit = [name for name in BUILT_IN if _kind(name) == _wanted(task)]
            raise DataError(f"the built-in set {data!r} is not suitable here; suitable ones: {', '.join(fit)}")
        columns = BUILT_IN_PAIRS.get(data, ("text", "label"))
        path = _HERE / data.replace("-", "_") / f"{role}.tsv"
        return Source(path, input or columns[0], target or columns[1], f"{data} ({role})")
    if data in CATALOG:
        entry = CATALOG[data]
        if task is not None and entry.task != task:
            here = (name for name in BUILT_IN if _kind(name) == _wanted(task))
            fit = [*here, *(name for name, other in CATALOG.items() if other.task == task)]
            raise DataError(
                f"the data set {data!r} is for the task {entry.task!r}, not for {task!r}; suitable ones: "
                f"{', '.join(fit)}"
            )
        return Source(resolve_file(data, role), input or entry.input, target or entry.target, f"{data} ({role})")
    near = closest(data, [*BUILT_IN, *CATALOG])
    raise DataError(f"there is no file {data!r:.200}, and no data set of that name{near}. 'gyeol data list' shows them")


def _kind(name: str) -> str:
    """Return what a built-in set contains."""
    return "pairs" if name in BUILT_IN_PAIRS else "series" if name in BUILT_IN_SERIES else "texts"


def _wanted(task: str | None) -> str:
    """Return what a task reads."""
    return {"translate": "pairs", "forecast": "series"}.get(task or "", "texts")


def read_labelled(
    source: Source,
    *,
    skip_bad_rows: bool = False,
    on_row: Callable[[int], None] | None = None,
    unlabelled: str = "",
    further: str | None = None,
) -> Labelled:
    """Read a whole labelled file, or a folder of classes: FASTA files, or folders of text files.

    A few empty texts (one in a hundred) are left out and counted; every other bad row is an error unless
    ``skip_bad_rows``.

    Parameters
    ----------
    source : Source
    skip_bad_rows : bool
        Leave out bad rows of every kind.
    unlabelled : {"", "lists", "any"}
        Which rows without a label are good, with an empty one: none, those of an empty list of labels, or all.
    further : str, optional
        A third column, whose fields are kept.

    Raises
    ------
    DataError
        For a file, a column or a row that cannot be used; names file and line.
    """
    data = Labelled(source)
    names: dict[str, str] = {}  # one object a label, however many rows
    if os.path.isdir(source.path) and (classes := class_files(source.path)):
        for label, path in classes.items():
            for record in read_fasta(path):
                data.texts.append(record.letters)
                data.labels.append(label)
                data.lines.append(record.line)
        return data

    def add(example: Example) -> None:
        data.texts.append(example.input)
        data.labels.append(names.setdefault(example.target or "", example.target or ""))
        data.lines.append(example.line)
        if further is not None:
            data.further.append(_field(source, example, further))

    def note(row: BadRow) -> None:
        if isinstance(row, Unlabelled) and (unlabelled == "any" or (unlabelled and row.listed)):
            add(row.example)
            return
        if row.kind != "empty" and not skip_bad_rows:
            where = "" if row.kind == "file" else f"{source.path}, line {row.line}: "
            raise DataError(f"{where}{row.reason}; fix it, or pass --skip-bad-rows to leave such rows out")
        data.bad.append(row)

    rows: Iterator[Example] = (
        _from_folder(source, note, data.notes)
        if os.path.isdir(source.path) and class_folders(source.path)
        else read_examples(
            source.path,
            input=source.input,
            target=source.target,
            on_bad_row=note,
            header=source.header,
            on_note=data.notes.append,
            others=further is not None,
            on_columns=partial(setattr, data, "columns"),
        )
    )
    for example in rows:
        add(example)
    total = len(data.texts) + len(data.bad)
    empty = [row for row in data.bad if row.kind == "empty"]
    if empty and not skip_bad_rows and len(empty) > _EMPTY_SHARE * total:
        raise DataError(
            f"{source.path}, line {empty[0].line}: the text is empty, as in {len(empty)} of {total:,} rows; name the "
            "right column with --input, or pass --skip-bad-rows to leave such rows out"
        )
    if not data.texts:
        raise DataError(f"{source.path} holds no usable row")
    return data


def _field(source: Source, example: Example, column: str) -> str:
    """Return the field of a further column."""
    for name, cell in example.others:
        if same_name(name, column):
            return cell
    names = [name for name, _ in example.others]
    raise DataError(f"{source.path}, line {example.line}: no column {column!r:.60}{closest(column, names)}")


def _from_folder(source: Source, on_bad_row: Callable[[BadRow], None], notes: list[str]) -> Iterator[Example]:
    if source.input is not None or source.target is not None:
        raise DataError(f"{source.path} is a folder, which has no columns: leave out --input and --target")
    classes = class_folders(source.path)
    counts = ", ".join(f"{name} {len(files):,}" for name, files in list(classes.items())[:12])
    notes.append(f"{source.path}: one folder per class, one file per text: {counts}")
    for row in folder_examples(classes):
        if isinstance(row, Example):
            yield row
        else:
            on_bad_row(row)


def read_texts(
    source: Source,
    *,
    others: bool = False,
    on_note: Callable[[str], None] | None = None,
    on_columns: Callable[[Columns], None] | None = None,
) -> Iterator[Example | BadRow]:
    """Read a file's texts in order, streaming; a row that gives none comes as a `BadRow` in its place.

    Parameters
    ----------
    source : Source
        The file.
    others : bool
        Whether each brings the fields of all other columns (`Example.others`).
    on_note : callable, optional
        Called with a line for each decision that could be doubted.
    on_columns : callable, optional
        Called with the columns that are read.
    """
    if os.path.isdir(source.path) and (classes := class_folders(source.path)):
        yield from folder_examples(classes)
        return
    pending: list[BadRow] = []
    rows = read_examples(
        source.path,
        input=source.input,
        target=source.target,
        need_target=False,
        on_bad_row=pending.append,
        header=source.header,
        others=others,
        on_note=on_note,
        on_columns=on_columns,
    )
    for example in rows:
        yield from pending
        pending.clear()
        yield example
    yield from pending


class Texts:
    """The texts of a file, streaming; one that is empty stays, so that each keeps its number.

    Parameters
    ----------
    source : Source
    skip_bad_rows : bool
        Leave out rows that cannot be read, and count them in ``bad``; otherwise such a row is a `DataError`.

    Attributes
    ----------
    notes : list of str
        Decisions in reading the file that could be doubted, a line each.
    columns : Columns or None
        The columns that are read, once reading has started.
    """

    def __init__(self, source: Source, *, skip_bad_rows: bool = False) -> None:
        self.source = source
        self.skip_bad_rows = skip_bad_rows
        self.bad = 0
        self.notes: list[str] = []
        self.columns: Columns | None = None

    def __iter__(self) -> Iterator[str]:
        self.notes.clear()
        for row in read_texts(self.source, on_note=self.notes.append, on_columns=partial(setattr, self, "columns")):
            if isinstance(row, Example):
                yield row.input
            elif row.kind == "empty":
                yield ""
            elif self.skip_bad_rows:
                self.bad += 1
            else:
                where = f"{self.source.name}, line {row.line}"
                raise DataError(f"{where}: {row.reason}; fix it, or pass --skip-bad-rows to leave such rows out")

    def left_out(self) -> str:
        """One line on the rows left out, or nothing."""
        return f"{self.source.name}: {self.bad} row(s) that cannot be read left out" if self.bad else ""
