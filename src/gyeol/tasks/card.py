"""The model card: what a model is, what it learned from, how good it is, in one page of Markdown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gyeol.tasks.base import Estimator

__all__ = ["write_card"]


def write_card(path: Path, model: Estimator, name: str) -> None:
    """Write the card of a fitted estimator."""
    import platform

    import torch

    import gyeol

    about = dict(model.about_)
    count = sum(p.numel() for p in model.net_.parameters())
    own = {k: v for k, v in model.get_params(deep=False).items()}
    lines = [
        f"# {name}",
        "",
        f"A gyeol `{type(model).__name__}` with {count:,} weights, trained by gyeol {gyeol.__version__} "
        f"(torch {torch.__version__}, {platform.machine()}).",
        "",
        "```",
        model.ask.format(name),
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
        *_table({k: f"{v:.4f}" if isinstance(v, float) else v for k, v in model.metrics_.items()}),
        "",
        "## Training",
        "",
        *_table(about),
        "",
        "## Settings",
        "",
        *_table({k: getattr(v, "__name__", v) for k, v in own.items()}),
        "",
        "The figures are those of the validation part at the best epoch; they say nothing about texts of another kind.",
        "",
    ]
    path.write_text("\n".join(lines), encoding="utf-8", errors="replace")


def _count(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _table(entries: dict[str, Any]) -> list[str]:
    rows = [f"| {_cell(key)} | {_cell(value)} |" for key, value in entries.items()]
    return ["| | |", "|---|---|", *rows]


def _cell(value: Any) -> str:
    """Write a value on one line, as one cell: labels and names of files may hold anything."""
    return " ".join(str(value).split()).replace("|", "\\|")
