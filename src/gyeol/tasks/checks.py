"""Texts and labels as users hand them over, checked once at the edge."""

from __future__ import annotations

import math
import warnings
from collections import Counter
from numbers import Integral, Real
from typing import Any

import numpy as np
import numpy.typing as npt

from gyeol.data.mapped_texts import MappedTexts
from gyeol.errors import DataError, ModelError, ParameterError

_NO_CLASSES = 20  # more labels than this, all different, are no classes
_MOST = 1e100  # of a target: the sum of their squares is still a number
_LONGEST = 1000  # characters of a label; NumPy gives every label the room of the longest
_KINDS: dict[type, str] = {str: "text", bool: "number", np.bool_: "number", Integral: "number", Real: "number"}

__all__ = [
    "checked_classes",
    "checked_labels",
    "checked_numbers",
    "checked_text",
    "checked_texts",
    "class_weights",
    "labels_from_state",
    "labels_to_state",
    "numbered",
    "own_weights",
]


def checked_texts(X: Any, *, empty: bool = False) -> list[str]:
    """Return texts as a list; where ``empty``, texts of nothing may be among them.

    Raises
    ------
    DataError
        For a single text, for what is no text, and for texts that are empty: names the first such index.
    """
    if isinstance(X, (str, bytes)):
        raise DataError(f"got one text where a list of texts was expected: write [{X[:20]!r}]")
    if not hasattr(X, "__len__") and not hasattr(X, "__iter__"):
        raise DataError(f"got {type(X).__name__} where a list of texts was expected")
    shape = getattr(X, "shape", None)
    if shape is not None and len(shape) != 1:
        raise DataError(f"got an array of shape {tuple(shape)}; expected one column of texts, shape (N,)")
    texts: Any = X if isinstance(X, MappedTexts) else list(X)  # what is mapped stays in its file
    if not len(texts):
        raise DataError("got no texts: the list is empty")
    for i, text in enumerate(texts):
        if not isinstance(text, str):
            raise DataError(
                f"text {i} is {text!r:.60} ({type(text).__name__}), not a text: leave it out or turn it into one"
            )
        if not empty and (not text or text.isspace()):
            raise DataError(f"text {i} is empty: leave it out")
        if _is_broken(text):
            raise DataError(f"text {i} holds half a character (a lone surrogate): read its file with another encoding")
    checked: list[str] = texts
    return checked


def checked_text(x: Any) -> str:
    """Return one text.

    Raises
    ------
    DataError
        For what is no text, and for one that is empty.
    """
    if not isinstance(x, str):
        raise DataError(f"got {type(x).__name__} where one text was expected")
    if not x or x.isspace():
        raise DataError("the text is empty: give one with something to read in it")
    return checked_texts([x])[0]


def checked_labels(y: Any, count: int, what: str = "text") -> npt.NDArray[Any]:
    """Return labels as an array of one kind: texts, whole numbers, or true and false; one for each text, or ``what``.

    Raises
    ------
    DataError
        For missing labels (None, NaN, empty), a wrong number of them, labels of several kinds, or numbers that are
        measurements, not classes.
    """
    if y is None:
        raise DataError(f"a classifier requires y to be passed, but the target y is None: give one label a {what}")
    if isinstance(y, (str, bytes)) or not hasattr(y, "__iter__"):
        raise DataError(f"got {type(y).__name__} where a list of labels was expected")
    shape = getattr(y, "shape", None)
    if shape is not None and len(shape) == 2 and shape[1] == 1:
        y = np.asarray(y)[:, 0]
    elif shape is not None and len(shape) != 1:
        raise DataError(f"got labels of shape {tuple(shape)}; expected one label a {what}, shape (N,)")
    values = list(y)
    if len(values) != count:
        raise DataError(f"got {count} {what}s and {len(values)} labels; there must be one label a {what}")
    _check_kinds(values)
    _check_values(values)
    of_one_kind = isinstance(y, np.ndarray) and (y.dtype != object or _KINDS.get(type(values[0])) == "text")
    labels = y if of_one_kind else np.asarray(values)
    if _KINDS.get(type(values[0])) == "text":
        return labels
    from sklearn.utils.multiclass import check_classification_targets

    try:
        with warnings.catch_warnings(), np.errstate(invalid="ignore"):  # 1e19 is no int64, and so no class
            warnings.simplefilter("ignore", UserWarning)  # many classes are no sign of a regression here
            check_classification_targets(labels)
    except ValueError as error:
        raise DataError(f"{error}; classes must be texts or whole numbers") from error
    return labels


