"""A model on disk: a folder of six files, none of which can run anything.

========================  =====================================================================
``config.json``           task, settings, classes, the next four files' hashes; unknown keys refused
``model.safetensors``     the weights
``tokenizer.json``        tokenizer and vocabulary
``metrics.json``          figures
``history.jsonl``         one line an epoch
``README.md``             the model card, free to be edited
========================  =====================================================================

Written to a sibling folder, flushed, renamed. Nothing in it is imported or evaluated when it is read. What stands at
the place is replaced only if it is a model and nothing but a model.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from gyeol import parameters
from gyeol.data.atomic import backed_up, replace_folder
from gyeol.data.model_folder import CONFIG_CAP, HASHED, check_folder, check_place, free_place, read_json
from gyeol.engine import History, read_tensors, write_tensors
from gyeol.errors import ModelError, ParameterError, SaveError
from gyeol.inputs.tokens.tokenizers import canonical_name
from gyeol.lazy import load_delayed
from gyeol.tasks.card import MEASURED, measured_on, write_card

if TYPE_CHECKING:
    from gyeol.tasks.base import Estimator

__all__ = ["FORMAT", "check_place", "check_weights", "load", "read_config", "save"]

FORMAT = 1
_JSON_CAP = 256 << 20  # no vocabulary is larger
_MOST = sys.float_info.max
#: What gives a new tensor its numbers, in `torch.nn.init` and of tensors themselves.
_FILLS = frozenset(
    {
        *("normal_", "trunc_normal_", "uniform_", "constant_", "ones_", "zeros_", "eye_", "orthogonal_", "fill_"),
        *("xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_", "zero_"),
    }
)


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


def save(model: Estimator, path: Path, *, keep: bool = False) -> Path | None:
    """Write a fitted estimator as a folder.

    Parameters
    ----------
    model : Estimator
    path : Path
    keep : bool
        Whether another model that stands there is kept under the next free name: ``path.1``.

    Returns
    -------
    Path or None
        That name, where there was another model.

    Raises
    ------
    SaveError
        Where that is impossible; what stood at ``path`` is unchanged.
    """
    import gyeol
    from gyeol.tasks import TASKS

    learned, inputs = model.state()
    settings = {k: parameters.plain(v) for k, v in model.get_params(deep=False).items()}
    kind = TASKS.get(model.task, type(model))
    if unknown := sorted(set(settings) - set(kind.rules)):
        raise SaveError(
            f"{type(model).__name__} has settings that {kind.__name__} has not ({', '.join(unknown)}), and would be "
            "loaded without them: make them class attributes to save it"
        )
    if isinstance(settings.get("tokenizer"), str):
        settings["tokenizer"] = canonical_name(settings["tokenizer"])

    def write(folder: Path) -> None:
        _write_json(folder / "tokenizer.json", inputs)
        write_tensors(folder / "model.safetensors", dict(model.net_.state_dict()))
        # safetensors makes files that only their owner reads; who may read the model may read its weights.
        (folder / "model.safetensors").chmod((folder / "tokenizer.json").stat().st_mode & 0o777)
        _write_json(folder / "metrics.json", {**model.metrics_, MEASURED: measured_on(model.about_)})
        lines = [json.dumps(record, ensure_ascii=False) + "\n" for record in model.history_.records]
        (folder / "history.jsonl").write_text("".join(lines), encoding="utf-8")
        config = Config(
            gyeol=gyeol.__version__,
            format=FORMAT,
            task=model.task,
            settings=settings,
            learned=learned,
            about=model.about_,
            files={name: _digest(folder / name) for name in HASHED},
        )
        _write_json(folder / "config.json", config.model_dump())
        write_card(folder / "README.md", model, path.name)

    place = free_place(path)
    with backed_up(place) if keep else nullcontext() as other:
        replace_folder(place, write)
    return other


def read_config(path: Path) -> Config:
    """Read and check a model folder's config.json.

    Raises
    ------
    ModelError
        Where the folder is missing, is no model, is damaged, or was written by a newer gyeol.
    """
    check_folder(path)
    raw = read_json(path / "config.json", CONFIG_CAP)
    if not isinstance(raw, dict) or "gyeol" not in raw:
        raise ModelError(f"{path / 'config.json'} is not of a gyeol model: it names no gyeol version")
    if isinstance(raw.get("format"), int) and raw["format"] > FORMAT:
        raise ModelError(
            f"{path} was written by gyeol {raw['gyeol']!r:.20} (format {raw['format']!r:.20}); "
            f"this one reads format {FORMAT} and older: pip install -U gyeol"
        )
    try:
        return Config.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(repr(p)[1:-1] for p in first["loc"])
        raise ModelError(f"{path / 'config.json'} is damaged: {place:.60}: {first['msg'].lower()}") from error


def load(path: str | Path, **own: Any) -> Estimator:
    """Load a model folder.

    Parameters
    ----------
    path : path
        The folder.
    **own
        Classes of your own that the model was trained with, by setting: ``cell=MyCell``, ``tokenizer=MyTokenizer``.
        They are never imported by a name from the file.

    Raises
    ------
    ModelError
        Where the folder is missing, incomplete, damaged, foreign, or written by a newer gyeol, and where a class of
        your own is needed.
    ParameterError
        For something handed over that is no such class, or not needed.
    """
    from gyeol.tasks import TASKS

    path = Path(path)
    config = read_config(path)
    if config.task not in TASKS:
        raise ModelError(
            f"{path} is a model for the task {config.task!r:.60}, which this gyeol does not know; upgrade gyeol"
        )
    if set(config.files) != set(HASHED):
        raise ModelError(f"{path / 'config.json'} is damaged: files: expected the hashes of {', '.join(HASHED)}")
    for name, digest in config.files.items():
        file = path / name
        if not file.is_file():
            raise ModelError(f"{file} is missing; take the whole model folder from where it was trained")
        try:
            same = _digest(file) == digest
        except OSError as error:
            raise ModelError(f"{file} cannot be read: {error.strerror}") from error
        if not same:
            raise ModelError(f"{file} is damaged or belongs to another model: its hash is not the one in config.json")
    kind = TASKS[config.task]
    model = _unfitted(path, config, kind, own)
    inputs = read_json(path / "tokenizer.json", _JSON_CAP)
    tensors = read_tensors(path / "model.safetensors")
    try:
        model.restore(config.learned, inputs, tensors)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    except (ArithmeticError, AttributeError, LookupError, MemoryError, RuntimeError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(
            f"{path}: its parts do not fit together ({reason}); take the whole folder from one training"
        ) from error
    model.about_ = config.about
    figures = read_json(path / "metrics.json", CONFIG_CAP)
    if isinstance(figures, dict) and figures.pop(MEASURED, measured_on(model.about_)) != measured_on(model.about_):
        raise ModelError(f"{path / 'metrics.json'} and config.json disagree on what the figures were measured on")
    model.metrics_ = _figures(path / "metrics.json", figures)
    model.history_ = _history(path / "history.jsonl", model)
    return model


def _unfitted(path: Path, config: Config, kind: type[Estimator], own: dict[str, Any]) -> Estimator:
    """Make an estimator with the settings from the file, which are held to the same rules as a user's."""
    if unknown := sorted(set(config.settings) - set(kind.rules)):
        raise ModelError(f"{path / 'config.json'} has unknown settings: {', '.join(map(repr, unknown)):.200}")
    settings: dict[str, Any] = {}
    for key, value in config.settings.items():
        if isinstance(value, str) and value.startswith("own:"):
            if key not in own:
                name = value[4:] if value[4:].isidentifier() else "..."  # a file may say anything
                raise ModelError(
                    f"{path} was trained with {key}={value[4:]!r:.60}, a custom one that no model folder holds: "
                    f"load it in Python, with gyeol.load(path, {key}={name:.60})"
                )
            parameters.check({key: own[key]}, {key: kind.rules[key]})
            if value[4:] not in (names := _names_of(own[key])):
                raise ParameterError(f"{path} was trained with {key}={value[4:]!r:.60}, {names[0]!r:.60} came")
            value = own[key]
        elif isinstance(value, dict):
            value = _pairs(path, key, value)
        settings[key] = value
    if spare := [key for key in own if settings.get(key) is not own[key]]:
        raise ParameterError(f"{path} was trained without a custom {spare[0]}: load it without {spare[0]}=")
    model = kind(**settings)
    try:
        parameters.check(model.get_params(deep=False), kind.rules)
    except ParameterError as error:
        raise ModelError(f"{path / 'config.json'} is damaged: {error}") from error
    return model


