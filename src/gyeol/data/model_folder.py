"""A model folder at a first look: where one may be written, whether there is one, and for which task."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gyeol.data.atomic import replace_folder
from gyeol.errors import ModelError, SaveError, closest

__all__ = [
    "CONFIG_CAP", "FILES", "HASHED", "check_folder", "check_place", "free_place", "read_about", "read_json", "task_of",
]  # fmt: skip

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
    names = sorted(p.name for p in path.iterdir())
    if names and not _is_model(path):
        raise SaveError(f"{path} is a folder with other things in it, not a model: choose another place")
    if others := [name for name in names if name not in FILES]:
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


def check_folder(path: Path) -> None:
    """Make sure that there is a folder.

    Raises
    ------
    ModelError
        Where there is none; names the model beside it that is called most alike.
    """
    if not path.exists():
        near = [p.name for p in path.parent.glob("*") if (p / "config.json").is_file()] if path.parent.is_dir() else []
        raise ModelError(
            f"there is no model {path}{closest(path.name, near) if near else '; train one with gyeol fit'}"
        )
    if not path.is_dir():
        raise ModelError(f"{path} is a file; a gyeol model is a folder with a config.json")


def task_of(path: Path) -> str:
    """Name the task of a model folder; nothing else of it is checked.

    Raises
    ------
    ModelError
        Where there is no folder, or no config.json of a gyeol model in it.
    """
    check_folder(path)
    raw = read_json(path / "config.json", CONFIG_CAP)
    if not isinstance(raw, dict) or "gyeol" not in raw:
        raise ModelError(f"{path / 'config.json'} is not of a gyeol model: it names no gyeol version")
    return str(raw.get("task"))


def read_json(path: Path, cap: int) -> Any:
    """Read a JSON file of a model folder, of at most ``cap`` bytes.

    Raises
    ------
    ModelError
        Where it is missing, damaged or larger.
    """
    try:
        if path.stat().st_size > cap:
            raise ModelError(
                f"{path} is {path.stat().st_size:,} bytes; gyeol writes at most {cap:,}: it is not one of its files"
            )
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError(f"{path} is missing; take the whole model folder from where it was trained") from None
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} is damaged: {error}") from error
