"""Figures of merit, under the names that ``evaluate`` prints. scikit-learn counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["classification"]


def classification(
    truth: npt.NDArray[np.int64], predicted: npt.NDArray[np.int64], classes: list[Any]
) -> dict[str, Any]:
    """Compare predicted classes with true ones.

    Parameters
    ----------
    truth, predicted : int arrays, shape (N,)
        Class numbers.
    classes : list
        Their names.

    Returns
    -------
    dict
        ``accuracy``; ``macro_f1``, the mean F1 of the classes that are true or predicted anywhere, as scikit-learn has
        it; ``count``; ``confusion``, rows true, columns predicted; ``per_class`` with precision, recall, f1 and count
        of each class.
    """
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    numbers = list(range(len(classes)))
    precision, recall, f1, support = precision_recall_fscore_support(
        truth, predicted, labels=numbers, zero_division=0.0
    )
    confusion = confusion_matrix(truth, predicted, labels=numbers)
    seen = (confusion.sum(0) > 0) | (support > 0)
    return {
        "accuracy": float(np.mean(truth == predicted)),
        "macro_f1": float(np.mean(f1[seen])),
        "count": len(truth),
        "confusion": confusion.tolist(),
        "per_class": {
            str(name): {"precision": float(p), "recall": float(r), "f1": float(f), "count": int(n)}
            for name, p, r, f, n in zip(classes, precision, recall, f1, support, strict=True)
        },
    }
