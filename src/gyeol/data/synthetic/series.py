"""Numeric sequences generated on the fly, and the digits that scikit-learn brings: the same for the same seed.

``adding`` is the adding problem (Hochreiter and Schmidhuber 1997, section 5.4), in the form of Le, Jaitly and Hinton
(2015, section 4.1): of a long row of random numbers two are marked, and their sum is wanted.
"""

from __future__ import annotations

import json
import math
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gyeol.data.atomic import replace_file
from gyeol.errors import ParameterError, closest

__all__ = ["SERIES_MAKERS", "adding", "digits", "make_series", "sines"]

Made = Iterator[tuple[npt.NDArray[np.float64], str]]  # values (T, C) and a label
_ENDINGS = (".jsonl", ".npz", ".csv", ".tsv")


def make_series(name: str, out: str | os.PathLike[str], *, count: int = 1000, length: int = 100, seed: int = 0) -> Path:
    """Write generated sequences to a file.

    Parameters
    ----------
    name : str
        Which: a key of `SERIES_MAKERS`.
    out : str or path
        A .jsonl or .npz file, of one channel also .csv or .tsv; one that stands there is replaced when the new one is
        whole.
    count, length : int
        Sequences, and steps of each, at least 10.
    seed : int
        The same seed gives the same sequences.

    Raises
    ------
    ParameterError
        If the name, a number or the file's ending is not possible.
    SaveError
        If the file cannot be written.
    """
    path = Path(out)
    ending = path.suffix.lower()
    if name not in SERIES_MAKERS:
        raise ParameterError(f"no generated data set is called {name!r}{closest(name, SERIES_MAKERS)}")
    if ending not in _ENDINGS:
        raise ParameterError(f"{path} ends in {path.suffix!r}; name a {', '.join(_ENDINGS)} file")
    if count < 1 or length < 10:
        raise ParameterError(f"count={count}, length={length}: at least 1 sequence of 10 steps is needed")
    generated = SERIES_MAKERS[name](count, length, seed)
    first = next(generated)
    if first[0].shape[1] > 1 and ending in (".csv", ".tsv"):
        raise ParameterError(f"{path}: {name} has {first[0].shape[1]} channels; name a .jsonl or .npz file")

    def write(beside: Path) -> None:
        if ending == ".npz":
            _write_npz(beside, [first, *generated])
            return
        with beside.open("w", encoding="utf-8", newline="\n") as stream:
            for values, label in (first, *generated):
                if ending == ".jsonl":
                    rows = values[:, 0].tolist() if values.shape[1] == 1 else values.tolist()
                    stream.write(json.dumps({"series": rows, "label": label}) + "\n")
                else:
                    cells = [label, *map(repr, values[:, 0].tolist())]
                    stream.write({".csv": ",", ".tsv": "\t"}[ending].join(cells) + "\n")

    replace_file(path, write)
    return path


def _write_npz(path: Path, generated: list[tuple[npt.NDArray[np.float64], str]]) -> None:
    lengths = np.array([len(values) for values, _ in generated])
    X = np.full((len(generated), lengths.max(), generated[0][0].shape[1]), np.nan)
    for row, (values, _) in zip(X, generated, strict=True):
        row[: len(values)] = values
    with path.open("wb") as file:
        np.savez_compressed(file, X=X, y=np.array([label for _, label in generated]), lengths=lengths)


def sines(count: int, length: int, seed: int) -> Made:
    """Tell what changes halfway through a noisy sine: nothing, its frequency, its amplitude, or its phase.

    Sequences are `length` to 1.1 times `length` steps long; the change comes in the middle third.

    Examples
    --------
    >>> values, label = next(sines(1, 20, 0))
    >>> values.shape, label
    ((22, 1), 'phase')
    """
    rng = random.Random(seed)  # noqa: S311 -- a generated problem, no secret
    for _ in range(count):
        steps = length + int(rng.random() * (length // 10 + 1))
        label = ("steady", "frequency", "amplitude", "phase")[int(rng.random() * 4)]
        change = steps // 3 + int(rng.random() * steps / 3)
        period, phase = length * (0.1 + 0.1 * rng.random()), 2 * math.pi * rng.random()
        values = []
        for step in range(steps):
            after = step >= change
            speed = 1.6 if after and label == "frequency" else 1.0
            size = 1.8 if after and label == "amplitude" else 1.0
            angle = phase + 2 * math.pi * (min(step, change) + speed * max(0, step - change)) / period
            angle += math.pi * (after and label == "phase")
            values.append(round(size * math.sin(angle) + 0.4 * (rng.random() - 0.5), 4))
        yield np.array(values)[:, None], label


def adding(count: int, length: int, seed: int) -> Made:
    """Add the two of `length` random numbers that are marked: one in the first half, one in the second.

    The first channel holds numbers from 0 to 1, the second 1 at the two, 0 elsewhere. Who always says 1 has a mean
    squared error of 1/6.

    Examples
    --------
    >>> values, label = next(adding(1, 10, 0))
    >>> values.shape, values[:, 1].sum(), bool(abs((values[:, 0] * values[:, 1]).sum() - float(label)) < 1e-9)
    ((10, 2), np.float64(2.0), True)
    """
    rng = random.Random(seed)  # noqa: S311 -- a generated problem, no secret
    for _ in range(count):
        values = np.zeros((length, 2))
        values[:, 0] = [round(rng.random(), 6) for _ in range(length)]
        half = length // 2
        values[[int(rng.random() * half), half + int(rng.random() * (length - half))], 1] = 1.0
        yield values, repr(round(float(values[:, 0] @ values[:, 1]), 6))


def digits(count: int, length: int = 10, seed: int = 0) -> Made:
    """Read a handwritten digit row by row: scikit-learn's 1,797 pictures of 8 by 8 points, a row a step.

    The first `count` of them in an order that `seed` decides; `length` makes no difference.

    Examples
    --------
    >>> values, label = next(digits(1))
    >>> values.shape, label
    ((8, 8), '6')
    """
    from sklearn.datasets import load_digits

    pictures, labels = load_digits(return_X_y=True)
    if count > len(labels):
        raise ParameterError(f"count={count}: there are {len(labels):,} digits")
    order = list(range(len(labels)))
    rng = random.Random(seed)  # noqa: S311 -- an order, no secret
    order.sort(key=[rng.random() for _ in order].__getitem__)
    for place in order[:count]:
        yield pictures[place].reshape(8, 8), str(int(labels[place]))


#: Makers by name: of so many sequences of so many steps, by a seed, values and label one after the other.
SERIES_MAKERS: dict[str, Callable[[int, int, int], Made]] = {"sines": sines, "adding": adding, "digits": digits}
