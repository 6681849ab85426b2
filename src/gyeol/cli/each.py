"""Answers to many files of which some cannot be read: those get an empty answer and a line that says why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from gyeol.cli.output import note
from gyeol.errors import DataError

__all__ = ["Failures", "each"]

_TOLD = 10  # files that are named, one a line


class Failures:
    """Counts files that could not be read, says of the first ones why, and at the end how many there were.

    Parameters
    ----------
    count : int or None
        Files asked about; None where that is not known beforehand. Of one alone the error is raised.
    strict : bool
        Whether the first error is raised, whatever the count.
    """

    def __init__(self, count: int | None, *, strict: bool = False) -> None:
        self._strict = strict or count == 1
        self._answered = self._failed = 0
        self._first: DataError | None = None

    def add(self, error: DataError) -> str:
        """Note one; give what it says.

        Raises
        ------
        DataError
            The one that came, where none is passed over.
        """
        if self._strict:
            raise error
        self._failed += 1
        self._first = self._first or error
        if self._failed <= _TOLD:
            note(f"no answer: {error}")
        elif self._failed == _TOLD + 1:
            note("no answer: further files are counted, not named")
        return str(error)

    def answered(self, count: int = 1) -> None:
        """Count files that could be read."""
        self._answered += count

    @property
    def some_answered(self) -> bool:
        """Whether a file could be read by now."""
        return self._answered > 0

    def close(self) -> None:
        """Say how many there were.

        Raises
        ------
        DataError
            Nothing at all could be read.
        """
        if self._first is not None and not self._answered:
            others = f" (and {self._failed - 1:,} more)" if self._failed > 1 else ""
            raise DataError(f"no file could be read: {self._first}{others}")
        if self._failed:
            note(f"{self._failed:,} of {self._failed + self._answered:,} files got no answer; --strict stops at one")


def each(
    items: Iterable[Sequence[Any]], ask: Callable[[Sequence[Any]], Sequence[Any]], failures: Failures
) -> Iterator[tuple[Any, Any, str]]:
    """Ask about some items at a time; where that fails, about fewer, down to one.

    Parameters
    ----------
    items : iterable of sequences
        What is asked about together.
    ask : callable
        Answers a sequence of items; raises a DataError where one of them cannot be read.
    failures : Failures

    Yields
    ------
    item, answer, reason
        The answer is None where there is a reason why not.
    """
    waiting = []  # until one is answered: where none is, the error shall be all that is printed
    for some in items:
        for one in _asked(some, ask, failures):
            waiting.append(one)
            if failures.some_answered:
                yield from waiting
                waiting.clear()
    failures.close()


def _asked(
    some: Sequence[Any], ask: Callable[[Sequence[Any]], Sequence[Any]], failures: Failures
) -> Iterator[tuple[Any, Any, str]]:
    try:
        answers = ask(some)
    except DataError as error:
        if len(some) > 1:
            half = len(some) // 2
            for part in (some[:half], some[half:]):
                yield from _asked(part, ask, failures)
        else:
            yield some[0], None, failures.add(error)
        return
    failures.answered(len(some))
    yield from zip(some, answers, [""] * len(some), strict=True)
