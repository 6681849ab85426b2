"""A stream of answers, a chunk at a time: as a table, CSV, JSON lines, one JSON object, or plain lines.

For every task:

- **A row that cannot be answered** keeps its place with an empty answer, and is counted and reported at the end;
  ``--skip-bad-rows`` leaves it out, ``--strict`` stops there with exit status 2.
- **The other columns of a file** are copied under their own names, between the answer and the text. A column with the
  name of a part of the answer (``label``, ``line``) is written as ``file_label``.
- **Lines** are numbered as in the file or the pipe.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from gyeol.cli.answers.output import error_object, note, one_line
from gyeol.cli.answers.rows import Item, reason_of
from gyeol.errors import DataError, GyeolError, ParameterError, closest

__all__ = ["FORMATS", "Answers", "Handling", "Layout", "answer", "class_layout", "format_of", "formatted", "separated"]

#: Formats of answers by the ending of the file.
FORMATS = {".tsv": "tsv", ".txt": "tsv", ".csv": "csv", ".jsonl": "lines", ".ndjson": "lines", ".json": "object"}

_REPORTED = 5  # rows without an answer whose lines are named


def format_of(out: Path, *, plain: bool = False) -> str:
    """Return the format of answers in a file, by its ending.

    A name without an ending gets a table; where ``plain`` is set, that and ``.txt`` get the answers alone.

    Raises
    ------
    ParameterError
        For the ending of another format.
    """
    ending = out.suffix.lower()
    if plain and (ending == ".txt" or ending not in FORMATS):
        return "plain"
    if ending and ending not in FORMATS:
        raise ParameterError(f"--out {out}: unknown file type {ending!r}{closest(ending, FORMATS)}")
    return FORMATS.get(ending, "tsv")


@dataclass(frozen=True, slots=True)
class Layout:
    """How a task's answers are laid out.

    Parameters
    ----------
    names : tuple of str
        The columns of a table that hold the answer.
    cells : callable
        The cells of these columns.
    to_object : callable
        The answer as JSON values by name.
    empty : mapping
        What stands in the object of a row without an answer.
    shown : str
        The name under which the row itself is shown, last; empty where it is not.
    numbered : bool
        Whether a table begins with the number of the line.
    plain : callable, optional
        The answer alone, as lines of text; given None for a row without an answer.
    """

    names: tuple[str, ...]
    cells: Callable[[Any], list[str]]
    to_object: Callable[[Any], dict[str, Any]]
    empty: Mapping[str, Any]
    shown: str = "text"
    numbered: bool = True
    plain: Callable[[Any, Item], str] | None = None

    def own_names(self, columns: Iterable[str]) -> dict[str, str]:
        """Rename columns of the file whose name is that of a part of the answer.

        Examples
        --------
        >>> Layout(("label",), lambda _: [], dict, {"label": None}).own_names(["id", "label"])
        {'id': 'id', 'label': 'file_label'}
        """
        return _own_names(frozenset(("line", "error", *self.names, *self.empty, self.shown)), tuple(columns))


@lru_cache(maxsize=256)
def _own_names(taken: frozenset[str], columns: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    used = {*taken, *(column for column in columns if column not in taken)}
    for column in columns:
        name = column
        while name in taken or (name != column and name in used):
            name = f"file_{name}"
        used.add(name)
        found[column] = name
    return found


def answer(classes: Sequence[Any], row: Any, top: int | None) -> dict[str, Any]:
    """Return the best class of a row of probabilities, and the ``top`` best or all classes, best first."""
    order = (-row).argsort(kind="stable")
    names = [str(c) for c in classes]
    shown = order[:top] if top else order
    return {
        "label": names[order[0]],
        "probability": float(row[order[0]]),
        "probabilities": {names[i]: float(row[i]) for i in shown},
    }


def class_layout(classes: Sequence[Any], top: int | None, *, shown: str = "text") -> Layout:
    """Lay out what `answer` returns: the best class with its probability, then the next, ``top`` of them."""
    count = min(top or 1, len(classes))
    more = [name for n in range(2, count + 1) for name in (f"label_{n}", f"probability_{n}")]

    def cells(one: dict[str, Any]) -> list[str]:
        best = list(one["probabilities"].items())[:count]
        return [field for label, p in best for field in (one_line(label), f"{p:.4f}")]

    empty: dict[str, Any] = {"label": None, "probability": None, "probabilities": {}}
    return Layout(("label", "probability", *more), cells, lambda one: one, empty, shown)


@dataclass(frozen=True, slots=True)
class Handling:
    """What happens to rows that cannot be answered; by default each keeps its place, empty.

    Parameters
    ----------
    strict, skip : bool
        Stop at such a row; leave it out.
    live : bool
        Whether the rows come from a pipe: bad ones are reported at once, and a pipe that starts with bad rows is no
        error.
    alone : bool
        Whether this is the only row, so that its error is that of the command.
    """

    strict: bool = False
    skip: bool = False
    live: bool = False
    alone: bool = False


@dataclass(slots=True)
class Answers:
    """Rows of a file or a pipe, answered chunk by chunk; iterate once, then read ``count``, ``bad`` and `left_out`.

    Parameters
    ----------
    chunks : iterable of lists of Item
        The rows.
    find : callable
        Answers a list of values, in their order.
    layout : Layout
        How answers are written.
    name : str
        The file or pipe, for messages.
    handling : Handling
        What happens to rows that cannot be answered.
    remarks : callable, optional
        Returns notes to print at the end: on shortened texts, for instance.
    """

    chunks: Iterable[list[Item]]
    find: Callable[[list[Any]], Iterable[Any]]
    layout: Layout
    name: str
    handling: Handling = Handling()
    remarks: Callable[[], str] | None = None
    count: int = 0
    bad: int = 0
    first: list[Item] = field(default_factory=list)

    def __iter__(self) -> Iterator[list[tuple[Item, Any]]]:
        for chunk in self.chunks:
            values = [item.value for item in chunk if not item.reason]
            found = iter(self._found(values))
            pairs: list[tuple[Item, Any]] = []
            for item in chunk:
                one = None if item.reason else next(found)
                if isinstance(one, DataError):
                    item = Item(item.line, text=item.text, others=item.others, reason=reason_of(one), kind="value")
                    one = None
                if item.reason:
                    self._note_bad(item)
                    if self.handling.skip:
                        continue
                else:
                    self.count += 1
                pairs.append((item, one))
            if self.bad and not self.count and not self.handling.live:
                raise DataError(
                    f"{self._place(self.first[0])}: {self.first[0].reason}; no row could be answered so far"
                )
            if pairs:  # none, where all rows of a chunk are left out: more may come
                yield pairs

    def _found(self, values: list[Any]) -> list[Any]:
        """Answer values together; where that fails, a value that cannot be answered is replaced by its error."""
        if not values:
            return []
        try:
            return list(self.find(values))
        except DataError as error:
            if self.handling.alone:
                raise
            if len(values) == 1:
                return [error]
        half = len(values) // 2
        return self._found(values[:half]) + self._found(values[half:])

    def _place(self, item: Item) -> str:
        return f"{self.name}, line {item.line}" if item.line else f"{item.text or self.name:.200}"

    def _note_bad(self, item: Item) -> None:
        self.bad += 1
        if self.handling.strict:
            raise DataError(f"{self._place(item)}: {item.reason}; without --strict such a row gets an empty answer")
        if len(self.first) < _REPORTED:
            self.first.append(item)
            if self.handling.live and item.kind != "empty":
                note(f"{self._place(item)}: {item.reason}")

    def left_out(self) -> str:
        """Return a line on the rows without an answer, or nothing."""
        if not self.bad:
            return ""
        what = "skipped" if self.handling.skip else "without an answer"
        if not self.first[0].line:
            return f"{self.bad:,} {what}, {self.first[0].text:.200}: {self.first[0].reason}"
        lines = ", ".join(str(row.line) for row in self.first) + (", ..." if self.bad > len(self.first) else "")
        return f"{self.name}: {self.bad:,} row(s) {what}, line {lines}: {self.first[0].reason}"

    def summary(self) -> dict[str, int]:
        """Count the rows with an answer, and those without."""
        return {"count": self.count, "without_answer": self.bad}


def formatted(answers: Answers, form: str, about: dict[str, Any], rows: str = "predictions") -> Iterator[str]:
    """Format answers as ``"tsv"``, ``"csv"``, ``"lines"`` (of JSON), ``"object"`` or ``"plain"``; one piece per chunk.

    Nothing is written before the first chunk is answered, so that a file that cannot be read leaves no partial output.
    One object stays valid JSON when a later row raises an error: it then ends with ``error``. Its list of answers is
    named ``rows``.
    """
    chunks = iter(answers)
    ahead = next(chunks, [])
    columns = list(dict.fromkeys(name for item, _ in ahead for name, _ in item.others))
    if form == "object":
        yield from _object(answers, ahead, chunks, about, rows)
    else:
        if form in ("tsv", "csv"):
            yield separated([_header(answers.layout, columns)], form)
        while ahead:
            yield "".join(_piece(answers.layout, ahead, form, columns))
            ahead = next(chunks, [])
    note(answers.left_out())
    note(answers.remarks() if answers.remarks is not None else "")


def _object(
    answers: Answers,
    ahead: list[tuple[Item, Any]],
    chunks: Iterator[list[tuple[Item, Any]]],
    about: dict[str, Any],
    name: str,
) -> Iterator[str]:
    yield json.dumps(about, ensure_ascii=False)[:-1] + f', "{name}": ['
    separator = "\n"
    try:
        while ahead:
            rows = [_dumped(answers.layout, *pair) for pair in ahead]
            if rows:
                yield separator + ",\n".join(rows)
                separator = ",\n"
            ahead = next(chunks, [])
    except (Exception, KeyboardInterrupt) as error:
        message, status = (str(error), 2 if isinstance(error, GyeolError) else 1)
        if isinstance(error, KeyboardInterrupt):
            message, status = "interrupted", 130
        yield _end({**answers.summary(), "error": error_object(error, message, status)})
        raise
    yield _end(answers.summary())


def _end(more: Mapping[str, Any]) -> str:
    return "\n], " + json.dumps(more, ensure_ascii=False)[1:] + "\n"


def _dumped(layout: Layout, item: Item, one: Any) -> str:
    value: dict[str, Any] = {"line": item.line} if item.line else {}
    value |= {**layout.empty, "error": item.reason} if item.reason else layout.to_object(one)
    if item.others:
        names = layout.own_names(name for name, _ in item.others)
        value |= {names[name]: other for name, other in item.others}
    if layout.shown:
        value[layout.shown] = item.text
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _piece(layout: Layout, pairs: list[tuple[Item, Any]], form: str, columns: list[str]) -> Iterator[str]:
    if form == "plain" and layout.plain is not None:
        yield from (layout.plain(one, item) for item, one in pairs)
    elif form == "lines":
        yield from (_dumped(layout, *pair) + "\n" for pair in pairs)
    else:
        yield separated([_cells(layout, *pair, columns) for pair in pairs], form)


def _header(layout: Layout, columns: list[str]) -> list[str]:
    first = ["line"] if layout.numbered else []
    return [*first, *layout.names, *layout.own_names(columns).values(), *([layout.shown] if layout.shown else [])]


def _cells(layout: Layout, item: Item, one: Any, columns: list[str]) -> list[str]:
    found = [""] * len(layout.names) if item.reason else layout.cells(one)
    found += [""] * (len(layout.names) - len(found))
    known = dict(item.others)
    others = [known.get(name, "") for name in columns]
    first = [str(item.line)] if layout.numbered else []
    return [*first, *found, *others, *([item.text] if layout.shown else [])]


def separated(rows: list[list[str]], form: str) -> str:
    """Format rows as lines of ``"tsv"`` or ``"csv"``."""
    if form == "tsv":
        return "".join("\t".join(one_line(" ".join(cell.split())) for cell in row) + "\n" for row in rows)
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return stream.getvalue()
