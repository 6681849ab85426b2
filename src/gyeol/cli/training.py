"""The frame of every ``gyeol fit``: settings, time limit, checkpoint, progress, saving and the closing lines.

A task's ``fit`` reads its data in between::

    training.check(data)                        # before PyTorch is imported
    model = training.model(Captioner)           # settings, place of the model, checkpoint, deadline
    training.note(f"{data}: 800 images")
    training.fit(model, images, captions, noun="images", about=about)
    answer = training.save(model)
    training.close(answer, [f"BLEU ...   {measured_after(answer)}"], "gyeol predict {} photo.jpg")
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from gyeol.cli.answers.output import note, object_out
from gyeol.cli.options.first_checks import check_first, check_resume
from gyeol.cli.options.settings import resolve_settings
from gyeol.cli.options.signature import with_parameters
from gyeol.cli.options.training import shared_options
from gyeol.errors import SaveError

if TYPE_CHECKING:
    from gyeol.cli.task_commands import TaskCommands
    from gyeol.engine import Deadline
    from gyeol.tasks import Estimator

__all__ = ["Training", "accuracy_line", "fit_command", "measured", "measured_after", "start_clock"]

_Kind = TypeVar("_Kind", bound="Estimator")
_UNFINISHED = ("interrupted", "time limit")
_started: list[float] = []


def start_clock() -> None:
    """Start the time that ``--time-limit`` counts: that of the whole command."""
    _started[:] = [time.monotonic()]


def fit_command(task: str, commands: TaskCommands) -> Callable[..., None]:
    """Make the command ``gyeol fit TASK``: the options of the task, and those that all tasks share."""
    settings_of = commands.settings_of or (task,)
    shared = shared_options(settings_of)

    def run(**given: Any) -> None:
        own = {p.name: given.pop(p.name) for p in shared}
        del own["settings"]
        pairs = own.pop("set")
        commands.fit(**given, training=Training(task, settings_of, pairs=pairs, **own))

    return with_parameters(commands.fit, shared, without="training", run=run)


@dataclass(slots=True)
class Training:
    """One ``gyeol fit``, from its options to its closing lines.

    Parameters
    ----------
    task : str
        The command.
    settings_of : tuple of str
        The tasks whose settings it takes.
    pairs : list of str
        What ``--set`` got; the others are the options of the same names.

    Attributes
    ----------
    checkpoint : path
        Where the training can be resumed from; set by `model`.
    deadline : gyeol.engine.Deadline
        When the whole command must be over; set by `model`.
    """

    task: str
    settings_of: tuple[str, ...]
    _: KW_ONLY
    out: Path
    config: Path | None
    pairs: list[str]
    seed: int | None
    time_limit: str | None
    threads: int | None
    resume: bool
    force: bool
    watch_gradients: bool
    json: bool
    quiet: bool
    checkpoint: Path = field(init=False)
    deadline: Deadline = field(init=False)

    @property
    def silent(self) -> bool:
        """Whether progress is hidden."""
        return self.quiet or self.json

    def note(self, line: str) -> None:
        """Print a line of progress."""
        if not self.silent:
            note(line)

    def check(self, *files: str | None) -> None:
        """Report mistakes that can be found before PyTorch is imported: in settings, the place, and names of files.

        Raises
        ------
        ParameterError, SaveError, DataError
        """
        check_first(self.task, self.settings_of, self.out, self.config, self.pairs, self.time_limit, self.resume, files)

    def model(self, kind: type[_Kind], **settings: Any) -> _Kind:
        """Make the model that file, --set and options describe, and prepare its checkpoint.

        Parameters
        ----------
        kind : type
            The estimator.
        **settings
            Settings from options of the task's own; None where the user did not give one.

        Raises
        ------
        ParameterError
            For settings that it cannot have, all at once; where there is nothing to resume.
        SaveError
            Where the model, or the checkpoint, cannot be written.
        """
        from gyeol.data.model_folder import check_place
        from gyeol.engine import Deadline

        given = {"random_state": self.seed, "threads": self.threads, "time_limit": self.time_limit, **settings}
        if self.watch_gradients:
            given["watch_gradients"] = True
        options = {name: value for name, value in given.items() if value is not None}
        model = resolve_settings(kind, self.config, self.pairs, options)
        check_place(self.out)
        self.checkpoint = check_resume(self.out, self.resume)
        if not self.resume and (self.checkpoint / "state.json").exists():
            note(f"replacing the checkpoint of an interrupted training of {self.out.name} (--resume continues it)")
        self.deadline = Deadline(model.time_limit, started=_started[0] if _started else None)
        return model

    def fit(
        self, model: Estimator, *examples: Any, noun: str, shares: bool = False, reserve: float = 0.0, **more: Any
    ) -> None:
        """Train with a progress bar, a checkpoint and the deadline.

        Parameters
        ----------
        model : Estimator
            See `model`.
        *examples : object
            What ``fit`` takes: X, y and perhaps weights.
        noun : str
            What examples are called: ``"texts"``.
        shares : bool
            Whether an example can be right or wrong.
        reserve : float
            The share of the time limit to leave for what the command does afterwards.
        **more
            ``validation`` and ``about`` of ``fit``.
        """
        from gyeol.engine import Deadline

        limit = self.deadline.limit
        until = Deadline(None if limit is None else (1 - reserve) * limit, started=self.deadline.started)
        model.fit(
            *examples, checkpoint=self.checkpoint, resume=self.resume, deadline=until,
            progress=self.progress(noun, shares=shares), **more,
        )  # fmt: skip

    def progress(self, noun: str, *, shares: bool = False) -> Any:
        """Make a progress bar; None where progress is hidden."""
        from gyeol.tasks.training.progress import Bar

        return None if self.silent else Bar(noun, shares=shares)

    def save(self, model: Estimator, figures: dict[str, Any] | None = None, /, **more: Any) -> dict[str, Any]:
        """Save the model, and return what the command answers.

        Parameters
        ----------
        model : Estimator
            Trained.
        figures : dict, optional
            By default those of the best epoch, and how long it took.
        **more
            Further entries.

        Raises
        ------
        SaveError
            Where it could not be written; the checkpoint stays.
        """
        renamed = self._write(model)
        return {
            "model": str(self.out),
            "task": model.task,
            **({"classes": [str(name) for name in model.classes_]} if hasattr(model, "classes_") else {}),
            **(_best_epoch(model) if figures is None else {}),
            **more,
            **(_course(model) if figures is None else figures),
            "weights": sum(p.numel() for p in model.net_.parameters()),
            **_remarks(model),
            **({"kept": str(renamed)} if renamed else {}),
        }

    def _write(self, model: Estimator) -> Path | None:
        """Save a model, and remove its checkpoint where the training is complete.

        A model that was there before is renamed, and its new name returned: not with --force, and not where it is the
        unfinished model of this very training.
        """
        from gyeol.data.model_folder import read_about
        from gyeol.tasks.storage import save

        before = read_about(self.out)
        same = before.get("stopped") in _UNFINISHED and before.get("training_id") == model.about_.get("training_id")
        try:
            renamed = save(model, self.out, keep=not (self.force or (self.resume and same)))
        except SaveError as error:
            if not (self.checkpoint / "state.json").exists():
                raise
            raise SaveError(
                f"{error}. The training is kept in {self.checkpoint}: free some space, then run the same command "
                "with --resume"
            ) from error
        if model.history_.stopped not in _UNFINISHED:
            import shutil

            shutil.rmtree(self.checkpoint, ignore_errors=True)
        return renamed

    def close(
        self, answer: dict[str, Any], lines: Iterable[str], *next_steps: str, saved: str = "{weights:,} weights"
    ) -> None:
        """Print the answer, then remarks on the training, and how to continue it.

        Parameters
        ----------
        answer : dict
            What `save` returned; printed with --json.
        lines : iterable of str
            The figures, printed otherwise.
        *next_steps : str
            Commands to try next, with ``{}`` in the place of the model.
        saved : str
            The size of the model, with names of ``answer`` in braces.

        Raises
        ------
        typer.Exit
            With status 130 where Ctrl-C ended the training.
        """
        if self.json:
            object_out(answer)
        else:
            for line in lines:
                typer.echo(line)
            typer.echo(f"saved: {self.out} ({saved.format(**answer)})")
            if "gradients" in answer:
                typer.echo(answer["gradients"])
            typer.echo("next:  " + "     ".join(step.format(self.out) for step in next_steps))
        model_path = answer["model"]
        if "kept" in answer:
            note(f"the earlier model at {model_path} was renamed to {answer['kept']} (--force replaces it)")
        if "shortened" in answer:
            note(answer["shortened"])
        if "learned_from" in answer:
            note(f"trained on {answer['learned_from']}; a longer --time-limit, without --resume, trains on all")
        if "advice" in answer:
            note(answer["advice"])
        if answer["stopped"] == "time limit":
            note(f"time limit reached; rerun with --resume and a new --time-limit to continue {model_path}.checkpoint")
        if answer["stopped"] == "interrupted":
            note(f"interrupted; the best model so far is saved in {model_path}. Rerun with --resume to continue")
            raise typer.Exit(130)


def _best_epoch(model: Estimator) -> dict[str, Any]:
    best = model.history_.best
    return {name.removeprefix("valid_"): value for name, value in best.items() if name.startswith("valid_")}


def _course(model: Estimator) -> dict[str, Any]:
    return {
        "epoch": model.history_.best["epoch"],
        "epochs": len(model.history_.records),
        "stopped": model.history_.stopped,
        "seconds": round(model.history_.seconds, 1),
    }


def _remarks(model: Estimator) -> dict[str, Any]:
    """Return remarks on a training: what its figures were measured on, what was not used, advice."""
    names = (
        "measured_on", "validated_share", "trained_epochs", "majority", "majority_share", "too_long", "longest",
        "shortened", "learned_from", "advice", "gradients",
    )  # fmt: skip
    return {name: model.about_[name] for name in names if name in model.about_}


def measured(answer: dict[str, Any]) -> str:
    """Name what the figures of an answer were measured on: ``the validation part``."""
    from gyeol.tasks.card import measured_words

    return measured_words(answer)


def measured_after(answer: dict[str, Any], how: str = "") -> str:
    """Describe where the figures of an answer come from: ``on the validation part, after epoch 3 of 5, 12 s``."""
    epochs = f"after epoch {answer['epoch']} of {answer['epochs']}, {answer['seconds']:.0f} s"
    return f"on {measured(answer)}{how}, {epochs}"


def accuracy_line(answer: dict[str, Any]) -> str:
    """Write an accuracy beside that of the majority class."""
    from gyeol.cli.answers.figures import accuracy_beside
    from gyeol.cli.answers.output import percent

    if "majority" not in answer:
        return f"accuracy {percent(answer['accuracy'])}"
    return accuracy_beside(answer["accuracy"], answer["majority"], answer["majority_share"], answer["macro_f1"])
