"""CTC decoding, from the probabilities of every step to a text: greedy, or a prefix beam search with a language model.

With a lexicon, only its words are found.

Steps may be fed a few at a time, as a stream delivers them; the result is that of the whole.
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
_LOOK = 64  # steps between two searches for the common prefix
_OPEN = 100  # letters in which prefixes may differ


class Scorer(Protocol):
    """The prior probability of a text: a language model, letter by letter."""

    def initial_state(self) -> Any:
        """Return the state before the first letter."""

    def extend(self, state: Any, token: int) -> tuple[Any, float]:
        """Return the state after a letter, and the log probability that it adds (0 within a word, perhaps)."""

    def end(self, state: Any) -> float:
        """Return the log probability that the end adds."""


@dataclass(frozen=True, slots=True)
class CTCSettings:
    """Settings of a CTC search.

    ``size`` prefixes are kept (1 without a scorer: greedy); the score of a prefix is its log probability, plus
    ``scorer_weight`` times its log probability by the scorer, plus ``bonus`` for each of its letters (Hannun et
    al. 2014, section 3); letters whose log probability at a step is below ``threshold`` are skipped there, unless a
    lexicon restricts the letters.
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
        """Feed steps (T, V); returns the letters they add."""
        best = log_probs.argmax(axis=1)
        before = np.concatenate([[self._last], best[:-1]])
        if len(best):
            self._last = int(best[-1])
        return [int(token) for token in best[(best != before) & (best != _BLANK)]]

    def open(self) -> list[int]:
        """Return the letters that further steps may change: none."""
        return []

    def finish(self) -> list[int]:
        """Return the letters left at the end: none."""
        return []


@dataclass(slots=True)
class _Prefix:
    """A prefix: its log probabilities with and without a final blank, and its score by the scorer."""

    state: Any
    scorer_score: float  # the weighted score of the scorer, and the bonuses
    node: int = Lexicon.root
    blank: float = _NEVER
    letter: float = _NEVER
    grown: dict[int, tuple[Any, float]] = field(default_factory=dict)

    @property
    def total(self) -> float:
        return _sum(self.blank, self.letter)


