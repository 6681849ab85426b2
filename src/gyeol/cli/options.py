"""The options that all of ``gyeol fit`` have in common."""

from __future__ import annotations

from typing import Any

import typer

from gyeol.cli.output import table

__all__ = [
    "CONFIG",
    "HEADER",
    "JSON",
    "OUT",
    "QUIET",
    "RESUME",
    "SEED",
    "SET",
    "THREADS",
    "TIME_LIMIT",
    "settings_option",
]

OUT: Any = typer.Option(..., "--out", "-o", metavar="MODEL", help="Where to write the model (a folder).")
CONFIG: Any = typer.Option(None, "--config", metavar="TOML", help="Settings as a file: lines like cell = 'gru'.")
SET: Any = typer.Option(
    [], "--set", metavar="NAME=VALUE", help="One setting; may be repeated; goes over --config. See --settings."
)
SEED: Any = typer.Option(None, "--seed", metavar="N", help="Same seed, machine and threads: the same weights.")
TIME_LIMIT: Any = typer.Option(
    None, "--time-limit", metavar="TIME", help="Stop training after 90s, 10m or 1h30m; the best so far is kept."
)
THREADS: Any = typer.Option(None, "--threads", metavar="N", min=1, help="Cores to use; all by default.")
RESUME: Any = typer.Option(False, "--resume", help="Go on where an interrupted training stopped.")
JSON: Any = typer.Option(False, "--json", help="Print one JSON object.")
HEADER: Any = typer.Option(
    None,
    "--header/--no-header",
    show_default=False,
    help="The first row of a table names the columns, or is data; judged by all columns by default.",
)
QUIET: Any = typer.Option(False, "--quiet", "-q", help="No progress.")


def settings_option(task: str, *others: str) -> Any:
    """Make ``--settings`` of a task, and of others: it lists the settings and their defaults, and ends there."""

    def show(wanted: bool) -> None:
        if not wanted:
            return
        import inspect

        from gyeol.tasks import TASKS

        for name in (task, *others):
            parameters = inspect.signature(TASKS[name].__init__).parameters
            rows = [[name, repr(p.default)] for name, p in parameters.items() if name != "self"]
            if others:
                typer.echo(f"of 'fit {name}':" if name == task else f"\nof 'fit {name}':")
            typer.echo(table([["setting", "default"], *rows]))
        raise typer.Exit

    return typer.Option(False, "--settings", is_eager=True, callback=show, help="List the settings and defaults.")
