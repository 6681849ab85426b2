"""Asking a model for the outcomes of examples, some at a time, with progress on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gyeol.cli.answers.examples import Examples
from gyeol.errors import DataError, ParameterError

if TYPE_CHECKING:
    from gyeol.engine.metrics.outcomes import Outcomes

__all__ = ["limited", "measured_outcomes", "taken", "warm_up"]

_AT_ONCE = 512  # examples
_WARM = 64


def limited(test: Examples, limit: int | None, *, ordered: bool, seed: int = 0) -> Examples:
    """Keep so many examples at most: drawn by chance, in order; the first ones where they follow one another.

    Raises
    ------
    DataError
        There is none.
    """
    count = len(test.X)
    if not count:
        raise DataError(f"{test.path or test.name} holds no {test.noun}")
    if limit is None or limit >= count:
        return test
    import numpy as np

    rows = range(limit) if ordered else sorted(np.random.default_rng(seed).permutation(count)[:limit].tolist())
    return taken(test, rows)


def taken(test: Examples, rows: Any) -> Examples:
    """Keep the examples of these numbers."""
    return replace(
        test,
        X=[test.X[row] for row in rows],
        y=None if test.y is None else [test.y[row] for row in rows],
        lines=[test.lines[row] for row in rows] if len(test.lines) == len(test.X) else (),
    )


def measured_outcomes(model: Any, test: Examples, *, quiet: bool, whole: bool) -> tuple[Outcomes, float]:
    """Return the outcomes of all examples, and the seconds that they took.

    Parameters
    ----------
    model : Estimator
    test : Examples
    quiet : bool
        Show no progress.
    whole : bool
        Ask for all at once, as a model needs that carries its state from one to the next.

    Raises
    ------
    ParameterError
        The task does not say what became of each example.
    """
    from gyeol.engine.metrics.outcomes import Outcomes

    size = len(test.X) if whole else _AT_ONCE
    parts: list[Outcomes] = []
    start = time.perf_counter()
    with _bar(test, quiet or whole) as advance:
        for first in range(0, len(test.X), max(1, size)):
            part = taken(test, range(first, min(first + size, len(test.X)))) if size < len(test.X) else test
            with part.named():
                found = model.outcomes(part.X, part.y)
            if found is None:
                raise ParameterError(f"models of 'fit {model.task}' do not say what became of each example")
            parts.append(found)
            advance(len(part.X))
    return Outcomes.joined(parts), time.perf_counter() - start


def warm_up(model: Any, test: Examples, *, whole: bool) -> None:
    """Ask once for a few examples, so that what is loaded or measured at the first use does not count."""
    few = test if whole else taken(test, range(min(_WARM, len(test.X))))
    with few.named():
        model.outcomes(few.X, few.y)


@contextmanager
def _bar(test: Examples, quiet: bool) -> Iterator[Any]:
    if quiet or not sys.stderr.isatty():
        yield lambda count: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,}/{task.total:,}"))
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(test.noun, total=len(test.X))
        yield lambda count: bar.advance(task, count)
