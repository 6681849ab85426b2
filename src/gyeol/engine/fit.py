"""The training loop. It knows batches, losses and metrics, but not which task is running."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import astuple, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from gyeol.engine.average import Average
from gyeol.engine.checkpoint import Checkpoint
from gyeol.engine.deadline import Budget, Deadline
from gyeol.engine.interrupt import interruptible
from gyeol.engine.memory import kept_memory
from gyeol.engine.optimizer import Optimizer, decay
from gyeol.engine.plan import Carrying, History, Partial, Plan, Progress, Settings, Watch
from gyeol.errors import DataError, ModelError, SaveError
from gyeol.kernels.precision.choices import Choosing, in_training

__all__ = ["fit"]

#: Metrics of which lower is better.
_ERRORS = ("loss", "cer", "wer")


@dataclass(slots=True)
class _State:
    """The state of a training; all of it goes into a checkpoint."""

    epoch: int = 0
    step: int = 0
    total: int = 0
    loss: float = 0.0
    right: float = 0.0
    seen: int = 0
    seconds: float = 0.0
    epoch_seconds: float = 0.0
    bad: int = 0
    best: int = 0  # the number of the best epoch, 0 before there is one
    averaged: int = 0  # steps taken when the averaging of asgd started, 0 before

    @classmethod
    def checked(cls, values: dict[str, Any]) -> _State:
        """Restore the state from a checkpoint; TypeError or ValueError if it is invalid."""
        if set(values) != set(cls.__slots__):
            raise ValueError(f"its state has {', '.join(values)}; {', '.join(cls.__slots__)} were expected")
        for name, default in zip(cls.__slots__, astuple(cls()), strict=True):
            value = values[name]
            if type(value) is not type(default):
                raise TypeError(f"{name} is {value!r}")
            if not (0 <= value < 1 << 53 if isinstance(value, int) else math.isfinite(value)):
                raise ValueError(f"{name} is {value!r}")
        return cls(**values)


def fit(
    net: nn.Module,
    plan: Plan,
    settings: Settings,
    *,
    checkpoint: Checkpoint | None = None,
    resume: bool = False,
    progress: Progress | None = None,
    deadline: Deadline | None = None,
    watch: Watch | None = None,
) -> History:
    """Train a network and leave its best weights in it.

    Parameters
    ----------
    net : nn.Module
        Changed in place.
    plan : Plan
        Batches, loss and validation of the task.
    settings : Settings
    checkpoint : Checkpoint, optional
        Where to save the state from which to resume: every epoch, every minute, and at Ctrl-C.
    resume : bool
        Resume from the checkpoint; the result is the same to the bit as without the interruption.
    progress : Progress, optional
    deadline : Deadline, optional
        When validation and saving must be over as well; by default ``settings.time_limit`` seconds from now.
    watch : Watch, optional

    Raises
    ------
    DataError
        The loss or its gradient is not finite.
    ModelError
        The checkpoint cannot be resumed.
    SaveError
        Something other than a checkpoint exists at its path.
    """
    if checkpoint is not None:
        checkpoint.check_place()
    if deadline is None:
        deadline = Deadline(settings.time_limit)
    with in_training() as choices:
        run = _Run(net, plan, settings, checkpoint, progress, deadline, choices, watch)
        if resume and checkpoint is not None and checkpoint.exists():
            run.restore(checkpoint)
        with interruptible() as interrupted, kept_memory():
            run.train(interrupted)
    run.keep_best()
    run.history.precision = choices.describe()
    return run.history


class _Run:
    def __init__(
        self, net: nn.Module, plan: Plan, settings: Settings, checkpoint: Checkpoint | None,
        progress: Progress | None, deadline: Deadline, choices: Choosing, watch: Watch | None,
    ) -> None:  # fmt: skip
        self.net = net
        self.choices = choices
        self.watch = watch
        self.plan = plan
        self.settings = settings
        self.checkpoint = checkpoint
        self.progress = progress
        self.optimizer = Optimizer(
            net,
            learning_rate=settings.learning_rate,
            weight_decay=settings.weight_decay,
            clip_norm=settings.clip_norm,
            kind=settings.optimizer,
        )
        self.state = _State()
        self.history = History()
        self.best_weights: dict[str, Tensor] = {}
        self.late = settings.optimizer == "asgd"
        self.average = Average(net, settings.averaging) if settings.averaging and not self.late else None
        self.budget: Budget | None = None
        if deadline.limit is not None:
            size = sum(t.numel() * t.element_size() for t in net.state_dict().values())
            self.budget = Budget(deadline, closing=settings.closing, size=size, checkpoint=checkpoint is not None)

    def train(self, interrupted: threading.Event) -> None:
        state = self.state
        while not (stopped := self._finished()):
            if stopped := self._epoch(interrupted):
                self._save()
                break
            self._validate(saved=False)
            state.epoch += 1
            state.step, state.loss, state.right, state.seen, state.epoch_seconds = 0, 0.0, 0.0, 0, 0.0
            self._save()
        self.history.stopped = stopped
        part = state.step / len(self.plan.batches(state.epoch)) if state.step else 0.0
        self.history.trained = state.epoch + part
        # A training interrupted in its first epoch still yields a model; the checkpoint does not change by it.
        if (stopped == "time limit" and state.step) or (state.total and not self.best_weights):
            self._validate(saved=True)
        self.history.seconds = state.seconds

    def _finished(self) -> str:
        """Say why the training is finished, or return ""; by the current settings: with more patience it continues."""
        settings, state = self.settings, self.state
        if state.bad >= max(1, settings.patience):
            return "no longer better"
        if state.epoch >= settings.epochs:
            return "epochs"
        return "time limit" if self.budget and state.total and self.budget.over() else ""

    def _epoch(self, interrupted: threading.Event) -> str:
        """Run the rest of an epoch; returns what interrupted it, if anything did."""
        settings, state, budget = self.settings, self.state, self.budget
        batches = self.plan.batches(state.epoch)
        steps = max(1, settings.epochs * len(batches))
        if self.progress:
            done = sum(len(b) for b in batches[: state.step])
            self.progress.epoch(state.epoch + 1, settings.epochs, sum(map(len, batches)), done)
        self.net.train()
        started = saved = now = time.monotonic()
        before, before_epoch = state.seconds, state.epoch_seconds
        for rows in batches[state.step :]:
            if budget and state.total and budget.over():
                return "time limit"
            along = (state.epoch * len(batches) + state.step) / steps
            if budget and state.total:
                along = max(along, budget.along())
            with nullcontext() if self.watch is None else self.watch.step(state.epoch, state.step, len(batches)):
                outcome = self.plan.loss(rows)
                value = float(outcome.loss.detach())
                self._check_finite("loss", value)
                torch.autograd.backward(outcome.loss)
            scale = 1.0 if self.late else decay(along, warmup=settings.warmup)
            norm = self.optimizer.step(scale=scale, average=self.average, number=state.total - state.averaged)
            self._check_finite("gradient", norm)
            state.step += 1
            state.total += 1
            state.loss += value * len(rows)
            state.right += outcome.right
            state.seen += len(rows)
            last, now = now, time.monotonic()
            state.seconds, state.epoch_seconds = before + now - started, before_epoch + now - started
            if self.progress:
                self.progress.step(len(rows), state.loss / state.seen, state.right / state.seen)
            if interrupted.is_set():
                return "interrupted"
            if budget:
                budget.stepped(now - last)
                if budget.unknown_at_half_time(len(batches) - state.step):
                    self._measure_validation(budget)
            if self.checkpoint and now - saved > settings.checkpoint_every:
                self._save()
                saved = now = time.monotonic()
        return ""

    def _measure_validation(self, budget: Budget) -> None:
        """Measure on a few examples how long validation takes, if the first validation will be the last."""
        if not isinstance(self.plan, Partial):
            return
        started = time.monotonic()
        self.net.eval()
        with torch.inference_mode():
            _, share = self.plan.validate_within(0.03 * budget.window)
        self.net.train()
        budget.validated(time.monotonic() - started, share)

    def _check_finite(self, what: str, value: float) -> None:
        if not math.isfinite(value):
            raise DataError(
                f"the {what} became {value} in epoch {self.state.epoch + 1}, step {self.state.step + 1}: "
                "the input contains extreme numbers, or learning_rate is too high; try a tenth of it"
            )

    def _validate(self, *, saved: bool) -> None:
        settings, state = self.settings, self.state
        started = time.monotonic()
        self.net.eval()
        with self._averaged(), torch.inference_mode():
            figures, share = self._figures(saved=saved)
            shares = {"accuracy": state.right / max(1, state.seen)} if settings.monitor == "accuracy" else {}
            record = {
                "epoch": state.epoch + 1,
                "train_loss": state.loss / max(1, state.seen),
                **{f"train_{name}": value for name, value in shares.items()},
                **{f"valid_{name}": value for name, value in figures.items()},
                "learning_rate": settings.learning_rate,
                "examples_per_second": state.seen / max(1e-9, state.epoch_seconds),
                **({"validated_share": share} if share < 1 else {}),
                **({} if self.watch is None else self.watch.record()),
            }
            if not self.history.best or self._rank(record) > self._rank(self.history.best):
                self.history.best, state.best, state.bad = record, state.epoch + 1, 0
                self.best_weights = {k: v.detach().clone() for k, v in self.net.state_dict().items()}
            else:
                state.bad += 1
        if self.late and self.average is None and state.bad:
            state.averaged, state.bad = state.total, 0
            self.average = Average(self.net, None)
        took = time.monotonic() - started
        state.seconds += took
        if self.budget:
            self.budget.validated(took, share)
        record["seconds"] = round(state.seconds, 3)
        self.history.records.append(record)
        if self.progress:
            self.progress.record(record)

    def _figures(self, *, saved: bool) -> tuple[dict[str, float], float]:
        """Validate on all examples, or on those that fit into the time; returns their share as well."""
        if self.budget and isinstance(self.plan, Partial):
            seconds = self.budget.for_validation(saved=saved)
            if not self.budget.fits(seconds):
                return self.plan.validate_within(seconds)
        return self.plan.validate(), 1.0

    def _rank(self, record: dict[str, Any]) -> tuple[float, ...]:
        figures = [-float(record["valid_loss"])]
        if (monitor := self.settings.monitor) != "loss":
            figure = float(record[f"valid_{monitor}"])
            figures.insert(0, -figure if monitor in _ERRORS else figure)
        return tuple(-math.inf if math.isnan(figure) else figure for figure in figures)

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        """Use the averaged weights during validation."""
        weights = self.average.weights() if self.average else {}
        if not weights:
            yield
            return
        weights_now = {k: v.detach().clone() for k, v in self.net.state_dict().items()}
        self.net.load_state_dict(weights, strict=False)
        try:
            yield
        finally:
            self.net.load_state_dict(weights_now)

    def keep_best(self) -> None:
        if self.best_weights:
            self.net.load_state_dict(self.best_weights)
        self.net.eval()

    def _save(self) -> None:
        if self.checkpoint is None:
            return
        tensors, numbers = self.optimizer.state()
        groups = {"net": dict(self.net.state_dict()), "best": self.best_weights, "optimizer": tensors}
        if isinstance(self.plan, Carrying):
            groups["carried"] = self.plan.carried()
        if self.average:
            groups["average"] = self.average.state()
        state = {
            "state": {name: getattr(self.state, name) for name in _State.__slots__},
            "optimizer": numbers,
            "records": self.history.records,
            "precision": self.choices.state(),
            **({} if self.watch is None else {"watch": self.watch.state()}),
        }
        started = time.monotonic()
        try:
            self.checkpoint.save(groups, state)
            if self.budget:
                self.budget.saved(time.monotonic() - started)
        except SaveError as error:  # the training itself is fine: continue, and report it
            if self.progress:
                self.progress.note(f"checkpoint not saved: {error}")

    def restore(self, checkpoint: Checkpoint) -> None:
        groups, state = checkpoint.load()
        try:
            self.state = _State.checked(state["state"])
            self.choices.restore(state.get("precision", {}))  # older ones chose nothing
            if self.watch is not None:
                self.watch.restore(state.get("watch", {}))
            records = self.history.records = state["records"]
            if type(records) is not list or [type(record) for record in records] != [dict] * self.state.epoch:
                raise ValueError(f"{self.state.epoch} epochs are done, but its records do not match")
            if self.state.best:
                self.history.best = records[self.state.best - 1]
                self._rank(self.history.best)
                self.best_weights = groups["best"]
                self.net.load_state_dict(self.best_weights)
            self.net.load_state_dict(groups["net"])
            self.optimizer.restore(groups.get("optimizer", {}), state["optimizer"])
            if self.late and self.state.averaged:
                self.average = Average(self.net, None)
            if self.average and self.state.total > self.state.averaged:
                self.average.restore(groups.get("average", {}))
            if isinstance(self.plan, Carrying):
                self.plan.carry(groups.get("carried", {}))
        except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
            reason = " ".join(str(error).split())
            raise ModelError(
                f"the checkpoint {checkpoint.path} is damaged ({reason:.200}); train again without --resume"
            ) from error
