"""``gyeol info``: what a model is, and what this machine has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from gyeol.cli.answers.label_sets import gives_sets, thresholds_of
from gyeol.cli.answers.output import object_out, table
from gyeol.cli.answers.reading import remembered
from gyeol.cli.model import load_model
from gyeol.cli.options.training import JSON

__all__ = ["info"]

_SHOWN_ELSEWHERE = ("columns", "grid", "measured_on", "training_id")  # entries of the training


def info(
    model_path: Path = typer.Argument(None, metavar="MODEL", help="Model folder; without one, this machine."),
    json: bool = JSON,
) -> None:
    """Describe a model, or this machine.

    Of a model: task, settings, data, figures, size. Of the machine: how fast it computes in what.
    """
    if model_path is None:
        _machine(json)
        return
    from gyeol import kernels
    from gyeol.tasks.card import figure_rows, measured_on, measured_words
    from gyeol.tasks.storage import read_config

    model = load_model(model_path)
    config = read_config(model_path)
    columns = remembered(model)
    size = sum(f.stat().st_size for f in model_path.iterdir() if f.is_file())
    weights = sum(p.numel() for p in model.net_.parameters())
    inputs = getattr(model, "inputs_", None)
    tokenizer = getattr(getattr(inputs, "source", inputs), "tokenizer", None)
    answer: dict[str, Any] = {
        "model": str(model_path),
        "task": config.task,
        "gyeol": config.gyeol,
        **({"classes": [str(c) for c in model.classes_]} if hasattr(model, "classes_") else {}),
        **({"thresholds": thresholds_of(model)} if gives_sets(model) else {}),
        "tokenizer": tokenizer.name if tokenizer is not None else f"none: {model.reads} are given",
        "weights": weights,
        "bytes": size,
        "metrics": model.metrics_,
        "measured_on": measured_on(config.about),
        "columns": config.about.get("columns"),
        "about": config.about,
        "settings": config.settings,
        "kernels": kernels.describe(),
        "no_tiles": kernels.no_tiles() or None,
    }
    if json:
        object_out(answer)
        return
    rows: list[list[Any]] = [
        ["task", config.task],
        ["written by", f"gyeol {config.gyeol}"],
        *([["classes", ", ".join(answer["classes"][:20])]] if "classes" in answer else []),
        *([["labels", "several per text, each above its threshold"]] if "thresholds" in answer else []),
        ["tokenizer", answer["tokenizer"]],
        ["weights", f"{weights:,}"],
        ["on disk", f"{size / 1e6:.2f} MB"],
        ["figures measured on", measured_words(config.about)],
        *[[k.replace("_", " "), v] for k, v in figure_rows(model.metrics_, config.about).items()],
        *[[k.replace("_", " "), v] for k, v in config.about.items() if k not in _SHOWN_ELSEWHERE],
        *([["columns", columns.describe()]] if columns is not None else []),
        ["settings", ", ".join(f"{k}={v}" for k, v in config.settings.items() if v is not None)],
        ["kernels here", answer["kernels"]],
        *([["no AMX tiles", answer["no_tiles"]]] if answer["no_tiles"] else []),
    ]
    typer.echo(table(rows))


def _machine(json: bool) -> None:
    """Describe this machine, and what ``precision="auto"`` has measured on it so far."""
    import torch

    from gyeol import kernels
    from gyeol.kernels.precision.choices import known_here
    from gyeol.kernels.precision.measurements import file_here, processor

    seen, place = known_here().entries(), file_here().path
    answer: dict[str, Any] = {
        "processor": processor(),
        "threads": torch.get_num_threads(),
        "kernels": kernels.describe(),
        "instruction_sets": kernels.instruction_sets(),
        "measured_in": None if place is None else str(place),
        "measured": [
            {"what": what, "choice": one.choice, "ratio": one.ratio, "seconds": dict(one.seconds)}
            for what, one in seen.items()
        ],
    }
    if json:
        object_out(answer)
        return
    rows: list[list[Any]] = [
        ["processor", answer["processor"]],
        ["threads", answer["threads"]],
        ["kernels", answer["kernels"]],
        ["instruction sets", ", ".join(answer["instruction_sets"]) or "none"],
        ["measurements in", answer["measured_in"] or "no file: there is no home folder"],
    ]
    typer.echo(table(rows))
    if not seen:
        typer.echo('\nprecision="auto" has measured nothing here yet: a training does')
        return
    found = [
        [what, one.choice.replace("@", " by "), "-" if one.ratio is None else f"{one.ratio:.2f}"]
        for what, one in sorted(seen.items())
    ]
    typer.echo(
        "\n" + table([['what precision="auto" computes', "in", "best of the others to float32"], *found], right=[2])
    )
