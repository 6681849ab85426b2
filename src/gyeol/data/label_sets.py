"""Several labels in one field: ``"긍정|액션"``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from gyeol.data.label_text import JOINT

__all__ = ["means_several", "separated"]


def separated(field: str) -> list[str]:
    """Split a field into its labels, each once, in the order in which they stand there; empty parts are none.

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
