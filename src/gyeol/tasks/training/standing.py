"""How good a trained model is: compared with an answer that needs no learning, and with more of the same training.

What is found goes into a model's ``about_``, from where the screen, JSON, the model card and ``gyeol info`` take it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gyeol.tasks.text.label_sets import LabelSets

if TYPE_CHECKING:
    from gyeol.tasks.base import Estimator

__all__ = ["Reference", "references", "standing"]

#: Figures of which the lower one is the better.
_ERRORS = frozenset({"loss", "cer", "wer", "mse", "mae", "perplexity"})
_SHARES = frozenset({"accuracy", "weighted_accuracy", "f1", "cer", "wer"})
_WORDS = {
    "weighted_accuracy": "weighted accuracy", "f1": "F1 of spans", "bleu": "BLEU", "chrf": "chrF",
    "cer": "character error rate", "wer": "word error rate", "mse": "MSE", "mae": "MAE",
}  # fmt: skip
_BY_CHANCE = 0.02  # of the distance to what is perfect: a lead that is none
_STEEP = 0.05  # what an epoch gains in relation, where more epochs pay
_LEAST_BLEU = 1.0


class Reference(NamedTuple):
    """What an answer without any learning gets: the figure, how good it is, what it answers; of classes, which."""

    figure: str
    value: float
    answer: str
    label: str = ""


def references(model: Estimator, y: Any, truth: Any) -> list[Reference]:
    """Name what the model must beat on the examples on which it was measured.

    Parameters
    ----------
    model : Estimator
        Trained.
    y, truth : targets, as the task has them
        Of the training part; of those measured.
    """
    figures = {name.removeprefix("valid_"): value for name, value in model.history_.best.items()}
    found = []
    for name, refer in _REFERENCES.items():
        if name in figures and (reference := refer(model, figures, y, truth)) is not None:
            found.append(reference)
    return found


def _majority(model: Estimator, figures: dict[str, float], y: Any, truth: Any) -> Reference | None:
    classes = getattr(model, "classes_", None)
    if classes is None or not (_flat(y) and _flat(truth)):
        return None
    counts = Counter(_flat(y))
    most = max(counts, key=lambda label: (counts[label], str(label)))
    measured = _flat(truth)
    share = sum(label == most for label in measured) / max(1, len(measured))
    label = most if isinstance(most, str) else str(classes[most])
    return Reference("accuracy", share, f"always {label!r:.40}", label)


def _flat(y: Any) -> list[Any]:
    """The labels of examples, or of their steps: numbers of classes, or tags; nothing where an example has several."""
    if isinstance(y, LabelSets):
        return []
    if isinstance(y, np.ndarray):
        return list(y.tolist()) if y.ndim == 1 and y.dtype.kind in "iu" else []
    rows = [row.tolist() if isinstance(row, np.ndarray) else row for row in y]
    return [label for row in rows for label in row] if all(isinstance(row, list) for row in rows) else []


def _mean(model: Estimator, figures: dict[str, float], y: Any, truth: Any) -> Reference | None:
    if "seasonal_naive_mse" in figures:
        return Reference("mse", figures["seasonal_naive_mse"], "the last season once more")
    if not (isinstance(y, np.ndarray) and y.dtype.kind == "f" and y.ndim == 1):
        return None
    return Reference("mse", float(((truth - y.mean()) ** 2).mean()), "always the mean")


def _any_token(model: Estimator, figures: dict[str, float], y: Any, truth: Any) -> Reference | None:
    vocabulary = getattr(getattr(model, "inputs_", None), "vocabulary", None)
    if model.monitor != "loss" or vocabulary is None:
        return None
    return Reference("perplexity", float(len(vocabulary)), "any token with the same probability")


_Refer = Callable[["Estimator", dict[str, float], Any, Any], Reference | None]

#: By figure, what would be reached without learning.
_REFERENCES: dict[str, _Refer] = {
    "accuracy": _majority,
    "f1": lambda *_: Reference("f1", 0.0, "no span at all"),
    "mse": _mean,
    "bleu": lambda *_: Reference("bleu", 0.0, "nothing"),
    "cer": lambda *_: Reference("cer", 1.0, "nothing"),
    "perplexity": _any_token,
}


def standing(model: Estimator, y: Any, truth: Any, monitor: str = "") -> dict[str, Any]:
    """Describe how a training ended: the majority's share of classes, and advice where much is left to learn.

    Parameters
    ----------
    model, y, truth
        As in `references`.
    monitor : str
        The figure by which the best epoch was chosen; by default the estimator's.

    Returns
    -------
    dict
        ``majority`` and ``majority_share``, of classifiers; ``trained_epochs``; ``validated_share``, where the time was
        too short for all of the validation part; ``advice``, where there is some.
    """
    history = model.history_
    found: dict[str, Any] = {"trained_epochs": round(history.trained, 2)}
    if history.share < 1:
        found["validated_share"] = round(history.share, 4)
    against = references(model, y, truth)
    for reference in against:
        if reference.figure == "accuracy":
            found |= {"majority": reference.label, "majority_share": reference.value}
    if advice := _advice(model, against, monitor or model.monitor):
        found["advice"] = advice
    return found


def _advice(model: Estimator, against: list[Reference], monitor: str) -> str:
    history = model.history_
    best = {name.removeprefix("valid_"): value for name, value in history.best.items() if name.startswith("valid_")}
    early = history.stopped in ("time limit", "interrupted")
    parts = []
    if early:
        how = "stopped by the time limit" if history.stopped == "time limit" else "interrupted"
        parts.append(f"{how} after {_epochs(history.trained)}")
    poor = next((r for r in against if not _beats(best[r.figure], r)), None)
    if poor is not None:
        figure = f"{_WORDS.get(poor.figure, poor.figure)} {_shown(poor.figure, best[poor.figure])}"
        than = f" ({_shown(poor.figure, poor.value)})" if poor.value else ""
        how = "hardly better" if poor.figure == "bleu" else "no better"
        parts.append(f"{figure} is {how} than {poor.answer}{than}")
    elif early and (gain := _gain(model.history_.records, monitor)):
        parts.append(gain)
    elif not early or history.trained >= 1:
        return ""  # it stopped by itself, or has learned and gains little
    mend = "train longer" if early else "try more epochs, another learning_rate, or more examples"
    return f"{'; '.join(parts)}: {mend}"


def _epochs(count: float) -> str:
    return f"{count:.2g} of an epoch" if count < 1 else f"{count:.3g} epoch{'' if count == 1 else 's'}"


def _beats(value: float, reference: Reference) -> bool:
    if reference.figure in _ERRORS:
        return value < reference.value * (1 - _BY_CHANCE)
    if reference.figure == "bleu":
        return value >= _LEAST_BLEU
    return value > reference.value + _BY_CHANCE * (1 - reference.value)


def _gain(records: list[dict[str, Any]], monitor: str) -> str:
    """Compare the last epoch with the one before, where it was much better."""
    records = [record for record in records if "validated_share" not in record]
    values = [float(r[f"valid_{monitor}"]) for r in records if f"valid_{monitor}" in r]
    if len(values) < 2 or not all(map(math.isfinite, values[-2:])):
        return ""
    before, last = values[-2:]
    if monitor in _ERRORS:
        gained = (before - last) / max(1e-9, abs(before))
    elif monitor in ("bleu", "chrf"):
        gained = (last - before) / max(1e-9, before)
    else:
        gained = (last - before) / max(1e-9, 1 - before)
    if gained < _STEEP:
        return ""
    old, new = (_shown(monitor, value) for value in (before, last))
    return f"{_WORDS.get(monitor, monitor)} went from {old} to {new} in the last epoch"


def _shown(figure: str, value: float) -> str:
    return f"{100 * value:.1f} %" if figure in _SHARES else f"{value:.4g}"
