"""Errors to learn from: those that were collected, and those made by rule."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from gyeol.engine.metrics.correction import aligned
from gyeol.errors import DataError
from gyeol.inputs.spelling.typos import Typist
from gyeol.tasks.spelling.candidates import Place, cased, words_of

__all__ = ["checked_pairs", "divided", "made_pairs", "mistyped", "right_of", "spread"]

Pair = tuple[str, str]
_HELD = 0.1  # of the pairs, to weigh the witnesses by
_MOST_HELD = 1500


def checked_pairs(y: Any) -> list[Pair]:
    """Return pairs of what was typed and what was meant as a list.

    Raises
    ------
    DataError
        For what is no such list: names the pair.
    """
    if y is None:
        return []
    if isinstance(y, (str, bytes)) or not hasattr(y, "__iter__"):
        raise DataError(f"pairs came as {type(y).__name__}; expected a list of (typed, meant)")
    pairs = []
    for number, pair in enumerate(y):
        if not isinstance(pair, (tuple, list)) or len(pair) != 2 or not all(isinstance(word, str) for word in pair):
            raise DataError(f"pair {number} is {pair!r:.60}; expected two texts: what was typed, what was meant")
        if not all(word.strip() for word in pair):
            raise DataError(f"pair {number} is {pair!r:.60}: one of the two is empty; leave it out")
        if any("\ud800" <= c <= "\udfff" for word in pair for c in word):
            raise DataError(f"pair {number} holds half a character (a lone surrogate)")
        pairs.append((pair[0], pair[1]))
    return pairs


def divided(pairs: Sequence[Pair], seed: int) -> tuple[list[Pair], list[Pair]]:
    """Hold a tenth of the pairs back, all of a word together."""
    words = sorted({meant for _, meant in pairs})
    random.Random(seed).shuffle(words)  # noqa: S311 -- no secret
    held: set[str] = set()
    counts: dict[str, int] = defaultdict(int)
    for _, meant in pairs:
        counts[meant] += 1
    most, taken = min(_MOST_HELD, int(_HELD * len(pairs))), 0
    for word in words:
        if taken >= most:
            break
        held.add(word)
        taken += counts[word]
    return [pair for pair in pairs if pair[1] not in held], [pair for pair in pairs if pair[1] in held]


def made_pairs(counts: dict[str, int], how_many: int, seed: int) -> list[Pair]:
    """Type words wrong by rule, frequent ones more often."""
    draw = random.Random(seed)  # noqa: S311
    words = list(counts)
    chosen = draw.choices(words, weights=[count**0.5 + 0.1 for count in counts.values()], k=how_many)
    typist = Typist(seed=seed + 1)
    return [(wrong, word) for word in chosen if (wrong := typist.slip(word)) != word]


def mistyped(lines: Sequence[str], pairs: Sequence[Pair], rate: float, seed: int) -> list[str]:
    """Type lines with errors: collected ones where there are such for a word, else by rule."""
    known: dict[str, list[str]] = defaultdict(list)
    for typed, meant in pairs:
        known[meant.lower()].append(typed.lower())
    draw = random.Random(seed)  # noqa: S311
    typist = Typist(rate=rate, seed=seed + 1)
    out = []
    for line in lines:
        typed = typist.type(line)
        if known:
            parts, at = [], 0
            for start, end in words_of(typed):
                word = typed[start:end]
                if word.lower() in known and draw.random() < rate:
                    wrong = draw.choice(known[word.lower()])
                    parts += [typed[at:start], cased(wrong, word)]
                    at = end
            typed = "".join(parts) + typed[at:]
        out.append(typed)
    return out


def right_of(places: Sequence[Place], typed: Sequence[str], meant: Sequence[str]) -> list[int]:
    """Say of every place which candidate was meant; -1 where what was meant is not among them."""
    ways: dict[int, list[int]] = {}
    right = []
    for place in places:
        if place.text not in ways:
            ways[place.text] = aligned(typed[place.text], meant[place.text])
        way = ways[place.text]
        wanted = meant[place.text][way[place.start] : way[place.end]]
        right.append(next((n for n, c in enumerate(place.candidates) if c.text.lower() == wanted.lower()), -1))
    return right


def spread(texts: list[str], characters: int) -> list[str]:
    """Take lines from the whole of a corpus, so many characters in all."""
    total = sum(map(len, texts)) + len(texts)
    if total <= characters:
        return texts
    share, chosen, due = characters / total, [], 0.0
    for text in texts:
        due += share
        if due >= 1:
            chosen.append(text)
            due -= 1
    return chosen or texts[:1]
