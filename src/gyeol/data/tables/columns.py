"""Which column holds the text and which the label: names people use, a look at the first rows, or a plain question."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from gyeol.data.tables.header import (
    INPUT_NAMES,
    TARGET_NAMES,
    Header,
    find_header,
    folded,
    has_header,
    is_number,
    like_labels,
)
from gyeol.errors import DataError, closest

__all__ = [
    "INPUT_NAMES",
    "TARGET_NAMES",
    "Columns",
    "find_columns",
    "find_pair",
    "has_header",
    "is_number",
    "like_labels",
    "names_of",
    "same_name",
]

_ENOUGH_ROWS = 20  # to say that values of a column are all different
_CODE = re.compile(r"[A-Za-z]*[-_:]?\d[\w\-:]*")
_DATE = re.compile(r"\d{2,4}[-./]\s?\d{1,2}[-./]\s?\d{1,4}.*")


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a file and the two that are wanted.

    Parameters
    ----------
    names : tuple of str
        All columns; ``"1"``, ``"2"``, ... where the file has no header.
    header : bool
        Whether the first row is the header.
    input : int
        Index of the text.
    target : int or None
        Index of the label, if there is one.
    notes : tuple of str
        What was decided and could be doubted, a line each.
    """

    names: tuple[str, ...]
    header: bool
    input: int
    target: int | None
    notes: tuple[str, ...] = field(default=(), compare=False)


def find_columns(
    path: Path,
    rows: Sequence[Sequence[str]],
    *,
    names: Sequence[str] | None = None,
    input: str | None = None,
    target: str | None = None,
    need_target: bool = True,
    header: bool | None = None,
) -> Columns:
    """Find the text and the label.

    Parameters
    ----------
    path : path
        For the messages.
    rows : sequence of sequences of str
        The file's first rows, a header among them if there is one.
    names : sequence of str, optional
        The columns' names where the format carries them (JSON lines, parquet): there is no header then.
    input, target : str, optional
        Columns the user named, or their numbers from 1.
    need_target : bool
        Whether a file without labels is a mistake.
    header : bool, optional
        Whether the first row is the header, if the user says so.

    Raises
    ------
    DataError
        If a named column does not exist, or if the columns cannot be told apart: lists what there is.
    """
    found = Header(False)
    if names is None:
        found = find_header(rows, input, target) if header is None else Header(header)
    body = rows[1:] if found.there else rows
    if names is None:
        names = names_of(rows, found.there)
    search = _Search(path, list(names), body, shown=None if found.there or not rows else rows[0])
    columns = search.run(input, target, need_target=need_target, header=found.there)
    if found.doubtful:
        columns = replace(columns, notes=(_header_note(path, rows[0], found.there), *columns.notes))
    return columns


