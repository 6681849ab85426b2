"""Which column holds the text and which the label: names people use, a look at the first rows, or a plain question."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gyeol.errors import DataError, closest

__all__ = ["INPUT_NAMES", "TARGET_NAMES", "Columns", "find_columns", "is_number", "like_labels"]

# In the order of preference: a file with both "label" and "rating" is read for its labels.
INPUT_NAMES = (
    "text",
    "document",
    "review",
    "sentence",
    "content",
    "comment",
    "body",
    "message",
    "utterance",
    "input",
    "source",
    "doc",
    "reviews",
    "contents",
    "comments",
    "문장",
    "텍스트",
    "리뷰",
    "본문",
    "내용",
    "댓글",
    "문서",
    "발화",
    "입력",
    "글",
)
TARGET_NAMES = (
    "label",
    "target",
    "class",
    "category",
    "sentiment",
    "emotion",
    "intent",
    "topic",
    "output",
    "labels",
    "rating",
    "score",
    "stars",
    "라벨",
    "레이블",
    "정답",
    "분류",
    "감정",
    "감성",
    "클래스",
    "범주",
    "카테고리",
    "출력",
    "별점",
    "평점",
)


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
    """

    names: tuple[str, ...]
    header: bool
    input: int
    target: int | None


def find_columns(
    path: Path,
    rows: Sequence[Sequence[str]],
    *,
    names: Sequence[str] | None = None,
    input: str | None = None,
    target: str | None = None,
    need_target: bool = True,
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

    Raises
    ------
    DataError
        If a named column does not exist, or if the columns cannot be told apart: lists what there is.
    """
    header = names is None and has_header(rows, input, target)
    body = rows[1:] if header else rows
    if names is None:
        width = len(rows[0]) if header else Counter(map(len, rows)).most_common(1)[0][0]
        first = rows[0] if header else []
        names = [(first[i].strip() if header else "") or str(i + 1) for i in range(width)]
    found = _Search(path, list(names), body, shown=None if header or not rows else rows[0])
    return found.run(input, target, need_target=need_target, header=header)


def has_header(rows: Sequence[Sequence[str]], input: str | None = None, target: str | None = None) -> bool:
    """Tell whether the first row names the columns.

    It does if it holds a name people use or the user passed, not met again below it; or, unless it
    holds a number, if it stands above nothing but numbers somewhere, or above labels among which it is not met again.

    Examples
    --------
    >>> has_header([["text", "label"], ["good", "1"]]), has_header([["good", "1"], ["bad", "0"], ["fine", "1"]])
    (True, False)
    """
    if not rows:
        return False
    first, rest = [cell.strip() for cell in rows[0]], rows[1:]
    # A number the user passed says which column, not what it is called: "1" may well be the first row's label.
    named = _KNOWN | {name.casefold() for name in (input, target) if name is not None and _number(name, 99999) is None}
    if any(cell.casefold() in named and not _met(rest, at, cell) for at, cell in enumerate(first)):
        return True
    if any(map(is_number, first)):
        return False  # names are no numbers
    if any(cell and _all_numbers(rest, at) for at, cell in enumerate(first)):
        return True
    at = _number(target, len(first)) if target is not None else None
    if at is None and len(first) == 2:
        at = 1 - chosen if (chosen := _number(input, 2)) is not None else _label_column(rest)
    if at is None or not rest or not first[at]:
        return False
    return not _met(rest, at, first[at]) and like_labels([row[at].strip() for row in rest if at < len(row)])


class _Search:
    """One file's columns and its first rows."""

    def __init__(
        self, path: Path, names: list[str], body: Sequence[Sequence[str]], shown: Sequence[str] | None
    ) -> None:
        self.path, self.names, self.body, self.shown = path, names, body, shown

    def run(self, input: str | None, target: str | None, *, need_target: bool, header: bool) -> Columns:
        text = None if input is None else self.named(input)
        label = None if target is None else self.named(target)
        if text is not None and text == label:
            raise DataError(f"{self.path}: column {input!r} cannot be the text and the label at once; {self.listing()}")
        if label is None:
            label = self.known(TARGET_NAMES, besides=text)
        if text is None:
            text = self.known(INPUT_NAMES, besides=label)
        if len(self.names) == 1 and label is None:
            text = 0
        elif len(self.names) == 2:
            text, label = self.of_two(text, label, need_target=need_target)
        if text is None or (label is None and need_target):
            raise DataError(self.question(text, label, need_target=need_target))
        return Columns(tuple(self.names), header, text, label)

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
        if (count := self.names.count(name)) > 1:
            raise DataError(f"{self.path}: {count} columns are called {name!r}; pass the column's number")
        if count:
            return self.names.index(name)
        if (at := _number(name, len(self.names))) is not None:
            return at
        known = [f"{n[:37]}..." if len(n) > 40 else n for n in self.names]
        raise DataError(f"{self.path}: no column {name!r}{closest(name, known)}{self.glimpse()}")

    def known(self, wanted: Sequence[str], besides: int | None) -> int | None:
        folded = [name.strip().casefold() for name in self.names]
        return next((folded.index(w) for w in wanted if w in folded and folded.index(w) != besides), None)

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


_KNOWN = frozenset(INPUT_NAMES) | frozenset(TARGET_NAMES)


def _number(name: str | None, width: int) -> int | None:
    if name is not None and name.isascii() and name.isdigit() and len(name) < 6 and 1 <= int(name) <= width:
        return int(name) - 1
    return None


def _met(rows: Sequence[Sequence[str]], at: int, cell: str) -> bool:
    return any(row[at].strip() == cell for row in rows if at < len(row))


def _all_numbers(rows: Sequence[Sequence[str]], at: int) -> bool:
    below = [row[at] for row in rows if at < len(row)]
    return bool(below) and all(map(is_number, below))


def is_number(cell: str) -> bool:
    """Whether a field is a number."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def like_labels(values: Sequence[str]) -> bool:
    """Whether few are different: any repetition in a handful of rows, half of them repeated in a longer sample."""
    different = len(set(values))
    return different < len(values) if len(values) < 10 else different <= len(values) / 2


def _label_column(rows: Sequence[Sequence[str]]) -> int | None:
    """Of two columns, the one with fewer different values, if they are few."""
    pairs = [row for row in rows if len(row) == 2]
    left, right = [row[0].strip() for row in pairs], [row[1].strip() for row in pairs]
    if len(set(left)) == len(set(right)):
        return None
    at = int(len(set(right)) < len(set(left)))
    return at if like_labels((left, right)[at]) else None
