"""A progress bar with words per second, on a terminal."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

__all__ = ["SpeedBar"]


class SpeedBar:
    """Receives the share that is done and the words per second of a training.

    Parameters
    ----------
    quiet : bool
        Show nothing, as where there is no terminal; the speed is known all the same.
    """

    def __init__(self, quiet: bool) -> None:
        self.words_per_second: float | None = None
        self._bar: Any = None
        self._quiet = quiet or not sys.stderr.isatty()

    def __enter__(self) -> SpeedBar:
        if not self._quiet:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
            self._bar = Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task("reading and training", total=1.0)
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def progress(self, share: float) -> None:
        """Show the share that is done, from 0 to 1."""
        if self._bar is not None:
            self._bar.update(self._task, completed=share, description=f"training{self.rate()}")

    def speed(self, words_per_second: float) -> None:
        """Keep the speed."""
        self.words_per_second = words_per_second

    def rate(self) -> str:
        """Return the speed as the end of a sentence, empty where it is not known.

        Examples
        --------
        >>> bar = SpeedBar(quiet=True)
        >>> bar.speed(1234567.8)
        >>> bar.rate()
        ', 1,234,568 words/s'
        """
        return "" if self.words_per_second is None else f", {self.words_per_second:,.0f} words/s"
