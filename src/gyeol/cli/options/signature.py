"""Options added to the function of a command: those that several commands share, or that a table lists."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

from typer.models import ArgumentInfo

__all__ = ["keyword", "with_parameters"]


def keyword(name: str, kind: Any, default: Any) -> inspect.Parameter:
    """Describe a parameter as Typer reads it: ``default`` is what ``typer.Option`` returned."""
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)


def with_parameters(
    function: Callable[..., None], more: Iterable[inspect.Parameter], *, without: str, run: Callable[..., None]
) -> Callable[..., None]:
    """Make a command of ``run`` with the name, the help and the parameters of ``function``, and ``more`` of them.

    Arguments come first, then required options, those of ``function``, and the rest.

    Parameters
    ----------
    function : callable
        Its annotations must be types that can be looked up at run time.
    more : iterable of inspect.Parameter
        See `keyword`.
    without : str
        The parameter of ``function`` that is no option.
    run : callable
        Called with all values by name.

    Examples
    --------
    >>> def greet(name: str, *, rest: dict) -> None:
    ...     "Greet."
    >>> str(inspect.signature(with_parameters(greet, [keyword("loud", bool, False)], without="rest", run=print)))
    '(*, name: str, loud: bool = False) -> None'
    """
    own = [p for name, p in inspect.signature(function, eval_str=True).parameters.items() if name != without]
    found = [keyword(p.name, p.annotation, p.default) for p in (*own, *more)]
    found.sort(key=_place)

    def command(**given: Any) -> None:
        run(**given)

    command.__name__, command.__doc__, command.__module__ = function.__name__, function.__doc__, function.__module__
    command.__annotations__ = {p.name: p.annotation for p in found}
    command.__signature__ = inspect.Signature(found, return_annotation=None)  # type: ignore[attr-defined]
    return command


def _place(parameter: inspect.Parameter) -> int:
    if isinstance(parameter.default, ArgumentInfo):
        return 0
    return 1 if getattr(parameter.default, "default", None) is ... else 2
