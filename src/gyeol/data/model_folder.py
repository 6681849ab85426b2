"""Where a model may be written: to a free path, or over another model, but over nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gyeol.data.atomic import replace_folder
from gyeol.errors import SaveError

__all__ = ["CONFIG_CAP", "FILES", "HASHED", "check_place", "free_place", "read_about"]

#: The files of a model folder; of the first ones ``config.json`` holds the hashes.
HASHED = ("model.safetensors", "tokenizer.json", "metrics.json", "history.jsonl")
FILES = ("config.json", *HASHED, "README.md")
CONFIG_CAP = 64 << 20  # thousands of classes of a thousand characters each


def check_place(path: Path) -> None:
    """Make sure, before hours are spent, that a model may be written to a path.

    Raises
    ------
    SaveError
        Something other than a model exists there, or it cannot be written.
    """
    path = free_place(path)
    probe = path.with_name(f".{path.name}.probe")
    replace_folder(probe, lambda folder: None)
    probe.rmdir()


def free_place(path: Path) -> Path:
    """Refuse to replace anything but a model; returns where to write."""
    if path.name in ("", ".."):
        raise SaveError(f"{str(path)!r} is not the name of a folder: choose another place for the model")
    if path.is_symlink():
        path = path.resolve()
    if not path.exists():
        return path
    if not path.is_dir():
        raise SaveError(f"{path} is a file; a model is a folder: choose another place")
    held = sorted(p.name for p in path.iterdir())
    if held and not _is_model(path):
        raise SaveError(f"{path} is a folder with other things in it, not a model: choose another place")
    if others := [name for name in held if name not in FILES]:
        raise SaveError(f"{path} holds {', '.join(others[:3])} besides a model: move that, or choose another place")
    return path


def read_about(path: Path) -> dict[str, Any]:
    """Read what a model stores about its training; empty if there is no model."""
    about = _config(path).get("about")
    return about if isinstance(about, dict) else {}


def _is_model(path: Path) -> bool:
    return {"gyeol", "task", "files"} <= set(_config(path))


def _config(path: Path) -> dict[str, Any]:
    file = path / "config.json"
    try:
        raw = json.loads(file.read_text(encoding="utf-8")) if file.stat().st_size <= CONFIG_CAP else None
    except (OSError, ValueError, RecursionError):
        return {}
    return raw if isinstance(raw, dict) else {}
