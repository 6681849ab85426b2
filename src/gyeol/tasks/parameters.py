"""Settings checked before anything is spent on them: all mistakes at once, each with what is possible."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Mapping
from typing import Any

from gyeol.errors import ParameterError, closest

__all__ = ["Rule", "check", "choice", "fraction", "parse", "positive", "switch", "whole"]

#: Takes a value; returns what is wrong with it (``"must be ..."``), or nothing.
Rule = Callable[[Any], str]


def _is_whole(value: Any) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(float(value))


def whole(low: int, *, none: bool = False) -> Rule:
    """Accept whole numbers from ``low`` up, and None where said so."""

    def rule(value: Any) -> str:
        if (none and value is None) or (_is_whole(value) and value >= low):
            return ""
        return f"must be a whole number, {low} or more{', or None' if none else ''}"

    return rule


def positive(*, zero: bool = False, none: bool = False) -> Rule:
    """Accept numbers above zero (or zero too), and None where said so."""

    def rule(value: Any) -> str:
        if (none and value is None) or (_is_number(value) and (value > 0 or (zero and value == 0))):
            return ""
        return f"must be a number {'of 0 or more' if zero else 'above 0'}{', or None' if none else ''}"

    return rule


def fraction() -> Rule:
    """Accept numbers from 0 up to, not including, 1."""

    def rule(value: Any) -> str:
        return "" if _is_number(value) and 0 <= value < 1 else "must be a number from 0 up to, not including, 1"

    return rule


def switch(value: Any) -> str:
    """Accept true and false."""
    return "" if isinstance(value, bool) or value in (0, 1) else "must be true or false"


def choice(names: Mapping[str, Any] | tuple[Any, ...], *, own: bool = False) -> Rule:
    """Accept the given names; a class or object of the user's own where said so."""

    def rule(value: Any) -> str:
        if any(value is n or (isinstance(value, str) and value == n) for n in names):
            return ""
        if own and not isinstance(value, (str, numbers.Number)) and value is not None:
            return ""
        return "is not known" + closest(str(value), [str(n) for n in names])

    return rule


def check(parameters: Mapping[str, Any], rules: Mapping[str, Rule]) -> None:
    """Hold every parameter to its rule.

    Raises
    ------
    ParameterError
        Names all that are wrong, each with its value and what is possible.
    """
    wrong = [
        f"{name}={parameters[name]!r} {message}" for name, rule in rules.items() if (message := rule(parameters[name]))
    ]
    if wrong:
        raise ParameterError("; ".join(wrong))


def parse(setting: str, known: Mapping[str, Any]) -> tuple[str, Any]:
    """Read ``name=value`` as the command line gives it; the value is read as TOML, else taken as text.

    Raises
    ------
    ParameterError
        Where there is no ``=``, or the name is none of ``known``.

    Examples
    --------
    >>> parse("hidden_size=256", {"hidden_size": 128}), parse("cell=gru", {"cell": "lstm"})
    (('hidden_size', 256), ('cell', 'gru'))
    """
    import tomllib

    name, equals, text = setting.partition("=")
    name, text = name.strip(), text.strip()
    if not equals:
        raise ParameterError(f"--set {setting!r} has no '='; write --set name=value, for example --set hidden_size=256")
    if name not in known:
        raise ParameterError(f"--set {name} is no setting of this task{closest(name, known)}")
    if text.lower() in ("none", "null"):
        return name, None
    try:
        return name, tomllib.loads(f"value = {text.lower() if text in ('True', 'False') else text}")["value"]
    except tomllib.TOMLDecodeError:
        return name, text