def _names_of(own: Any) -> list[str]:
    """List what a custom class or object may be called in a model's settings; of a name, itself as it is quoted."""
    if isinstance(own, str):
        return [own]
    return [str(getattr(of, name)) for of in (own, type(own)) for name in ("__name__", "name") if hasattr(of, name)]


def _pairs(path: Path, key: str, value: dict[str, Any]) -> dict[Any, Any]:
    try:
        return {k: v for k, v in value["pairs"]}
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{path / 'config.json'} is damaged: settings.{key}: expected pairs") from error


class _Unfilled(TorchFunctionMode):
    """Leaves new tensors without numbers: filling those of the device "meta" loads PyTorch's compiler, for nothing."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        tensor = args[0] if args else kwargs.get("tensor")
        if isinstance(tensor, Tensor) and tensor.is_meta and getattr(func, "__name__", "") in _FILLS:
            return tensor
        return func(*args, **kwargs)


def _shapes(build: Callable[[], nn.Module]) -> dict[str, Tensor]:
    """Build a network without numbers."""
    with torch.device("meta"), _Unfilled():
        return build().state_dict()


def check_weights(tensors: dict[str, Tensor], build: Callable[[], nn.Module]) -> None:
    """Compare weights with the network that ``build`` returns, which needs no memory for that.

    Raises
    ------
    ValueError
        A weight is missing, unknown, of another shape or type, or not finite.
    """
    try:
        expected = _shapes(build)
    except NotImplementedError:  # an operation of which only PyTorch's Python part knows the shape
        load_delayed("torch._meta_registrations")
        expected = _shapes(build)
    for name in sorted(set(expected) ^ set(tensors)):
        raise ValueError(f"{name!r:.80} is {'not in' if name in expected else 'too many in'} model.safetensors")
    for name, tensor in tensors.items():
        if (tensor.shape, tensor.dtype) != (expected[name].shape, expected[name].dtype):
            raise ValueError(
                f"{name!r:.80} is {tuple(tensor.shape)}, settings and vocabulary say {tuple(expected[name].shape)}"
            )
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise ValueError(f"{name!r:.80} holds numbers that are not finite")


def _figures(path: Path, raw: Any) -> dict[str, Any]:
    """Check that a JSON value is figures by name."""
    if not isinstance(raw, dict) or not all(isinstance(v, (int, float)) and abs(v) <= _MOST for v in raw.values()):
        raise ModelError(f"{path} is damaged: expected figures by name")
    return raw


def _history(path: Path, model: Estimator) -> History:
    """Read the figures of every epoch; the best is the one whose figures are the model's."""
    try:
        with path.open("rb") as file:
            records = [_figures(path, json.loads(line)) for line in file]
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} is damaged: {error}") from error
    best = next((r for r in records if model.metrics_.items() <= r.items()), dict(model.metrics_))
    return History(records, best, str(model.about_.get("stopped", "epochs")))


def _write_json(path: Path, value: Any) -> None:
    # Half a character can come in a file's name only, where it stands for a byte: one that is shown, not used.
    text = json.dumps(value, ensure_ascii=False, indent=1, default=str)
    path.write_text(text, encoding="utf-8", errors="replace")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
