"""The options that all of ``gyeol fit`` have in common."""

from __future__ import annotations

from typing import Any

import typer

from gyeol.cli.options.setting_names import complete_setting

__all__ = [
    "CONFIG", "FORCE", "HEADER", "JSON", "OUT", "QUIET", "RESUME", "SEED", "SET", "THREADS", "TIME_LIMIT",
    "settings_option",
]  # fmt: skip

OUT: Any = typer.Option(..., "--out", "-o", metavar="MODEL", help="Where to write the model (a folder).")
FORCE: Any = typer.Option(
    False, "--force", help="Replace another model at --out, which else is kept beside it as MODEL.1."
)
CONFIG: Any = typer.Option(None, "--config", metavar="TOML", help="Settings as a file: lines like cell = 'gru'.")
SET: Any = typer.Option(
    [],
    "--set",
    metavar="NAME=VALUE",
    help="One setting; may be repeated; goes over --config. See --settings.",
    autocompletion=complete_setting,
)
SEED: Any = typer.Option(None, "--seed", metavar="N", help="Same seed, machine and threads: the same weights.")
TIME_LIMIT: Any = typer.Option(
    None,
    "--time-limit",
    metavar="TIME",
    help="Be done after 90s, 10m or 1h30m, with reading, validating and saving; the best so far is kept.",
)
THREADS: Any = typer.Option(None, "--threads", metavar="N", min=1, help="Cores to use; all by default.")
RESUME: Any = typer.Option(False, "--resume", help="Go on where an interrupted training, or a time limit, stopped.")
JSON: Any = typer.Option(False, "--json", is_eager=True, help="Print one JSON object.")
HEADER: Any = typer.Option(
    None,
    "--header/--no-header",
    show_default=False,
    help="The first row of a table names the columns, or is data; judged by all columns by default.",
)
QUIET: Any = typer.Option(False, "--quiet", "-q", help="No progress.")


def settings_option(task: str, *others: str) -> Any:
    """Make ``--settings`` of a task, and of others: it lists what settings mean and may be, and ends there."""

    def show(context: typer.Context, wanted: bool) -> None:
        if wanted:
            from gyeol.cli.options.settings import list_settings

            list_settings((task, *others), json=bool(context.params.get("json")))
            raise typer.Exit

    # Not eager: what is given is handled before what is missing, and --json, which is eager, is known by then.
    return typer.Option(
        False, "--settings", callback=show, help="List the settings: meaning, range, default; --json too."
    )