class PrefixSearch:
    """Prefix beam search (Hannun et al. 2014, First-Pass Large Vocabulary Recognition, algorithm 1).

    A beam as wide as the number of prefixes, without a threshold, yields the exact probability of every text.

    With a lexicon only texts of its words are considered, separated by spaces (as in Collobert et al. 2016,
    Wav2Letter). If no prefix in the beam ends with a complete word, the best one that does is kept as well, so that the
    text can end; before the end only complete words are returned.

    Parameters
    ----------
    settings : CTCSettings
    scorer : Scorer, optional
    lexicon : Lexicon, optional

    Examples
    --------
    >>> even = np.log([[0.6, 0.4], [0.6, 0.4]])  # greedy decoding finds the empty text, 0.36; the letter has 0.64
    >>> search = PrefixSearch(CTCSettings(4))
    >>> search.feed(even), search.finish()
    ([], [1])
    """

    def __init__(self, settings: CTCSettings, scorer: Scorer | None = None, lexicon: Lexicon | None = None) -> None:
        self.settings = settings
        self.scorer = scorer
        self.lexicon = lexicon
        first = _Prefix(scorer.initial_state() if scorer else None, 0.0, blank=0.0)
        self._beam: dict[tuple[int, ...], _Prefix] = {(): first}
        self._returned = 0  # letters at the head of all prefixes that were returned already
        self._steps = 0
        self._ready: list[int] = []

    def feed(self, log_probs: LogProbs) -> list[int]:
        """Feed steps (T, V); returns the letters that no further step can change."""
        for step in log_probs:
            self._step(step)
            self._steps += 1
            if self._steps % _LOOK == 0:  # counted over all steps, so that their grouping does not matter
                self._decide()
                self._ready += self._settled()
        ready, self._ready = [*self._ready, *self._settled()], []
        return ready

    def open(self) -> list[int]:
        """Return the letters that further steps may change, as they are now."""
        return list(max(self._beam.items(), key=lambda item: self._rank(item[1]))[0][self._returned :])

    def finish(self) -> list[int]:
        """Return the letters left at the end."""
        return self.best()[0][0]

    def best(self, count: int = 1) -> list[tuple[list[int], float]]:
        """Return the letters left at the end with the score of the whole text, best first."""
        ends = {tokens: prefix for tokens, prefix in self._beam.items() if self._is_complete(prefix)}
        if not ends:  # the beam was cut in the middle of a word: without that word
            ends = {self._words(tokens): prefix for tokens, prefix in reversed(self._beam.items())}
        ranked = [(list(tokens[self._returned :]), self._rank(p) + self._ending(p)) for tokens, p in ends.items()]
        return sorted(ranked, key=lambda pair: -pair[1])[:count]

    def _is_complete(self, prefix: _Prefix) -> bool:
        return self.lexicon is None or self.lexicon.is_complete(prefix.node)

    def _words(self, tokens: tuple[int, ...]) -> tuple[int, ...]:
        """Drop an incomplete last word: return everything up to the last space."""
        space = self.lexicon.space if self.lexicon else None
        return tokens[: max((n for n, token in enumerate(tokens, 1) if token == space), default=0)]

    def _ending(self, prefix: _Prefix) -> float:
        return self.settings.scorer_weight * self.scorer.end(prefix.state) if self.scorer else 0.0

    @staticmethod
    def _rank(prefix: _Prefix) -> float:
        return prefix.total + prefix.scorer_score

    def _step(self, step: LogProbs) -> None:
        likely = np.flatnonzero(step >= self.settings.threshold) if self.lexicon is None else ()
        letters = dict.fromkeys((int(token) for token in likely if token != _BLANK), Lexicon.root)
        log_prob: list[float] = step.tolist()
        blank = log_prob[_BLANK]
        extended: dict[tuple[int, ...], _Prefix] = {}
        for tokens, prefix in self._beam.items():
            total, last = prefix.total, tokens[-1] if tokens else _BLANK
            stays = self._at(extended, tokens, prefix)
            stays.blank = _sum(stays.blank, total + blank)
            if tokens:
                stays.letter = _sum(stays.letter, prefix.letter + log_prob[last])
            for token, node in (letters if self.lexicon is None else self.lexicon.next_letters(prefix.node)).items():
                # A repeated letter counts as a second one only after a blank.
                before = prefix.blank if token == last else total
                if before == _NEVER:
                    continue
                longer = self._longer(extended, tokens, prefix, token, node)
                longer.letter = _sum(longer.letter, before + log_prob[token])
        ranked = sorted(extended.items(), key=lambda item: -self._rank(item[1]))
        best = ranked[: self.settings.size]
        if not any(self._is_complete(prefix) for _, prefix in best):
            best += [item for item in ranked if self._is_complete(item[1])][:1]
        self._beam = dict(best)

    @staticmethod
    def _at(extended: dict[tuple[int, ...], _Prefix], tokens: tuple[int, ...], prefix: _Prefix) -> _Prefix:
        if tokens not in extended:
            extended[tokens] = _Prefix(prefix.state, prefix.scorer_score, prefix.node, grown=prefix.grown)
        return extended[tokens]

    def _longer(
        self, extended: dict[tuple[int, ...], _Prefix], tokens: tuple[int, ...], prefix: _Prefix, token: int, node: int
    ) -> _Prefix:
        longer = (*tokens, token)
        if longer not in extended:
            if longer in self._beam:
                return self._at(extended, longer, self._beam[longer])
            if token not in prefix.grown:
                state, log = self.scorer.extend(prefix.state, token) if self.scorer else (None, 0.0)
                prefix.grown[token] = state, self.settings.scorer_weight * log + self.settings.bonus
            state, adds = prefix.grown[token]
            extended[longer] = _Prefix(state, prefix.scorer_score + adds, node)
        return extended[longer]

    def _common(self) -> tuple[int, ...]:
        """Return the common prefix of all prefixes."""
        low, high = min(self._beam), max(self._beam)
        same = 0
        while same < min(len(low), len(high)) and low[same] == high[same]:
            same += 1
        return low[:same]

    def _decide(self) -> None:
        """If the prefixes have differed for long, keep only those that start like the best one."""
        best = max(self._beam.items(), key=lambda item: self._rank(item[1]))[0]
        if len(best) - len(self._common()) > _OPEN:
            head = best[: len(best) - _OPEN // 2]
            self._beam = {tokens: prefix for tokens, prefix in self._beam.items() if tokens[: len(head)] == head}

    def _settled(self) -> list[int]:
        """Return the common prefix, and drop it from the beam except for its last letter, which may be repeated."""
        common = self._common() if self.lexicon is None else self._words(self._common())
        same, settled = len(common), list(common[self._returned :])
        if (drop := max(0, same - 1)) > 0:
            self._beam = {tokens[drop:]: prefix for tokens, prefix in self._beam.items()}
        self._returned = same - drop
        return settled


def ctc_search(
    settings: CTCSettings, scorer: Scorer | None = None, lexicon: Lexicon | None = None
) -> GreedySearch | PrefixSearch:
    """Create the search: greedy for size 1 without a scorer and a lexicon."""
    greedy = settings.size == 1 and scorer is None and lexicon is None
    return GreedySearch() if greedy else PrefixSearch(settings, scorer, lexicon)


def _sum(a: float, b: float) -> float:
    """Return ``log(exp(a) + exp(b))``."""
    if a < b:
        a, b = b, a
    return a if b == _NEVER else a + math.log1p(math.exp(b - a))
