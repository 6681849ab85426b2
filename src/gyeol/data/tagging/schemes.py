"""How tags mark spans (IOB1, BIO, IOE1, IOE2, BIOES, BILOU, BMEWO), found out over a whole file, and read as BIO.

A tag is a mark, which gives the place of a token in a span, and a kind. `spans_of` follows conlleval: a span starts
where none is open, or one of another kind was, whatever the mark says. By this rule every scheme can be read without
knowing which it is; `find_scheme` names it for the user and tells tags that mark spans from those that do not.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

__all__ = ["Scheme", "Span", "find_scheme", "marks_spans", "spans_of", "split_tag", "written_like"]

# M (middle) is BMEWO's I; L and E, U, W and S are the same in different schemes.
_SAME = {"L": "E", "U": "S", "W": "S", "M": "I"}
_MARK_FIRST = re.compile(r"([BIESLUMW])(?:[-_:/|.](.+))?")
_KIND_FIRST = re.compile(r"(.+)[-_:/|.]([BIESLUMW])")
_OUTSIDE = ("O", "0", "_", "-")  # a zero for the letter, and what other files write for "nothing"
_FAMILIES = {"BIO": "BI", "IOE": "IE", "BIOES": "BIES", "BILOU": "BILU", "BMEWO": "BMEW", "BMES": "BMES"}

Part = tuple[str, str | None]  # B, I, E, S or O, and the kind if the tag has one


class Span(NamedTuple):
    """Tokens ``start`` to ``end - 1``, and their kind ("" if the tags have none)."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True)
class Scheme:
    """How the tags of a file mark spans.

    Parameters
    ----------
    name : str
        ``"BIO"``, ``"IOB1"``, ``"IOE1"``, ``"IOE2"``, ``"BIOES"``, ``"BILOU"``, ``"BMEWO"`` or ``"BMES"``; two of them
        joined by ``" and "`` where the tags follow none throughout.
    parts : dict
        Mark and kind of every tag.
    """

    name: str
    parts: dict[str, Part] = field(repr=False)

    @property
    def changes(self) -> bool:
        """Whether `converted` writes anything in another way: another scheme, B_PS or PER-B for B-PS."""
        return self.name != "BIO" or any(tag != _joined(*part) for tag, part in self.parts.items())

    def converted(self, tags: Sequence[str]) -> list[str]:
        """Write a sentence's tags in BIO: ``B-KIND``, ``I-KIND`` and ``O``.

        Examples
        --------
        >>> find_scheme([["I-PER", "I-PER", "B-PER", "O"]]).converted(["I-PER", "I-PER", "B-PER", "O"])
        ['B-PER', 'I-PER', 'B-PER', 'O']
        """
        found = ["O"] * len(tags)
        for span in _spans([self.parts[tag] for tag in tags]):
            found[span.start] = _joined("B", span.kind)
            for place in range(span.start + 1, span.end):
                found[place] = _joined("I", span.kind)
        return found

    def describe(self) -> str:
        """Name the scheme, with one of its tags where they are not written as B-PER is."""
        usual = {_joined(mark, kind) for mark in "BIESLUMW" for _, kind in self.parts.values()}
        odd = next((tag for tag, (_, kind) in self.parts.items() if kind and tag not in usual), "")
        return f"{self.name}, written as {odd:.40}" if odd else self.name


def _joined(mark: str, kind: str | None) -> str:
    return f"{mark}-{kind}" if kind else mark


def split_tag(tag: str) -> Part:
    """Take a tag apart: B, I, E, S or O, and its kind; what is no mark is O.

    Examples
    --------
    >>> split_tag("B-PER"), split_tag("U_PS"), split_tag("I"), split_tag("NOUN")
    (('B', 'PER'), ('S', 'PS'), ('I', None), ('O', None))
    """
    found = _MARK_FIRST.fullmatch(tag)
    return (_SAME.get(found[1], found[1]), found[2]) if found else ("O", None)


def spans_of(tags: Sequence[str]) -> list[Span]:
    """Find the spans, as conlleval does: one starts if none, or one of another kind, is open, whatever its mark.

    An I or E without a kind goes on with what is open.

    Examples
    --------
    >>> spans_of(["B-PER", "I-PER", "O", "I-LOC", "B_PS", "I"])
    [Span(start=0, end=2, kind='PER'), Span(start=3, end=4, kind='LOC'), Span(start=4, end=6, kind='PS')]
    """
    return _spans([split_tag(tag) for tag in tags])


def _spans(parts: Sequence[Part]) -> list[Span]:
    found: list[Span] = []
    start, kind = -1, ""
    for place, (mark, own) in enumerate(chain(parts, [("O", None)])):
        goes_on = mark in "IE" and start >= 0 and own in (None, kind)
        if start >= 0 and not goes_on:
            found.append(Span(start, place, kind))
            start = -1
        if mark != "O" and start < 0:
            start, kind = place, own or ""
        if mark in "ES" and start >= 0:
            found.append(Span(start, place + 1, kind))
            start = -1
    return found


def marks_spans(tags: Iterable[str]) -> bool:
    """Whether tags mark spans: each is O or one of a scheme's marks, with or without a kind.

    Examples
    --------
    >>> marks_spans(["O", "B-PER", "I-PER"]), marks_spans(["NOUN", "O"]), marks_spans(["B_PS", "I", "O"])
    (True, False, True)
    """
    return _parts_of(set(tags), sure=False) is not None


