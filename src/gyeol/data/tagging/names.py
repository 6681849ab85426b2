"""Names of tags that a file holds as numbers, as the ``ner_tags`` of Hugging Face's sets are."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gyeol.data.tables.lines import open_text
from gyeol.errors import DataError

__all__ = ["named", "names_in", "read_names"]

_WHOLE = re.compile(r"[0-9]{1,6}")
_DEPTH = 12  # objects within objects that are looked into


def read_names(given: str, column: str | None = None) -> list[str]:
    """Read the names of tags 0, 1, 2, ...

    Parameters
    ----------
    given : str
        Names with commas between them, or a file: a name a line, a JSON list, or JSON that describes a data set or a
        model (``names`` in the features of ``dataset_info.json``, ``id2label`` in a ``config.json``).
    column : str, optional
        The column of the tags, where JSON describes several.

    Raises
    ------
    DataError
        For a file that is not there or holds no names, and where a name is empty or occurs twice.

    Examples
    --------
    >>> read_names("O,B-PER,I-PER")
    ['O', 'B-PER', 'I-PER']
    """
    path = Path(given)
    file = path.is_file() if len(given) < 1000 else False
    if not file and "," not in given:
        raise DataError(f"--names {given:.80}: there is no such file; give a file, or names with commas between them")
    if file:
        lines = [line for _, line in open_text(path)]
        text = "\n".join(lines)
        names = _from_json(path, text, column) if text.lstrip()[:1] in ("{", "[") else lines
        names = [name.strip() for name in names if name.strip()]
    else:
        names = [name.strip() for name in given.split(",")]
    if len(set(names)) < max(2, len(names)) or not all(names):
        raise DataError(f"--names {given:.80}: two names or more were expected, each once; got {', '.join(names):.100}")
    return names


def _from_json(path: Path, text: str, column: str | None) -> list[str]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise DataError(f"--names {path}: it is not JSON; expected a list of names, or one name per line") from None
    if (names := names_in(value, column)) is None:
        raise DataError(f"--names {path}: it holds no list of names; expected one, or 'names', or 'id2label'")
    return names


def names_in(value: Any, column: str | None = None, depth: int = _DEPTH) -> list[str] | None:
    """Find names of classes in JSON: a list of texts, ``names`` or ``id2label``; None where there are none.

    Examples
    --------
    >>> names_in({"features": {"ner_tags": {"feature": {"names": ["O", "B-PER"], "_type": "ClassLabel"}}}})
    ['O', 'B-PER']
    >>> names_in({"0": "O", "1": "B-PER"})
    ['O', 'B-PER']
    """
    if isinstance(value, list):
        return value if value and all(isinstance(name, str) for name in value) else _first(value, column, depth)
    if not isinstance(value, dict) or not depth:
        return None
    if column in value and (found := names_in(value[column], None, depth - 1)) is not None:
        return found
    if isinstance(names := value.get("names"), (list, dict)) or isinstance(
        names := value.get("id2label"), (list, dict)
    ):
        listed = names if isinstance(names, list) else [names.get(str(n)) for n in range(len(names))]
        if listed and all(isinstance(name, str) for name in listed):
            return [str(name) for name in listed]
    if set(value) == {str(n) for n in range(len(value))} and all(isinstance(name, str) for name in value.values()):
        return [value[str(n)] for n in range(len(value))]  # id2label itself
    return _first(value.values(), column, depth)


def _first(values: Any, column: str | None, depth: int) -> list[str] | None:
    inside = (names_in(one, column, depth - 1) for one in values if isinstance(one, (dict, list)) and depth)
    return next((names for names in inside if names is not None), None)


def named(tags: Sequence[str], names: Sequence[str], where: str) -> list[str]:
    """Put names in the place of numbers; tags that are no numbers stay.

    Raises
    ------
    DataError
        For a number that has no name.
    """
    found = []
    for tag in tags:
        if _WHOLE.fullmatch(tag) and int(tag) >= len(names):
            raise DataError(f"{where}: the tag {tag}, and --names has {len(names)} names: 0 to {len(names) - 1}")
        found.append(names[int(tag)] if _WHOLE.fullmatch(tag) else tag)
    return found
