"""A training put down and taken up again: the same bits as one that nothing disturbed."""

from __future__ import annotations

import errno
import importlib
import json
import os
import shutil
import signal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gyeol.engine import Checkpoint, History, Settings, fit
from gyeol.engine.checkpoint import read_tensors, write_tensors
from gyeol.errors import ModelError, SaveError
from gyeol.kernels.precision import choices
from gyeol.kernels.precision.choices import Choices, Subject, choose, using
from gyeol.kernels.precision.measurements import MeasurementFile
from gyeol.kernels.precision.race import race

STEPS, EPOCHS = 4, 3
ABOUT = {"data": "ab" * 32, "hidden_size": 6}
TIMES = ("seconds", "examples_per_second")


class Killed(Exception):
    """The process ended here, so to speak."""


def die() -> None:
    raise Killed


def interrupt() -> None:
    signal.raise_signal(signal.SIGINT)


def timeless(history: History) -> tuple[Any, ...]:
    def figures(record: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in record.items() if name not in TIMES}

    return [figures(record) for record in history.records], figures(history.best), history.stopped


class Trainer:
    """Trains the small net again and again, each time as a new process would: other weights, other random state."""

    def __init__(self, make_net: Any, make_plan: Any, path: Path) -> None:
        self.make_net, self.make_plan, self.path = make_net, make_plan, path
        self.begun = 0
        self.net: Any = None
        self.plan: Any = None

    def run(
        self,
        *,
        at: dict[int, Any] | None = None,
        resume: bool = True,
        about: dict[str, Any] | None = None,
        progress: Any = None,
        checkpoint: bool = True,
        **changed: Any,
    ) -> tuple[History, dict[str, torch.Tensor]]:
        named = {"patience": 9, "weight_decay": 0.01, "averaging": 0.0, **changed}
        torch.manual_seed(0 if not self.begun or not resume else 1000 + self.begun)
        self.net = self.make_net(0 if not self.begun or not resume else self.begun)
        self.begun += 1
        self.plan = self.make_plan(self.net)
        self.plan.before_step = at or {}
        keeper = Checkpoint(self.path, ABOUT if about is None else about) if checkpoint else None
        history = fit(
            self.net,
            self.plan,
            Settings(EPOCHS, 0.05, **named),
            checkpoint=keeper,
            resume=resume and checkpoint,
            progress=progress,
        )
        return history, {k: v.detach().clone() for k, v in self.net.state_dict().items()}


@pytest.fixture
def trainer(make_net: Any, make_plan: Any, tmp_path: Path) -> Trainer:
    return Trainer(make_net, make_plan, tmp_path / "kept")


def assert_same_run(
    came: tuple[History, dict[str, torch.Tensor]], expected: tuple[History, dict[str, torch.Tensor]]
) -> None:
    assert timeless(came[0]) == timeless(expected[0])
    assert came[1].keys() == expected[1].keys()
    for name, value in expected[1].items():
        assert torch.equal(came[1][name], value), name


@pytest.mark.parametrize("averaging", [0.0, 0.6])
@pytest.mark.parametrize("step", range(STEPS * EPOCHS))
def test_after_ctrl_c_at_any_step(trainer: Trainer, step: int, averaging: float) -> None:
    expected = trainer.run(resume=False, checkpoint=False, averaging=averaging)
    trainer.begun = 0
    interrupted, _ = trainer.run(at={step: interrupt}, averaging=averaging)
    assert interrupted.stopped == "interrupted"
    assert_same_run(trainer.run(averaging=averaging), expected)
    assert trainer.plan.steps == STEPS * EPOCHS - step - 1


