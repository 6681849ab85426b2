"""Races by a clock that only the contestants move: no test waits, and none depends on how fast anything is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import chain, repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gyeol.kernels.precision.race import EXACTNESS, TIE, clock_of, fastest, race


class Track:
    """A clock, and contestants that take the seconds written down for them, the last of these for ever."""

    def __init__(self) -> None:
        self.now = 0.0
        self.order: list[str] = []

    def clock(self) -> float:
        return self.now

    def contestant(self, name: str, *seconds: float) -> Callable[[], None]:
        times: Iterator[float] = chain(seconds, repeat(seconds[-1]))

        def run() -> None:
            self.order.append(name)
            self.now += next(times)

        return run


def test_the_shortest_call_counts() -> None:
    track = Track()
    calls = {"float32": track.contestant("float32", 9.0, 5.0, 7.0, 0.1), "bfloat16": track.contestant("bfloat16", 0.2)}
    assert race(calls, track.clock) == pytest.approx({"float32": 0.1, "bfloat16": 0.2})


def test_they_take_turns_and_the_first_call_is_not_counted() -> None:
    track = Track()
    calls = {"a": track.contestant("a", 0.5, 0.2), "b": track.contestant("b", 0.5, 0.1)}
    assert race(calls, track.clock) == pytest.approx({"a": 0.2, "b": 0.1})
    assert track.order == ["a", "b"] * 4


def test_close_contestants_run_more_rounds() -> None:
    track = Track()
    race({"a": track.contestant("a", 0.1), "b": track.contestant("b", 0.11)}, track.clock)
    assert len(track.order) == 2 * 10


def test_what_is_interrupted_again_and_again_runs_until_it_is_not() -> None:
    """On a busy machine the first rounds say that bfloat16 is slower, which it is not."""
    track = Track()
    busy = [0.09, 0.05, 0.11, 0.07, 0.13, 0.02, 0.09, 0.05, 0.02]
    calls = {"float32": track.contestant("float32", 0.03), "bfloat16": track.contestant("bfloat16", *busy)}
    assert fastest(race(calls, track.clock)) == "bfloat16"
    assert len(track.order) < 2 * 12


def test_it_ends_where_interruptions_do_not() -> None:
    track = Track()
    calls = {"a": track.contestant("a", *(4.0**-n for n in range(99))), "b": track.contestant("b", 1.0)}
    race(calls, track.clock)
    assert track.order.count("b") == 1 + 3


def test_short_calls_are_repeated_and_told_one_by_one() -> None:
    track = Track()
    seconds = race({"a": track.contestant("a", 1e-4), "b": track.contestant("b", 4e-4)}, track.clock)
    assert seconds == {"a": pytest.approx(1e-4), "b": pytest.approx(4e-4)}
    assert track.order.count("a") > track.order.count("b")


def test_the_clock_of_one_thread_stands_while_it_waits() -> None:
    assert clock_of(2) is time.perf_counter
    clock = clock_of(1)
    if clock is time.thread_time:
        start = clock()
        time.sleep(0.05)
        assert clock() - start < 0.05


def test_a_clock_that_stands_still_ends_the_race() -> None:
    seconds = race({"float32": lambda: None, "bfloat16": lambda: None}, lambda: 0.0)
    assert fastest(seconds) == "float32"


names = st.builds(lambda element, by: element + by, st.sampled_from(EXACTNESS), st.sampled_from(["", "@amx", "@avx2"]))


@given(seconds=st.dictionaries(names, st.floats(1e-6, 10.0), min_size=1))
def test_the_winner_is_fast_and_nothing_as_fast_is_more_exact(seconds: dict[str, float]) -> None:
    winner = fastest(seconds)
    bound = min(seconds.values()) * (1 + TIE)
    assert seconds[winner] <= bound
    place = EXACTNESS.index(winner.partition("@")[0])
    for name, value in seconds.items():
        assert value > bound or EXACTNESS.index(name.partition("@")[0]) >= place


def test_float32_wins_a_tie() -> None:
    assert fastest({"bfloat16": 1.0, "high": 1.0, "float32": 1.029}) == "float32"
    assert fastest({"bfloat16": 1.0, "high": 1.0, "float32": 1.031}) == "high"
