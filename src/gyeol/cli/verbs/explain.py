"""``gyeol explain``: the same way for every task, through its estimator's ``explain``."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Any

import typer

from gyeol.cli.answers.output import note, object_out
from gyeol.cli.model import load_model
from gyeol.cli.options.training import JSON, THREADS
from gyeol.cli.task_commands import Request
from gyeol.cli.tasks import commands_of
from gyeol.errors import DataError, ParameterError

__all__ = ["explain"]

_FILES = (".html", ".png", ".json")


class _Shown(StrEnum):
    gates = "gates"
    attention = "attention"
    gradients = "gradients"
    reading = "reading"


def explain(
    model_path: Path = typer.Argument(metavar="MODEL", help="Model folder."),
    text: str = typer.Argument(
        None,
        metavar="INPUT",
        help="The text itself, numbers, or (sound, image, clip, series table) a file; default: standard input.",
    ),
    out: Path = typer.Option(None, "--out", "-o", metavar="FILE", help="Output file: .html, .png or .json."),
    show: _Shown = typer.Option(
        None,
        "--show",
        metavar="WHAT",
        help="Print besides: gates, attention, gradients or reading, in rows of blocks, a column a step.",
    ),
    target: str = typer.Option(None, "--target", metavar="CLASS", help="Explain this class; default: the predicted."),
    position: int = typer.Option(
        None, "--position", metavar="N", min=0, help="Which step of an answer that is a sequence, counted from 0."
    ),
    units: str = typer.Option(
        None, "--units", metavar="N", help="Units of each layer in a page or JSON: a number, or all."
    ),
    top: int = typer.Option(10, "--top", metavar="K", min=1, help="List the K steps or words that weigh most."),
    threads: int = THREADS,
    json: bool = JSON,
) -> None:
    """Explain an answer of a model.

    It shows what each step of the input adds to the answer, attention, gates, memory and gradients.

    Examples: gyeol explain reviews "다시 보고 싶은 영화"

    gyeol explain reviews "다시 보고 싶은 영화" --out why.html

    gyeol explain reviews "다시 보고 싶은 영화" --show gates

    gyeol explain scenes photo.jpg --out why.png
    """
    if out is not None:
        if out.suffix.lower() not in (*_FILES, ".htm"):
            known = f"{', '.join(_FILES[:-1])} or {_FILES[-1]}"
            raise ParameterError(f"--out {out}: explanations are written as {known}")
        from gyeol.data.atomic import check_file_place

        check_file_place(out)
    chosen = _units(units)
    if units is not None and not json and (out is None or out.suffix.lower() == ".png"):
        raise ParameterError(f"--units {units} is for a page or JSON: add --out why.html, --out why.json or --json")
    given = _given(text)
    model = load_model(model_path, threads)
    commands = commands_of(model.task)
    if text is not None and (commands.read_one is None or commands.reads_text) and os.path.isfile(text):
        raise ParameterError(
            f"{text!r:.80} names a file: explain reads a text; give the text itself, or pipe it: "
            f"gyeol explain {model_path} < {text}"
        )
    settings = (out, show, target, position, units)
    if commands.explain is not None and (commands.read_one is None or all(value is None for value in settings)):
        wrong = {"--show": show, "--target": target, "--position": position, "--units": units}
        if foreign := [flag for flag, value in wrong.items() if value is not None]:
            raise ParameterError(f"{foreign[0]} is not for models of 'fit {model.task}'")
        commands.explain(model, Request(model_path, json, texts=[given], out=out, options={"top": top}))
        return
    if not given.strip():
        raise DataError("the text is empty; expected at least one character")
    one = commands.read_one(model, given) if commands.read_one is not None else given
    _tell(model.explain(one, target=_class(model, target), position=position), model_path, out, show, chosen, top, json)


def _tell(seen: Any, model_path: Path, out: Path | None, show: _Shown | None, units: Any, top: int, json: bool) -> None:
    """Print an explanation, or write it to a file; with ``show`` both."""
    if out is not None:
        kind = out.suffix.lower()
        if kind == ".png":
            seen.to_png(out)
        else:
            (seen.to_json if kind == ".json" else seen.to_html)(out, units=units)
    if json:
        object_out({"model": str(model_path), **seen.to_dict(units=units)})
        return
    if out is None or show is not None:
        shown = None if show is None else show.value
        typer.echo(seen.to_terminal(colour=sys.stdout.isatty(), show=shown, top=top))
    if out is not None:
        note(f"wrote {out}")


def _given(text: str | None) -> str:
    """Return the argument, or what standard input has."""
    if text is not None:
        return text
    if sys.stdin is None or sys.stdin.isatty():
        raise ParameterError('no input given; write gyeol explain MODEL "다시 보고 싶은 영화"')
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig").removesuffix("\n")
    except UnicodeDecodeError:
        raise DataError("standard input is not UTF-8: convert it, or give the text as an argument") from None


def _units(units: str | None) -> int | str | None:
    if units is None or units == "all":
        return units
    if not units.isdecimal() or int(units) < 1:
        raise ParameterError(f"--units {units!r:.40}: expected a number of units, 1 or more, or all")
    return int(units)


def _class(model: Any, target: str | None) -> Any:
    """Return the class whose name was given; classes may be numbers."""
    known = {str(name): name for name in getattr(model, "classes_", ())}
    return target if target is None else known.get(target, target)