def checked_classes(
    y: Any, count: int, what: str = "text"
) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64], dict[str, int]]:
    """Return the classes of labels, sorted, the number of each label's class, and how many labels each class has.

    Raises
    ------
    DataError
        As `checked_labels`; for labels of one class only, and for many of which no two are alike.
    """
    labels = checked_labels(y, count, what)
    classes, numbers = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        only = classes.tolist()[0]
        raise DataError(f"the labels hold one class only, {only!r:.60}: a classifier needs examples of two or more")
    if len(classes) == count > _NO_CLASSES:
        raise DataError(f"no two of the {count:,} labels are alike: is this the column of the labels?")
    counts = {str(c): int(n) for c, n in sorted(Counter(labels.tolist()).items(), key=lambda e: str(e[0]))}
    return classes, numbers.astype(np.int64), counts


def checked_numbers(y: Any, count: int, what: str = "text") -> npt.NDArray[np.float64]:
    """Return targets that are numbers as an array, one for each text, or ``what``.

    Raises
    ------
    DataError
        For what are no numbers, for missing and infinite ones, and for a wrong number of them.
    """
    if y is None:
        raise DataError(f"a regressor requires y to be passed, but the target y is None: give one number a {what}")
    try:
        numbers = np.asarray(list(y) if not hasattr(y, "__array__") else y).astype(np.float64)
    except (TypeError, ValueError, OverflowError):
        raise DataError(f"the targets are {y!r:.60}; a list of numbers was expected") from None
    if numbers.ndim != 1:
        raise DataError(f"got targets of shape {numbers.shape}; expected one number a {what}, shape (N,)")
    if len(numbers) != count:
        raise DataError(f"got {count} {what}s and {len(numbers)} targets; there must be one target a {what}")
    if not np.isfinite(numbers).all():
        place = int(np.argmin(np.isfinite(numbers)))
        raise DataError(f"target {place} is {numbers[place]}: leave the row out, or give it a finite number")
    if np.abs(numbers).max(initial=0) > _MOST:
        place = int(np.abs(numbers).argmax())
        raise DataError(f"target {place} is {numbers[place]:g}: too large a number to learn; {_MOST:g} is the limit")
    return numbers


