"""From the probabilities of every step to a text: greedy, or prefix by prefix with what a language makes of them.

Where a lexicon is given, what is found are its words.

Steps may come a few at a time, as a stream brings them; what is found is what the whole would give.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from gyeol.engine.search.lexicon import Lexicon
from gyeol.errors import ParameterError

__all__ = ["CTCSettings", "GreedySearch", "PrefixSearch", "Scorer", "ctc_search"]

LogProbs = npt.NDArray[np.floating]

_BLANK = 0
_NEVER = -math.inf
_LOOK = 64  # steps from one look at what all prefixes have in common to the next
_OPEN = 100  # letters that prefixes may disagree about


class Scorer(Protocol):
    """What says how likely a text is before it is heard: a language model, letter by letter."""

    def begin(self) -> Any:
        """Give the state before the first letter."""

    def extend(self, state: Any, token: int) -> tuple[Any, float]:
        """Give the state after a letter, and the log probability that it adds (0 until a word is whole, perhaps)."""

    def end(self, state: Any) -> float:
        """Give the log probability that the end adds."""


@dataclass(frozen=True, slots=True)
class CTCSettings:
    """How to search.

    ``size`` prefixes are kept (1 without a scorer: greedy); a prefix is worth the log of its probability, plus
    ``scorer_weight`` times the log of its probability by the scorer, plus ``bonus`` for each of its letters (Hannun et
    al. 2014, section 3); letters whose log probability at a step is below ``threshold`` are not looked at there, unless
    a lexicon says which there are.
    """

    size: int = 8
    scorer_weight: float = 0.5
    bonus: float = 0.0
    threshold: float = -9.0

    def __post_init__(self) -> None:
        wrong = []
        if self.size < 1:
            wrong.append(f"beam_size={self.size}: must be 1 or more")
        if not 0 <= self.scorer_weight < math.inf:
            wrong.append(f"lm_weight={self.scorer_weight}: must be 0 or more")
        if not math.isfinite(self.bonus):
            wrong.append(f"bonus={self.bonus}: must be a number")
        if wrong:
            raise ParameterError("; ".join(wrong))


class GreedySearch:
    """The most probable letter of every step (Graves et al. 2006, equation 4: best path decoding).

    Examples
    --------
    >>> search = GreedySearch()
    >>> search.feed(np.log([[0.1, 0.9], [0.2, 0.8], [0.9, 0.1], [0.1, 0.9]])), search.finish()
    ([1, 1], [])
    """

    def __init__(self) -> None:
        self._last = _BLANK

    def feed(self, log_probs: LogProbs) -> list[int]:
        """Take steps (T, V); give the letters they add."""
        best = log_probs.argmax(axis=1)
        before = np.concatenate([[self._last], best[:-1]])
        if len(best):
            self._last = int(best[-1])
        return [int(token) for token in best[(best != before) & (best != _BLANK)]]

    def open(self) -> list[int]:
        """Give the letters that more steps may change: none."""
        return []

    def finish(self) -> list[int]:
        """Give the letters that are left at the end: none."""
        return []


@dataclass(slots=True)
class _Prefix:
    """A text so far: the logs of its probability with a blank at the end and without, and what the scorer says."""

    state: Any
    worth: float  # the scorer's share and the bonuses
    place: int = Lexicon.begin
    blank: float = _NEVER
    letter: float = _NEVER
    grown: dict[int, tuple[Any, float]] = field(default_factory=dict)

    @property
    def total(self) -> float:
        return _sum(self.blank, self.letter)


class PrefixSearch:
    """Prefix beam search (Hannun et al. 2014, First-Pass Large Vocabulary Recognition, algorithm 1).

    A beam as wide as there are prefixes, without a threshold, gives every text its probability.

    With a lexicon only texts of its words are looked at, word after word with a space between (as in Collobert et al.
    2016, Wav2Letter). Where no prefix that is kept ends with a word, the best that does is kept beside them, for a text
    must be able to end; and before the end nothing but whole words is told.

    Parameters
    ----------
    settings : CTCSettings
    scorer : Scorer, optional
    lexicon : Lexicon, optional

    Examples
    --------
    >>> even = np.log([[0.6, 0.4], [0.6, 0.4]])  # greedy would hear nothing, 0.36; the letter has 0.64
    >>> search = PrefixSearch(CTCSettings(4))
    >>> search.feed(even), search.finish()
    ([], [1])
    """

    def __init__(self, settings: CTCSettings, scorer: Scorer | None = None, lexicon: Lexicon | None = None) -> None:
        self.settings = settings
        self.scorer = scorer
        self.lexicon = lexicon
        first = _Prefix(scorer.begin() if scorer else None, 0.0, blank=0.0)
        self._beam: dict[tuple[int, ...], _Prefix] = {(): first}
        self._told = 0  # letters at the head of all prefixes that were given already
        self._steps = 0
        self._ready: list[int] = []

    def feed(self, log_probs: LogProbs) -> list[int]:
        """Take steps (T, V); give the letters that no further step can change."""
        for step in log_probs:
            self._step(step)
            self._steps += 1
            if self._steps % _LOOK == 0:  # by the steps of all, so that it does not matter how they come
                self._decide()
                self._ready += self._settled()
        ready, self._ready = [*self._ready, *self._settled()], []
        return ready

    def open(self) -> list[int]:
        """Give the letters that more steps may change, as they are now."""
        return list(max(self._beam.items(), key=lambda item: self._rank(item[1]))[0][self._told :])

    def finish(self) -> list[int]:
        """Give the letters that are left at the end."""
        return self.best()[0][0]

    def best(self, count: int = 1) -> list[tuple[list[int], float]]:
        """Rank what is left at the end: letters, and what all of the text is worth; the best first."""
        ends = {tokens: prefix for tokens, prefix in self._beam.items() if self._whole(prefix)}
        if not ends:  # where the beam was cut amid a word that nothing else stands beside: without that word
            ends = {self._words(tokens): prefix for tokens, prefix in reversed(self._beam.items())}
        ranked = [(list(tokens[self._told :]), self._rank(p) + self._ending(p)) for tokens, p in ends.items()]
        return sorted(ranked, key=lambda pair: -pair[1])[:count]

    def _whole(self, prefix: _Prefix) -> bool:
        return self.lexicon is None or self.lexicon.whole(prefix.place)

    def _words(self, tokens: tuple[int, ...]) -> tuple[int, ...]:
        """Leave out the word that was begun: give all up to the last space."""
        space = self.lexicon.space if self.lexicon else None
        return tokens[: max((n for n, token in enumerate(tokens, 1) if token == space), default=0)]

    def _ending(self, prefix: _Prefix) -> float:
        return self.settings.scorer_weight * self.scorer.end(prefix.state) if self.scorer else 0.0

    @staticmethod
    def _rank(prefix: _Prefix) -> float:
        return prefix.total + prefix.worth

    def _step(self, step: LogProbs) -> None:
        likely = np.flatnonzero(step >= self.settings.threshold) if self.lexicon is None else ()
        letters = dict.fromkeys((int(token) for token in likely if token != _BLANK), Lexicon.begin)
        said: list[float] = step.tolist()
        blank = said[_BLANK]
        after: dict[tuple[int, ...], _Prefix] = {}
        for tokens, prefix in self._beam.items():
            total, last = prefix.total, tokens[-1] if tokens else _BLANK
            stays = self._at(after, tokens, prefix)
            stays.blank = _sum(stays.blank, total + blank)
            if tokens:
                stays.letter = _sum(stays.letter, prefix.letter + said[last])
            for token, place in (letters if self.lexicon is None else self.lexicon.after(prefix.place)).items():
                # The same letter again is another one only after a blank.
                came = prefix.blank if token == last else total
                if came == _NEVER:
                    continue
                longer = self._longer(after, tokens, prefix, token, place)
                longer.letter = _sum(longer.letter, came + said[token])
        ranked = sorted(after.items(), key=lambda item: -self._rank(item[1]))
        kept = ranked[: self.settings.size]
        if not any(self._whole(prefix) for _, prefix in kept):
            kept += [item for item in ranked if self._whole(item[1])][:1]
        self._beam = dict(kept)

    @staticmethod
    def _at(after: dict[tuple[int, ...], _Prefix], tokens: tuple[int, ...], prefix: _Prefix) -> _Prefix:
        if tokens not in after:
            after[tokens] = _Prefix(prefix.state, prefix.worth, prefix.place, grown=prefix.grown)
        return after[tokens]

    def _longer(
        self, after: dict[tuple[int, ...], _Prefix], tokens: tuple[int, ...], prefix: _Prefix, token: int, place: int
    ) -> _Prefix:
        longer = (*tokens, token)
        if longer not in after:
            if longer in self._beam:
                return self._at(after, longer, self._beam[longer])
            if token not in prefix.grown:
                state, log = self.scorer.extend(prefix.state, token) if self.scorer else (None, 0.0)
                prefix.grown[token] = state, self.settings.scorer_weight * log + self.settings.bonus
            state, adds = prefix.grown[token]
            after[longer] = _Prefix(state, prefix.worth + adds, place)
        return after[longer]

    def _common(self) -> tuple[int, ...]:
        """Give what all prefixes begin with."""
        low, high = min(self._beam), max(self._beam)
        same = 0
        while same < min(len(low), len(high)) and low[same] == high[same]:
            same += 1
        return low[:same]

    def _decide(self) -> None:
        """Go on with those that begin as the best does, where prefixes have disagreed for long."""
        best = max(self._beam.items(), key=lambda item: self._rank(item[1]))[0]
        if len(best) - len(self._common()) > _OPEN:
            head = best[: len(best) - _OPEN // 2]
            self._beam = {tokens: prefix for tokens, prefix in self._beam.items() if tokens[: len(head)] == head}

    def _settled(self) -> list[int]:
        """Give what all prefixes begin with, and forget it but for the last letter, which may be said again."""
        common = self._common() if self.lexicon is None else self._words(self._common())
        same, settled = len(common), list(common[self._told :])
        if (drop := max(0, same - 1)) > 0:
            self._beam = {tokens[drop:]: prefix for tokens, prefix in self._beam.items()}
        self._told = same - drop
        return settled


def ctc_search(
    settings: CTCSettings, scorer: Scorer | None = None, lexicon: Lexicon | None = None
) -> GreedySearch | PrefixSearch:
    """Make the search that is wanted: of size 1, without a scorer and a lexicon, it is greedy."""
    greedy = settings.size == 1 and scorer is None and lexicon is None
    return GreedySearch() if greedy else PrefixSearch(settings, scorer, lexicon)


def _sum(a: float, b: float) -> float:
    """Return ``log(exp(a) + exp(b))``."""
    if a < b:
        a, b = b, a
    return a if b == _NEVER else a + math.log1p(math.exp(b - a))
