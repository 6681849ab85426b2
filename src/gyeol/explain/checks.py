"""What an explanation is made of, checked: shapes that fit each other and numbers that are finite."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gyeol.errors import DataError

__all__ = ["check_input", "finite", "strings"]

#: What inputs are, and the shape of their values: None is any number.
_LARGEST = 1e100  # differences and squares of such numbers are finite, too
_KINDS: dict[str, tuple[int | None, ...]] = {
    "text": (),
    "series": (None, None),
    "sound": (None, None),
    "frames": (None, None, None, 3),
    "image": (None, None, None, 3),
}


def finite(name: str, array: Any, shape: Sequence[int | None]) -> npt.NDArray[Any]:
    """Return numbers as an array of floats.

    Parameters
    ----------
    name : str
        What the numbers are, for the error.
    array : array
    shape : sequence of int or None
        The shape it must have; None is any number.

    Raises
    ------
    DataError
        It is no array of numbers, has another shape, or a NaN, an infinite number or one above 1e100.

    Examples
    --------
    >>> finite("values", [1, 2], (None,))
    array([1., 2.])
    """
    try:
        found = np.asarray(array)
        found = found if np.issubdtype(found.dtype, np.floating) else found.astype(np.float64)
    except (TypeError, ValueError, RuntimeError):  # the last of a tensor that requires a gradient
        raise DataError(f"{name}: expected an array of numbers; detach() a tensor with a gradient") from None
    fits = found.ndim == len(shape) and all(n in (None, m) for n, m in zip(shape, found.shape, strict=True))
    if not fits:
        expected = ", ".join("any" if n is None else f"{n:,}" for n in shape)
        raise DataError(f"{name}: got shape {found.shape}, expected ({expected})")
    if not np.isfinite(found).all():
        raise DataError(f"{name}: has a NaN or an infinite number; expected finite numbers")
    most = float(np.abs(found).max(initial=0.0))
    if most > _LARGEST:
        raise DataError(f"{name}: {most:.3g} is too large to be drawn; expected numbers up to {_LARGEST:g}")
    return found


def strings(name: str, words: Any) -> tuple[str, ...]:
    """Return a sequence of texts as a tuple.

    Raises
    ------
    DataError
        It is one text, or has something else in it.

    Examples
    --------
    >>> strings("tokens", ["가", "나"])
    ('가', '나')
    """
    if isinstance(words, (str, bytes)) or not isinstance(words, Sequence):
        raise DataError(f"{name}: got {type(words).__name__}, expected a sequence of texts")
    for place, word in enumerate(words):
        if not isinstance(word, str):
            raise DataError(f"{name}: number {place} is {type(word).__name__}, expected a text")
    return tuple(words)


def check_input(
    kind: str, steps: int, text: str, spans: Sequence[tuple[int, int]], values: Any
) -> tuple[tuple[tuple[int, int], ...], npt.NDArray[Any] | None]:
    """Check that an input's steps, text, spans and values are those of its kind; return spans and values.

    Raises
    ------
    DataError
        They are not.
    """
    if kind not in _KINDS:
        raise DataError(f"kind: got {kind!r:.40}, expected one of {', '.join(_KINDS)}")
    if not steps:
        raise DataError("tokens: there are none; expected one step of the input or more")
    found = tuple((int(start), int(end)) for start, end in spans)
    if found and len(found) != steps:
        raise DataError(f"spans: got {len(found):,}, expected {steps:,}, one for each token")
    for place, (start, end) in enumerate(found):
        if not 0 <= start <= end <= len(text):
            raise DataError(f"spans: number {place} is ({start}, {end}) in a text of {len(text):,} characters")
    if kind == "text":
        return found, None if values is None else np.asarray(values)
    shape = list(_KINDS[kind])
    if kind == "series":
        shape[0] = steps
    if kind == "image":
        shape[0] = 1
        if math.isqrt(steps) ** 2 != steps:
            raise DataError(f"tokens: {steps:,} cells of an image; expected as many rows as columns")
    numbers = finite("values", values, shape)
    if not numbers.size:
        raise DataError(f"values: got shape {numbers.shape}; there is nothing to show")
    if len(shape) == 4:
        numbers = np.asarray(values)
        if numbers.dtype != np.uint8:
            raise DataError(f"values: got {numbers.dtype}, expected uint8 pixels")
    return found, numbers
