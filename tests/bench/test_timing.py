"""Turns, rounds and medians, by a clock that the test turns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from gyeol.bench.timing import Contestant, Timing, sgemm_rate, take_turns


class Clock:
    """Stands still but when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Stage:
    """Calls that take what a list says, and what happened in which order."""

    def __init__(self) -> None:
        self.clock, self.order = Clock(), ""

    def contestant(self, name: str, *seconds: float, around: float = 0.0) -> Contestant:
        left = [*seconds]

        def call() -> None:
            self.order += name
            self.clock.now += left.pop(0) if len(left) > 1 else left[0]

        @contextmanager
        def dear() -> Iterator[None]:
            self.clock.now += around
            yield
            self.clock.now += around

        return Contestant(name, call, dear)


def test_turns_after_a_warm_up_that_does_not_count() -> None:
    stage = Stage()
    a, b = stage.contestant("A", 99, 1, 3, 2), stage.contestant("B", 99, 5, 5, 8)
    times = take_turns([a, b], seconds=0.0, clock=stage.clock)
    assert stage.order == "ABABABAB"
    assert times == {"A": Timing(2.0, 1.0, 3.0, 3), "B": Timing(5.0, 5.0, 8.0, 3)}


def test_no_round_is_begun_after_the_bound() -> None:
    stage = Stage()
    times = take_turns([stage.contestant("A", 1.0)], seconds=7.5, warm=2, clock=stage.clock)
    assert times["A"].rounds == 8
    assert stage.order == "A" * 10


def test_the_least_and_the_most_hold() -> None:
    stage = Stage()
    assert take_turns([stage.contestant("A", 1e-6)], seconds=9.0, most=4, clock=stage.clock)["A"].rounds == 4
    assert take_turns([stage.contestant("A", 100.0)], seconds=1.0, least=2, clock=stage.clock)["A"].rounds == 2


def test_what_is_around_a_call_is_not_timed() -> None:
    stage = Stage()
    times = take_turns([stage.contestant("A", 2.0, around=50.0)], seconds=0.0, clock=stage.clock)
    assert times["A"] == Timing(2.0, 2.0, 2.0, 3)


def test_the_rate_of_a_product() -> None:
    ticks = iter(range(100))
    assert sgemm_rate(100, rounds=2, clock=lambda: float(next(ticks))) == pytest.approx(2 * 100**3 / 1e9)
