"""Labels as texts: one reading of numbers, lists and Unicode forms for every format."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from typing import Any

__all__ = ["JOINT", "LabelTexts", "as_written", "label_key", "label_text", "list_in", "value_text"]

#: Between the labels of one example where it has several.
JOINT = "|"

_UNSEEN = "\u200b\u200e\u200f\u2060\ufeff"  # characters without width that text takes along when it is copied
_WHOLE = re.compile(r"-?\d+\.0*", re.ASCII)
_ENTRY = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[-+]?[0-9][-+.0-9eE]*|True|False|None"""
_PRINTED = re.compile(rf"\[\s*(?:(?:{_ENTRY})(?:\s*,\s*|\s+|\s*(?=\])))*\]")
_ENTRIES = re.compile(_ENTRY)
_CONSTANTS = {"True": True, "False": False, "None": None}
_ESCAPED = re.compile(r"\\(.)")
_MOST = 100_000  # labels remembered


def value_text(value: object) -> str | None:
    """Write a value of JSON or parquet as a table would; None where it is missing or no single value.

    Examples
    --------
    >>> value_text(1.0), value_text(True), value_text(0.5), value_text(float("nan")), value_text("nan")
    ('1', 'true', '0.5', None, 'nan')
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        whole = math.isfinite(value) and value.is_integer() and abs(value) < 1e15
        return None if math.isnan(value) else str(int(value)) if whole else str(value)
    return str(value) if isinstance(value, int) else None


def label_text(value: Any) -> str | None:
    """Write a label, or a list of labels, as one text.

    Whole numbers lose their point, so that 1 and 1.0 are one class in a CSV file as in JSON and parquet; letters are in
    NFC. ``"nan"``, ``"None"`` and ``"NA"`` are texts like others; only an empty text, null and a float that is NaN are
    no label. A list with one entry is that entry; the entries of a longer one are joined by ``|``.

    Parameters
    ----------
    value : str, number, bool, list or None
        A cell of a table, where a list is written as `list_in` reads it, or a value of JSON or parquet.

    Returns
    -------
    str or None
        None where there is no label.

    Raises
    ------
    ValueError
        For a list with an entry that holds ``|`` or is no label, and for a value that is none.

    Examples
    --------
    >>> label_text("0.0"), label_text(" nan "), label_text(["0"]), label_text('["b", "a"]'), label_text("")
    ('0', 'nan', '0', 'b|a', None)
    """
    if isinstance(value, str):
        text = value.strip().strip(_UNSEEN).strip()
        if text[:1] == "[" and text[-1:] == "]" and (found := list_in(text)) is not None:
            return label_text(found)
        if _WHOLE.fullmatch(text):
            text = text.partition(".")[0]
            text = "0" if text == "-0" else text
        return (text if text.isascii() else unicodedata.normalize("NFC", text)) or None
    if isinstance(value, (list, tuple)):
        found = []
        for entry in value:
            label = None if isinstance(entry, (list, tuple)) else label_text(entry)
            if label is None:
                raise ValueError(f"the list of labels holds {entry!r:.40}, which is not a label")
            if JOINT in label:
                raise ValueError(f"the label {label!r:.40} in a list holds {JOINT!r}, which separates labels")
            found.append(label)
        return JOINT.join(found) or None
    if value is None or isinstance(value, (str, bool, int, float)):
        return value_text(value)
    raise ValueError(f"the label is a {type(value).__name__}, not a text, a number or a list of these")


def list_in(text: str) -> list[Any] | None:
    r"""Read a list out of a cell: JSON, or as Python and NumPy print lists into a CSV file; None where it is none.

    Examples
    --------
    >>> list_in('["a", 3]'), list_in("['a', \"it's\"]"), list_in("['a' 'b']"), list_in("[0 3]"), list_in("[a")
    (['a', 3], ['a', "it's"], ['a', 'b'], [0, 3], None)
    """
    text = text.strip()
    if text[:1] != "[" or text[-1:] != "]":
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        if not _PRINTED.fullmatch(text):
            return None
        return [_entry(entry) for entry in _ENTRIES.findall(text)]
    return found if isinstance(found, list) else None


def _entry(text: str) -> Any:
    if text[0] in "'\"":
        return _ESCAPED.sub(r"\1", text[1:-1])
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else text


def label_key(label: object) -> str:
    """Give what labels of two files are compared by: ``True`` of a CSV file is ``true`` of JSON; NFD is NFC.

    Examples
    --------
    >>> label_key("True"), label_key(1.0), label_key("1.0"), label_key("긍정")
    ('true', '1', '1', '긍정')
    """
    try:
        text = label_text(label) or ""
    except ValueError:
        text = str(label)
    return text.lower() if text in {"True", "TRUE", "False", "FALSE"} else text


def as_written(value: Any) -> str | None:
    """Return a target that is a text itself, a translation or a caption: unchanged but for surrounding white space.

    Raises
    ------
    ValueError
        For what is no single value.
    """
    text = None if value is None else value_text(value)
    if text is None and value is not None and not isinstance(value, float):
        raise ValueError(f"a {type(value).__name__}, not a text")
    return (text or "").strip() or None


class LabelTexts:
    """Reads the labels of a table, each different one once."""

    def __init__(self) -> None:
        self.known: dict[str, str | None] = {}

    def __call__(self, cell: str) -> str | None:
        """Give a cell's label; see `label_text`."""
        try:
            return self.known[cell]
        except KeyError:
            if len(self.known) > _MOST:
                self.known.clear()
            text = self.known[cell] = label_text(cell)
            return text
