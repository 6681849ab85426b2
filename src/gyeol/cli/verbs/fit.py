"""``gyeol fit``: a command for each task of the table."""

from __future__ import annotations

import typer

from gyeol.cli.tasks import FILES, commands_of
from gyeol.cli.training import fit_command

__all__ = ["group", "settings_of"]


def group() -> typer.Typer:
    """Make ``gyeol fit`` with the tasks that the table has now."""
    app = typer.Typer(help="Train a model on a file or a data set.", no_args_is_help=True, rich_markup_mode=None)
    app.callback()(_no_options)
    for task in FILES:
        commands = commands_of(task)
        app.command(task, hidden=commands.hidden)(fit_command(task, commands))
    return app


def _no_options() -> None:
    pass


def settings_of(task: str) -> tuple[str, ...]:
    """Name the tasks whose settings ``gyeol fit TASK`` takes; none for an unknown name."""
    return (commands_of(task).settings_of or (task,)) if task in FILES else ()
