"""Figures of classifiers for people: accuracy beside that of the majority class, and warnings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gyeol.cli.answers.output import percent

__all__ = ["accuracy_beside", "accuracy_text", "class_counts", "class_warnings", "evaluation_lines", "majority"]

_SHOWN = 5  # classes named in a warning


def majority(counts: Mapping[Any, int]) -> tuple[str, float]:
    """Return the most frequent class and its share of all examples.

    Parameters
    ----------
    counts : mapping
        How many examples each class has.

    Examples
    --------
    >>> majority({"긍정": 3, "부정": 9})
    ('부정', 0.75)
    """
    label = max(counts, key=lambda name: counts[name])
    return str(label), counts[label] / max(1, sum(counts.values()))


def accuracy_text(accuracy: float, counts: Mapping[Any, int], macro_f1: float | None = None) -> str:
    """Write an accuracy beside the share of the majority class, and the macro F1 if known.

    Examples
    --------
    >>> accuracy_text(0.93, {"긍정": 17, "부정": 183}, 0.71)
    "accuracy 93.00 % (always '부정': 91.50 %)   macro F1 0.7100"
    """
    return accuracy_beside(accuracy, *majority(counts), macro_f1)


def accuracy_beside(accuracy: float, label: str, share: float, macro_f1: float | None = None) -> str:
    """Write the same for a known majority class."""
    f1 = "" if macro_f1 is None else f"   macro F1 {macro_f1:.4f}"
    return f"accuracy {percent(accuracy)} (always {label!r:.40}: {percent(share)}){f1}"


def class_warnings(accuracy: float, counts: Mapping[Any, int], predicted: Mapping[Any, int] | None = None) -> list[str]:
    """Warn of what a high accuracy may hide: no gain over the majority class, and classes that are never predicted.

    Parameters
    ----------
    accuracy : float
        The share of right answers.
    counts : mapping
        How many examples each class has.
    predicted : mapping, optional
        How often each class was predicted.

    Examples
    --------
    >>> class_warnings(0.9, {"긍정": 2, "부정": 18}, {"긍정": 0, "부정": 20})
    ["the model is no better than always answering '부정' (90.00 %)", "never predicted: '긍정' (2 examples)"]
    """
    label, share = majority(counts)
    warnings = []
    if accuracy <= share:
        warnings.append(f"the model is no better than always answering {label!r:.40} ({percent(share)})")
    missed = [name for name, count in counts.items() if count and predicted is not None and not predicted.get(name, 0)]
    if missed:
        shown = ", ".join(f"{str(name)!r:.40} ({counts[name]:,} examples)" for name in missed[:_SHOWN])
        warnings.append(
            f"never predicted: {shown}{f' and {len(missed) - _SHOWN} more' if len(missed) > _SHOWN else ''}"
        )
    return warnings


def class_counts(figures: Mapping[str, Any]) -> tuple[dict[str, int], dict[str, int]]:
    """Return how often each class occurs, and how often it was predicted, from the figures of ``evaluate``."""
    counts = {name: int(own["count"]) for name, own in figures["per_class"].items()}
    columns = zip(*figures["confusion"], strict=True)
    return counts, {name: int(sum(column)) for name, column in zip(counts, columns, strict=True)}


def evaluation_lines(figures: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Write accuracy, majority class, macro F1 and loss on a line; and the warnings of `class_warnings`."""
    counts, predicted = class_counts(figures)
    line = accuracy_text(figures["accuracy"], counts, figures["macro_f1"])
    return f"{line}   loss {figures['loss']:.4f}", class_warnings(figures["accuracy"], counts, predicted)
