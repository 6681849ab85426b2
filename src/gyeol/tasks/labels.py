"""Texts and labels as users hand them over, checked once at the edge."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gyeol.errors import DataError, ModelError, ParameterError

__all__ = ["checked_labels", "checked_texts", "class_weights", "labels_from_state", "labels_to_state"]


def checked_texts(X: Any) -> list[str]:
    """Return texts as a list.

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
    texts = list(X)
    if not texts:
        raise DataError("got no texts: the list is empty")
    for i, text in enumerate(texts):
        if not isinstance(text, str):
            raise DataError(f"text {i} is {text!r} ({type(text).__name__}), not a text: leave it out or turn it into one")
        if not text or text.isspace():
            raise DataError(f"text {i} is empty: leave it out")
    return texts


def checked_labels(y: Any, count: int) -> npt.NDArray[Any]:
    """Return labels as an array of one kind: texts, whole numbers, or true and false.

    Raises
    ------
    DataError
        For missing labels (None, NaN, empty), a wrong number of them, or numbers that are measurements, not classes.
    """
    from sklearn.utils.multiclass import check_classification_targets

    if y is None:
        raise DataError("a classifier requires y to be passed, but the target y is None: give one label a text")
    labels = y if isinstance(y, np.ndarray) else np.asarray(list(y))
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1:
        raise DataError(f"got labels of shape {labels.shape}; expected one label a text, shape (N,)")
    if len(labels) != count:
        raise DataError(f"got {count} texts and {len(labels)} labels; there must be one label a text")
    for i, label in enumerate(y if not isinstance(y, np.ndarray) or y.ndim == 1 else labels):
        if label is None or label != label or (isinstance(label, str) and not label.strip()):
            raise DataError(f"label {i} is missing ({label!r}): leave the row out or label it")
    try:
        check_classification_targets(labels)
    except ValueError as error:
        raise DataError(f"{error}; classes must be texts or whole numbers") from error
    return labels


def class_weights(
    which: Any, classes: npt.NDArray[Any], numbers: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64] | None:
    """Return a weight for each class: None, inverse to its frequency (``"balanced"``), or the user's own (1 if unnamed).

    Raises
    ------
    ParameterError
        For a dict that names a class which does not occur.
    """
    if which is None:
        return None
    if isinstance(which, str):
        return len(numbers) / (len(classes) * np.bincount(numbers, minlength=len(classes)))
    strange = [label for label in which if label not in classes.tolist()]
    if strange:
        raise ParameterError(f"class_weight names {strange[0]!r}, which is no label here; labels: {classes.tolist()}")
    return np.array([float(which.get(label, 1.0)) for label in classes.tolist()])


def labels_to_state(classes: npt.NDArray[Any]) -> dict[str, Any]:
    """Write labels as JSON values, with the kind of array they were."""
    return {"classes": classes.tolist(), "kind": "object" if classes.dtype == object else classes.dtype.kind}


def labels_from_state(state: dict[str, Any]) -> npt.NDArray[Any]:
    """Read labels again."""
    kind = state["kind"]
    types: dict[str, Any] = {"U": np.str_, "i": np.int64, "u": np.uint64, "b": np.bool_, "f": np.float64, "object": object}
    if kind not in types or not isinstance(state["classes"], list) or len(state["classes"]) < 2:
        raise ModelError("config.json: the classes are damaged")
    return np.array(state["classes"], dtype=types[kind])
