"""The model that a command asks: checked before anything heavy is imported, then loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gyeol import lazy
from gyeol.errors import ModelError, ParameterError

__all__ = ["load_model"]

# What scikit-learn's base classes and PyTorch import for whoever tests hypotheses, reads frames, or compiles. PyTorch's
# shapes of operations are needed on the device "meta" only, where `gyeol.tasks.storage` asks for them if it must.
_UNNEEDED = ("scipy.stats", "pandas", "torch._meta_registrations")


def load_model(path: Path, threads: int | None = None, *, task: str | None = None) -> Any:
    """Load a model folder, of whatever task or of one.

    Parameters
    ----------
    path : path
        The folder.
    threads : int, optional
        Cores to use; all by default.
    task : str, optional
        The only task that serves.

    Raises
    ------
    ModelError
        For a folder that is missing, or no whole model, and for a model of another task.
    ParameterError
        For a number of threads that cannot be.
    """
    from gyeol.data.model_folder import task_of

    found = task_of(path)
    if task is not None and found != task:
        raise ModelError(f"{path} is a model of 'fit {found}'; this command asks one of 'fit {task}'")
    if threads is not None and threads < 1:
        raise ParameterError(f"--threads {threads}: must be a whole number, 1 or more")
    if lazy.OWN_PROCESS:
        lazy.ASKS_ONLY = True
        lazy.delay(*_UNNEEDED)
    from gyeol.tasks.storage import load

    made = load(path)
    made.set_params(threads=threads)
    return made
