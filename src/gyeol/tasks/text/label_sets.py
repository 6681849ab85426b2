"""Several labels a text, as users hand them over, checked once at the edge; and as class numbers from there on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from gyeol.data.ragged import Ragged
from gyeol.data.text.label_sets import separated
from gyeol.errors import DataError
from gyeol.tasks.checks import checked_labels, numbered

__all__ = ["LabelSets", "checked_indicator", "checked_sets", "holds_sets", "numbered_sets", "sets_of"]

_NO_CLASSES = 20  # more labels than this, all different, are no classes


class LabelSets:
    """The class numbers of N texts: a set of none, one or several each.

    Parameters
    ----------
    numbers : Ragged
        Class numbers, ascending, of each text.
    classes : int
        K, how many classes there are.

    Examples
    --------
    >>> sets = LabelSets.of([[0, 2], [], [1]], 3)
    >>> sets.indicator(np.array([1, 0])).astype(int).tolist(), sets.counts().tolist()
    ([[0, 0, 0], [1, 0, 1]], [1, 1, 1])
    """

    def __init__(self, numbers: Ragged, classes: int) -> None:
        self.numbers = numbers
        self.classes = classes

    @classmethod
    def of(cls, sets: Iterable[Iterable[Any]], classes: int) -> LabelSets:
        """Keep sets of class numbers."""
        return cls(Ragged.gather(np.array(sorted(one), dtype=np.int32) for one in sets), classes)

    def __len__(self) -> int:
        return len(self.numbers)

    def take(self, rows: npt.NDArray[np.int64]) -> LabelSets:
        """Return those of some texts."""
        starts = self.numbers.starts
        ends = np.concatenate([[0], np.cumsum(starts[rows + 1] - starts[rows])]).astype(np.int64)
        places = np.arange(ends[-1]) + np.repeat(starts[rows] - ends[:-1], np.diff(ends))
        return LabelSets(Ragged(self.numbers.values[places], ends), self.classes)

    def fingerprint(self) -> str:
        """Return text that is the same for the same sets."""
        import hashlib

        digest = hashlib.sha256(f"{self.classes} ".encode())
        digest.update(self.numbers.starts.tobytes() + self.numbers.values.astype(np.int32).tobytes())
        return digest.hexdigest()

    def indicator(self, rows: npt.NDArray[np.int64] | None = None) -> npt.NDArray[np.bool_]:
        """Return a row a text, of K values that say which classes are its own; of all texts, or of some (B,)."""
        some = self if rows is None else self.take(rows)
        found = np.zeros((len(some), self.classes), dtype=np.bool_)
        found[np.repeat(np.arange(len(some)), some.numbers.lengths), some.numbers.values] = True
        return found

    def counts(self) -> npt.NDArray[np.int64]:
        """Return how many texts have each class, shape (K,)."""
        return np.bincount(self.numbers.values, minlength=self.classes)

    def rarest(self) -> npt.NDArray[np.int64]:
        """Return the rarest class of each text, and K where it has none: groups that a split keeps in proportion."""
        counts = self.counts()
        found = np.full(len(self), self.classes, dtype=np.int64)
        for row, own in enumerate(self.numbers[i] for i in range(len(self))):
            if len(own):
                found[row] = own[counts[own].argmin()]
        return found


def holds_sets(y: Any) -> bool:
    """Whether targets are several labels a text: sets, or an indicator matrix; not one label, nor one column."""
    if getattr(y, "ndim", None) == 2:
        return bool(y.shape[1] > 1)
    if isinstance(y, (str, bytes)) or not hasattr(y, "__iter__"):
        return False
    first = next((one for one in y if one is not None), None)
    return isinstance(first, (list, tuple, set, frozenset)) or (isinstance(first, np.ndarray) and first.ndim == 1)


def checked_indicator(y: Any, count: int) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]] | None:
    """Return an indicator matrix (N, K) and the classes that its columns are; None where y is none.

    A table's columns are the classes; those of other matrices are numbered from 0. Lists are a matrix if all are of one
    length, two or more, and hold nothing but 0 and 1.

    Raises
    ------
    DataError
        For other values than 0 and 1, and a wrong number of rows.
    """
    if getattr(y, "ndim", None) == 2:
        names = [str(name) for name in y.columns] if hasattr(y, "columns") else None
        matrix = np.asarray(y.toarray() if hasattr(y, "toarray") else y)
        fits = matrix.dtype.kind in "biuf" and bool(np.isin(matrix, (0, 1)).all())
        if not fits:
            raise DataError(
                f"got labels of shape {matrix.shape} that are not all 0 or 1: give a list of labels a text, or a "
                "matrix with a column a class and 1 where a text has it"
            )
    else:
        rows = list(y)
        plain = all(isinstance(row, (list, tuple, np.ndarray)) for row in rows)
        if not plain or len({len(row) for row in rows}) != 1 or len(rows[0]) < 2:
            return None
        if not all(isinstance(cell, (int, np.integer, np.bool_)) and cell in (0, 1) for row in rows for cell in row):
            return None
        names, matrix = None, np.array(rows)
    if len(matrix) != count:
        raise DataError(f"got {count} texts and {len(matrix)} rows of labels; there must be one row a text")
    if names is not None and len(set(names)) < len(names):
        raise DataError("two columns of the labels have the same name")
    return np.arange(matrix.shape[1]) if names is None else np.array(names), matrix.astype(np.bool_)


def sets_of(y: Any, count: int, *, none: bool = False) -> list[list[Any]]:
    """Return the labels of each text as a list; a string is split at each ``|``, and may be empty where ``none``.

    Raises
    ------
    DataError
        For a wrong number of sets, and for what are no labels; names the text.
    """
    if y is None or isinstance(y, (str, bytes)) or not hasattr(y, "__iter__"):
        raise DataError(f"got {type(y).__name__} where a list of labels was expected for each text")
    sets: list[list[Any]] = []
    for row, one in enumerate(y):
        if isinstance(one, str):
            one = separated(one)
            if not one and not none:
                raise DataError(f"text {row} has no label; give an empty list to one that shall have none")
        if not isinstance(one, (list, tuple, set, frozenset, np.ndarray)):
            raise DataError(f"the labels of text {row} are {one!r:.60} ({type(one).__name__}); a list was expected")
        sets.append(list(one.tolist() if isinstance(one, np.ndarray) else one))
    if len(sets) != count:
        raise DataError(f"got {count} texts and labels of {len(sets)}; there must be one list of labels a text")
    try:
        _different(sets)
    except TypeError:
        raise DataError("a list of labels holds a list: texts or whole numbers were expected") from None
    except DataError as error:
        for row, own in enumerate(sets):  # the message shall name the text
            try:
                _different([own])
            except DataError as its:
                raise DataError(f"text {row}: {its}") from None
        raise error from None
    return sets


def _different(sets: list[list[Any]]) -> npt.NDArray[Any]:
    """Return the different labels of sets, checked, sorted."""
    labels = list(dict.fromkeys(label for own in sets for label in own))
    return np.unique(checked_labels(labels, len(labels), "label")) if labels else np.zeros(0)


def checked_sets(y: Any, count: int, *, none: bool = False) -> tuple[npt.NDArray[Any], LabelSets]:
    """Return the classes of label sets, sorted, and the sets as their numbers.

    Raises
    ------
    DataError
        As `sets_of`; for fewer than two classes, labels of several kinds, and many of which no two are alike.
    """
    sets = sets_of(y, count, none=none)
    flat = [label for own in sets for label in own]
    if not flat:
        raise DataError("no text has a label: a classifier needs examples of two or more")
    classes = _different(sets)
    if len(classes) < 2:
        only = classes.tolist()[0]
        raise DataError(f"the labels hold one class only, {only!r:.60}: a classifier needs examples of two or more")
    if len(classes) > _NO_CLASSES and max(Counter(flat).values()) == 1:
        raise DataError(f"no two of the {len(flat):,} labels are alike: is this the column of the labels?")
    return classes, numbered_sets(sets, classes)


def numbered_sets(sets: list[list[Any]], classes: npt.NDArray[Any]) -> LabelSets:
    """Number the labels of sets by the classes that training saw.

    Raises
    ------
    DataError
        For a label that is none of them; names the text.
    """
    number = {label: i for i, label in enumerate(classes.tolist())}
    for row, own in enumerate(sets):
        if any(label not in number for label in own):
            try:
                numbered(np.array(own, dtype=object), classes)
            except DataError as error:
                raise DataError(f"text {row}: {error}") from None
    return LabelSets.of([{number[label] for label in own} for own in sets], len(classes))
