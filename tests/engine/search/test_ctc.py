"""Prefix beam search against all texts there are, with and without a scorer; a stream gives what the whole gives."""

from __future__ import annotations

from collections import defaultdict
from itertools import groupby, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gyeol.engine.search.ctc import CTCSettings, GreedySearch, PrefixSearch, ctc_search
from gyeol.engine.search.lexicon import Lexicon
from gyeol.errors import DataError, ParameterError

EVERYTHING: dict[str, Any] = {"size": 10_000, "threshold": -np.inf}


def drawn(T: int, V: int, seed: int, spread: float = 2.0) -> np.ndarray:
    scores = np.random.default_rng(seed).normal(0, spread, (T, V))
    return scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)


def texts_of(log_probs: np.ndarray) -> dict[tuple[int, ...], float]:
    """The log probability of every text, summed over all ways that spell it."""
    T, V = log_probs.shape
    sums: dict[tuple[int, ...], float] = defaultdict(lambda: -np.inf)
    for way in product(range(V), repeat=T):
        text = tuple(token for token, _ in groupby(way) if token)
        sums[text] = float(np.logaddexp(sums[text], sum(log_probs[t, n] for t, n in enumerate(way))))
    return sums


class Pairs:
    """A scorer that knows how likely a letter is after another, and which one ends a text."""

    def __init__(self, V: int, seed: int) -> None:
        self.table = drawn(V + 1, V + 1, seed + 1)

    def initial_state(self) -> int:
        return 0

    def extend(self, state: int, token: int) -> tuple[int, float]:
        return token, float(self.table[state, token])

    def end(self, state: int) -> float:
        return float(self.table[state, -1])

    def all(self, text: tuple[int, ...]) -> float:
        return float(sum(self.table[a, b] for a, b in zip((0, *text), (*text, -1), strict=True)))


@given(T=st.integers(1, 5), V=st.integers(2, 4), seed=st.integers(0, 1000))
@settings(max_examples=40)
def test_a_wide_beam_gives_every_text_its_probability(T: int, V: int, seed: int) -> None:
    log_probs = drawn(T, V, seed)
    search = PrefixSearch(CTCSettings(**EVERYTHING))
    told = tuple(search.feed(log_probs))
    found = {(*told, *text): worth for text, worth in search.best(10_000)}
    expected = texts_of(log_probs)
    assert found.keys() == expected.keys()
    for text, worth in expected.items():
        assert found[text] == pytest.approx(worth, abs=1e-9)


@given(
    T=st.integers(1, 5), V=st.integers(2, 4), seed=st.integers(0, 1000), weight=st.floats(0, 2), bonus=st.floats(-1, 1)
)
@settings(max_examples=40)
def test_with_a_scorer_it_finds_the_best_of_all(T: int, V: int, seed: int, weight: float, bonus: float) -> None:
    log_probs, scorer = drawn(T, V, seed), Pairs(V, seed)
    worths = {text: log + weight * scorer.all(text) + bonus * len(text) for text, log in texts_of(log_probs).items()}
    search = PrefixSearch(CTCSettings(**EVERYTHING, scorer_weight=weight, bonus=bonus), scorer)
    told = search.feed(log_probs)
    (rest, worth), *_ = search.best()
    assert worth == pytest.approx(max(worths.values()), abs=1e-9)
    assert worths[(*told, *rest)] == pytest.approx(worth, abs=1e-9)
    assert search.finish() == rest


@given(
    T=st.integers(1, 60), seed=st.integers(0, 1000), cuts=st.lists(st.integers(0, 60), max_size=6),
    size=st.sampled_from([1, 2, 8]), scored=st.booleans(),
)  # fmt: skip
@settings(max_examples=80)
def test_a_stream_finds_what_the_whole_finds(T: int, seed: int, cuts: list[int], size: int, scored: bool) -> None:
    log_probs = drawn(T, 6, seed, spread=5.0)
    scorer = Pairs(6, seed) if scored else None
    whole, stream = (ctc_search(CTCSettings(size), scorer) for _ in range(2))
    expected = [*whole.feed(log_probs), *whole.finish()]
    told: list[int] = []
    for part in np.split(log_probs, sorted(min(cut, T) for cut in cuts)):
        told += stream.feed(part)
        assert told == expected[: len(told)]  # what was told stays
        stream.open()
    assert [*told, *stream.finish()] == expected


SPACE = 3
words = st.lists(st.lists(st.integers(1, 2), min_size=1, max_size=3).map(tuple), min_size=1, max_size=4)


def made_of(text: tuple[int, ...], lexicon: list[tuple[int, ...]], space: int | None) -> bool:
    """Whether a text is words with one space between each two, or nothing."""
    parts = [tuple(part) for is_space, part in groupby(text, lambda token: token == space) if not is_space]
    spaced = [token for part in parts for token in (*part, space)][:-1]
    return list(text) == spaced and all(part in lexicon for part in parts)


@given(T=st.integers(1, 6), lexicon=words, seed=st.integers(0, 1000), space=st.sampled_from([SPACE, None]))
@settings(max_examples=60, deadline=None)
def test_a_lexicon_leaves_every_text_of_its_words_its_probability(
    T: int, lexicon: list[tuple[int, ...]], seed: int, space: int | None
) -> None:
    log_probs = drawn(T, 4, seed)
    search = PrefixSearch(CTCSettings(10_000), lexicon=Lexicon(lexicon, space))
    told = tuple(search.feed(log_probs))
    found = {(*told, *text): worth for text, worth in search.best(10_000)}
    expected = {text: log for text, log in texts_of(log_probs).items() if made_of(text, lexicon, space)}
    assert found.keys() == expected.keys()
    for text, worth in expected.items():
        assert found[text] == pytest.approx(worth, abs=1e-9)


