"""Options of ``evaluate`` and ``predict`` that several tasks share."""

from __future__ import annotations

import typer

from gyeol.cli.options.numbers import DAY_FIRST, DECIMAL, MISSING
from gyeol.cli.task_commands import TaskOption

__all__ = ["ATTENTION", "DATES", "NUMBERS", "TOP"]

#: The K best answers instead of the best one.
TOP = TaskOption(
    "top", int, typer.Option(None, "--top", metavar="K", min=1, help="Show the K best answers."), ("predict",)
)
#: Where each word looked.
ATTENTION = TaskOption(
    "show_attention",
    bool,
    typer.Option(False, "--show-attention", help="Show attention weights; --out FILE.png or .html draws them."),
    ("predict",),
)
#: How the numbers of a file are written.
NUMBERS = (TaskOption("decimal", str, DECIMAL), TaskOption("missing", list[str], MISSING))
#: How the dates of a file are written.
DATES = TaskOption("day_first", bool, DAY_FIRST)
