"""``gyeol``: where the verbs come together, and where mistakes become one line and exit status 2."""

from __future__ import annotations

import os
import sys

import typer

from gyeol.cli import ask, data, demo, fit, reproduce
from gyeol.errors import GyeolError

__all__ = ["main"]

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


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"gyeol {version('gyeol')}")
        raise typer.Exit


@app.callback()
def _top(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
    debug: bool = typer.Option(False, "--debug", help="Show the whole traceback of an error (may stand anywhere)."),
) -> None:
    pass


app.add_typer(fit.app, name="fit")
app.command("evaluate")(ask.evaluate)
app.command("predict")(ask.predict)
app.command("info")(ask.info)
app.add_typer(data.app, name="data")
app.command("reproduce")(reproduce.reproduce)
app.command("demo")(demo.demo)


def main() -> None:
    """Run the command line; leave with 0, 2 for a user's mistake, 130 for Ctrl-C, 1 for a fault of gyeol's."""
    debug = "--debug" in sys.argv[1:]
    arguments = [a for a in sys.argv[1:] if a != "--debug"]
    try:
        app(args=arguments, prog_name="gyeol")
    except GyeolError as error:
        _leave(str(error), 2, debug)
    except KeyboardInterrupt:
        _leave("interrupted", 130, debug)
    except BrokenPipeError:  # the reader of a pipe has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except MemoryError:
        _leave("out of memory: use a smaller batch_size or hidden_size, or a smaller file", 2, debug)
    except Exception as error:  # nobody should meet a traceback unasked
        _leave(
            f"{type(error).__name__}: {error}. This is a fault in gyeol: run again with --debug and report it", 1, debug
        )


def _leave(message: str, status: int, debug: bool) -> None:
    if debug:
        raise  # noqa: PLE0704 - inside the handlers of main
    sys.stderr.write(f"gyeol: {message}\n")
    raise SystemExit(status) from None
