"""Settings as the command line takes them: ``--config``, ``--set``, ``--time-limit``; and what ``--settings`` lists."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from gyeol.cli.answers.output import object_out
from gyeol.data.text_width import text_width
from gyeol.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gyeol.tasks import Estimator
    from gyeol.tasks.settings import Setting

__all__ = ["list_settings", "read_settings", "resolve_settings", "seconds", "unknown_settings", "where_listed"]

_Kind = TypeVar("_Kind", bound="Estimator")
_WIDEST = 120  # columns of a listing


def resolve_settings(kind: type[_Kind], config: Path | None, pairs: list[str], options: dict[str, Any]) -> _Kind:
    """Make an estimator with the settings of a file, of --set and of options, each overriding those before it.

    All mistakes are reported at once.

    Raises
    ------
    ParameterError
        For unknown settings and for values that they cannot have.
    """
    from gyeol import parameters

    given = read_settings(config) if config is not None else {}
    wrong = unknown_settings(kind.rules, given, config, pairs)
    listed = bool(wrong)
    given = {name: value for name, value in given.items() if name in kind.rules}
    for pair in pairs:
        if "=" in pair and pair.partition("=")[0].strip() not in kind.rules:
            continue
        try:
            name, value = parameters.parse(pair, kind.rules)
            given[name] = value
        except ParameterError as error:
            wrong.append(str(error))
    if "time_limit" in options:
        try:
            options["time_limit"] = seconds(options["time_limit"])
        except ParameterError as error:
            wrong.append(str(error))
            del options["time_limit"]
    model = kind(**{**given, **options})
    try:
        parameters.check(model.get_params(deep=False), model.rules)
    except ParameterError as error:
        wrong.append(str(error))
    if wrong:
        raise ParameterError("; ".join(wrong) + (where_listed(kind.task, wrong) if listed else ""))
    return model


def unknown_settings(known: Iterable[str], given: dict[str, Any], config: Path | None, pairs: list[str]) -> list[str]:
    """Describe the names that are no settings, each with the nearest ones that are."""
    known = list(known)
    named = [(f"{config}: ", name) for name in given]
    named += [("--set ", pair.partition("=")[0].strip()) for pair in pairs if "=" in pair]
    return [
        f"{where}{name:.60} is not a setting of this task{_near(name, known)}"
        for where, name in named
        if name not in known
    ]


def _near(name: str, known: list[str]) -> str:
    """Suggest the settings nearest to an unknown name, three at most.

    Examples
    --------
    >>> _near("hiden_size", ["hidden_size", "epochs"]), _near("size", ["hidden_size", "image_size", "window_size"])
    ("; did you mean 'hidden_size'?", "; did you mean 'image_size', 'window_size' or 'hidden_size'?")
    """
    from difflib import SequenceMatcher, get_close_matches

    near = get_close_matches(name.lower(), known, n=3, cutoff=0.5)
    if not near:
        return ""
    alike = [SequenceMatcher(None, other, name.lower()).ratio() for other in near]
    close = [repr(other) for other, ratio in zip(near, alike, strict=True) if ratio > alike[0] - 0.15]
    if alike[0] > 0.85:
        close = close[:1]
    return f"; did you mean {' or '.join(filter(None, [', '.join(close[:-1]), close[-1]]))}?"


def where_listed(task: str, wrong: list[str]) -> str:
    """Name, at the end of an error, the command that lists the settings.

    Examples
    --------
    >>> where_listed("tag", ["--set heads is not a setting of this task; did you mean 'head'?"])
    " 'gyeol fit tag --settings' lists the settings"
    """
    return f"{'' if wrong[-1].endswith('?') else '.'} 'gyeol fit {task} --settings' lists the settings"


def read_settings(file: Path) -> dict[str, Any]:
    """Read a file of settings.

    Raises
    ------
    ParameterError
        For a file that does not exist or is not TOML.
    """
    import tomllib

    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ParameterError(f"settings file not found: {file}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError, OSError) as error:
        raise ParameterError(f"{file} is not valid TOML: {error}; write lines like hidden_size = 256") from error


def seconds(text: str) -> float:
    """Read a duration such as 90 (seconds), 10m or 1h30m.

    Raises
    ------
    ParameterError
        For anything else.
    """
    import re

    found = re.fullmatch(r"(?:([\d.]+)h)?(?:([\d.]+)m)?(?:([\d.]+)s?)?", text.strip())
    try:
        hours, minutes, rest = (float(part or 0) for part in found.groups()) if found else (0.0, 0.0, 0.0)
    except ValueError:  # 1.2.3
        hours = minutes = rest = 0.0
    if not 0 < (total := 3600 * hours + 60 * minutes + rest) < float("inf"):
        raise ParameterError(f"--time-limit {text!r:.60} is not a duration; write 90 (seconds), 10m or 1h30m")
    return total


def list_settings(tasks: Iterable[str], *, json: bool) -> None:
    """Print the settings of tasks with their meaning, range and default."""
    from gyeol.parameters import plain
    from gyeol.tasks import TASKS
    from gyeol.tasks.settings import settings_of

    found = {task: settings_of(TASKS[task]) for task in tasks}
    if json:
        listed = [
            {
                "task": task, "name": one.name, "default": plain(one.default), "range": one.range,
                "meaning": one.meaning, "group": one.group,
            }
            for task, settings in found.items()
            for one in settings
        ]  # fmt: skip
        object_out({"settings": listed})
        return
    for number, (task, settings) in enumerate(found.items()):
        typer.echo(f"{'' if number == 0 else chr(10)}settings of 'fit {task}': --set NAME=VALUE")
        for line in _lines(settings):
            typer.echo(line)


def _lines(settings: list[Setting]) -> Iterable[str]:
    names = max(text_width(one.name) for one in settings)
    defaults = max(text_width(_default(one)) for one in settings)
    width = max(30, min(shutil.get_terminal_size().columns, _WIDEST) - names - defaults - 4)
    group = ""
    for one in settings:
        if one.group != group:
            group = one.group
            yield f"\n{group:{names}}  {'default':{defaults}}  meaning and range"
        meaning = f"{one.meaning} [{one.range}]" if one.range else one.meaning
        start = f"{one.name:{names}}  {_default(one):{defaults}}  "
        for line in _wrapped(meaning, width):
            yield f"{start}{line}".rstrip()
            start = " " * len(start)


def _default(one: Setting) -> str:
    return repr(one.default) if one.default != "" else "''"


def _wrapped(text: str, width: int) -> list[str]:
    import textwrap

    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
