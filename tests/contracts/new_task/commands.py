"""``gyeol fit letters``, ``gyeol letters``; ``evaluate``, ``predict`` and ``explain`` of its models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from gyeol.cli.answers.output import object_out, percent
from gyeol.cli.model import load_model
from gyeol.cli.task_commands import Request, TaskCommands, TaskOption
from gyeol.cli.training import Training, measured_after

__all__ = ["COMMANDS"]

_LOUD = TaskOption("loud", bool, typer.Option(False, "--loud", help="Letters: answer in capitals."), ("predict",))


def fit(
    data: str = typer.Argument(metavar="DATA", help="Table of texts and labels."),
    target: str = typer.Option(None, "--target", metavar="COL", help="Column of labels."),
    *,
    training: Training,
) -> None:
    """Learn to classify texts by their letters."""
    training.check(data)
    from gyeol.data.text.sources import find_source, read_labelled
    from gyeol.tasks import TASKS

    model = training.model(TASKS["letters"])
    train = read_labelled(find_source(data, "train", target=target))
    training.note(f"{train.source.name}: {len(train.texts):,} texts")
    training.fit(model, train.texts, train.labels, noun="texts", shares=True, about=train.about())
    answer = training.save(model)
    line = f"accuracy {percent(answer['accuracy'])}   {measured_after(answer)}"
    training.close(answer, [line], 'gyeol predict {} "..."')


def evaluate(model: Any, request: Request) -> None:
    """Print the share of right answers."""
    from gyeol.data.text.sources import find_source, read_labelled

    test = read_labelled(find_source(request.data, "test", target=request.target))
    right = (model.predict(test.texts) == test.labels).mean()
    object_out({"model": str(request.model_path), "accuracy": float(right)})


def predict(model: Any, request: Request) -> None:
    """Print the classes of texts."""
    for label in model.predict(request.texts):
        typer.echo(label.upper() if request.option("loud") else label)


def explain(model: Any, request: Request) -> None:
    """Print the letters that the model counts and the text has."""
    typer.echo("".join(letter for letter in model.inputs_ if letter in request.texts[0]))


def letters(model_path: Path = typer.Argument(metavar="MODEL", help="Model of 'gyeol fit letters'.")) -> None:
    """List the letters that a model counts."""
    typer.echo("".join(load_model(model_path, task="letters").inputs_))


COMMANDS = TaskCommands(fit, evaluate, predict, explain, verbs={"letters": letters}, options=(_LOUD,))
