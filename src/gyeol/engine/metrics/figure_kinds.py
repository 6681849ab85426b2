"""Figures of merit as functions of sums over examples, by the kind of answer; the names are those of ``evaluate``.

Sums have shape (B,) or (B, K), a row for each way to weigh the examples, so that resampling them costs a product.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["FIGURES", "LOWER", "FigureKind", "figure_text"]

Floats = npt.NDArray[Any]
Sums = Mapping[str, Floats]

#: Figures that are better the lower they are; all others are better the higher.
LOWER = frozenset(
    {
        *("loss", "perplexity", "bits_per_character", "wer", "cer", "spoiled", "mse", "mae", "pinball"),
        *("linear_mse", "linear_mae", "seasonal_naive_mse", "seasonal_naive_mae", "ece", "absolute_error"),
        *("loss_per_token", "squared_error"),
    }
)
#: Figures that are shares, written in per cent.
_SHARES = frozenset(
    {
        *("accuracy", "macro_f1", "micro_f1", "micro_precision", "micro_recall", "f1", "precision", "recall"),
        *("coverage", "exact", "spoiled", "wer", "cer", "right", "share_right", "weighted_accuracy"),
    }
)


@dataclass(frozen=True, slots=True)
class FigureKind:
    """How the figures of one kind of answer are counted.

    Parameters
    ----------
    count : callable
        From sums to figures, the most important first.
    score : str
        What `Outcomes.scores` holds: ``"right"`` (1 or 0), ``"share_right"``, ``"absolute_error"``,
        ``"loss_per_token"``, ``"chrf"``, ``"cer"``, ``"squared_error"``.
    macro_f1 : bool
        Whether the mean F1 of the classes is a figure, too, counted from the decisions.
    """

    count: Callable[[Sums], dict[str, Floats]]
    score: str
    macro_f1: bool = False


def _share(part: Floats, whole: Floats) -> Floats:
    return np.asarray(part / np.maximum(whole, 1e-12))


def _harmonic(found: Floats, right: Floats, both: Floats) -> dict[str, Floats]:
    return {"f1": _share(2 * both, found + right), "precision": _share(both, found), "recall": _share(both, right)}


def _classes(of: Sums) -> dict[str, Floats]:
    return {"accuracy": _share(of["right"], of["count"]), "loss": _share(of["loss"], of["count"])}


def _tags(of: Sums) -> dict[str, Floats]:
    figures = {"accuracy": _share(of["right"], of["count"]), "loss": _share(of["loss"], of["known"])}
    if "both" not in of:
        return figures
    return {**_harmonic(of["found"], of["wanted"], of["both"]), **figures}


def _label_sets(of: Sums) -> dict[str, Floats]:
    micro = _harmonic(of["given"], of["wanted"], of["both"])
    figures = {f"micro_{name}": value for name, value in micro.items()}
    if "label_both" in of:
        sizes = of["label_given"] + of["label_wanted"]
        f1 = np.where(sizes > 0, 2 * of["label_both"] / np.maximum(sizes, 1e-12), 0.0)
        figures["macro_f1"] = _share(f1.sum(1), (sizes > 0).sum(1))
    return {**figures, "accuracy": _share(of["right"], of["examples"]), "loss": _share(of["loss"], of["examples"])}


def _numbers(of: Sums) -> dict[str, Floats]:
    """Count by moments of the truth t and the answers p, both less one and the same number."""
    count = of["examples"]
    t, p = of["t"] / count, of["p"] / count
    tt, pp, tp = of["tt"] / count - t * t, of["pp"] / count - p * p, of["tp"] / count - t * p
    mse = of["square"] / count
    # What rounding leaves of no variance at all is none.
    varied = (tt > 1e-12 * np.maximum(of["tt"] / count, 1e-300)) & (pp > 1e-12 * np.maximum(of["pp"] / count, 1e-300))
    pearson = np.where(varied, tp / np.sqrt(np.where(varied, tt * pp, 1.0)), 0.0)
    truth_varies = tt > 1e-12 * np.maximum(of["tt"] / count, 1e-300)
    r2 = np.where(truth_varies, 1 - mse / np.where(truth_varies, tt, 1.0), 0.0)
    return {"mse": mse, "mae": of["absolute"] / count, "r2": r2, "pearson": np.clip(pearson, -1.0, 1.0)}


def _tokens(of: Sums) -> dict[str, Floats]:
    loss = _share(of["loss"], of["tokens"])
    figures = {"perplexity": np.exp(np.minimum(loss, 700.0)), "loss": loss}
    if "characters" not in of:
        return figures
    return {"bits_per_character": _share(of["loss"] / np.log(2), of["characters"]), **figures}


def _translations(of: Sums) -> dict[str, Floats]:
    from gyeol.engine.metrics.segments import bleu_of, chrf_of

    return {"bleu": bleu_of(of["bleu"]), "chrf": chrf_of(of["chrf"]), **_tokens(of)}


def _captions(of: Sums) -> dict[str, Floats]:
    from gyeol.engine.metrics.segments import bleu_of, chrf_of

    exact = _share(of["exact"], of["examples"])
    return {"bleu": bleu_of(of["bleu"]), "chrf": chrf_of(of["chrf"]), "exact": exact, **_tokens(of)}


def _transcripts(of: Sums) -> dict[str, Floats]:
    figures = {"cer": _share(of["letter_errors"], of["letters"]), "wer": _share(of["word_errors"], of["words"])}
    return {**figures, "loss": _share(of["loss"], of["tokens"])}


def _corrections(of: Sums) -> dict[str, Floats]:
    changes, errors, mended = of["changes"], of["errors"], of["mended"]
    return {
        "f1": _share(2 * mended, changes + errors),
        "precision": np.where(changes > 0, _share(mended, changes), 1.0),
        "recall": np.where(errors > 0, _share(mended, errors), 1.0),
        "accuracy": _share(of["right"], of["examples"]),
        "spoiled": _share(of["spoiled"], of["words"]),
    }


def _forecasts(of: Sums) -> dict[str, Floats]:
    count = of["count"]
    figures = {"mse": _share(of["square"], count), "mae": _share(of["absolute"], count)}
    figures["pinball"] = _share(of["pinball"], count)
    if "inside" in of:
        figures["coverage"] = _share(of["inside"], count)
    for name in ("linear", "seasonal_naive"):
        figures[f"{name}_mse"] = _share(of[f"{name}_square"], count)
        figures[f"{name}_mae"] = _share(of[f"{name}_absolute"], count)
    return figures


#: By the kind of answer; each kind is filled by a function of `gyeol.tasks.outcomes`, or by its estimator.
FIGURES = {
    "classes": FigureKind(_classes, "right", macro_f1=True),
    "label sets": FigureKind(_label_sets, "share_right"),
    "tags": FigureKind(_tags, "share_right"),
    "steps": FigureKind(_classes, "share_right", macro_f1=True),
    "numbers": FigureKind(_numbers, "absolute_error"),
    "tokens": FigureKind(_tokens, "loss_per_token"),
    "translations": FigureKind(_translations, "chrf"),
    "captions": FigureKind(_captions, "chrf"),
    "transcripts": FigureKind(_transcripts, "cer"),
    "corrections": FigureKind(_corrections, "right"),
    "forecasts": FigureKind(_forecasts, "squared_error"),
}


def figure_text(name: str, value: float) -> str:
    """Write a figure as a person reads it: a share in per cent, others to a few digits.

    Examples
    --------
    >>> figure_text("accuracy", 0.86542), figure_text("mse", 0.012341), figure_text("bleu", 33.333)
    ('86.54 %', '0.01234', '33.33')
    """
    if name in _SHARES:
        return f"{100 * value:.2f} %"
    return f"{value:,.2f}" if 1 <= abs(value) < 1e6 else f"{value:.4g}"
