"""A series generated on the fly: days and weeks, noise, and habits that change without notice."""

from __future__ import annotations

import math
import os
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from gyeol.data.atomic import replace_file
from gyeol.errors import ParameterError

__all__ = ["COLUMNS", "hourly_load", "write_load"]

#: The time, what is to be forecast, and what is known beforehand.
COLUMNS = ("time", "load", "holiday")

_BEGIN = datetime(2025, 1, 1)
_SHAPES = (
    math.sin,
    lambda angle: math.tanh(3 * math.sin(angle)),
    lambda angle: 0.8 * math.sin(angle) + 0.6 * math.sin(2 * angle),
)


def hourly_load(count: int, seed: int) -> Iterator[tuple[str, float, int]]:
    """Give hours of a load that swings by the day, less at weekends and on holidays.

    For one to three weeks level, height, hour of the peak and shape of the day (a sine, a plateau, two peaks) stay as
    they are; then all are drawn anew.

    Parameters
    ----------
    count, seed : int
        Hours, and the seed.

    Yields
    ------
    (str, float, int)
        The time, the load, and whether the day is a holiday.

    Examples
    --------
    >>> next(hourly_load(1, 0))
    ('2025-01-01 00:00', 23.08, 0)
    """
    rng = random.Random(seed)  # noqa: S311 -- a generated problem, no secret
    left, holiday = 0, False
    level = height = peak = 0.0
    shape = _SHAPES[0]
    for hour in range(count):
        # random() is the one method of which Python promises the same numbers in every version.
        if not left:
            left = 24 * (7 + int(rng.random() * 15))
            level, height = 20 + 8 * rng.random(), 2 + 4 * rng.random()
            peak, shape = 24 * rng.random(), _SHAPES[int(rng.random() * len(_SHAPES))]
        left -= 1
        if hour % 24 == 0:
            holiday = rng.random() < 0.06
        moment = _BEGIN + timedelta(hours=hour)
        rest = moment.weekday() >= 5 or holiday
        swing = (0.4 if rest else 1.0) * height * shape(2 * math.pi * (hour - peak) / 24)
        noise = 0.5 * (sum(rng.random() for _ in range(12)) - 6)  # nearly normal
        yield moment.strftime("%Y-%m-%d %H:%M"), round(level - (2 if rest else 0) + swing + noise, 2), int(holiday)


def write_load(out: str | os.PathLike[str], *, count: int = 2880, seed: int = 0) -> Path:
    """Write an hourly load to a .csv file; the same seed gives the same bytes.

    Raises
    ------
    ParameterError
        The file has another ending.
    SaveError
        The file cannot be written.
    """
    path = Path(out)
    if path.suffix.lower() != ".csv":
        raise ParameterError(f"{path} ends in {path.suffix!r}; name a .csv file")

    def write(beside: Path) -> None:
        with beside.open("w", encoding="utf-8", newline="\n") as stream:
            stream.write(",".join(COLUMNS) + "\n")
            stream.writelines(f"{time},{load},{holiday}\n" for time, load, holiday in hourly_load(count, seed))

    replace_file(path, write)
    return path
