"""A command's parameters: its own and shared ones, in the order of the help, with the types that Typer reads."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import typer

from gyeol.cli.options.signature import keyword, with_parameters


def own(
    near: bool = typer.Option(False, "--near", help="Near."),
    words: list[str] = typer.Argument(None, metavar="WORD", help="Words."),
    *,
    rest: dict[str, Any],
) -> None:
    """Do it."""


SHARED = [
    keyword("count", int, typer.Option(3, "--count", help="How many.")),
    keyword("out", str, typer.Option(..., "--out", help="Where to.")),
]


def called(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    app = typer.Typer()
    app.command()(with_parameters(own, SHARED, without="rest", run=lambda **given: found.update(given)))
    app(list(arguments), standalone_mode=False)
    return found


def test_all_values_come_by_name() -> None:
    assert called("a", "b", "--out", "x") == {"words": ["a", "b"], "out": "x", "near": False, "count": 3}
    assert called("--near", "--count", "5", "--out", "y") == {"words": None, "out": "y", "near": True, "count": 5}


def test_arguments_then_required_options_then_its_own_then_the_rest() -> None:
    command = with_parameters(own, SHARED, without="rest", run=print)
    assert list(inspect.signature(command).parameters) == ["words", "out", "near", "count"]
    assert (command.__name__, command.__doc__) == ("own", "Do it.")
    assert command.__annotations__["words"] == list[str]


@pytest.mark.parametrize("arguments", [[], ["a", "--count", "x", "--out", "o"], ["--rest", "1", "--out", "o"]])
def test_what_typer_checks(arguments: list[str]) -> None:
    with pytest.raises(typer.BadParameter.__mro__[2]):  # ClickException
        called(*arguments)
