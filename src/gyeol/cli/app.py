"""``gyeol``: all commands, and errors as one line and an exit status."""

from __future__ import annotations

import json
import os
import sys
import warnings
from contextlib import suppress
from dataclasses import dataclass
from io import TextIOWrapper
from typing import Any, NoReturn

import typer

from gyeol.cli.answers.output import error_object, one_line
from gyeol.cli.options.negative_numbers import NumbersCommand
from gyeol.cli.options.setting_names import answer_bash
from gyeol.cli.tasks import FILES, commands_of
from gyeol.cli.training import start_clock
from gyeol.cli.verbs import answer, bench, data, demo, encode, explain, fit, info, probe, reproduce, vectors
from gyeol.cli.verbs.compare import compare
from gyeol.cli.verbs.report import report
from gyeol.errors import GyeolError

__all__ = ["main"]

_LINE = 2000  # characters of an error message
_USAGE = typer.BadParameter.__mro__[2]  # click's ClickException, which typer carries under a private name


def _version(given: bool) -> None:
    if given:
        from importlib.metadata import version

        typer.echo(f"gyeol {version('gyeol')}")
        raise typer.Exit


def _top(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
    debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error; allowed anywhere."),
) -> None:
    pass


def build() -> typer.Typer:
    """Make the ``gyeol`` command with the tasks that the table of `gyeol.cli.tasks` has now."""
    app = typer.Typer(
        name="gyeol",
        help="gyeol (결): train, understand and ship recurrent sequence models. Korean works out of the box.",
        epilog="Start with: gyeol demo",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=True,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    )
    app.callback()(_top)
    app.add_typer(fit.group(), name="fit")
    for verb in (answer.evaluate, answer.predict):
        app.command(verb.__name__, cls=NumbersCommand)(answer.command(verb))
    app.command("explain", cls=NumbersCommand)(explain.explain)
    app.command("report")(report)
    app.command("compare")(compare)
    app.command("probe")(probe.probe)
    app.command("info")(info.info)
    for task in FILES:
        for name, command in commands_of(task).verbs.items():
            app.command(name)(command)
    app.command("encode")(encode.encode)
    app.add_typer(vectors.app, name="vectors")
    app.add_typer(data.app, name="data")
    app.command("reproduce")(reproduce.reproduce)
    app.command("bench")(bench.bench)
    app.command("demo")(demo.demo)
    return app


app = build()


def main() -> None:
    """Run the command line; exit with 0, 2 for a user's mistake, 130 for Ctrl-C, 1 for a bug in gyeol.

    An error is one line on standard error; with ``--json`` that line is one JSON object.
    """
    start_clock()
    answer_bash(fit.settings_of)
    given = sys.argv[1:]
    options = (
        given[: given.index("--")] if "--" in given else given
    )  # what follows "--" is text, whatever it looks like
    how = _How(debug="--debug" in options, json="--json" in options)
    arguments = [a for a in options if a != "--debug"] + given[len(options) :]
    _prepare()
    try:
        status = app(args=arguments, prog_name="gyeol", standalone_mode=False)
        sys.stdout.flush()
    except GyeolError as error:
        _leave(error, str(error), 2, how)
    except KeyboardInterrupt as error:
        _leave(error, "interrupted", 130, how)
    except BrokenPipeError:  # the reader of a pipe, such as `head`, has gone
        _drop_output()
        raise SystemExit(0) from None
    except SystemExit as leaving:
        if isinstance(leaving.__context__, BrokenPipeError):  # Typer caught it first
            _drop_output()
            raise SystemExit(0) from None
        raise
    except OSError as error:
        _drop_output()
        name = f"{error.filename}: " if error.filename else "could not read or write: "
        _leave(error, f"{name}{(error.strerror or str(error)).lower()}", 2, how)
    except MemoryError as error:
        _leave(error, "out of memory: use a smaller batch_size or hidden_size, or a smaller file", 2, how)
    except Exception as error:  # no traceback unless asked for
        if isinstance(error, _USAGE):
            _leave_usage(error, how)
        message = f"{type(error).__name__}: {error}. This is a bug in gyeol: run again with --debug and report it"
        _leave(error, message, 1, how)
    if status == 130 and how.json:  # what Typer returns for Ctrl-C
        _leave(KeyboardInterrupt(), "interrupted", 130, how)
    if status:
        raise SystemExit(status)


def _prepare() -> None:
    # Threads that wait must yield their core: with libgomp's default spinning, two threads beside another busy program
    # take five to ten times as long on a small net. Read when torch is imported, which is later.
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    if sys.stdout is None:  # closed by the caller, as `>&-` does
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    if isinstance(sys.stdout, TextIOWrapper):  # characters that the terminal lacks are escaped
        sys.stdout.reconfigure(errors="backslashreplace")
    # A warning is one line, without the place in the code.
    warnings.formatwarning = lambda message, *_place, **_line: f"gyeol: {one_line(str(message))}\n"


@dataclass(frozen=True, slots=True)
class _How:
    """How an error is printed: after its traceback, as a JSON object."""

    debug: bool
    json: bool


def _leave(error: BaseException, message: str, status: int, how: _How) -> NoReturn:
    if how.debug:
        import traceback

        traceback.print_exc()
    line = one_line(message)[:_LINE]
    if how.json:
        sys.stderr.write(json.dumps({"error": error_object(error, line, status)}, ensure_ascii=False) + "\n")
    else:
        sys.stderr.write(f"gyeol: {line}\n")
    raise SystemExit(status) from None


def _leave_usage(error: Any, how: _How) -> NoReturn:
    """Print a mistake in the command itself as one line; for an incomplete command, its help."""
    message = error.format_message().replace("Value error, ", "")  # as the library that Typer checks with begins
    where = error.ctx.command_path if getattr(error, "ctx", None) else "gyeol"
    if type(error).__name__ == "NoArgsIsHelpError":
        if how.json:
            _leave(error, f"missing command; see {where} --help", error.exit_code, how)
        typer.echo(message, err=True)
        raise SystemExit(error.exit_code) from None
    hint = ""
    if type(error).__name__ == "NoSuchOption" and isinstance(getattr(error.ctx, "command", None), NumbersCommand):
        hint = "; put -- before a text that begins with -"
    _leave(error, f"{message.rstrip('.')}{hint}; see {where} --help", error.exit_code, how)


def _drop_output() -> None:
    """Discard Python's last flush, which would fail like the one before."""
    with suppress(OSError, ValueError):  # standard output is no file, as in a test
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
