"""How much of a time limit is left for learning, by a clock that only moves when told."""

from __future__ import annotations

import importlib
import math
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from gyeol.engine import Deadline, Settings, fit
from gyeol.engine.deadline import Budget

STEPS = 4  # batches of an epoch of the toy plan


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    clock = SimpleNamespace(now=100.0)
    clock.monotonic = lambda: clock.now
    for module in ("fit", "deadline"):
        monkeypatch.setattr(importlib.import_module(f"gyeol.engine.{module}"), "time", clock)
    return clock


def measured_in_parts(plan: Any, clock: Any, *, each: float, count: int = 100) -> list[float]:
    """Let a plan validate ``count`` examples, each of which takes so long; returns the shares it will have measured."""
    shares: list[float] = []
    whole = plan.validate

    def validate() -> dict[str, float]:
        clock.now += each * count
        shares.append(1.0)
        found: dict[str, float] = whole()
        return found

    def validate_within(seconds: float) -> tuple[dict[str, float], float]:
        share = min(1.0, max(1.0, seconds // each) / count)
        clock.now += each * count * share
        shares.append(share)
        return whole(), share

    plan.validate, plan.validate_within = validate, validate_within
    return shares


def steps_take(plan: Any, clock: Any, seconds: float) -> None:
    def wait() -> None:
        clock.now += seconds

    plan.before_step = dict.fromkeys(range(999), wait)


def test_a_deadline_counts_from_its_beginning(clock: Any) -> None:
    early = Deadline(30, started=90.0)
    assert (early.end, early.left(), Deadline(30).left()) == (120.0, 20.0, 30.0)
    assert Deadline(None).left() == math.inf
    clock.now = 130.0
    assert early.left() == -10.0


def test_a_budget_keeps_time_for_validating_and_saving(clock: Any) -> None:
    budget = Budget(Deadline(100), closing=0.1, size=0, checkpoint=True)
    end = 200 - 10 - 1  # closing, and a second to leave
    assert budget.until() == end - 20  # a fifth, as long as nobody knows
    budget.validated(4.0, 0.5)
    assert budget.until() == pytest.approx(end - 8 * 1.15)
    budget.saved(2.0)
    assert budget.until() == pytest.approx(end - 8 * 1.15 - 2 * 1.15 - 2 / 3)
    budget.validated(80.0, 1.0)
    assert budget.until() == pytest.approx(end - 25 - 2 * 1.15 - 2 / 3)  # a part of the examples must do
    assert not budget.fits(90.0)
    budget.stepped(5.0)
    clock.now = budget.until() - 4
    assert budget.over()


@pytest.mark.parametrize("limit", [12.0, 40.0, 200.0])
@pytest.mark.parametrize("step", [0.1, 3.0])
@pytest.mark.parametrize("each", [0.001, 0.05, 2.0])
def test_a_training_ends_on_time(
    make_net: Any, make_plan: Any, clock: Any, limit: float, step: float, each: float
) -> None:
    """Whatever steps and validating take, and with what was spent before the loop began."""
    plan = make_plan(net := make_net())
    shares = measured_in_parts(plan, clock, each=each)
    steps_take(plan, clock, step)
    deadline = Deadline(limit, started=98.0)
    history = fit(net, plan, Settings(10_000, 0.05, patience=10_000), deadline=deadline)
    assert history.stopped == "time limit"
    assert clock.now <= 98 + limit + max(5.0, 0.1 * limit)
    assert plan.steps >= 1
    assert history.trained == pytest.approx(plan.steps / STEPS)
    assert history.best["valid_loss"] > 0
    if each == 0.001:
        assert set(shares) == {1.0}
        assert clock.now >= 98 + 0.5 * limit  # the time is used


def test_the_rest_of_an_epoch_that_does_not_fit_is_left_out_and_a_part_is_measured(
    make_net: Any, make_plan: Any, clock: Any
) -> None:
    plan = make_plan(net := make_net())
    measured_in_parts(plan, clock, each=1.0)  # all of it would take 100 s
    steps_take(plan, clock, 10.0)
    history = fit(net, plan, Settings(5, 0.05), deadline=Deadline(40))
    assert (history.stopped, plan.steps) == ("time limit", 2)
    assert history.trained == 2 / STEPS
    assert 0 < history.share < 0.2
    assert history.best["validated_share"] == history.share
    assert clock.now <= 140


def test_a_deadline_that_is_over_still_gives_a_model(make_net: Any, make_plan: Any, clock: Any) -> None:
    plan = make_plan(net := make_net())
    measured_in_parts(plan, clock, each=0.01)
    history = fit(net, plan, Settings(5, 0.05), deadline=Deadline(10, started=50.0))
    assert (history.stopped, plan.steps, len(history.records)) == ("time limit", 1, 1)
    assert history.share == 0.01


def test_what_ends_by_itself_is_not_ended_by_the_clock(make_net: Any, make_plan: Any, clock: Any) -> None:
    plan = make_plan(net := make_net())
    steps_take(plan, clock, 1.0)
    history = fit(net, plan, Settings(2, 0.05), deadline=Deadline(1000))
    assert (history.stopped, history.trained, history.share) == ("epochs", 2.0, 1.0)


def test_a_limit_without_need_changes_no_bit(make_net: Any, make_plan: Any, clock: Any) -> None:
    found = []
    for limit in (None, 1e6):
        torch.manual_seed(3)
        fit(net := make_net(), make_plan(net), Settings(2, 0.05, averaging=0.9), deadline=Deadline(limit))
        found.append(net.state_dict())
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])
