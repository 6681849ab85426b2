"""How words are misspelled: the probability of what was typed, given what was meant.

After Brill and Moore 2000 (An Improved Error Model for Noisy Channel Spelling Correction): the word that was meant is
cut into pieces, and each piece is typed as some other piece, of up to three units; the best cut counts. What pieces
become is learned from pairs, aligned twice: first at a cost of one an edit, then by the log probabilities learned.
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
_BAND = 4  # how far the positions in typed and meant may differ
_PRIOR = 3.0  # so many correct occurrences of every piece are added
_RARE = math.log(1e-6)  # an edit that no pair showed
_LONGEST = 64  # units of a word that are compared

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
    log_probs : dict
        Log probabilities, by the piece that was meant and the piece that was typed; ``learn`` estimates them.

    Examples
    --------
    >>> pairs = [("recieve", "receive"), ("beleive", "believe"), ("acheive", "achieve"), ("wierd", "weird")] * 5
    >>> channel = ErrorChannel.learn(pairs)
    >>> channel.score("percieve", "perceive") > channel.score("perceeve", "perceive")
    True
    """

    def __init__(self, log_probs: dict[str, dict[str, float]]) -> None:
        self.log_probs = log_probs

    @classmethod
    def learn(cls, pairs: Iterable[tuple[str, str]]) -> ErrorChannel:
        """Learn from pairs: what was typed, what was meant."""
        units = [(_marked(to_units(typed)), _marked(to_units(meant))) for typed, meant in pairs]
        units = [(t, m) for t, m in units if abs(len(t) - len(m)) < _BAND and max(len(t), len(m)) <= _LONGEST]
        channel = cls._count([(pair, _aligned(*pair, None)) for pair in units])
        return cls._count([(pair, _aligned(*pair, channel.log_probs)) for pair in units])

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
        log_probs: dict[str, dict[str, float]] = {}
        everything = sum(count for piece, count in seen.items() if len(piece) == 1)
        for piece, counts in became.items():
            total = (seen[piece] if piece else everything) + _PRIOR
            # A single occurrence of a rare piece is weak evidence: half an occurrence is subtracted.
            # Four digits, here and in the file: a saved channel is the same channel.
            log_probs[piece] = {typed: round(math.log((count - 0.5) / total), 4) for typed, count in counts.items()}
        for unit, count in seen.items():
            if len(unit) == 1:
                missed = sum(n for typed, n in became[unit].items() if len(typed) <= 1) if unit in became else 0
                right = math.log(max(1.0, count - missed + _PRIOR) / (count + 2 * _PRIOR))
                log_probs.setdefault(unit, {})[unit] = round(right, 4)
        return cls(log_probs)

    def score(self, typed: str, meant: str) -> float:
        """Return the log probability of typing one word where another was meant; -inf where they differ too much."""
        return self.score_units(to_units(typed), to_units(meant))

    def score_units(self, typed: str, meant: str) -> float:
        """Do the same for words that are split into units already."""
        typed, meant = _marked(typed[:_LONGEST]), _marked(meant[:_LONGEST])
        N, J, log_probs = len(meant), len(typed), self.log_probs
        if abs(N - J) > _BAND:
            return -math.inf
        row = [-math.inf] * (J + 1)
        best = [row.copy() for _ in range(N + 1)]
        best[0][0] = 0.0
        nothing = log_probs.get("", {})
        for i in range(N + 1):
            here = best[i]
            # The pieces that start here, each with what it may become.
            starting = [(log_probs.get(meant[i : i + k]), k) for k in range(1, min(_PIECE, N - i) + 1)]
            pieces = [(table, best[i + k]) for table, k in starting if table is not None]
            unit = meant[i : i + 1]
            for j in range(max(0, i - _BAND), min(J, i + _BAND) + 1):
                value = here[j]
                if value == -math.inf:
                    continue
                if i < N:  # not seen in training: deleted, or substituted
                    following = best[i + 1]
                    following[j] = max(following[j], value + _RARE)
                    if j < J:
                        right = 0.0 if unit == typed[j] and unit not in log_probs else _RARE
                        following[j + 1] = max(following[j + 1], value + right)
                    if meant[i : i + 2] == typed[j : j + 2][::-1] and i + 1 < N and j + 1 < J:  # swapped
                        best[i + 2][j + 2] = max(best[i + 2][j + 2], value + _RARE)
                if j < J:  # added
                    here[j + 1] = max(here[j + 1], value + nothing.get(typed[j], _RARE))
                for table, following in pieces:
                    for end in range(j, min(J, j + _PIECE + 1) + 1):
                        log_prob = table.get(typed[j:end])
                        if log_prob is not None and value + log_prob > following[end]:
                            following[end] = value + log_prob
        return best[N][J]

    def state(self) -> dict[str, Any]:
        """Return all that was learned, as JSON values."""
        return {meant: dict(into) for meant, into in self.log_probs.items()}

    @classmethod
    def restored(cls, state: dict[str, Any]) -> ErrorChannel:
        """Restore a channel from `state`; ValueError where the state is invalid."""
        log_probs = {str(m): {str(t): float(p) for t, p in into.items()} for m, into in state.items()}
        if not all(p <= 0.0 for into in log_probs.values() for p in into.values()):
            raise ValueError("a number of the error channel is no log probability")
        return cls(log_probs)


def _marked(units: str) -> str:
    return f"{_BEGIN}{units}{_END}"


def _aligned(typed: str, meant: str, log_probs: dict[str, dict[str, float]] | None) -> list[Edit]:
    """Align two words unit by unit, swapped neighbours as one edit, at the lowest cost.

    A common prefix and suffix are aligned with themselves, which saves most of the work.
    """
    head = 0
    while head < min(len(typed), len(meant)) and typed[head] == meant[head]:
        head += 1
    tail = 0
    while tail < min(len(typed), len(meant)) - head and typed[-1 - tail] == meant[-1 - tail]:
        tail += 1
    whole = meant
    typed, meant = typed[head : len(typed) - tail], meant[head : len(meant) - tail]

    def cost(m: str, t: str) -> float:
        if log_probs is None:
            return 0.0 if m == t else 1.0
        return -log_probs.get(m, {}).get(t, _RARE)

    N, J = len(meant), len(typed)
    best: list[list[tuple[float, int, int]]] = [[(math.inf, 0, 0)] * (J + 1) for _ in range(N + 1)]
    best[0][0] = (0.0, 0, 0)
    for i in range(N + 1):
        for j in range(J + 1):
            ways = [(best[i][j][0], best[i][j][1], best[i][j][2])]
            if i and j:
                ways.append((best[i - 1][j - 1][0] + cost(meant[i - 1], typed[j - 1]), 1, 1))
            if i:
                ways.append((best[i - 1][j][0] + cost(meant[i - 1], ""), 1, 0))
            if j:
                ways.append((best[i][j - 1][0] + cost("", typed[j - 1]), 0, 1))
            if i > 1 and j > 1 and meant[i - 2 : i] == typed[j - 1] + typed[j - 2] and typed[j - 1] != typed[j - 2]:
                ways.append((best[i - 2][j - 2][0] + cost(meant[i - 2 : i], typed[j - 2 : j]), 2, 2))
            best[i][j] = min(ways, key=lambda way: way[0])
    edits: list[Edit] = []
    i, j = N, J
    while i or j:
        _, back, left = best[i][j]
        edits.append((meant[i - back : i], typed[j - left : j]))
        i, j = i - back, j - left
    return [*((u, u) for u in whole[:head]), *edits[::-1], *((u, u) for u in whole[len(whole) - tail :])]
