"""How good corrections are: precision and recall over words and the spaces between them."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["aligned", "correction", "correction_counts"]

_PART = re.compile(r"\S+|\s+")
_BAND = 12  # characters that two texts may run apart, besides the difference of their lengths
_LONGEST = 2_000  # characters of a text that is aligned
_COUNTED = ("right", "changes", "errors", "mended", "words", "spoiled")


def aligned(one: str, other: str) -> list[int]:
    """Return for each place of a text the place of another that it corresponds to, by the fewest edits.

    Returns
    -------
    list of int, of length len(one) + 1
        ``other[places[a]:places[b]]`` is what stands for ``one[a:b]``.

    Examples
    --------
    >>> aligned("abd", "abcd")
    [0, 1, 3, 4]
    """
    head = 0
    while head < min(len(one), len(other)) and one[head] == other[head]:
        head += 1
    tail = 0
    while tail < min(len(one), len(other)) - head and one[-1 - tail] == other[-1 - tail]:
        tail += 1
    if head and head + tail == len(one):  # what was added belongs to what stands before it
        middle = [len(other) - head - tail]
    else:
        middle = _middle(one[head : len(one) - tail], other[head : len(other) - tail])
    shift = len(other) - len(one)
    return [
        *range(head),
        *(head + place for place in middle),
        *(place + shift for place in range(len(one) - tail + 1, len(one) + 1)),
    ]


def _middle(one: str, other: str) -> list[int]:
    N, J = len(one), len(other)
    if max(N, J) > _LONGEST:  # nobody waits for this: place by place
        return [*(min(i, J) for i in range(N)), J]
    band = _BAND + abs(N - J)
    far = N + J + 1
    rows = [[far] * (J + 1) for _ in range(N + 1)]
    rows[0][: band + 1] = range(min(J, band) + 1)
    for i in range(1, N + 1):
        above, here, letter = rows[i - 1], rows[i], one[i - 1]
        for j in range(max(0, i - band), min(J, i + band) + 1):
            best = above[j] + 1
            if j:
                best = min(best, here[j - 1] + 1, above[j - 1] + (letter != other[j - 1]))
            here[j] = best
    places, i, j = [J], N, J
    while i:
        if j and rows[i][j] == rows[i - 1][j - 1] + (one[i - 1] != other[j - 1]):
            i, j = i - 1, j - 1
        elif rows[i][j] == rows[i - 1][j] + 1:
            i -= 1
        else:
            j -= 1
            places[-1] = places[-1] if i == N else j
            continue
        places.append(j)
    places[-1] = 0
    return places[::-1]


def correction(typed: Sequence[str], corrected: Sequence[str], right: Sequence[str]) -> dict[str, float]:
    """Compare corrections with the right texts, word by word and space by space of what was typed.

    A word (or a space) counts as changed where something else stands for it in the other text.

    Returns
    -------
    dict
        ``accuracy`` (texts that are right as a whole), ``precision`` (of the changes made, those to what is right),
        ``recall`` (of the errors, those mended), ``f1``, ``spoiled`` (of the right words, those changed), ``changes``,
        ``errors``, ``count``.

    Examples
    --------
    >>> figures = correction(["a cta sat", "no"], ["a cat set", "no"], ["a cat sat", "no"])
    >>> figures["precision"], figures["recall"], figures["accuracy"]
    (0.5, 1.0, 0.5)
    """
    counts = dict.fromkeys(_COUNTED, 0)
    for three in zip(typed, corrected, right, strict=True):
        for name, count in correction_counts(*three).items():
            counts[name] += count
    changes, errors, mended = counts["changes"], counts["errors"], counts["mended"]
    precision, recall = mended / max(1, changes), mended / max(1, errors)
    return {
        "accuracy": counts["right"] / max(1, len(typed)),
        "precision": precision if changes else 1.0,
        "recall": recall if errors else 1.0,
        "f1": 2 * precision * recall / max(1e-12, precision + recall),
        "spoiled": counts["spoiled"] / max(1, counts["words"]),
        "changes": changes,
        "errors": errors,
        "count": len(typed),
    }


def correction_counts(before: str, after: str, truth: str) -> dict[str, int]:
    """Count the words and spaces of one text that were wrong, changed, and mended.

    Returns
    -------
    dict
        ``right`` (1 where the whole text is), ``changes``, ``errors``, ``mended`` (errors that are right now),
        ``words`` (right ones), ``spoiled`` (of those, changed ones).

    Examples
    --------
    >>> correction_counts("a cta sat", "a cat set", "a cat sat")
    {'right': 0, 'changes': 2, 'errors': 1, 'mended': 1, 'words': 2, 'spoiled': 1}
    """
    counts = dict.fromkeys(_COUNTED, 0)
    counts["right"] = int(after == truth)
    to_truth, to_after = aligned(before, truth), aligned(before, after)
    for part in _PART.finditer(before):
        start, end = part.span()
        wanted, got = truth[to_truth[start] : to_truth[end]], after[to_after[start] : to_after[end]]
        was_wrong, was_changed = wanted != part[0], got != part[0]
        counts["changes"] += was_changed
        counts["errors"] += was_wrong
        counts["mended"] += was_wrong and got == wanted
        if not part[0].isspace() and not was_wrong:
            counts["words"] += 1
            counts["spoiled"] += was_changed
    return counts
