"""Several labels in one field: ``"긍정|액션"``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from gyeol.data.tables.label_text import JOINT

__all__ = ["means_several", "other_separator", "places_of_ones", "separated"]

_OTHERS = (",", ";", "/", "+")


def separated(field: str) -> list[str]:
    """Split a field into its labels, each once, in their order; empty parts are skipped.

    Examples
    --------
    >>> separated("긍정|액션"), separated(" 액션 | 긍정 || 액션"), separated("|")
    (['긍정', '액션'], ['액션', '긍정'], [])
    """
    return list(dict.fromkeys(part for piece in field.split(JOINT) if (part := piece.strip())))


def means_several(fields: Iterable[str]) -> bool:
    """Tell whether a column's fields hold several labels each, or class names with a separator in them.

    They hold several if a part of a field with separators is met again in a different field, alone or with others.

    Examples
    --------
    >>> means_several(["긍정|액션", "긍정", "부정"]), means_several(["AC|DC", "Pop", "AC|DC"])
    (True, False)
    """
    different = dict.fromkeys(fields)
    met = Counter(part for field in different for part in separated(field))
    return any(met[part] > 1 for field in different if JOINT in field for part in separated(field))


def other_separator(fields: Iterable[str]) -> str | None:
    """Find a mark that seems to separate several labels where ``|`` does not; None where there is none.

    Two different fields or more hold it, and each of their parts is met in another field, too.

    Examples
    --------
    >>> other_separator(["긍정, 액션", "긍정", "액션, 부정", "부정"]), other_separator(["Seoul, KR", "Paris, FR"])
    (',', None)
    """
    different = dict.fromkeys(fields)
    for mark in _OTHERS:
        parts = {field: [part for piece in field.split(mark) if (part := piece.strip())] for field in different}
        several = [own for own in parts.values() if len(own) > 1]
        met = Counter(part for own in parts.values() for part in dict.fromkeys(own))
        if len(several) > 1 and all(met[part] > 1 for own in several for part in own):
            return mark
    return None


def places_of_ones(fields: Sequence[str]) -> list[list[str]] | None:
    """Read lists of 0 and 1 with a place for each label, as ``0|1|1``: the numbers of the places that hold 1.

    None where not all fields are such lists of one length, or where each could as well be a set of labels.

    Examples
    --------
    >>> places_of_ones(["0|1|1", "1|0|0", "0|0|0"]), places_of_ones(["0|1", "1|0"]), places_of_ones(["0", "1"])
    ([['1', '2'], ['0'], []], None, None)
    """
    different = dict.fromkeys(fields)
    rows = {field: field.split(JOINT) for field in different}
    if len({*map(len, rows.values())}) != 1 or not all({*row} <= {"0", "1"} for row in rows.values()):
        return None
    if all(len({*row}) == len(row) for row in rows.values()):
        return None
    return [[str(place) for place, cell in enumerate(rows[field]) if cell == "1"] for field in fields]
