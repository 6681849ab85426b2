"""The loop: what is kept, when it ends, and that it is the loop of the textbooks."""

from __future__ import annotations

import importlib
import math
import signal
import threading
from collections.abc import Iterator
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from gyeol.engine import Settings, StepLoss, fit
from gyeol.engine.optimizer import decay
from gyeol.errors import DataError

STEPS = 4  # batches of an epoch: 24 texts, 7 a batch


def scripted(*accuracies: float, loss: float = 1.0) -> list[dict[str, float]]:
    return [{"accuracy": accuracy, "loss": loss} for accuracy in accuracies]


def weights_of(net: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {k: v.detach().clone() for k, v in net.state_dict().items()}


def assert_same(left: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> None:
    assert left.keys() == right.keys()
    for name in left:
        assert torch.equal(left[name], right[name]), name


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """A clock that only moves when told."""
    clock = SimpleNamespace(now=100.0)
    clock.monotonic = lambda: clock.now
    monkeypatch.setattr(importlib.import_module("gyeol.engine.fit"), "time", clock)
    monkeypatch.setattr(importlib.import_module("gyeol.engine.deadline"), "time", clock)
    return clock


@pytest.mark.parametrize("clip_norm", [0.0, 0.05])
def test_it_is_the_loop_of_the_textbooks(make_net: Any, make_plan: Any, clip_norm: float) -> None:
    net, twin = make_net(dropout=0.0, sparse=False), make_net(dropout=0.0, sparse=False)
    settings = Settings(3, 0.05, weight_decay=0.1, clip_norm=clip_norm, warmup=0.2)
    plan = make_plan(net, figures=scripted(0.1, 0.2, 0.3))
    fit(net, plan, settings)

    matrices = [twin.embedding.weight, twin.hidden.weight, twin.head.weight]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": [twin.hidden.bias, twin.head.bias]}]
    adam = torch.optim.AdamW(groups, weight_decay=0.0)
    batches = [rows for epoch in range(3) for rows in plan.batches(epoch)]
    lengths = []
    for step, rows in enumerate(batches):
        F.cross_entropy(twin(plan.words[rows]), plan.classes[rows]).backward()
        lengths.append(float(torch.nn.utils.clip_grad_norm_(twin.parameters(), clip_norm or math.inf)))
        for group in adam.param_groups:
            group["lr"] = 0.05 * decay(step / len(batches), warmup=0.2)
        adam.step()
        adam.zero_grad()
    assert not clip_norm or max(lengths) > clip_norm
    for own, other in zip(net.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(own, other, rtol=1e-5, atol=1e-6)


def test_the_best_weights_are_left_in_the_net_not_the_last(make_net: Any, make_plan: Any) -> None:
    net = make_net()
    plan = make_plan(net, figures=scripted(0.5, 0.9, 0.6, 0.8))
    history = fit(net, plan, Settings(4, 0.05, patience=9))
    assert_same(weights_of(net), plan.validated[1])
    assert history.best == history.records[1]
    assert history.best["epoch"] == 2
    assert not net.training


def test_of_equal_figures_the_lower_loss_wins_then_the_earlier(make_net: Any, make_plan: Any) -> None:
    figures = [{"accuracy": 0.9, "loss": loss} for loss in (0.5, 0.3, 0.3, 0.4)]
    history = fit(net := make_net(), make_plan(net, figures=figures), Settings(4, 0.05, patience=9))
    assert history.best["epoch"] == 2


def test_a_figure_that_is_no_number_is_never_the_best(make_net: Any, make_plan: Any) -> None:
    for figures in (
        [{"accuracy": 0.5, "loss": math.nan}, {"accuracy": 0.5, "loss": 0.7}],
        [{"accuracy": math.nan, "loss": 0.7}, {"accuracy": 0.1, "loss": 0.7}],
    ):
        history = fit(net := make_net(), make_plan(net, figures=figures), Settings(2, 0.05))
        assert history.best["epoch"] == 2


def test_it_stops_when_it_is_no_longer_better(make_net: Any, make_plan: Any) -> None:
    net = make_net()
    plan = make_plan(net, figures=scripted(0.5, 0.4, 0.6, 0.6, 0.5, 0.9))
    history = fit(net, plan, Settings(6, 0.05, patience=2))
    assert history.stopped == "no longer better"
    assert len(history.records) == 5
    assert history.best["epoch"] == 3


def test_all_epochs(make_net: Any, make_plan: Any, watcher: Any) -> None:
    history = fit(net := make_net(), make_plan(net), Settings(3, 0.05, patience=9), progress=watcher)
    assert history.stopped == "epochs"
    assert watcher.records == history.records
    assert watcher.epochs == [(1, 3, 24, 0), (2, 3, 24, 0), (3, 3, 24, 0)]
    assert [step[0] for step in watcher.steps[:STEPS]] == [len(rows) for rows in make_plan(net).batches(0)]
    for number, record in enumerate(history.records, start=1):
        _, loss, right = watcher.steps[number * STEPS - 1]
        assert (record["train_loss"], record["train_accuracy"]) == (loss, right)
        assert {"epoch", "valid_loss", "valid_accuracy", "seconds", "examples_per_second"} <= record.keys()


def test_dropout_is_on_in_training_only(make_net: Any, make_plan: Any) -> None:
    plan = make_plan(net := make_net())
    fit(net, plan, Settings(2, 0.05))
    assert plan.modes == [True] * 2 * STEPS


def test_it_stops_at_the_time_limit_and_validates(make_net: Any, make_plan: Any, watcher: Any, clock: Any) -> None:
    watcher.after_step = dict.fromkeys(range(1, 99), lambda: None)
    plan = make_plan(net := make_net())

    def wait() -> None:
        clock.now += 10

    plan.before_step = dict.fromkeys(range(99), wait)
    history = fit(net, plan, Settings(50, 0.05, time_limit=55), progress=watcher)
    assert history.stopped == "time limit"
    assert plan.steps == 5  # a sixth would end at 60
    assert len(history.records) == 2
    assert history.seconds == 50
    assert history.trained == 1 + 1 / STEPS


def test_a_time_limit_that_passes_while_validating_costs_no_further_step(
    make_net: Any, make_plan: Any, clock: Any
) -> None:
    plan = make_plan(net := make_net())
    real = plan.validate

    def slow() -> dict[str, float]:
        clock.now += 100
        return real()

    plan.validate = slow
    history = fit(net, plan, Settings(5, 0.05, time_limit=50))
    assert (history.stopped, plan.steps, len(history.records)) == ("time limit", STEPS, 1)


def test_the_learning_rate_ends_with_the_time(make_net: Any, make_plan: Any, clock: Any) -> None:
    """A training cut off by the clock has gone down the whole cosine."""
    plan, seen = make_plan(net := make_net()), []

    def wait() -> None:
        seen.append(weights_of(net)["head.bias"])
        clock.now += 9.99

    plan.before_step = dict.fromkeys(range(99), wait)
    fit(net, plan, Settings(50, 0.05, time_limit=100))
    moves = [float((b - a).abs().max()) for a, b in pairwise(seen)]
    assert len(moves) == 9
    assert moves[-1] < 0.1 * moves[0]


def test_averaged_weights_are_what_is_validated_and_kept(make_net: Any, make_plan: Any, watcher: Any) -> None:
    net = make_net()
    plan = make_plan(net, figures=scripted(0.2, 0.9, 0.3))
    own: list[dict[str, torch.Tensor]] = []
    begun: list[dict[str, torch.Tensor]] = []
    watcher.after_step = dict.fromkeys(range(1, 99), lambda: own.append(weights_of(net)))
    plan.before_step = dict.fromkeys(range(99), lambda: begun.append(weights_of(net)))
    fit(net, plan, Settings(3, 0.05, averaging=0.3), progress=watcher)
    average = own[0]
    for step, current in enumerate(own):
        if step:
            keep = min(0.3, (1 + step) / (10 + step))
            average = {k: keep * average[k] + (1 - keep) * current[k] for k in current}
        if step % STEPS == STEPS - 1:
            for name, value in plan.validated[step // STEPS].items():
                torch.testing.assert_close(value, average[name], rtol=1e-5, atol=1e-6)
    assert_same(weights_of(net), plan.validated[1])
    for before, after in zip(own, begun[1:], strict=False):
        assert_same(before, after)  # training itself goes on from its own weights


def test_the_mean_of_asgd_begins_where_an_epoch_is_not_better(make_net: Any, make_plan: Any, watcher: Any) -> None:
    net = make_net()
    plan = make_plan(net, figures=scripted(0.2, 0.5, 0.4, 0.6, 0.1))
    own: list[dict[str, torch.Tensor]] = []
    watcher.after_step = dict.fromkeys(range(1, 99), lambda: own.append(weights_of(net)))
    history = fit(net, plan, Settings(5, 0.05, optimizer="asgd", averaging=0.9), progress=watcher)
    assert history.stopped == "epochs"
    for epoch in range(3):
        assert_same(plan.validated[epoch], own[STEPS * (epoch + 1) - 1])
    for epoch in (3, 4):
        since = own[3 * STEPS : (epoch + 1) * STEPS]
        for name, value in plan.validated[epoch].items():
            torch.testing.assert_close(value, torch.stack([w[name] for w in since]).mean(0), rtol=1e-5, atol=1e-6)
    assert_same(weights_of(net), plan.validated[3])


def test_asgd_keeps_its_rate(make_net: Any, make_plan: Any, watcher: Any) -> None:
    net = make_net(dropout=0.0)
    own = [weights_of(net)]
    watcher.after_step = dict.fromkeys(range(1, 99), lambda: own.append(weights_of(net)))
    fit(net, make_plan(net, figures=scripted(*[0.5] * 6)), Settings(6, 1e-4, optimizer="asgd"), progress=watcher)
    moves = [max(float((b[k] - a[k]).abs().max()) for k in a) for a, b in pairwise(own)]
    assert moves[-1] > 0.3 * moves[0]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_no_number_is_an_error(make_net: Any, make_plan: Any, value: float) -> None:
    plan = make_plan(net := make_net())
    real = plan.loss

    def broken(rows: Any) -> StepLoss:
        loss, right = real(rows)
        return StepLoss(loss * value if plan.steps == STEPS + 2 else loss, right)

    plan.loss = broken
    with pytest.raises(DataError, match=r"the loss became -?(nan|inf) in epoch 2, step 2: .*learning_rate"):
        fit(net, plan, Settings(3, 0.05))
    assert all(torch.isfinite(p).all() for p in net.parameters())


def test_a_gradient_that_is_no_number_is_an_error_before_it_spoils_the_weights(make_net: Any, make_plan: Any) -> None:
    """The last step of a training has no loss after it that could tell."""
    plan = make_plan(net := make_net(), batch_size=24)
    real = plan.loss

    def broken(rows: Any) -> StepLoss:
        loss, right = real(rows)
        return StepLoss(loss + torch.sqrt(0 * loss), right)

    plan.loss = broken
    before = weights_of(net)
    with pytest.raises(DataError, match=r"the gradient became (nan|inf) in epoch 1, step 1: .*learning_rate"):
        fit(net, plan, Settings(1, 0.05))
    assert_same(weights_of(net), before)


def test_ctrl_c_finishes_the_step_and_keeps_the_best(make_net: Any, make_plan: Any) -> None:
    handler = signal.getsignal(signal.SIGINT)
    net = make_net()
    plan = make_plan(net, figures=scripted(0.5, 0.4, 0.3))
    plan.before_step = {2 * STEPS + 1: lambda: signal.raise_signal(signal.SIGINT)}
    history = fit(net, plan, Settings(9, 0.05))
    assert history.stopped == "interrupted"
    assert plan.steps == 2 * STEPS + 2
    assert len(history.records) == 2
    assert_same(weights_of(net), plan.validated[0])
    assert signal.getsignal(signal.SIGINT) is handler


def test_ctrl_c_in_the_first_epoch_still_gives_a_model(make_net: Any, make_plan: Any, watcher: Any) -> None:
    plan = make_plan(net := make_net())
    watcher.after_step = {1: lambda: signal.raise_signal(signal.SIGINT)}
    history = fit(net, plan, Settings(9, 0.05), progress=watcher)
    assert (history.stopped, plan.steps, len(history.records)) == ("interrupted", 1, 1)
    assert history.best["epoch"] == 1
    assert_same(weights_of(net), plan.validated[0])


def test_a_second_ctrl_c_ends_at_once(make_net: Any, make_plan: Any) -> None:
    handler = signal.getsignal(signal.SIGINT)
    plan = make_plan(net := make_net())

    def twice() -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    plan.before_step = {1: twice}
    with pytest.raises(KeyboardInterrupt):
        fit(net, plan, Settings(9, 0.05))
    assert plan.steps == 1
    assert signal.getsignal(signal.SIGINT) is handler


def test_the_handler_is_put_back_after_an_error(make_net: Any, make_plan: Any) -> None:
    handler = signal.getsignal(signal.SIGINT)
    plan = make_plan(net := make_net())
    plan.before_step = {1: lambda: 1 / 0}
    with pytest.raises(ZeroDivisionError):
        fit(net, plan, Settings(9, 0.05))
    assert signal.getsignal(signal.SIGINT) is handler


def test_it_trains_in_a_thread_where_no_signal_can_be_caught(make_net: Any, make_plan: Any) -> None:
    net, found = make_net(), []
    thread = threading.Thread(target=lambda: found.append(fit(net, make_plan(net), Settings(1, 0.05))))
    thread.start()
    thread.join()
    assert found[0].stopped == "epochs"


def test_the_same_seed_gives_the_same_bits(make_net: Any, make_plan: Any) -> None:
    found = []
    for _ in range(2):
        torch.manual_seed(5)
        fit(net := make_net(), make_plan(net), Settings(2, 0.05, averaging=0.9))
        found.append(weights_of(net))
    assert_same(*found)


def test_frozen_weights_stay(make_net: Any, make_plan: Any) -> None:
    net = make_net()
    for parameter in (net.embedding.weight, net.hidden.weight):
        parameter.requires_grad_(False)
    before = weights_of(net)
    fit(net, make_plan(net), Settings(2, 0.05, averaging=0.5, weight_decay=0.1))
    after = weights_of(net)
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed == {"hidden.bias", "head.weight", "head.bias"}
