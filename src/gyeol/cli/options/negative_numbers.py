"""A command whose arguments may be negative numbers, which are no options: ``gyeol predict heart "-0.1 0.3"``."""

from __future__ import annotations

import re
from typing import Any

from typer.core import TyperCommand

__all__ = ["NumbersCommand"]

_NUMBERS = re.compile(r"-\.?\d(?:[\d.,;eE+\-\s]|nan|NaN|inf)*")


class NumbersCommand(TyperCommand):
    """A command of Typer's that reads an argument such as ``-0.1,0.2`` as what it is.

    The parser takes for an option what begins with ``-``: such arguments get a space in front while it reads them.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read arguments into the parameters of a context; returns those that are left."""
        before = args[: args.index("--")] if "--" in args else args
        marked = {f" {one}": one for one in before if _NUMBERS.fullmatch(one)}
        given = [f" {one}" if f" {one}" in marked else one for one in before] + args[len(before) :]
        left = super().parse_args(ctx, given)
        for name, value in ctx.params.items():
            if isinstance(value, str):
                ctx.params[name] = marked.get(value, value)
            elif isinstance(value, list):
                ctx.params[name] = [marked.get(one, one) if isinstance(one, str) else one for one in value]
        return left
