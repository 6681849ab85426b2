"""A model on disk: a folder of six files, none of which can run anything.

========================  =====================================================================
``config.json``           task, settings, classes, the other files' hashes; unknown keys refused
``model.safetensors``     the weights
``tokenizer.json``        tokenizer and vocabulary
``metrics.json``          figures
``history.jsonl``         one line an epoch
``README.md``             the model card
========================  =====================================================================

Written to a sibling folder, flushed, renamed. Nothing in it is imported or evaluated when it is read.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from gyeol.data.atomic import replace_folder
from gyeol.engine import read_tensors, write_tensors
from gyeol.errors import ModelError, SaveError, closest
from gyeol.tasks.card import write_card

if TYPE_CHECKING:
    from gyeol.tasks.base import Estimator

__all__ = ["FORMAT", "check_place", "load", "read_config", "save"]

FORMAT = 1
_JSON_CAP = 256 << 20  # no vocabulary is larger
_CONFIG_CAP = 1 << 20
_HASHED = ("model.safetensors", "tokenizer.json")


class Config(BaseModel):
    """What config.json holds."""

    model_config = ConfigDict(extra="forbid", strict=True)

    gyeol: str
    format: int
    task: str
    settings: dict[str, Any]
    learned: dict[str, Any]
    about: dict[str, Any]
    files: dict[str, str]


def check_place(path: Path) -> None:
    """Make sure that a model may be written at a place, before hours are spent on it.

    Raises
    ------
    SaveError
        Where something other than a model stands there, or nothing can be written.
    """
    if path.is_file():
        raise SaveError(f"{path} is a file; a model is a folder: choose another --out")
    if path.is_dir() and any(path.iterdir()) and not (path / "config.json").is_file():
        raise SaveError(f"{path} is a folder with other things in it, not a model: choose another --out")
    replace_folder(path.with_name(f".{path.name}.probe"), lambda folder: None)
    path.with_name(f".{path.name}.probe").rmdir()


def save(model: Estimator, path: Path) -> None:
    """Write a fitted estimator as a folder."""
    import gyeol

    learned, inputs = model._state()
    settings = {k: v if isinstance(v, (str, int, float, bool, type(None), dict)) else f"own:{_name(v)}" for k, v in
                model.get_params(deep=False).items()}

    def write(folder: Path) -> None:
        write_tensors(folder / "model.safetensors", dict(model.net_.state_dict()))
        _write_json(folder / "tokenizer.json", inputs)
        _write_json(folder / "metrics.json", model.metrics_)
        lines = [json.dumps(record, ensure_ascii=False) + "\n" for record in model.history_.records]
        (folder / "history.jsonl").write_text("".join(lines), encoding="utf-8")
        config = Config(
            gyeol=gyeol.__version__,
            format=FORMAT,
            task=model.task,
            settings=settings,
            learned=learned,
            about=model.about_,
            files={name: _digest(folder / name) for name in _HASHED},
        )
        _write_json(folder / "config.json", config.model_dump())
        write_card(folder / "README.md", model, path.name)

    if path.exists() and not (path / "config.json").is_file() and (path.is_file() or any(path.iterdir())):
        raise SaveError(f"{path} holds something other than a model: choose another place")
    replace_folder(path, write)


def read_config(path: Path) -> Config:
    """Read and check a model folder's config.json.

    Raises
    ------
    ModelError
        Where the folder is missing, is no model, is damaged, or was written by a newer gyeol.
    """
    if not path.exists():
        near = [p.name for p in path.parent.glob("*") if (p / "config.json").is_file()] if path.parent.is_dir() else []
        raise ModelError(f"there is no model {path}{closest(path.name, near) if near else '; train one with gyeol fit'}")
    if not path.is_dir():
        raise ModelError(f"{path} is a file; a gyeol model is a folder with a config.json")
    raw = _read_json(path / "config.json", _CONFIG_CAP)
    if not isinstance(raw, dict) or "gyeol" not in raw:
        raise ModelError(f"{path / 'config.json'} is not of a gyeol model: it names no gyeol version")
    if isinstance(raw.get("format"), int) and raw["format"] > FORMAT:
        raise ModelError(
            f"{path} was written by gyeol {raw['gyeol']} (format {raw['format']}); this one reads format {FORMAT} "
            "and older: pip install -U gyeol"
        )
    try:
        return Config.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(p) for p in first["loc"])
        raise ModelError(f"{path / 'config.json'} is damaged: {place}: {first['msg'].lower()}") from error


def load(path: str | Path, **own: Any) -> Estimator:
    """Load a model folder.

    Parameters
    ----------
    path : path
        The folder.
    **own
        Classes of your own that the model was trained with, by setting: ``cell=MyCell``, ``tokenizer=MyTokenizer``. They are
        never imported by a name from the file.

    Raises
    ------
    ModelError
        Where the folder is missing, incomplete, damaged, foreign, or written by a newer gyeol.
    """
    from gyeol.tasks import TASKS

    path = Path(path)
    config = read_config(path)
    if config.task not in TASKS:
        raise ModelError(f"{path} is a model for the task {config.task!r}, which this gyeol does not know; upgrade gyeol")
    for name in _HASHED:
        file = path / name
        if not file.is_file():
            raise ModelError(f"{file} is missing; take the whole model folder from where it was trained")
        if name in config.files and _digest(file) != config.files[name]:
            raise ModelError(f"{file} is damaged or belongs to another model: its hash is not the one in config.json")
    settings = {}
    for key, value in config.settings.items():
        if isinstance(value, str) and value.startswith("own:"):
            if key not in own:
                raise ModelError(f"{path} was trained with {key}={value[4:]}, a class of its own: load it with {key}=THAT_CLASS")
            value = own[key]
        settings[key] = value
    kind = TASKS[config.task]
    unknown = set(settings) - set(kind.rules)
    if unknown:
        raise ModelError(f"{path / 'config.json'} has unknown settings: {', '.join(sorted(unknown))}")
    model: Estimator = kind(**settings)
    inputs = _read_json(path / "tokenizer.json", _JSON_CAP)
    try:
        model._restore(config.learned, inputs)
        model.net_ = model._build().to(model._dtype())
        model.net_.load_state_dict(read_tensors(path / "model.safetensors"))
    except (KeyError, TypeError, ValueError, IndexError, RuntimeError, AttributeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(f"{path}: its parts do not fit together ({reason}); take the whole folder from one training") from error
    model.net_.eval()
    model.about_ = config.about
    metrics = path / "metrics.json"
    model.metrics_ = _read_json(metrics, _CONFIG_CAP) if metrics.is_file() else {}
    return model


def _name(value: Any) -> str:
    return getattr(value, "__name__", type(value).__name__)


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")


def _read_json(path: Path, cap: int) -> Any:
    try:
        if path.stat().st_size > cap:
            raise ModelError(f"{path} is {path.stat().st_size:,} bytes; gyeol writes at most {cap:,}: it is not one of its files")
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError(f"{path} is missing; take the whole model folder from where it was trained") from None
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} is damaged: {error}") from error


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
