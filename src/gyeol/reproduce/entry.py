"""What an entry of the table of reproductions holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Published", "Reproduction", "check_complete"]


@dataclass(frozen=True, slots=True)
class Published:
    """A figure that somebody published, and where."""

    figure: float
    source: str


@dataclass(frozen=True, slots=True)
class Reproduction:
    """A setting to train: what it is, which figure it answers with, what others got, and how to run it.

    ``run(seed, threads, out, progress)`` returns ``figure`` and whatever else belongs to the answer; where nothing is
    published, ``beside`` says what is measured on the same data instead, which the run returns as ``beside``.
    ``examples`` says what a training counts. Where ``page``, what is written to ``out`` is a page, not a model.
    """

    title: str
    metric: str
    setting: str
    data: str
    published: tuple[Published, ...]
    run: Callable[..., dict[str, Any]]
    beside: str = ""
    examples: str = "texts"
    page: bool = False


def check_complete(model: Any) -> None:
    """Make sure that a training was not interrupted: its figure would pass for that of a complete one.

    Raises
    ------
    KeyboardInterrupt
        It was.
    """
    if model.history_.stopped == "interrupted":
        raise KeyboardInterrupt
