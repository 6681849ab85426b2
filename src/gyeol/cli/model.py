"""Loading the model of a command: checked before anything heavy is imported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gyeol import lazy
from gyeol.errors import ModelError, ParameterError

__all__ = ["load_model"]

# Imported by scikit-learn's base classes and by PyTorch for statistical tests, data frames and compilation only. The
# meta registrations of PyTorch are needed on the device "meta" only, where `gyeol.tasks.storage` loads them if it must.
_UNNEEDED = ("scipy.stats", "pandas", "torch._meta_registrations")


def load_model(path: Path, threads: int | None = None, *, task: str | None = None) -> Any:
    """Load a model folder.

    Parameters
    ----------
    path : path
        The folder.
    threads : int, optional
        CPU threads; all cores by default.
    task : str, optional
        The task that the command needs; any by default.

    Raises
    ------
    ModelError
        For a folder that is missing or no complete model, and for a model of another task.
    ParameterError
        For an invalid number of threads.
    """
    from gyeol.data.model_folder import task_of

    found = task_of(path)
    if task is not None and found != task:
        raise ModelError(f"{path} is a model of 'fit {found}', but this command needs one of 'fit {task}'")
    if threads is not None and threads < 1:
        raise ParameterError(f"--threads {threads}: must be 1 or more")
    if lazy.OWN_PROCESS:
        lazy.ASKS_ONLY = True
        lazy.delay(*_UNNEEDED)
    from gyeol.tasks.storage import load

    model = load(path)
    model.set_params(threads=threads)
    return model
