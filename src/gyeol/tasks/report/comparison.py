"""Several models on the same examples: figures, whether they differ by more than chance, where they disagree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gyeol.engine.metrics.bootstrap import difference
from gyeol.engine.metrics.figure_kinds import FIGURES, LOWER
from gyeol.engine.metrics.outcomes import Outcomes
from gyeol.engine.metrics.significance import holm, mcnemar
from gyeol.errors import DataError, ParameterError
from gyeol.tasks.report.gradients import recorded_gradients
from gyeol.tasks.report.mistakes import shown_input
from gyeol.tasks.report.model_facts import folder_size
from gyeol.tasks.report.results import figures_with_intervals

if TYPE_CHECKING:
    from gyeol.tasks.base import Estimator

__all__ = ["Contender", "aligned_outcomes", "check_comparable", "compared"]


@dataclass(frozen=True, slots=True)
class Contender:
    """One of several models.

    Parameters
    ----------
    name : str
    path : Path
        Its folder.
    model : Estimator
    outcomes : Outcomes
        Of the examples that all of them got.
    seconds : float
        That it took, after a warm-up.
    examples : int
        How many it answered in that time.
    """

    name: str
    path: Path
    model: Estimator
    outcomes: Outcomes
    seconds: float
    examples: int


def check_comparable(names: Sequence[str], models: Sequence[Estimator]) -> None:
    """Refuse models of several tasks, classes or horizons.

    Raises
    ------
    ParameterError
        Names the first two that differ, and in what.
    """
    first = models[0]
    for name, model in zip(names[1:], models[1:], strict=True):
        if model.task != first.task:
            raise ParameterError(
                f"{names[0]} is a model of 'fit {first.task}' and {name} one of 'fit {model.task}': "
                "compare models of one task"
            )
        one, other = (_classes(each) for each in (first, model))
        if one != other:
            only = sorted(one ^ other)
            owner = names[0] if only[0] in one else name
            raise ParameterError(
                f"the classes of {names[0]} and {name} differ: only {owner} knows {only[0]!r:.60}"
                + (f" (and {len(only) - 1} more differ)" if len(only) > 1 else "")
                + "; compare models trained on the same classes"
            )
        for setting in ("horizon",):
            own = getattr(first, setting, None), getattr(model, setting, None)
            if own[0] != own[1]:
                raise ParameterError(f"{setting} is {own[0]} in {names[0]} and {own[1]} in {name}: it must be the same")


def _classes(model: Estimator) -> set[str]:
    return {str(name) for name in getattr(model, "classes_", ())}


def aligned_outcomes(names: Sequence[str], found: Sequence[Outcomes]) -> list[Outcomes]:
    """Take of each model's outcomes those of the examples that all have.

    Raises
    ------
    DataError
        The examples are not the same.
    """
    first = found[0]
    if first.keys is not None:
        common = set.intersection(*(set(own.keys or ()) for own in found))
        if not common:
            raise DataError("the models have no example in common: the series are too short for the longest lookback")
        picked = [np.array([row for row, key in enumerate(own.keys or ()) if key in common]) for own in found]
        return [own.take(rows) for own, rows in zip(found, picked, strict=True)]
    for name, own in zip(names[1:], found[1:], strict=True):
        same = len(own) == len(first) and all(map(_same, own.truth, first.truth))
        if not same or own.sums.keys() != first.sums.keys():
            raise DataError(
                f"{names[0]} and {name} read the examples differently ({len(first):,} and {len(own):,} of them): name "
                "the columns with --input and --target"
            )
    return list(found)


def _same(one: Any, other: Any) -> bool:
    return bool(one == other)


def compared(contenders: Sequence[Contender], X: Any, *, shown: int = 10, seed: int = 0) -> dict[str, Any]:
    """Compare models.

    Parameters
    ----------
    contenders : sequence of Contender
    X : sequence
        The inputs.
    shown : int
        How many examples on which they disagree.
    seed : int
        Of the resampling.

    Returns
    -------
    dict
        ``kind``, ``main`` (the figure they are compared by), ``test`` (``"mcnemar"`` or ``"paired"``); ``models``:
        model, weights, bytes, examples_per_second, figures, gradients, best_epoch, settings (those in which
        they differ); ``pairs``: one, other, figures (value, low, high, p_value of each difference), p_value, p_adjusted
        (Holm), and only_one, only_other of McNemar's test; ``disagreements``: input, truth, answers, scores,
        confidence.
    """
    kind = contenders[0].outcomes.kind
    main = next(iter(contenders[0].outcomes.figures()))
    hits = [_right(own.outcomes) for own in contenders]
    differing = _differing(contenders)
    models = [
        {
            "model": own.name, "estimator": type(own.model).__name__, "bytes": folder_size(own.path),
            "weights": sum(p.numel() for p in own.model.net_.parameters()),
            "examples_per_second": own.examples / max(own.seconds, 1e-9),
            "figures": figures_with_intervals(own.outcomes, seed),
            "gradients": recorded_gradients(own.model.history_.records),
            "best_epoch": own.model.history_.best.get("epoch"),
            "settings": {key: str(own.model.get_params(deep=False)[key]) for key in differing},
        }
        for own in contenders
    ]  # fmt: skip
    pairs: list[dict[str, Any]] = []
    for one, other in combinations(range(len(contenders)), 2):
        spread = difference(contenders[one].outcomes, contenders[other].outcomes, seed=seed)
        pair: dict[str, Any] = {
            "one": contenders[one].name,
            "other": contenders[other].name,
            "figures": [
                {"name": name, "value": own.value, "low": own.low, "high": own.high, "p_value": own.p_value}
                for name, own in spread.items()
            ],
            "p_value": spread[main].p_value,
        }
        first, second = hits[one], hits[other]
        if first is not None and second is not None:
            pair["only_one"], pair["only_other"], pair["p_value"] = mcnemar(first, second)
        pairs.append(pair)
    for pair, adjusted in zip(pairs, holm([pair["p_value"] for pair in pairs]), strict=True):
        pair["p_adjusted"] = adjusted
    return {
        "kind": kind,
        "main": main,
        "score": FIGURES[kind].score,
        "test": "mcnemar" if hits[0] is not None else "paired",
        "models": models,
        "pairs": pairs,
        "disagreements": _disagreements([own.outcomes for own in contenders], hits, X, shown),
        "other_tokens": kind == "tokens" and len({own.outcomes.sums["tokens"].sum() for own in contenders}) > 1,
    }


def _right(outcomes: Outcomes) -> npt.NDArray[np.bool_] | None:
    """Return which examples are right, where one is either right or wrong."""
    if outcomes.kind in ("classes", "label sets", "corrections"):
        return np.asarray(outcomes.sums["right"] > 0)
    return None


def _differing(contenders: Sequence[Contender]) -> list[str]:
    settings = [own.model.get_params(deep=False) for own in contenders]
    skipped = ("threads", "verbose", "time_limit")
    return [name for name in settings[0] if name not in skipped and len({repr(own.get(name)) for own in settings}) > 1]


def _disagreements(
    found: Sequence[Outcomes], hits: Sequence[npt.NDArray[np.bool_] | None], X: Any, shown: int
) -> list[dict[str, Any]]:
    """Show the examples on which models differ most: one sure and right, another sure and wrong."""
    kind = found[0].kind
    if kind == "forecasts":
        return []
    scores = np.stack([np.asarray(own.scores, dtype=np.float64) for own in found])
    apart = scores.max(0) - scores.min(0)
    if hits[0] is not None:
        right = np.stack([hit for hit in hits if hit is not None])
        apart = (right.any(0) & ~right.all(0)).astype(np.float64)
        if all(own.confidence is not None for own in found):
            sure = np.stack([np.asarray(own.confidence) for own in found])
            apart = apart * (np.where(right, sure, 0.0).max(0) + np.where(right, 0.0, sure).max(0))
    order = np.lexsort((np.arange(len(apart)), -apart))
    listed = []
    for row in [int(row) for row in order if apart[row] > 0][:shown]:
        one: dict[str, Any] = {**shown_input(X[row]), "truth": found[0].truth[row]}
        one["answers"] = [own.answers[row] for own in found]
        one["scores"] = [float(own.scores[row]) for own in found]
        best = min(one["scores"]) if FIGURES[kind].score in LOWER else max(one["scores"])
        one["best"] = [score == best for score in one["scores"]]
        if all(own.confidence is not None for own in found):
            one["confidence"] = [float(own.confidence[row]) for own in found if own.confidence is not None]
        listed.append(one)
    return listed