def find_pair(path: Path, rows: Sequence[Sequence[str]], header: bool | None = None) -> tuple[int, int, str]:
    """Find the two columns of pairs of texts: the first two that hold neither numbers, dates, codes nor few values.

    Returns
    -------
    source, target : int
        Their indices; the first two columns where the values tell nothing.
    note : str
        What was left out, in a line; nothing where there are two columns only.
    """
    named = find_header(rows).there if header is None else header
    names = names_of(rows, named)
    search = _Search(path, names, rows[1:] if named else rows, shown=None)
    several = len(search.body) >= _ENOUGH_ROWS
    places = [
        at for at in range(len(names)) if search.is_text(at, few=max(2, len(search.body) // 10) if several else 0)
    ]
    source, target = places[:2] if len(places) > 1 else (0, 1)
    if len(names) < 3:
        return source, target, ""
    others = ", ".join(name[:30] for at, name in enumerate(names) if at not in (source, target))
    return source, target, f"{path.name}: from {names[source]} to {names[target]} (other columns: {others})"


def names_of(rows: Sequence[Sequence[str]], header: bool) -> list[str]:
    """Give the names of the columns: those of the header, and numbers from 1 where there is none."""
    if header and rows:
        return [cell.strip() or str(place) for place, cell in enumerate(rows[0], 1)]
    width = Counter(map(len, rows)).most_common(1)[0][0] if rows else 0
    return [str(place) for place in range(1, width + 1)]


def _header_note(path: Path, first: Sequence[str], header: bool) -> str:
    """Say what the first row was taken for, and how to have it otherwise."""
    cells = ", ".join(cell.strip()[:30] for cell in first[:6])
    if header:
        return f"{path.name}: first row taken as the header ({cells}); --no-header reads it as data"
    return f"{path.name}: first row read as data ({cells}); --header takes it as the names of the columns"


def same_name(one: str, other: str) -> bool:
    """Whether two names of columns are one, in whatever Unicode form.

    Examples
    --------
    >>> same_name("caf\u00e9", "cafe\u0301 ")
    True
    """
    return unicodedata.normalize("NFC", one).strip() == unicodedata.normalize("NFC", other).strip()


class _Search:
    """One file's columns and its first rows."""

    def __init__(
        self, path: Path, names: list[str], body: Sequence[Sequence[str]], shown: Sequence[str] | None
    ) -> None:
        self.path, self.names, self.body, self.shown = path, names, body, shown
        self.notes: list[str] = []
        self.said = False

    def run(self, input: str | None, target: str | None, *, need_target: bool, header: bool) -> Columns:
        text = None if input is None else self.named(input)
        label = None if target is None else self.named(target)
        if text is not None and text == label:
            raise DataError(f"{self.path}: column {input!r} cannot be the text and the label at once; {self.listing()}")
        given = text, label
        if label is None:
            label = self.known_label(text)
        if text is None:
            text = self.known_text(label)
        if len(self.names) == 1 and label is None:
            text = 0
        elif len(self.names) == 2:
            text, label = self.of_two(text, label, need_target=need_target)
        if text is None or (label is None and need_target and len(self.names) > 2):
            text, label = self.by_values(text, label, need_target=need_target)
        if text is None or (label is None and need_target):
            raise DataError(self.question(text, label, need_target=need_target))
        if label is not None and label != given[1]:
            self.doubt(label)
        if len(self.names) > 2 and need_target and None in given and not self.said:
            self.say(text, label)
        return Columns(tuple(self.names), header, text, label, tuple(self.notes))

    def of_two(self, text: int | None, label: int | None, *, need_target: bool) -> tuple[int | None, int | None]:
        """With two columns, one known tells the other; with none, few different values tell the labels."""
        if text is None and label is None:
            label = _label_column(self.body)
        if text is None and label is not None:
            text = 1 - label
        elif text is not None and label is None and need_target:
            label = 1 - text
        return text, label

    def named(self, name: str) -> int:
        places = [at for at, other in enumerate(self.names) if same_name(name, other)]
        if len(places) > 1:
            raise DataError(f"{self.path}: {len(places)} columns are called {name!r}; pass the column's number")
        if places:
            return places[0]
        if (at := _number(name, len(self.names))) is not None:
            return at
        known = [f"{n[:37]}..." if len(n) > 40 else n for n in self.names]
        raise DataError(f"{self.path}: no column {name!r}{closest(name, known)}{self.glimpse()}")

    def known(self, wanted: Sequence[str], besides: int | None) -> list[int]:
        names = [folded(name) for name in self.names]
        return [names.index(w) for w in wanted if w in names and names.index(w) != besides]

    def known_label(self, text: int | None) -> int | None:
        """Find the column with a name of labels, one whose values repeat before one whose values are all different."""
        found = self.known(TARGET_NAMES, besides=text)
        return next((at for at in found if not self.all_different(at)), found[0] if found else None)

    def known_text(self, label: int | None) -> int | None:
        """Find the column with a name of texts; where it holds few different values, a column of texts goes first."""
        found = self.known(INPUT_NAMES, besides=label)
        if found and len(self.body) >= _ENOUGH_ROWS and all(like_labels(self.values(at)) for at in found):
            others = [at for at in range(len(self.names)) if at not in (*found, label) and self.is_text(at)]
            if len(others) == 1:
                self.say(others[0], label)
                return others[0]
        return found[0] if found else None

    def by_values(self, text: int | None, label: int | None, *, need_target: bool) -> tuple[int | None, int | None]:
        """Find, among several columns, the one of long texts and the one of few different values."""
        if label is None and need_target:
            labels = [at for at in range(len(self.names)) if at != text and self.is_label(at)]
            label = labels[0] if len(labels) == 1 else None
        if text is None:
            texts = [at for at in range(len(self.names)) if at != label and self.is_text(at)]
            sizes = {at: sum(map(len, self.values(at))) for at in texts}
            texts.sort(key=lambda at: -sizes[at])
            if len(texts) == 1 or (len(texts) > 1 and sizes[texts[0]] >= 3 * sizes[texts[1]]):
                text = texts[0]
        if text is not None and (label is not None or not need_target):
            self.say(text, label)
        return text, label

    def say(self, text: int, label: int | None) -> None:
        """Say in a line which columns were taken, and which were left out."""
        self.said = True
        others = ", ".join(name[:30] for at, name in enumerate(self.names) if at not in (text, label))
        both = f"text: {self.names[text]}" + ("" if label is None else f", label: {self.names[label]}")
        self.notes.append(f"{self.path.name}: {both}" + (f" (other columns: {others})" if others else ""))

    def doubt(self, label: int) -> None:
        """Say that a column of labels has none that is met twice."""
        if self.all_different(label) and len(self.names) > 2:
            self.notes.append(
                f"{self.path.name}: the label is read from {self.names[label]!r:.40}, whose first {len(self.body):,} "
                "values are all different; --target COL names another column"
            )

    def values(self, at: int) -> list[str]:
        return [row[at].strip() for row in self.body if at < len(row) and row[at].strip()]

    def all_different(self, at: int) -> bool:
        values = self.values(at)
        return len(values) >= _ENOUGH_ROWS and len(set(values)) == len(values)

    def is_label(self, at: int) -> bool:
        values = self.values(at)
        few = len(set(values)) > 1 and like_labels(values) and not all(map(_DATE.fullmatch, values))
        return few and sum(map(len, values)) <= 40 * len(values)

    def is_text(self, at: int, few: int | None = None) -> bool:
        """Whether a column holds texts: no numbers, dates or codes, and not few different values."""
        values = self.values(at)
        if not values or (like_labels(values) if few is None else len(set(values)) <= few):
            return False
        return not any(all(map(kind, values)) for kind in (is_number, _DATE.fullmatch, _CODE.fullmatch))

    def question(self, text: int | None, label: int | None, *, need_target: bool) -> str:
        if len(self.names) == 1:
            return f"{self.path} has one column ({self.names[0][:40]}); a text and its label were expected in every row"
        if not need_target:
            return f"{self.path}: which column is the text? {self.listing()}; say --input COL"
        which = "the text and which the label" if text is None and label is None else "the text"
        which = "the label" if text is not None else which
        return f"{self.path}: which column is {which}? {self.listing()}; say --input COL --target COL"

    def listing(self) -> str:
        return f"the columns are {', '.join(name[:40] for name in self.names)}{self.glimpse()}"

    def glimpse(self) -> str:
        """Show the first row of a file without header: columns called 1, 2, 3 say nothing."""
        if self.shown is None:
            return ""
        return f" (no header; the first row is {' | '.join(cell[:20] for cell in self.shown[:10])})"


def _number(name: str | None, width: int) -> int | None:
    if name is not None and name.isascii() and name.isdigit() and len(name) < 6 and 1 <= int(name) <= width:
        return int(name) - 1
    return None


def _label_column(rows: Sequence[Sequence[str]]) -> int | None:
    """Of two columns, the one with fewer different values, if they are few."""
    pairs = [row for row in rows if len(row) == 2]
    left, right = [row[0].strip() for row in pairs], [row[1].strip() for row in pairs]
    if len(set(left)) == len(set(right)):
        return None
    at = int(len(set(right)) < len(set(left)))
    return at if like_labels((left, right)[at]) else None
