"""Problems generated on the fly: no corpus, no connection, the same file for the same seed on every machine.

``order`` is the temporal-order problem of Hochreiter and Schmidhuber (1997, Long Short-Term Memory, section 5.6,
experiment 6a): a long row of symbols that mean nothing, among them two, far apart, that are X or Y each. Which, and in
which order, is the class. A bag of words can tell XX from YY but never XY from YX; a simple recurrent network forgets
the first of the two before it meets the second.

``reverse``, ``copy`` and ``sort`` are for encoders and decoders: letters in, the same letters out.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

from gyeol.data.atomic import replace_file
from gyeol.errors import ParameterError, closest

__all__ = ["MAKERS", "copy", "make", "order", "reverse", "sort"]

_SEPARATORS = {".tsv": "\t", ".csv": ","}


def make(name: str, out: str | os.PathLike[str], *, count: int = 1000, length: int = 100, seed: int = 0) -> Path:
    """Write a generated problem to a file with the columns ``text`` and ``label``.

    Parameters
    ----------
    name : str
        Which: a key of `MAKERS`.
    out : str or path
        A .tsv or .csv file; an existing one is replaced once the new one is complete.
    count : int
        Rows.
    length : int
        Symbols a text, at least 10.
    seed : int
        The same seed gives the same bytes.

    Raises
    ------
    ParameterError
        If the name or a number is not possible, or the file's ending.
    SaveError
        If the file cannot be written.
    """
    path = Path(out)
    if name not in MAKERS:
        raise ParameterError(f"no generated data set is called {name!r}{closest(name, MAKERS)}")
    if path.suffix.lower() not in _SEPARATORS:
        raise ParameterError(f"{path} ends in {path.suffix!r}; name a .tsv or .csv file")
    if count < 1:
        raise ParameterError(f"count={count}: at least 1 row is needed")
    generate = MAKERS[name]
    if length < 10:
        raise ParameterError(f"length={length}: at least 10 symbols are needed")
    separator = _SEPARATORS[path.suffix.lower()]

    def write(beside: Path) -> None:
        with beside.open("w", encoding="utf-8", newline="\n") as stream:
            stream.write(f"text{separator}label\n")
            stream.writelines(f"{text}{separator}{label}\n" for text, label in generate(count, length, seed))

    replace_file(path, write)
    return path


def order(count: int, length: int, seed: int) -> Iterator[tuple[str, str]]:
    """Generate the temporal order problem (Hochreiter and Schmidhuber 1997, section 5.6).

    The class is the order of X and Y in a long row of symbols.

    A text starts with E and ends with B; between them are a, b, c, d at random, but for X or Y at two places, the
    first 10 to 20 % and the second 50 to 60 % of `length` from the start. Texts are `length` to 1.1 times `length`
    symbols long.

    Parameters
    ----------
    count, length, seed : int
        Rows, shortest length in symbols, and the seed.

    Yields
    ------
    tuple of str
        The symbols with a space between, and the class: ``XX``, ``XY``, ``YX`` or ``YY``.

    Examples
    --------
    >>> next(order(1, 10, 0))
    ('E Y b c b d X b c d B', 'YX')
    """
    rng = random.Random(seed)  # noqa: S311 -- a generated problem, no secret

    def below(stop: int) -> int:
        # random() is the one method of which Python promises the same numbers in every version.
        return int(rng.random() * stop)

    for _ in range(count):
        symbols = ["abcd"[below(4)] for _ in range(length + below(length // 10 + 1))]
        symbols[0], symbols[-1] = "E", "B"
        first = length // 10 + below(length // 10 + 1)
        second = length // 2 + below(length // 10 + 1)
        symbols[first], symbols[second] = "XY"[below(2)], "XY"[below(2)]
        yield " ".join(symbols), symbols[first] + symbols[second]


def reverse(count: int, length: int, seed: int) -> Iterator[tuple[str, str]]:
    """Write letters, and the same letters backwards: an encoder must keep all of them (Sutskever et al. 2014).

    Texts are 1 to `length` letters long, of twenty different ones; so are those of `copy` and `sort`.

    Examples
    --------
    >>> next(reverse(1, 10, 0))
    ('p i f k i p g j l', 'l j g p i k f i p')
    """
    for letters in _letters(count, length, seed):
        yield " ".join(letters), " ".join(reversed(letters))


def copy(count: int, length: int, seed: int) -> Iterator[tuple[str, str]]:
    """Write letters twice.

    Examples
    --------
    >>> next(copy(1, 10, 0))
    ('p i f k i p g j l', 'p i f k i p g j l')
    """
    for letters in _letters(count, length, seed):
        yield " ".join(letters), " ".join(letters)


def sort(count: int, length: int, seed: int) -> Iterator[tuple[str, str]]:
    """Write letters, and the same in the order of the alphabet.

    Examples
    --------
    >>> next(sort(1, 10, 0))
    ('p i f k i p g j l', 'f g i i j k l p p')
    """
    for letters in _letters(count, length, seed):
        yield " ".join(letters), " ".join(sorted(letters))


def _letters(count: int, length: int, seed: int) -> Iterator[list[str]]:
    rng = random.Random(seed)  # noqa: S311 -- a generated problem, no secret
    for _ in range(count):
        yield ["abcdefghijklmnopqrst"[int(rng.random() * 20)] for _ in range(1 + int(rng.random() * length))]


MAKERS: dict[str, Callable[[int, int, int], Iterator[tuple[str, str]]]] = {
    "order": order,
    "reverse": reverse,
    "copy": copy,
    "sort": sort,
}