def numbered(labels: npt.NDArray[Any], classes: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Number labels by the classes that training saw.

    Raises
    ------
    DataError
        For a label that is none of them.
    """
    number = {label: i for i, label in enumerate(classes.tolist())}
    strange = next((i for i, label in enumerate(labels.tolist()) if label not in number), None)
    if strange is not None:
        known = ", ".join(f"{c!r:.60}" for c in classes[:12].tolist())
        label = labels.tolist()[strange]
        raise DataError(f"label {strange}: {label!r:.60} was never seen in training; known are: {known}")
    return np.array([number[label] for label in labels.tolist()], dtype=np.int64)


def _check_kinds(values: list[Any]) -> None:
    kinds = {kind: _KINDS[base] for kind in set(map(type, values)) for base in _KINDS if issubclass(kind, base)}
    for i, value in enumerate(values):
        if value is None:
            raise DataError(f"label {i} is missing (None): leave the row out or label it")
        if type(value) not in kinds:
            raise DataError(
                f"label {i} is {value!r:.60} ({type(value).__name__}); a text or a whole number was expected"
            )
    if len(set(kinds.values())) > 1:
        other = next(i for i, value in enumerate(values) if kinds[type(value)] != kinds[type(values[0])])
        raise DataError(
            f"labels are of two kinds, {values[0]!r:.60} and (label {other}) {values[other]!r:.60}: use one"
        )


def _check_values(values: list[Any]) -> None:
    """Look at every different label once; all are texts or all are numbers."""
    different = dict.fromkeys(values)
    for label in different:
        if not label.strip() if isinstance(label, str) else isinstance(label, (float, np.floating)) and np.isnan(label):
            raise DataError(f"label {values.index(label)} is missing ({str(label)!r}): leave the row out or label it")
        if isinstance(label, (float, np.floating)) and np.isinf(label):
            raise DataError(f"label {values.index(label)} is {label}; classes must be texts or whole numbers")
        if isinstance(label, str) and len(label) > _LONGEST:
            raise DataError(
                f"label {values.index(label)} has {len(label):,} characters, at most {_LONGEST:,} are possible: "
                "is this the column of the labels?"
            )
        if isinstance(label, str) and _is_broken(label):
            raise DataError(f"label {values.index(label)} holds half a character (a lone surrogate): {label!r}")


def _is_broken(text: str) -> bool:
    """Whether a text holds a lone surrogate, which no file can hold."""
    if text.isascii():
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def class_weights(
    which: Any,
    classes: npt.NDArray[Any],
    numbers: npt.NDArray[np.int64],
    examples: npt.NDArray[np.float64] | None = None,
) -> npt.NDArray[np.float64] | None:
    """Return a weight for each class: None, inverse to its frequency (``"balanced"``), or the user's own.

    Classes that a dict does not name count as 1. The mean weight of all examples, each counted by its own weight in
    ``examples``, is 1.

    Raises
    ------
    ParameterError
        For a dict that names a class which does not occur, or a weight that is no number above 0.
    """
    if which is None:
        return None
    if isinstance(which, str):
        counts = np.bincount(numbers, weights=examples, minlength=len(classes))
        return len(numbers) / (len(classes) * np.maximum(counts, 1e-12))
    weights = own_weights(which, classes)
    return weights / np.average(weights[numbers], weights=examples)


def own_weights(which: dict[Any, Any], classes: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return the user's own weight of each class, 1 for those that are not named.

    Raises
    ------
    ParameterError
        For a class that does not occur, and a weight that is no number above 0.
    """
    names = classes.tolist()
    for label, weight in which.items():
        if label not in names:
            shown = ", ".join(repr(name) for name in names[:12])
            raise ParameterError(f"class_weight names {label!r:.60}, which is no label here; labels: {shown}")
        if isinstance(weight, bool) or not isinstance(weight, Real) or not 0 < float(weight) < math.inf:
            raise ParameterError(f"class_weight of {label!r} is {weight!r:.60}; must be a number above 0")
    return np.array([float(which.get(label, 1.0)) for label in names])


def labels_to_state(classes: npt.NDArray[Any]) -> dict[str, Any]:
    """Write labels as JSON values, with the kind of array they were."""
    return {"classes": classes.tolist(), "kind": "object" if classes.dtype == object else classes.dtype.kind}


def labels_from_state(state: dict[str, Any]) -> npt.NDArray[Any]:
    """Read labels again.

    Raises
    ------
    ModelError
        Where it is not what `labels_to_state` wrote.
    """
    types: dict[str, Any] = {
        "U": np.str_,
        "i": np.int64,
        "u": np.uint64,
        "b": np.bool_,
        "f": np.float64,
        "object": object,
    }
    kind, names = state["kind"], state["classes"]
    fits = isinstance(kind, str) and kind in types and isinstance(names, list) and len(names) > 1
    plain = str if kind in ("U", "object") else (int, float)
    if not fits or not all(isinstance(name, plain) for name in names) or len(set(names)) < len(names):
        raise ModelError("config.json: the classes are damaged")
    if any(isinstance(name, str) and _is_broken(name) for name in names):  # could be neither printed nor saved
        raise ModelError("config.json: the classes are damaged")
    return np.array(names, dtype=types[kind])
