"""The options that all of ``gyeol fit`` have in common."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import typer

from gyeol.cli.options.setting_names import completions
from gyeol.cli.options.signature import keyword

__all__ = ["HEADER", "JSON", "SKIP_BAD_ROWS", "THREADS", "shared_options"]

THREADS: Any = typer.Option(None, "--threads", metavar="N", min=1, help="CPU threads; all cores by default.")
HEADER: Any = typer.Option(
    None,
    "--header/--no-header",
    show_default=False,
    help="Whether the first row of a table is a header; detected by default.",
)
JSON: Any = typer.Option(False, "--json", is_eager=True, help="Print one JSON object.")
SKIP_BAD_ROWS: Any = typer.Option(False, "--skip-bad-rows", help="Skip rows that cannot be read.")


def shared_options(settings_of: Iterable[str]) -> list[inspect.Parameter]:
    """List the options of ``gyeol fit`` for the settings of some tasks."""
    tasks = tuple(settings_of)

    def complete(incomplete: str) -> list[str]:
        return completions(tasks, incomplete)

    return [
        keyword("out", Path, typer.Option(..., "--out", "-o", metavar="MODEL", help="Folder to write the model to.")),
        keyword(
            "config",
            Path,
            typer.Option(None, "--config", metavar="TOML", help="File of settings, with lines like cell = 'gru'."),
        ),
        keyword(
            "set",
            list[str],
            typer.Option(
                [],
                "--set",
                metavar="NAME=VALUE",
                help="Change a setting; overrides --config; may be repeated. See --settings.",
                autocompletion=complete,
            ),
        ),
        keyword(
            "seed",
            int,
            typer.Option(
                None,
                "--seed",
                metavar="N",
                help="Random seed; the same seed, machine and number of threads give the same weights.",
            ),
        ),
        keyword(
            "time_limit",
            str,
            typer.Option(
                None,
                "--time-limit",
                metavar="TIME",
                help="Finish within 90 (seconds), 10m or 1h30m, reading and saving included; keeps the best epoch.",
            ),
        ),
        keyword("threads", int, THREADS),
        keyword(
            "resume", bool, typer.Option(False, "--resume", help="Resume a training that was interrupted or timed out.")
        ),
        keyword(
            "force",
            bool,
            typer.Option(False, "--force", help="Replace a model at --out; by default it is renamed to MODEL.1."),
        ),
        keyword(
            "watch_gradients",
            bool,
            typer.Option(
                False,
                "--watch-gradients",
                help="Record how far back the loss's gradient reaches, and whether it vanishes, by layer and epoch.",
            ),
        ),
        keyword("settings", bool, _settings(tasks)),
        keyword("json", bool, JSON),
        keyword("quiet", bool, typer.Option(False, "--quiet", "-q", help="Hide progress.")),
    ]


def _settings(tasks: tuple[str, ...]) -> Any:
    """Make ``--settings``: it lists what the settings of tasks mean and may be, and ends there."""

    def show(context: typer.Context, given: bool) -> None:
        if given:
            from gyeol.cli.options.settings import list_settings

            list_settings(tasks, json=bool(context.params.get("json")))
            raise typer.Exit

    # Not eager: what is given is handled before what is missing, and --json, which is eager, is known by then.
    return typer.Option(
        False,
        "--settings",
        callback=show,
        help="List all settings with meaning, range and default, and exit; also with --json.",
    )
