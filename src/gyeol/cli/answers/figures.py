"""Figures of classifiers as people should read them: beside accuracy, what always answering one class would reach."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gyeol.cli.answers.output import percent

__all__ = ["accuracy_beside", "accuracy_told", "class_warnings", "evaluation_told", "majority", "told_of"]

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


def accuracy_told(accuracy: float, counts: Mapping[Any, int], macro_f1: float | None = None) -> str:
    """Write an accuracy beside the majority's share, and the macro F1 where it is known.

    Examples
    --------
    >>> accuracy_told(0.93, {"긍정": 17, "부정": 183}, 0.71)
    "accuracy 93.00 % (always '부정': 91.50 %)   macro F1 0.7100"
    """
    return accuracy_beside(accuracy, *majority(counts), macro_f1)


def accuracy_beside(accuracy: float, label: str, share: float, macro_f1: float | None = None) -> str:
    """Write the same where the majority is known."""
    f1 = "" if macro_f1 is None else f"   macro F1 {macro_f1:.4f}"
    return f"accuracy {percent(accuracy)} (always {label!r:.40}: {percent(share)}){f1}"


def class_warnings(accuracy: float, counts: Mapping[Any, int], predicted: Mapping[Any, int] | None = None) -> list[str]:
    """Say what a high accuracy may hide: no gain over the majority class, and classes that are never predicted.

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
    found = []
    if accuracy <= share:
        found.append(f"the model is no better than always answering {label!r:.40} ({percent(share)})")
    missed = [name for name, count in counts.items() if count and predicted is not None and not predicted.get(name, 0)]
    if missed:
        shown = ", ".join(f"{str(name)!r:.40} ({counts[name]:,} examples)" for name in missed[:_SHOWN])
        found.append(f"never predicted: {shown}{f' and {len(missed) - _SHOWN} more' if len(missed) > _SHOWN else ''}")
    return found


def told_of(figures: Mapping[str, Any]) -> tuple[dict[str, int], dict[str, int]]:
    """Take how often each class occurs, and how often it was predicted, from what a classifier's ``evaluate`` gives."""
    counts = {name: int(own["count"]) for name, own in figures["per_class"].items()}
    columns = zip(*figures["confusion"], strict=True)
    return counts, {name: int(sum(column)) for name, column in zip(counts, columns, strict=True)}


def evaluation_told(figures: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Write accuracy, majority, macro F1 and loss on a line, and what must be said of them."""
    counts, predicted = told_of(figures)
    told = accuracy_told(figures["accuracy"], counts, figures["macro_f1"])
    return f"{told}   loss {figures['loss']:.4f}", class_warnings(figures["accuracy"], counts, predicted)
