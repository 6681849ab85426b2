"""What every ``gyeol fit`` has in common: how a training begins, and what is said at its end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from gyeol.cli.output import note
from gyeol.errors import ParameterError, SaveError

if TYPE_CHECKING:
    from gyeol.tasks import Estimator

__all__ = ["begun", "ended", "saved", "stop_where_interrupted"]

_Kind = TypeVar("_Kind", bound="Estimator")


def begun(
    kind: type[_Kind], config: Path | None, pairs: list[str], options: dict[str, Any], out: Path, resume: bool
) -> tuple[_Kind, Path]:
    """Make the model that file, --set and options describe, and say where the checkpoint of its training lies.

    Options that are None were not given.

    Raises
    ------
    ParameterError
        For settings that cannot be, all at once; where there is nothing to resume.
    SaveError
        Where the model, or the checkpoint, cannot lie where it shall.
    """
    from gyeol.tasks.storage import check_place

    model = _made(kind, config, pairs, {name: value for name, value in options.items() if value is not None})
    check_place(out)
    return model, _checkpoint(out, resume)


def ended(model: Estimator, out: Path, keep: Path, **more: Any) -> dict[str, Any]:
    """Save a model, and give what its command answers: the figures of the best epoch, ``more``, how long it took.

    Raises
    ------
    SaveError
        Where there was no room; the checkpoint stays.
    """
    saved(model, out, keep)
    best = model.history_.best
    return {
        "model": str(out),
        "task": model.task,
        **({"classes": [str(name) for name in model.classes_]} if hasattr(model, "classes_") else {}),
        **{name.removeprefix("valid_"): value for name, value in best.items() if name.startswith("valid_")},
        **more,
        "epoch": best["epoch"],
        "epochs": len(model.history_.records),
        "stopped": model.history_.stopped,
        "seconds": round(model.history_.seconds, 1),
        "weights": sum(p.numel() for p in model.net_.parameters()),
    }


def stop_where_interrupted(answer: dict[str, Any]) -> None:
    """Say how to go on, and leave with status 130, where Ctrl-C ended the training."""
    if answer["stopped"] == "interrupted":
        model = answer["model"]
        note(f"interrupted: the best model so far is saved in {model}; the same command with --resume goes on")
        raise typer.Exit(130)


def _checkpoint(out: Path, resume: bool) -> Path:
    """Say where the checkpoint of a training lies, once it is sure that it may lie there, and can be taken up."""
    keep = out.with_name(f"{out.name}.checkpoint")
    if keep.exists() and not (keep / "state.json").exists():
        raise SaveError(f"{keep}, the place for the checkpoint, holds something else: move it, or choose another --out")
    if resume and not (keep / "state.json").exists():
        raise ParameterError(f"there is nothing to resume: {keep} does not exist. Train without --resume")
    if not resume and (keep / "state.json").exists():
        note(f"an interrupted training of {out.name} is left behind; it is replaced (--resume would go on with it)")
    return keep


def saved(model: Estimator, out: Path, keep: Path) -> None:
    """Save a model; its checkpoint goes where the training came to its end, and stays where there was no room."""
    try:
        model.save(out)
    except SaveError as error:
        if not (keep / "state.json").exists():
            raise
        raise SaveError(
            f"{error}. The training is kept in {keep}: make room, then run the same command with --resume"
        ) from error
    if model.history_.stopped != "interrupted":
        _remove(keep)


def _made(kind: type[_Kind], config: Path | None, pairs: list[str], options: dict[str, Any]) -> _Kind:
    """Gather the settings from file, --set and options, the later over the earlier; all mistakes are told at once."""
    from gyeol import parameters
    from gyeol.errors import closest

    given = _settings_of(config) if config is not None else {}
    unknown = [(f"{config}: ", name) for name in given if name not in kind.rules]
    given = {name: value for name, value in given.items() if name in kind.rules}
    wrong: list[str] = []
    for pair in pairs:
        name = pair.partition("=")[0].strip()
        if "=" in pair and name not in kind.rules:
            unknown.append(("--set ", name))
            continue
        try:
            name, value = parameters.parse(pair, kind.rules)
            given[name] = value
        except ParameterError as error:
            wrong.append(str(error))
    for where, name in unknown:  # the closest name of each, not the whole list again and again
        hint = closest(name, kind.rules).partition("?")
        near = f"{hint[0]}?" if hint[1] else ""
        wrong.insert(0, f"{where}{name:.60} is no setting of this task{near}")
    if "time_limit" in options:
        try:
            options["time_limit"] = _seconds(options["time_limit"])
        except ParameterError as error:
            wrong.append(str(error))
            del options["time_limit"]
    model = kind(**{**given, **options})
    try:
        parameters.check(model.get_params(deep=False), model.rules)
    except ParameterError as error:
        wrong.append(str(error))
    if wrong:
        listed = f". 'gyeol fit {kind.task} --settings' lists the settings" if unknown else ""
        raise ParameterError("; ".join(wrong) + listed)
    return model


def _settings_of(file: Path) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ParameterError(f"there is no settings file {file}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError, OSError) as error:
        raise ParameterError(f"{file} is no TOML file: {error}; write lines like hidden_size = 256") from error


def _seconds(text: str) -> float:
    import re

    found = re.fullmatch(r"(?:([\d.]+)h)?(?:([\d.]+)m)?(?:([\d.]+)s?)?", text.strip())
    try:
        hours, minutes, seconds = (float(part or 0) for part in found.groups()) if found else (0.0, 0.0, 0.0)
    except ValueError:  # 1.2.3
        hours = minutes = seconds = 0.0
    if not 0 < (total := 3600 * hours + 60 * minutes + seconds) < float("inf"):
        raise ParameterError(f"--time-limit {text!r:.60} is no time; write 90s, 10m or 1h30m")
    return total


def _remove(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)
