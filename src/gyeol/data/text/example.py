"""An example, as every format gives it, and what is wrong with a row that gives none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gyeol.data.tables.rows import BadRow

__all__ = ["MAX_TEXT", "REMEDIES", "Example", "Unlabelled", "checked_example"]

MAX_TEXT = 1_000_000  # characters of one text

#: What to do about a bad row, by its kind.
REMEDIES = {
    "fields": "fix the row or remove it",
    "json": 'one object per line was expected, such as {"text": "...", "label": "..."}',
    "label": "give the row a label or remove it",
    "empty": "write a text or remove the row",
    "sequence": "fix the line, or remove the sequence",
    "encoding": "write the row as UTF-8",
    "long": "shorten it or break it into several rows",
}


@dataclass(frozen=True, slots=True)
class Example:
    """One text of a file.

    Parameters
    ----------
    input : str
        The text, unchanged.
    target : str or None
        Its label, if there is one; several labels are joined by ``|``.
    line : int
        The line where it starts (of a parquet file or a JSON array, the row), from 1.
    others : tuple of (str, str)
        Names and fields of all columns but the text's, the label's among them, if requested.
    """

    input: str
    target: str | None
    line: int
    others: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlabelled(BadRow):
    """A row without a label, and what it would be with one.

    Parameters
    ----------
    example : Example
        Without a target.
    listed : bool
        Whether the row has an empty list of labels.
    """

    example: Example
    listed: bool


def checked_example(
    number: int,
    text: str,
    label: Any,
    read_label: Callable[[Any], str | None],
    need_target: bool,
    others: tuple[tuple[str, str], ...] = (),
) -> Example | BadRow:
    """Return an example, or the reason why a row yields none."""
    if not text or text.isspace():
        return BadRow(number, "the text is empty", "empty", others)
    if len(text) > MAX_TEXT:
        return BadRow(number, f"the text has {len(text):,} characters, more than {MAX_TEXT:,}", "long", others)
    try:
        found = None if label is None else read_label(label)
    except ValueError as error:
        if need_target:
            return BadRow(number, str(error), "label", others)
        found = None
    if found is None and need_target:
        listed = label in ("[]", [], ())
        reason = "the list of labels is empty" if listed else "the label is missing"
        own = Example(text, None, number, others)
        return Unlabelled(number, reason, "label", others, example=own, listed=listed)
    return Example(text, found, number, others)
