"""The model card: what a model is, what it learned from, how good it is, in one page of Markdown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gyeol.data.text.trained_columns import TrainedColumns
from gyeol.tasks.training.gradient_record import gradients_of

if TYPE_CHECKING:
    from gyeol.tasks.base import Estimator

__all__ = ["MEASURED", "figure_rows", "measured_on", "measured_words", "write_card"]

MEASURED = "measured_on"  # the key of what figures were measured on


def measured_on(about: dict[str, Any]) -> str:
    """Say what a model's figures were measured on, by its ``about_``: ``"validation"`` or ``"training"``.

    Examples
    --------
    >>> measured_on({"validation": "given"}), measured_on({"measured_on": "training"})
    ('validation', 'training')
    """
    if about.get(MEASURED) in ("validation", "training"):
        return str(about[MEASURED])
    return "training" if str(about.get("validation", "")).startswith("none") else "validation"  # of older models


def measured_words(about: dict[str, Any]) -> str:
    """Say the same as people read it, everywhere in these words.

    Examples
    --------
    >>> measured_words({"measured_on": "training"})
    'the training part (nothing was held back)'
    >>> measured_words({"measured_on": "validation", "validated_share": 0.25})
    '25 % of the validation part (there was no time for more)'
    """
    if measured_on(about) == "training":
        part, why = "the training part", "nothing was held back"
    else:
        part, why = "the validation part", ""
    share = about.get("validated_share", 1.0)
    if isinstance(share, float) and share < 1:
        part, why = f"{100 * share:.2g} % of {part}", "; ".join(filter(None, [why, "there was no time for more"]))
    return f"{part} ({why})" if why else part


def write_card(path: Path, model: Estimator, name: str) -> None:
    """Write the card of a fitted estimator."""
    import platform

    import torch

    import gyeol

    about = dict(model.about_)
    measured = measured_words(about)
    for known in (MEASURED, "training_id"):
        about.pop(known, None)
    if (columns := TrainedColumns.of(about)) is not None:
        about["columns"] = columns.describe()
    count = sum(p.numel() for p in model.net_.parameters())
    settings = model.get_params(deep=False)
    lines = [
        f"# {name}",
        "",
        f"A gyeol `{type(model).__name__}` with {count:,} weights, trained by gyeol {gyeol.__version__} "
        f"(torch {torch.__version__}, {platform.machine()}).",
        "",
        "```",
        model.usage.format(name),
        "```",
        "",
        "## Data",
        "",
        *_table(
            {
                "file": about.pop("data", "given in Python"),
                "sha256": about.pop("sha256", "not known"),
                "examples": _count(about.pop("examples", 0)),
                "validation": about.pop("validation", ""),
                **{k: v for k, v in model.describe_data().items()},
            }
        ),
        "",
        "## Figures",
        "",
        *_table({"measured on": measured, **figure_rows(model.metrics_, model.about_)}),
        "",
        "## Training",
        "",
        *_table(about),
        "",
        *_gradients(model.history_.records),
        "## Settings",
        "",
        *_table({k: getattr(v, "__name__", v) for k, v in settings.items()}),
        "",
        f"The figures are those of {measured} at the best epoch; they say nothing about texts of another kind.",
        "",
    ]
    path.write_text("\n".join(lines), encoding="utf-8", errors="replace")


def _gradients(records: list[dict[str, Any]]) -> list[str]:
    """Show what part of the loss's gradient reached back how far, in the last epoch that recorded it."""
    last = next((found for record in reversed(records) if (found := gradients_of(record))), {})
    if not last:
        return []
    distances = sorted({distance for by_distance in last.values() for distance in by_distance})
    rows = [
        [str(place), *(f"{by_distance[d]:.2g}" if d in by_distance else "" for d in distances)]
        for place, by_distance in last.items()
    ]
    lines = [f"| {' | '.join(row)} |" for row in (["steps back", *map(str, distances)], *rows)]
    return [
        "## Gradient through time",
        "",
        "What part of the loss's gradient reaches the states before a sequence's last, in the last recorded epoch.",
        "",
        lines[0],
        f"|{'---|' * (1 + len(distances))}",
        *lines[1:],
        "",
    ]


def figure_rows(metrics: dict[str, Any], about: dict[str, Any]) -> dict[str, str]:
    """Write figures as a person reads them, by names that say what they were measured on.

    Examples
    --------
    >>> figure_rows({"valid_accuracy": 0.5, "train_loss": 1.25}, {"measured_on": "training"})
    {'accuracy on the training part': '0.5000', 'train_loss': '1.2500'}
    """
    shown = {name: f"{value:.4f}" if isinstance(value, float) else str(value) for name, value in metrics.items()}
    if measured_on(about) == "validation":
        return shown
    return {
        f"{name.removeprefix('valid_')} on the training part" if name.startswith("valid_") else name: value
        for name, value in shown.items()
    }


def _count(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _table(entries: dict[str, Any]) -> list[str]:
    rows = [f"| {_cell(key)} | {_cell(value)} |" for key, value in entries.items()]
    return ["| | |", "|---|---|", *rows]


def _cell(value: Any) -> str:
    """Write a value on one line, as one cell: labels and names of files may hold anything."""
    return " ".join(str(value).split()).replace("|", "\\|")
