"""The progress bar in a terminal: loss, accuracy, rate, time left, and one line an epoch."""

from __future__ import annotations

import sys
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

__all__ = ["Bar"]


class Bar:
    """Watches a training on standard error; one line an epoch where that is no terminal.

    Parameters
    ----------
    noun : str
        What an example is.
    shares : bool
        Whether an example can be right, so that there is a share of those that were.

    Attributes
    ----------
    measured_on : str
        ``"validation"``, or ``"training"`` where nothing was held back.
    """

    def __init__(self, noun: str = "documents", *, shares: bool = True) -> None:
        self.noun = noun
        self.shares = shares
        self.measured_on = "validation"
        self.console = Console(stderr=True, highlight=False)
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._begun = 0.0
        self._done = 0

    def epoch(self, number: int, epochs: int, examples: int, done: int) -> None:
        """Show a new bar."""
        import time

        self._begun, self._done = time.monotonic(), 0
        if not sys.stderr.isatty():
            return
        self._bar = Progress(
            TextColumn("epoch {task.fields[number]}/{task.fields[epochs]}"),
            BarColumn(bar_width=24),
            TextColumn(
                "{task.percentage:>3.0f}%  loss {task.fields[loss]:.3f}"
                + ("  right {task.fields[right]:.1%}" if self.shares else "")
            ),
            TextColumn("{task.fields[rate]:,.0f} {task.fields[noun]}/s"),
            TimeRemainingColumn(),
            console=self.console,
            transient=True,
            refresh_per_second=4,
        )
        self._task = self._bar.add_task(
            "",
            total=examples,
            completed=done,
            number=number,
            epochs=epochs,
            loss=0.0,
            right=0.0,
            rate=0.0,
            noun=self.noun,
        )
        self._bar.start()

    def step(self, examples: int, loss: float, right: float) -> None:
        """Move the bar."""
        self._done += examples
        if self._bar is not None and self._task is not None:
            import time

            rate = self._done / max(1e-9, time.monotonic() - self._begun)
            self._bar.update(self._task, advance=examples, loss=loss, right=right, rate=rate)

    def record(self, record: dict[str, Any]) -> None:
        """Print an epoch's figures."""
        self._stop()
        figures = "  ".join(
            f"{self._named(name)} {value:.4f}"
            for name, value in record.items()
            if name.startswith(("train_", "valid_")) and isinstance(value, float)
        )
        rate = f"{record['examples_per_second']:,.0f} {self.noun}/s"
        self.console.print(f"epoch {record['epoch']:>2}  {figures}  {rate}  {record['seconds']:.0f} s", soft_wrap=True)

    def _named(self, figure: str) -> str:
        """Name a figure with what it was measured on."""
        name = figure.replace("_", " ")
        return name if self.measured_on == "validation" else name.replace("valid ", "training part ")

    def note(self, message: str) -> None:
        """Print a line."""
        self.console.print(message, markup=False, soft_wrap=True)

    def _stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
