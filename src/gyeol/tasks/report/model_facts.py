"""What a report says of a model itself: its training, its settings, its size, and what it runs on."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gyeol.data.text.trained_columns import TrainedColumns
from gyeol.tasks.card import MEASURED, measured_on, measured_words
from gyeol.tasks.report.gradients import plain_history, recorded_gradients

if TYPE_CHECKING:
    from gyeol.tasks.base import Estimator

__all__ = ["folder_size", "model_facts", "versions"]


def model_facts(model: Estimator, path: Path, written_by: str) -> dict[str, Any]:
    """Describe a model that was loaded from a folder.

    Returns
    -------
    dict
        ``model``, ``task``, ``estimator``, ``weights``, ``bytes``, ``history`` (a record an epoch), ``gradients`` (see
        `recorded_gradients`), ``best_epoch`` (None where it is not known), ``metrics``, ``measured_on``,
        ``measured_words``, ``training`` and ``settings`` (texts by name), ``written_by``.
    """
    about = {name: value for name, value in model.about_.items() if name not in (MEASURED, "training_id", "grid")}
    if (columns := TrainedColumns.of(about)) is not None:
        about["columns"] = columns.describe()
    settings = model.get_params(deep=False)
    records = model.history_.records
    best = model.history_.best.get("epoch")
    return {
        "model": path.name or str(path),
        "task": model.task,
        "estimator": type(model).__name__,
        "weights": sum(p.numel() for p in model.net_.parameters()),
        "bytes": folder_size(path),
        "history": plain_history(records),
        "gradients": recorded_gradients(records),
        "best_epoch": best,
        "metrics": model.metrics_,
        "measured_on": measured_on(model.about_),
        "measured_words": measured_words(model.about_),
        "training": {name: _text(value) for name, value in {**about, **model.describe_data()}.items()},
        "settings": {name: _text(value) for name, value in settings.items() if value is not None},
        "written_by": written_by,
    }


def folder_size(path: Path) -> int:
    """Return the bytes of the files of a model folder."""
    return sum(file.stat().st_size for file in path.iterdir() if file.is_file())


def versions(threads: int | None) -> dict[str, str]:
    """Name what counted: gyeol and its libraries, the processor, the kernels, the threads."""
    import numpy
    import sklearn
    import torch

    import gyeol
    from gyeol import kernels
    from gyeol.kernels.precision.measurements import processor

    return {
        "gyeol": gyeol.__version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": numpy.__version__,
        "scikit-learn": sklearn.__version__,
        "processor": processor(),
        "kernels": kernels.describe(),
        "threads": str(threads or torch.get_num_threads()),
    }


def _text(value: Any) -> str:
    """Write a setting or an entry on one line."""
    if isinstance(value, float):
        return f"{value:.6g}"
    return " ".join(str(getattr(value, "__name__", value)).split())[:400]
