"""The command line of each task: fit, evaluate, predict, explain, and verbs of its own.

A task is a file here that ends with its `TaskCommands`, named ``COMMANDS``, and a line in the table below.
"""

from __future__ import annotations

import importlib

from gyeol.cli.task_commands import TaskCommands

__all__ = ["FILES", "commands_of"]

#: The file of each task here, by the name that ``gyeol fit NAME`` and model folders use; in the order of the help.
FILES = {
    "classify": "classify",
    "language": "language",
    "translate": "translate",
    "author": "author",
    "spell": "spelling",
    "tag": "tag",
    "series": "series",
    "regress": "regress",
    "regress-text": "regress:OF_TEXTS",  # the same command
    "transcribe": "speech",
    "forecast": "forecast",
    "caption": "caption",
    "frames": "frames",
}


def commands_of(task: str) -> TaskCommands:
    """Return the row of a task.

    Raises
    ------
    KeyError
        For a name that is not in the table.
    """
    file, _, name = FILES[task].partition(":")
    commands: TaskCommands = getattr(importlib.import_module(f"gyeol.cli.tasks.{file}"), name or "COMMANDS")
    return commands
