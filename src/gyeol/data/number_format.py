"""Numbers written as text: every digit for files, those that say something for people."""

from __future__ import annotations

import math
from collections.abc import Iterable

__all__ = ["exact", "rounded"]


def exact(number: float) -> str:
    """Write a number to a file: as few digits as give the same number again.

    Examples
    --------
    >>> exact(1234587881.0), exact(0.1), exact(1e22)
    ('1234587881', '0.1', '1e+22')
    """
    text = repr(float(number))
    return text.removesuffix(".0")


def rounded(numbers: Iterable[float], *, digits: int = 6) -> list[str]:
    """Write numbers of a column for people: six digits of the largest, four of how far they lie apart.

    Whole parts are never cut and never written as powers of ten below 10**16.

    Examples
    --------
    >>> rounded([1234587881.27, 1234593012.9]), rounded([0.012345678, 12.3]), rounded([9.897])
    (['1234587881', '1234593013'], ['0.0123', '12.3000'], ['9.89700'])
    """
    values = [float(number) for number in numbers]
    finite = [value for value in values if math.isfinite(value)]
    largest = max((abs(value) for value in finite), default=0.0)
    apart = max(finite, default=0.0) - min(finite, default=0.0)
    if not 1e-4 <= largest < 1e16:
        return [f"{value:.{digits}g}" for value in values]
    places = digits - 1 - math.floor(math.log10(largest))
    if apart > 1e-12 * largest:
        places = max(places, 3 - math.floor(math.log10(apart)))
    places = min(max(places, 0), 12)
    return [f"{value:.{places}f}" for value in values]
