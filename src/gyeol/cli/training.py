"""What every ``gyeol fit`` has in common: how a training begins, and what is said at its end."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from gyeol.cli.answers.output import note
from gyeol.cli.options.settings import settled
from gyeol.errors import ParameterError, SaveError

if TYPE_CHECKING:
    from gyeol.engine import Deadline
    from gyeol.tasks import Estimator

__all__ = [
    "Run", "accuracy_line", "begun", "check_resume", "command_begins", "ended", "measured", "saved",
    "stop_where_interrupted", "training_told",
]  # fmt: skip

_Kind = TypeVar("_Kind", bound="Estimator")
_UNFINISHED = ("interrupted", "time limit")
_started: list[float] = []


@dataclass(frozen=True, slots=True)
class Run:
    """A training that a command has begun.

    ``checkpoint`` is where it can be taken up again, ``resume`` whether it is now, ``force`` whether it replaces a
    finished model, ``deadline`` when all of the command must be over.
    """

    checkpoint: Path
    resume: bool
    force: bool
    deadline: Deadline

    @property
    def how(self) -> dict[str, Any]:
        """What an estimator's ``fit`` shall know of it."""
        return {"checkpoint": self.checkpoint, "resume": self.resume, "deadline": self.deadline}

    def leaving(self, share: float) -> dict[str, Any]:
        """The same as `how`, but with a share of the time limit left for what the command does afterwards."""
        from gyeol.engine import Deadline

        limit = self.deadline.limit
        earlier = Deadline(None if limit is None else (1 - share) * limit, started=self.deadline.started)
        return {**self.how, "deadline": earlier}


def command_begins() -> None:
    """Let the time of a command begin to count."""
    _started[:] = [time.monotonic()]


def begun(
    kind: type[_Kind], config: Path | None, pairs: list[str], options: dict[str, Any], out: Path, resume: bool,
    force: bool = False,
) -> tuple[_Kind, Run]:  # fmt: skip
    """Make the model that file, --set and options describe, and say how its training goes.

    Options that are None were not given.

    Raises
    ------
    ParameterError
        For settings that cannot be, all at once; where there is nothing to resume.
    SaveError
        Where the model, or the checkpoint, cannot lie where it shall.
    """
    from gyeol.data.model_folder import check_place
    from gyeol.engine import Deadline

    model = settled(kind, config, pairs, {name: value for name, value in options.items() if value is not None})
    check_place(out)
    checkpoint = check_resume(out, resume)
    if not resume and (checkpoint / "state.json").exists():
        note(f"an interrupted training of {out.name} is left behind; it is replaced (--resume would go on with it)")
    deadline = Deadline(model.time_limit, started=_started[0] if _started else None)
    return model, Run(checkpoint, resume, force, deadline)


def check_resume(out: Path, resume: bool) -> Path:
    """Say where the checkpoint of a training lies, once it is sure that it may lie there, and can be taken up.

    Raises
    ------
    SaveError
        Where something else lies there.
    ParameterError
        Where there is nothing to resume.
    """
    keep = out.with_name(f"{out.name}.checkpoint")
    if keep.exists() and not (keep / "state.json").exists():
        raise SaveError(f"{keep}, the place for the checkpoint, holds something else: move it, or choose another --out")
    if resume and not (keep / "state.json").exists():
        raise ParameterError(f"there is nothing to resume: {keep} does not exist. Train without --resume")
    return keep


def ended(model: Estimator, out: Path, run: Run, **more: Any) -> dict[str, Any]:
    """Save a model, and give what its command answers: the figures of the best epoch, ``more``, how long it took.

    Raises
    ------
    SaveError
        Where there was no room; the checkpoint stays.
    """
    kept = saved(model, out, run)
    best = model.history_.best
    return {
        "model": str(out),
        "task": model.task,
        **({"classes": [str(name) for name in model.classes_]} if hasattr(model, "classes_") else {}),
        **{name.removeprefix("valid_"): value for name, value in best.items() if name.startswith("valid_")},
        **more,
        "epoch": best["epoch"],
        "epochs": len(model.history_.records),
        "stopped": model.history_.stopped,
        "seconds": round(model.history_.seconds, 1),
        "weights": sum(p.numel() for p in model.net_.parameters()),
        **training_told(model),
        **({"kept": str(kept)} if kept else {}),
    }


def training_told(model: Estimator) -> dict[str, Any]:
    """What a training says of itself besides its figures: what they were measured on, what was left out, advice."""
    names = (
        "measured_on", "validated_share", "trained_epochs", "majority", "majority_share", "too_long", "longest",
        "shortened", "learned_from", "advice",
    )  # fmt: skip
    return {name: model.about_[name] for name in names if name in model.about_}


def measured(answer: dict[str, Any]) -> str:
    """Say what the figures of an answer were measured on: ``the validation part``."""
    from gyeol.tasks.card import measured_words

    return measured_words(answer)


def accuracy_line(answer: dict[str, Any]) -> str:
    """Write an accuracy, and beside it what it has to be compared with."""
    from gyeol.cli.answers.figures import accuracy_beside
    from gyeol.cli.answers.output import percent

    if "majority" not in answer:
        return f"accuracy {percent(answer['accuracy'])}"
    return accuracy_beside(answer["accuracy"], answer["majority"], answer["majority_share"], answer["macro_f1"])


def stop_where_interrupted(answer: dict[str, Any]) -> None:
    """Say what else is to be said of a training, how to go on, and leave with status 130 where Ctrl-C ended it."""
    model, stopped = answer["model"], answer["stopped"]
    if "kept" in answer:
        note(f"{model} held another model, which is kept as {answer['kept']} (--force replaces it)")
    if "shortened" in answer:
        note(answer["shortened"])
    if "learned_from" in answer:
        note(f"learned from {answer['learned_from']}: a longer --time-limit, without --resume, learns from all")
    if "advice" in answer:
        note(answer["advice"])
    if stopped == "time limit":
        note(f"the same command with --resume and a new --time-limit goes on from {model}.checkpoint")
    if stopped == "interrupted":
        note(f"interrupted: the best model so far is saved in {model}; the same command with --resume goes on")
        raise typer.Exit(130)


def saved(model: Estimator, out: Path, run: Run) -> Path | None:
    """Save a model; its checkpoint goes where the training came to its end, and stays where there was no room.

    Another model that stood there is kept under another name, which is returned: not with --force, and not where it is
    the unfinished model of this very training.
    """
    from gyeol.data.model_folder import read_about
    from gyeol.tasks.storage import save

    before = read_about(out)
    own = before.get("stopped") in _UNFINISHED and before.get("training_id") == model.about_.get("training_id")
    try:
        kept = save(model, out, keep=not (run.force or (run.resume and own)))
    except SaveError as error:
        if not (run.checkpoint / "state.json").exists():
            raise
        raise SaveError(
            f"{error}. The training is kept in {run.checkpoint}: make room, then run the same command with --resume"
        ) from error
    if model.history_.stopped not in _UNFINISHED:
        import shutil

        shutil.rmtree(run.checkpoint, ignore_errors=True)
    return kept
