"""Settings checked before anything is spent on them: all mistakes at once, each with what is possible."""

from __future__ import annotations

import math
import numbers
import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gyeol.errors import ParameterError, closest

__all__ = [
    "Rule", "check", "choice", "fraction", "joined", "maybe", "parse", "plain", "positive", "range_of", "switch",
    "whole",
]  # fmt: skip

#: Takes a value; returns what is wrong with it (``"must be ..."``), or nothing.
Rule = Callable[[Any], str]


def _is_whole(value: Any) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:  # a whole number of hundreds of digits
        return False


def whole(low: int, high: int = 2**53, *, none: bool = False) -> Rule:
    """Accept whole numbers from ``low`` to ``high`` (by default, as far as floats count); None where said so."""

    def rule(value: Any) -> str:
        if (none and value is None) or (_is_whole(value) and low <= value <= high):
            return ""
        limit = f"{low} or more" if high == 2**53 else f"from {low} to {high:,}"
        return f"must be a whole number, {limit}{', or None' if none else ''}"

    return rule


def positive(*, zero: bool = False, none: bool = False) -> Rule:
    """Accept numbers above zero (or zero too), and None where said so."""

    def rule(value: Any) -> str:
        if (none and value is None) or (_is_number(value) and (value > 0 or (zero and value == 0))):
            return ""
        return f"must be a number {'of 0 or more' if zero else 'above 0'}{', or None' if none else ''}"

    return rule


def fraction(*, none: bool = False) -> Rule:
    """Accept numbers from 0 up to, not including, 1 (and None where said so)."""

    def rule(value: Any) -> str:
        if (none and value is None) or (_is_number(value) and 0 <= value < 1):
            return ""
        return f"must be a number from 0 up to, not including, 1{', or None' if none else ''}"

    return rule


def switch(value: Any) -> str:
    """Accept true and false."""
    return "" if isinstance(value, bool) or value in (0, 1) else "must be true or false"


def maybe(value: Any) -> str:
    """Accept true, false, and None for what fits the data."""
    return "" if value is None else switch(value) and "must be true, false, or None"


def choice(names: Mapping[str, Any] | tuple[Any, ...], *, own: type | None = None) -> Rule:
    """Accept the given names; where ``own`` is given, also objects of that kind and classes derived from it."""

    def rule(value: Any) -> str:
        if any(value is n or (isinstance(value, str) and value == n) for n in names):
            return ""
        if own is not None and (isinstance(value, own) or (isinstance(value, type) and issubclass(value, own))):
            return ""
        return "is not known" + closest(str(value), [str(n) for n in names])

    return rule


def joined(names: Mapping[str, Any]) -> Rule:
    """Accept one or several of the given names, joined by ``+``, and None."""

    def rule(value: Any) -> str:
        if value is None or (isinstance(value, str) and all(name in names for name in value.split("+"))):
            return ""
        return f"must be one or several of {', '.join(names)}, joined by +, or None"

    return rule


def range_of(rule: Rule) -> str:
    """Say what a rule accepts, as people read it: by what it says of something impossible.

    Examples
    --------
    >>> range_of(whole(1, 100)), range_of(choice(("crf", "linear")))
    ('a whole number, from 1 to 100', 'one of crf, linear')
    """
    message = rule(object())
    if "Possible: " in message:
        return f"one of {message.partition('Possible: ')[2]}"
    return message.removeprefix("must be ")


def check(parameters: Mapping[str, Any], rules: Mapping[str, Rule]) -> None:
    """Hold every parameter to its rule.

    Raises
    ------
    ParameterError
        Names all that are wrong, each with its value and what is possible.
    """
    messages = {name: rule(parameters[name]) for name, rule in rules.items()}
    wrong = [f"{name}={parameters[name]!r:.60} {message}" for name, message in messages.items() if message]
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
        raise ParameterError(
            f"--set {setting!r:.60} has no '='; write --set name=value, for example --set hidden_size=256"
        )
    if name not in known:
        raise ParameterError(f"--set {name:.60} is no setting of this task{closest(name, known)}")
    if text.lower() in ("none", "null"):
        return name, None
    try:
        return name, tomllib.loads(f"value = {text.lower() if text in ('True', 'False') else text}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError):
        return name, text


def plain(value: Any) -> Any:
    """Write a setting as a JSON value: an object of the user's own by its name, a dict as pairs of any kind.

    Examples
    --------
    >>> plain({1: 0.5}), plain(dict)
    ({'pairs': [[1, 0.5]]}, 'own:dict')
    """
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, numbers.Real) and not isinstance(value, (bool, int, float)):
        return int(value) if isinstance(value, numbers.Integral) else float(value)  # a fraction, say
    says = hasattr(value, "plain") and not isinstance(value, type)  # itself, what stands for it
    if says or isinstance(value, os.PathLike):
        return value.plain() if says else os.fspath(value)
    if isinstance(value, (dict, list, tuple)):
        several = [[plain(k), plain(v)] for k, v in value.items()] if isinstance(value, dict) else map(plain, value)
        return {"pairs": several} if isinstance(value, dict) else list(several)
    if isinstance(value, (str, int, float, bool, type(None))):
        return value
    return f"own:{getattr(value, '__name__', None) or getattr(value, 'name', None) or type(value).__name__}"