@given(T=st.integers(1, 6), lexicon=words, seed=st.integers(0, 1000), weight=st.floats(0, 2), bonus=st.floats(-1, 1))
@settings(max_examples=40, deadline=None)
def test_with_a_lexicon_and_a_scorer_it_finds_the_best_of_all(
    T: int, lexicon: list[tuple[int, ...]], seed: int, weight: float, bonus: float
) -> None:
    log_probs, scorer = drawn(T, 4, seed), Pairs(4, seed)
    worths = {
        text: log + weight * scorer.all(text) + bonus * len(text)
        for text, log in texts_of(log_probs).items()
        if made_of(text, lexicon, SPACE)
    }
    search = PrefixSearch(CTCSettings(10_000, weight, bonus), scorer, Lexicon(lexicon, SPACE))
    text = (*search.feed(log_probs), *search.finish())
    assert worths[text] == pytest.approx(max(worths.values()), abs=1e-9)


@given(
    T=st.integers(0, 80), lexicon=words, seed=st.integers(0, 1000), cuts=st.lists(st.integers(0, 80), max_size=6),
    size=st.sampled_from([1, 2, 8]), scored=st.booleans(),
)  # fmt: skip
@settings(max_examples=80, deadline=None)
def test_a_stream_with_a_lexicon_tells_whole_words_and_finds_what_the_whole_finds(
    T: int, lexicon: list[tuple[int, ...]], seed: int, cuts: list[int], size: int, scored: bool
) -> None:
    log_probs = drawn(T, 4, seed, spread=5.0)
    scorer = Pairs(4, seed) if scored else None
    whole, stream = (ctc_search(CTCSettings(size), scorer, Lexicon(lexicon, SPACE)) for _ in range(2))
    expected = [*whole.feed(log_probs), *whole.finish()]
    assert made_of(tuple(expected), lexicon, SPACE)
    told: list[int] = []
    for part in np.split(log_probs, sorted(min(cut, T) for cut in cuts)):
        told += stream.feed(part)
        assert told == expected[: len(told)]
        assert not told or (told[-1] == SPACE and made_of(tuple(told[:-1]), lexicon, SPACE))
        stream.open()
    assert [*told, *stream.finish()] == expected


def test_words_that_are_hardly_heard_are_found_in_a_narrow_beam() -> None:
    heard = np.full((6, 6), 1e-7) + np.eye(6)[[1, 0, 2, 0, 3, 0]]  # 1 2 3, where there are 1 2 4 and 5 5
    log_probs = np.log(heard / heard.sum(1, keepdims=True))
    search = PrefixSearch(CTCSettings(1), lexicon=Lexicon([[1, 2, 4], [5, 5]]))
    assert [*search.feed(log_probs), *search.finish()] == [1, 2, 4]


def test_a_stream_that_is_cut_amid_a_word_ends_before_it() -> None:
    unsure = np.log(np.full((400, 4), 0.25))
    search = PrefixSearch(CTCSettings(2), lexicon=Lexicon([[1, 2] * 300, [2, 1] * 300], SPACE))
    for part in np.split(unsure, 10):
        assert search.feed(part) == []
    search._beam = {
        tokens: prefix for tokens, prefix in search._beam.items() if tokens and not search._is_complete(prefix)
    }
    assert search.finish() == []


def test_a_lexicon_without_words() -> None:
    for nothing in ([], [[]]):
        with pytest.raises(DataError, match="the lexicon holds no words"):
            Lexicon(nothing, SPACE)


def test_a_lexicon_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gyeol.engine.search.lexicon._MOST", 50)
    with pytest.raises(DataError, match="more than 50 prefixes"):
        Lexicon(product((1, 2), repeat=5))


def test_what_is_settled_is_forgotten() -> None:
    search = PrefixSearch(CTCSettings(8))
    told: list[int] = []
    for seed in range(50):
        told += search.feed(drawn(40, 6, seed, spread=20.0))
        assert max(map(len, search._beam)) < 200
    assert len(told) > 1000


def test_two_ways_that_stay_alike_do_not_keep_a_stream_open() -> None:
    unsure, sure = np.full(4, 0.02), np.full((2, 4), 1e-9)
    unsure[[1, 2]], sure[0, 3], sure[1, 0] = (0.49, 0.47), 1.0, 1.0
    steps = np.log(np.concatenate([unsure[None], np.zeros((1, 4)) + sure[1], np.tile(sure, (400, 1))]))
    whole, stream = (PrefixSearch(CTCSettings(4)) for _ in range(2))
    told: list[int] = []
    for part in np.split(steps, range(7, len(steps), 7)):
        told += stream.feed(part)
        assert max(map(len, stream._beam)) < 200
    assert len(told) > 250
    assert [*told, *stream.finish()] == [*whole.feed(steps), *whole.finish()] == [1] + [3] * 400


def test_greedy_takes_the_best_of_every_step() -> None:
    way = [0, 2, 2, 0, 2, 1, 1, 3, 0]
    log_probs = np.log(np.full((9, 4), 0.1) + 0.6 * np.eye(4)[way])
    assert GreedySearch().feed(log_probs) == [2, 2, 1, 3]
    assert isinstance(ctc_search(CTCSettings(1)), GreedySearch)
    assert isinstance(ctc_search(CTCSettings(1), Pairs(3, 0)), PrefixSearch)


def test_wrong_settings() -> None:
    with pytest.raises(ParameterError, match=r"beam_size=0: must be 1 or more; lm_weight=-1: must be 0 or more"):
        CTCSettings(0, scorer_weight=-1)
