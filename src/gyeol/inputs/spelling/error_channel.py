"""How words are misspelled: the probability of what was typed, given what was meant.

After Brill and Moore 2000 (An Improved Error Model for Noisy Channel Spelling Correction): the word that was meant is
cut into pieces, and each piece is typed as some other piece, of up to three units; the best cut counts. What pieces
become is learned from pairs, aligned twice: first at the price of one an edit, then at the prices learned.
Units are letters, or the jamo of Hangul.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from gyeol.inputs.tokens.jamo import compose, decompose

__all__ = ["ErrorChannel", "from_units", "to_units"]

_BEGIN, _END = "\x02", "\x03"
_PIECE = 3  # units of a piece, at most
_BAND = 4  # how far typed and meant may run apart
_PRIOR = 3.0  # as if every piece had been seen right so often besides
_RARE = math.log(1e-6)  # an edit that no pair showed
_LONGEST = 64  # units of a word that is looked at

Edit = tuple[str, str]  # meant, typed


def to_units(word: str) -> str:
    """Take a word apart: lower-case letters, conjoining jamo.

    Examples
    --------
    >>> len(to_units("각A")), from_units(to_units("각A"))
    (4, '각a')
    """
    return "".join(part for char in word for part in decompose(char.lower() if len(char.lower()) == 1 else char))


def from_units(units: str) -> str:
    """Put jamo together into syllables again."""
    return compose(units)


class ErrorChannel:
    """The probability of typing one word where another was meant.

    Parameters
    ----------
    prices : dict
        By what was meant, by what was typed: log probabilities. ``learn`` makes them.

    Examples
    --------
    >>> pairs = [("recieve", "receive"), ("beleive", "believe"), ("acheive", "achieve"), ("wierd", "weird")] * 5
    >>> channel = ErrorChannel.learn(pairs)
    >>> channel.score("percieve", "perceive") > channel.score("perceeve", "perceive")
    True
    """

    def __init__(self, prices: dict[str, dict[str, float]]) -> None:
        self.prices = prices

    @classmethod
    def learn(cls, pairs: Iterable[tuple[str, str]]) -> ErrorChannel:
        """Learn from pairs: what was typed, what was meant."""
        units = [(_marked(to_units(typed)), _marked(to_units(meant))) for typed, meant in pairs]
        units = [(t, m) for t, m in units if abs(len(t) - len(m)) < _BAND and max(len(t), len(m)) <= _LONGEST]
        channel = cls._count([(pair, _aligned(*pair, None)) for pair in units])
        return cls._count([(pair, _aligned(*pair, channel.prices)) for pair in units])

    @classmethod
    def _count(cls, aligned: Sequence[tuple[tuple[str, str], list[Edit]]]) -> ErrorChannel:
        became: dict[str, Counter[str]] = defaultdict(Counter)
        seen: Counter[str] = Counter()
        for (_, meant), edits in aligned:
            for length in range(1, _PIECE + 1):
                for start in range(len(meant) - length + 1):
                    seen[meant[start : start + length]] += 1
            wrong = [n for n, (m, t) in enumerate(edits) if m != t]
            for first in range(len(edits)):
                for last in range(first + 1, min(first + _PIECE, len(edits)) + 1):
                    if not any(first <= n < last for n in wrong):
                        continue
                    piece = "".join(m for m, _ in edits[first:last])
                    if len(piece) <= _PIECE:
                        became[piece]["".join(t for _, t in edits[first:last])] += 1
        prices: dict[str, dict[str, float]] = {}
        everything = sum(count for piece, count in seen.items() if len(piece) == 1)
        for piece, counts in became.items():
            total = (seen[piece] if piece else everything) + _PRIOR
            # What was seen once, in a piece seen seldom, says little: half an occurrence is taken off.
            # Four digits, here and in the file: a channel that was saved is the same channel.
            kept = {typed: round(math.log((count - 0.5) / total), 4) for typed, count in counts.items()}
            prices[piece] = kept
        for unit, count in seen.items():
            if len(unit) == 1:
                missed = sum(n for typed, n in became[unit].items() if len(typed) <= 1) if unit in became else 0
                right = math.log(max(1.0, count - missed + _PRIOR) / (count + 2 * _PRIOR))
                prices.setdefault(unit, {})[unit] = round(right, 4)
        return cls(prices)

    def score(self, typed: str, meant: str) -> float:
        """Return the log probability of typing one word where another was meant; -inf where they lie too far apart."""
        return self.score_units(to_units(typed), to_units(meant))

    def score_units(self, typed: str, meant: str) -> float:
        """Do the same with words taken apart already."""
        typed, meant = _marked(typed[:_LONGEST]), _marked(meant[:_LONGEST])
        N, J, prices = len(meant), len(typed), self.prices
        if abs(N - J) > _BAND:
            return -math.inf
        row = [-math.inf] * (J + 1)
        best = [row.copy() for _ in range(N + 1)]
        best[0][0] = 0.0
        nothing = prices.get("", {})
        for i in range(N + 1):
            here = best[i]
            # The pieces that begin here, each with what it may become.
            begun = [(prices.get(meant[i : i + k]), k) for k in range(1, min(_PIECE, N - i) + 1)]
            pieces = [(table, best[i + k]) for table, k in begun if table is not None]
            unit = meant[i : i + 1]
            for j in range(max(0, i - _BAND), min(J, i + _BAND) + 1):
                value = here[j]
                if value == -math.inf:
                    continue
                if i < N:  # what no pair showed: lost, or taken for another
                    after = best[i + 1]
                    after[j] = max(after[j], value + _RARE)
                    if j < J:
                        right = 0.0 if unit == typed[j] and unit not in prices else _RARE
                        after[j + 1] = max(after[j + 1], value + right)
                    if meant[i : i + 2] == typed[j : j + 2][::-1] and i + 1 < N and j + 1 < J:  # swapped
                        best[i + 2][j + 2] = max(best[i + 2][j + 2], value + _RARE)
                if j < J:  # added
                    here[j + 1] = max(here[j + 1], value + nothing.get(typed[j], _RARE))
                for table, after in pieces:
                    for end in range(j, min(J, j + _PIECE + 1) + 1):
                        price = table.get(typed[j:end])
                        if price is not None and value + price > after[end]:
                            after[end] = value + price
        return best[N][J]

    def state(self) -> dict[str, Any]:
        """Return all that was learned, as JSON values."""
        return {meant: dict(into) for meant, into in self.prices.items()}

    @classmethod
    def restored(cls, state: dict[str, Any]) -> ErrorChannel:
        """Make one again from `state`; ValueError where it is none."""
        prices = {str(m): {str(t): float(p) for t, p in into.items()} for m, into in state.items()}
        if not all(p <= 0.0 for into in prices.values() for p in into.values()):
            raise ValueError("a price of the error channel is no log probability")
        return cls(prices)


def _marked(units: str) -> str:
    return f"{_BEGIN}{units}{_END}"


def _aligned(typed: str, meant: str, prices: dict[str, dict[str, float]] | None) -> list[Edit]:
    """Align two words unit by unit, two that are swapped together: the cheapest way.

    What both begin and end with is aligned with itself, which saves most of the work.
    """
    head = 0
    while head < min(len(typed), len(meant)) and typed[head] == meant[head]:
        head += 1
    tail = 0
    while tail < min(len(typed), len(meant)) - head and typed[-1 - tail] == meant[-1 - tail]:
        tail += 1
    whole = meant
    typed, meant = typed[head : len(typed) - tail], meant[head : len(meant) - tail]

    def price(m: str, t: str) -> float:
        if prices is None:
            return 0.0 if m == t else 1.0
        return -prices.get(m, {}).get(t, _RARE)

    N, J = len(meant), len(typed)
    best: list[list[tuple[float, int, int]]] = [[(math.inf, 0, 0)] * (J + 1) for _ in range(N + 1)]
    best[0][0] = (0.0, 0, 0)
    for i in range(N + 1):
        for j in range(J + 1):
            ways = [(best[i][j][0], best[i][j][1], best[i][j][2])]
            if i and j:
                ways.append((best[i - 1][j - 1][0] + price(meant[i - 1], typed[j - 1]), 1, 1))
            if i:
                ways.append((best[i - 1][j][0] + price(meant[i - 1], ""), 1, 0))
            if j:
                ways.append((best[i][j - 1][0] + price("", typed[j - 1]), 0, 1))
            if i > 1 and j > 1 and meant[i - 2 : i] == typed[j - 1] + typed[j - 2] and typed[j - 1] != typed[j - 2]:
                ways.append((best[i - 2][j - 2][0] + price(meant[i - 2 : i], typed[j - 2 : j]), 2, 2))
            best[i][j] = min(ways, key=lambda way: way[0])
    edits: list[Edit] = []
    i, j = N, J
    while i or j:
        _, back, left = best[i][j]
        edits.append((meant[i - back : i], typed[j - left : j]))
        i, j = i - back, j - left
    return [*((u, u) for u in whole[:head]), *edits[::-1], *((u, u) for u in whole[len(whole) - tail :])]
