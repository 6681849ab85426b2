"""A whole report as JSON values: what the folder holds, and, with examples, how the model did on them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gyeol.tasks.report.data_facts import data_facts, overlap
from gyeol.tasks.report.mistakes import worst_mistakes
from gyeol.tasks.report.model_facts import model_facts, versions
from gyeol.tasks.report.results import results

if TYPE_CHECKING:
    from gyeol.engine.metrics.outcomes import Outcomes
    from gyeol.tasks.base import Estimator

__all__ = ["answers_part", "folder_part"]


def folder_part(model: Estimator, path: Path, written_by: str) -> dict[str, Any]:
    """Say what a model's folder holds, and what runs it here; see `model_facts` and `versions`."""
    return {**model_facts(model, path, written_by), "versions": versions(model.threads)}


def answers_part(
    model: Estimator, outcomes: Outcomes, X: Any, *, name: str, noun: str, about: dict[str, Any],
    lines: Sequence[int] = (), training: Sequence[Any] | None = None, worst: int = 10, seed: int = 0,
) -> dict[str, Any]:  # fmt: skip
    """Say how a model did on examples: ``data``, ``results``, ``worst``.

    Parameters
    ----------
    model : Estimator
    outcomes : Outcomes
        Of the examples.
    X : sequence
        Their inputs.
    name, noun : str
        Of the data, and of an example, in the plural.
    about : dict
        What the file was: its hash shows that it is that of the training.
    lines : sequence of int
        Where each example stands.
    training : sequence, optional
        The inputs of the training, to count those that occur in both.
    worst : int
        How many mistakes to show.
    seed : int
        Of the resampling.
    """
    counts = getattr(model, "counts_", None)
    facts = data_facts(outcomes, X, model.reads, counts if isinstance(counts, dict) else None)
    return {
        "data": {
            "name": name, "noun": noun, **facts,
            "overlap": None if training is None else overlap(X, training),
            "same_file": _same_file(about, model.about_),
        },
        "results": results(outcomes, seed=seed),
        "worst": worst_mistakes(model, outcomes, X, count=worst, lines=lines),
    }  # fmt: skip


def _same_file(about: dict[str, Any], trained: dict[str, Any]) -> bool:
    """Whether data are those of the training: the same file, and not another part of the same data set."""
    digest, names = about.get("sha256"), (str(about.get("data")), str(trained.get("data")))
    parts = all(name.endswith(")") for name in names) and names[0] != names[1]
    return digest is not None and digest == trained.get("sha256") and not parts