def find_scheme(sentences: Iterable[Sequence[str]], *, sure: bool = False) -> Scheme | None:
    """Find out how the tags of sentences mark spans; None where they do not.

    Parameters
    ----------
    sentences : iterable of sequences of str
        All tags of a file.
    sure : bool
        It is known that they mark spans, as the tags of a model's training did: a few that could be other tags, too,
        are then taken for marks.

    Examples
    --------
    >>> find_scheme([["B-PER", "L-PER", "O", "U-LOC"]]).name, find_scheme([["NOUN", "VERB"]])
    ('BILOU', None)
    """
    rows = list(sentences)
    different = dict.fromkeys(tag for row in rows for tag in row)
    if (found := _parts_of(different, sure=sure)) is None:
        return None
    family, parts = found
    if family in ("BIO", "IOE"):
        family = _variant(family, [[parts[tag] for tag in row] for row in rows])
    return Scheme(family, parts)


def _parts_of(tags: Iterable[str], *, sure: bool) -> tuple[str, dict[str, Part]] | None:
    """Take all tags apart, and name the marks' family; None where they mark no spans."""
    different = list(tags)
    inside = [tag for tag in different if tag not in _OUTSIDE and tag != "o"]
    outside = [tag for tag in different if tag in _OUTSIDE or tag == "o"]
    for first in (True, False):
        for lower in (False, True):
            raw = {tag: _taken_apart(tag, first=first, lower=lower) for tag in inside}
            taken = {tag: part for tag, part in raw.items() if part is not None}
            if len(taken) != len(inside) or (lower and not inside):
                continue
            kinds = any(kind for _, kind in taken.values())
            marks = {mark for mark, _ in taken.values()}
            family = next((name for name, letters in _FAMILIES.items() if marks <= set(letters)), None)
            if family is None and marks <= set("BIESLU"):
                family = "BIOES"
            usual = all(tag in "Oo" for tag in outside) or (kinds and len(outside) == 1)
            if family is None or not usual or not (sure or _telling(marks, kinds, bool(outside), first)):
                continue
            parts: dict[str, Part] = {tag: (_SAME.get(mark, mark), kind) for tag, (mark, kind) in taken.items()}
            return family, {**parts, **{tag: ("O", None) for tag in outside}}
    return None


def _taken_apart(tag: str, *, first: bool, lower: bool) -> Part | None:
    """Split a tag whose mark is first or last, in capitals or not; None if it has no mark."""
    if first:
        found = _MARK_FIRST.fullmatch(tag[:1].upper() + tag[1:] if lower else tag)
        mark, kind = (found[1], found[2]) if found else ("", None)
    else:
        found = _KIND_FIRST.fullmatch(tag[:-1] + tag[-1:].upper() if lower else tag)
        mark, kind = (found[2], found[1]) if found else ("", None)
    if not mark or (lower and (tag[0] if first else tag[-1]) != mark.lower()):
        return None
    return mark, kind


def _telling(marks: set[str], kinds: bool, outside: bool, first: bool) -> bool:
    """Whether marks are so many, or so plain, that they are no letters of another meaning (H, E, C of proteins)."""
    if not kinds:  # letters alone: I and O could be inside and outside of a membrane
        return "B" in marks or (marks == {"I", "E"} and outside)
    if not first:
        return bool(marks & set("BSUW")) and (outside or "I" in marks)
    return bool(marks & set("BSUW")) or (outside and bool(marks & set("IEL")))


def _variant(family: str, rows: list[list[Part]]) -> str:
    """Distinguish BIO from IOB1, or IOE2 from IOE1: by whether every span is marked, or only adjacent ones."""
    counts: Counter[str] = Counter()
    for row in rows:
        spans = _spans(row)
        for place, span in enumerate(spans):
            if family == "BIO":
                other = spans[place - 1] if place else None
                touching = other is not None and other.end == span.start and other.kind == span.kind
                marked = row[span.start][0] == "B"
            else:
                other = spans[place + 1] if place + 1 < len(spans) else None
                touching = other is not None and other.start == span.end and other.kind == span.kind
                marked = row[span.end - 1][0] == "E"
            counts["touching" if touching else "marked" if marked else "bare"] += 1
    every, between = ("BIO", "IOB1") if family == "BIO" else ("IOE2", "IOE1")
    if not counts["bare"]:
        return every
    return between if not counts["marked"] else f"{every} and {between}"


def written_like(tags: Sequence[str], known: Iterable[str]) -> list[str]:
    """Write tags, which are in BIO, with the marks of other tags: those of a model that was trained on another scheme.

    Parameters
    ----------
    tags : sequence of str
        Of a sentence, in BIO.
    known : iterable of str
        The tags that the model knows.

    Examples
    --------
    >>> written_like(["B-PS", "I-PS", "O"], ["B_PS", "I", "O"])
    ['B_PS', 'I', 'O']
    """
    by_part = {split_tag(tag): tag for tag in known}
    ends = any(mark in "ES" for mark, _ in by_part)
    found = [by_part.get(("O", None), "O")] * len(tags)
    for start, end, kind in spans_of(tags):
        for place in range(start, end):
            mark = "B" if place == start else "I"
            if ends and place == end - 1:
                mark = "S" if place == start else "E"
            usual = ((mark, kind or None), (mark, None), ("I" if mark == "B" else "B", kind or None))
            found[place] = next((by_part[part] for part in usual if part in by_part), tags[place])
    return found