@pytest.mark.parametrize("every", [0.0, 1e9], ids=["every step", "every epoch"])
@pytest.mark.parametrize("step", [1, STEPS, STEPS + 2, 2 * STEPS, STEPS * EPOCHS - 1])
def test_after_a_death_at_any_step(trainer: Trainer, step: int, every: float) -> None:
    expected = trainer.run(resume=False, checkpoint=False)
    trainer.begun = 0
    with pytest.raises(Killed):
        trainer.run(at={step: die}, checkpoint_every=every)
    if not trainer.path.exists():  # it died before there was anything to keep
        trainer.begun = 0
    assert_same_run(trainer.run(), expected)
    kept = step if every == 0 else step // STEPS * STEPS
    assert trainer.plan.steps == STEPS * EPOCHS - kept


def test_after_an_interruption_at_every_single_step(trainer: Trainer, watcher: Any) -> None:
    expected = trainer.run(resume=False, checkpoint=False, averaging=0.6)
    trainer.begun = 0
    for _ in range(STEPS * EPOCHS):
        history, _ = trainer.run(at={0: interrupt}, averaging=0.6, progress=watcher)
        assert history.stopped == "interrupted"
    assert_same_run(trainer.run(averaging=0.6), expected)
    assert trainer.plan.steps == 0
    sizes = [len(rows) for epoch in range(EPOCHS) for rows in trainer.plan.batches(epoch)]
    assert [done for _, _, _, done in watcher.epochs if 0 < done < 24] == [
        sum(sizes[step // STEPS * STEPS : step]) for step in range(STEPS * EPOCHS) if step % STEPS
    ]


def test_a_finished_training_taken_up_again_trains_no_more(trainer: Trainer) -> None:
    expected = trainer.run(resume=False)
    for _ in range(2):
        assert_same_run(trainer.run(), expected)
        assert trainer.plan.steps == 0


def test_seconds_go_on_counting(trainer: Trainer) -> None:
    first, _ = trainer.run(at={5: interrupt})
    second, _ = trainer.run()
    assert second.seconds > first.seconds > 0
    assert [r["seconds"] for r in second.records] == sorted(r["seconds"] for r in second.records)


def test_without_a_checkpoint_there_resume_begins(trainer: Trainer) -> None:
    expected = trainer.run(resume=False, checkpoint=False)
    trainer.begun = 0
    assert_same_run(trainer.run(), expected)


def test_without_resume_a_checkpoint_is_begun_anew(trainer: Trainer) -> None:
    expected = trainer.run(resume=False)
    trainer.run(at={3: interrupt}, resume=False)
    assert_same_run(trainer.run(resume=False), expected)


def test_more_patience_or_time_takes_a_finished_training_further(trainer: Trainer) -> None:
    """Whoever stopped too early need not begin again: these two are no part of what is trained."""
    expected = trainer.run(resume=False, checkpoint=False, patience=9)
    worse = [{"accuracy": 0.5, "loss": 1.0}] * 9
    trainer.begun = 0
    plain = trainer.make_plan
    trainer.make_plan = lambda net: plain(net, figures=worse)
    stopped, _ = trainer.run(patience=1)
    assert (stopped.stopped, len(stopped.records)) == ("no longer better", 2)
    further, _ = trainer.run(patience=9)
    assert (further.stopped, len(further.records)) == ("epochs", len(expected[0].records))

    trainer.begun, trainer.make_plan = 0, plain
    out_of_time, _ = trainer.run(time_limit=1e-9, resume=False)
    assert (out_of_time.stopped, len(out_of_time.records)) == ("time limit", 1)
    again, _ = trainer.run(time_limit=1e-9)
    assert (again.stopped, trainer.plan.steps) == ("time limit", 0)
    rest, _ = trainer.run(time_limit=None)
    assert (rest.stopped, len(rest.records)) == ("epochs", EPOCHS)


def test_no_time_left_after_half_an_epoch_still_gives_a_model(trainer: Trainer) -> None:
    trainer.run(at={1: interrupt})
    history, weights = trainer.run(time_limit=1e-9)
    assert (history.stopped, trainer.plan.steps, history.best["epoch"]) == ("time limit", 0, 1)
    assert torch.equal(weights["head.weight"], trainer.plan.validated[0]["head.weight"])


# What cannot be taken up.


def refusal(trainer: Trainer, **changed: Any) -> str:
    with pytest.raises(ModelError) as caught:
        trainer.run(**changed)
    assert "\n" not in str(caught.value)
    assert str(trainer.path) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("about", "word"),
    [
        ({**ABOUT, "hidden_size": 7}, "hidden_size (was 6, is 7)"),
        ({"data": ABOUT["data"], "hidden_size": 6, "cell": "gru"}, "cell (was None, is 'gru')"),
        ({"data": ABOUT["data"]}, "hidden_size (was 6, is None)"),
    ],
)
def test_another_training_is_named(trainer: Trainer, about: dict[str, Any], word: str) -> None:
    trainer.run(at={5: interrupt})
    message = refusal(trainer, about=about)
    assert "belongs to another training" in message
    assert word in message


def test_another_network_is_refused(trainer: Trainer) -> None:
    trainer.run(at={5: interrupt})
    trainer.make_net = lambda seed: torch.nn.Linear(2, 2)
    assert "is damaged" in refusal(trainer)


def test_averages_that_are_not_there_are_refused(trainer: Trainer) -> None:
    trainer.run(at={5: interrupt})
    assert "averaged weights" in refusal(trainer, averaging=0.9)


@pytest.mark.parametrize("name", ["state.json", "tensors.safetensors"])
def test_a_checkpoint_cut_off_anywhere_is_refused(trainer: Trainer, name: str) -> None:
    trainer.run(at={5: interrupt})
    whole = (trainer.path / name).read_bytes()
    for size in (0, 4, 8, 100, len(whole) // 2, len(whole) - 1):
        (trainer.path / name).write_bytes(whole[:size])
        refusal(trainer)
    (trainer.path / name).write_bytes(whole)
    assert trainer.run()[0].stopped == "epochs"


@pytest.mark.parametrize("name", ["state.json", "tensors.safetensors"])
def test_a_missing_file_is_no_reason_to_begin_anew(trainer: Trainer, name: str) -> None:
    trainer.run(at={5: interrupt})
    (trainer.path / name).unlink()
    assert name in refusal(trainer)


def test_another_format_is_refused(trainer: Trainer) -> None:
    trainer.run(at={5: interrupt})
    whole = json.loads((trainer.path / "state.json").read_text())
    (trainer.path / "state.json").write_text(json.dumps({**whole, "format": 99}))
    assert "has format 99" in refusal(trainer)


def test_every_tensor_is_needed_and_has_its_shape(trainer: Trainer) -> None:
    trainer.run(at={5: interrupt}, averaging=0.6)
    file = trainer.path / "tensors.safetensors"
    whole = read_tensors(file)
    for name, tensor in whole.items():
        for changed in (
            {k: v for k, v in whole.items() if k != name},
            {**whole, name: tensor.new_zeros(3, 3, 3)},
        ):
            write_tensors(file, changed)
            refusal(trainer, averaging=0.6)


WRONG = st.sampled_from([None, True, -1, 2.5, float("nan"), "x", [], [1], {}, {"a": 1}, [[[]]]])


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """All paths into a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


@given(data=st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_values_are_refused_or_harmless(trainer: Trainer, data: st.DataObject) -> None:
    """Never anything but a ModelError: neither another exception now, nor one in the middle of the training."""
    kept = {name: trainer.path.with_name(f"kept {name}") for name in ("state.json", "tensors.safetensors")}
    if not trainer.begun:
        trainer.run(at={5: interrupt})
        for name, copy in kept.items():
            shutil.copy(trainer.path / name, copy)
    shutil.copy(kept["tensors.safetensors"], trainer.path / "tensors.safetensors")
    whole = json.loads(kept["state.json"].read_text())
    place = data.draw(st.sampled_from(places(whole)))
    if not place:
        whole = data.draw(WRONG)
    else:
        holder = whole
        for key in place[:-1]:
            holder = holder[key]
        if data.draw(st.booleans()):
            del holder[place[-1]]
        else:
            holder[place[-1]] = data.draw(WRONG)
    (trainer.path / "state.json").write_text(json.dumps(whole))
    message = "harmless"
    try:
        trainer.run()
    except ModelError as error:
        message = str(error)
    assert len(message.splitlines()) == 1


# A checkpoint that cannot be written.


def test_a_full_disk_ends_no_training(trainer: Trainer, watcher: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = trainer.run(resume=False, checkpoint=False)
    trainer.begun = 0

    def full(path: Path, tensors: dict[str, torch.Tensor]) -> None:
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(importlib.import_module("gyeol.engine.checkpoint"), "write_tensors", full)
    assert_same_run(trainer.run(progress=watcher), expected)
    assert len(watcher.notes) == EPOCHS
    assert all("checkpoint not saved" in note and "the disk is full" in note for note in watcher.notes)
    assert list(trainer.path.parent.iterdir()) == []
    trainer.begun = 0
    assert_same_run(trainer.run(), expected)  # and with nobody to tell


def test_a_disk_that_fills_up_leaves_the_checkpoint_before(
    trainer: Trainer, watcher: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = trainer.run(resume=False, checkpoint=False)
    trainer.begun = 0
    trainer.run(at={5: interrupt})
    before = {p.name: p.read_bytes() for p in trainer.path.iterdir()}

    def full(path: Path, tensors: dict[str, torch.Tensor]) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(importlib.import_module("gyeol.engine.checkpoint"), "write_tensors", full)
        with pytest.raises(Killed):
            trainer.run(at={4: die}, progress=watcher)
    assert watcher.notes
    assert {p.name: p.read_bytes() for p in trainer.path.iterdir()} == before
    assert_same_run(trainer.run(), expected)


def test_a_folder_of_other_things_is_never_replaced(trainer: Trainer) -> None:
    """Such as the user's data, given as the checkpoint by mistake; said before hours are spent."""
    trainer.path.mkdir()
    (trainer.path / "thesis.txt").write_text("years of work")
    with pytest.raises(SaveError, match="contains other things"):
        trainer.run()
    assert trainer.plan.steps == 0
    assert (trainer.path / "thesis.txt").read_text() == "years of work"


class Machine:
    """One on which this precision is the fastest, by a clock of its own."""

    def __init__(self, fastest: str) -> None:
        self.now, self.fastest, self.chosen = 0.0, fastest, dict[int, str]()
        self.choices = Choices(MeasurementFile(None), clock=lambda: self.now)

    def compute(self, number: int) -> None:
        names = ("float32", "bfloat16")
        calls = {name: partial(self._take, 1.0 if name == self.fastest else 2.0) for name in names}
        self.chosen[number] = choose(Subject("a test", f"{number} rows", 1), names, lambda: calls)

    def _take(self, seconds: float) -> None:
        self.now += seconds


def test_a_resumed_training_keeps_the_precision_of_its_first_run(
    trainer: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choices, "race", race)  # by the clocks of these machines
    first, other = Machine("bfloat16"), Machine("float32")
    with using(first.choices):
        trainer.run(at={1: partial(first.compute, 1), 2: interrupt})
    kept = json.loads((trainer.path / "state.json").read_text())["state"]["precision"]
    assert kept == {"a test: 1 rows": "bfloat16"}
    with using(other.choices):
        history, _ = trainer.run(at={0: partial(other.compute, 1), 1: partial(other.compute, 2)})
    assert other.chosen == {1: "bfloat16", 2: "float32"}
    assert history.precision == "a test: bfloat16 and float32 (the others 0.50 times as fast as float32)"


def test_a_checkpoint_of_before_precision_was_kept_resumes(trainer: Trainer) -> None:
    trainer.run(at={2: interrupt})
    file = trainer.path / "state.json"
    whole = json.loads(file.read_text())
    del whole["state"]["precision"]
    file.write_text(json.dumps(whole))
    history, _ = trainer.run()
    assert history.precision == ""
