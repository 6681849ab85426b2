"""A model folder at a first look: whether it is one, and for which task, before anything heavy is imported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gyeol.errors import ModelError, closest

__all__ = ["CONFIG_CAP", "check_folder", "read_json", "task_of"]

CONFIG_CAP = 64 << 20  # thousands of classes of a thousand characters each


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
