"""Examples with their truth, as a task's command line reads them for ``evaluate``, ``report`` and ``compare``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from gyeol.cli.answers.reading import at_lines

__all__ = ["Examples"]


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Examples:
    """What a model is measured on, as its ``evaluate`` and ``outcomes`` take it.

    Parameters
    ----------
    X, y : object
        Inputs and truth.
    name : str
        Of the file or data set.
    noun : str
        What an example is, in the plural.
    about : mapping
        What the file was, for a program: name, hash.
    lines : sequence of int
        Where each example stands, if that is known.
    path : str
        The file that `lines` are of.
    left_out : int, optional
        How many rows were skipped, where a task can skip some.
    finish : callable
        Prints what is to be said once all have been measured.
    """

    X: Any
    y: Any
    name: str
    noun: str
    about: Mapping[str, Any] = field(default_factory=dict)
    lines: Sequence[int] = ()
    path: str = ""
    left_out: int | None = None
    finish: Callable[[], None] = _nothing

    @contextmanager
    def named(self) -> Iterator[None]:
        """Name the line of the file where the error of an estimator names the number of an example."""
        with at_lines(self.path or self.name, self.lines):
            yield

    def object(self) -> dict[str, Any]:
        """Return what `about` says, and how many rows were left out."""
        return {**self.about, **({} if self.left_out is None else {"left_out": self.left_out})}
