"""What a network's outputs for one input say: a class, or a number, and the score of it that is explained."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gyeol.errors import ParameterError, closest
from gyeol.explain.attribution.inquiry import Measure
from gyeol.tasks.class_scores import probabilities_of

__all__ = [
    "Verdict", "checked_position", "log_odds", "no_position", "no_target", "of_classes", "of_number", "target_number",
]  # fmt: skip

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Verdict:
    """What outputs (B, K) of a network mean.

    ``prediction`` and ``probabilities`` as in `gyeol.explain.explanation.Explanation`; ``measure`` and ``of`` as in
    `gyeol.explain.attribution.inquiry.Inquiry`; ``score`` turns outputs into scores (B,), differentiable; ``answers``
    turns them into the numbers (B, len(names)) that a reading shows, which are called ``names``.
    """

    prediction: Any
    measure: Measure
    of: str
    score: Callable[[Tensor], Tensor]
    answers: Callable[[Tensor], npt.NDArray[Any]]
    names: Sequence[str]
    probabilities: Mapping[str, float] = field(default_factory=dict)


def of_classes(
    classes: Sequence[Any], probabilities: Floats, target: Any, *, prediction: Any = None, independent: bool = False
) -> Verdict:
    """Explain the log-odds of a class: the most probable one, or the target.

    Parameters
    ----------
    classes : sequence, shape (K,)
    probabilities : array, shape (K,)
    target : a class, or None
    prediction : optional
        Where it is not the most probable class.
    independent : bool
        Each class has a probability of its own: of several labels a text.

    Raises
    ------
    ParameterError
        The target is no class.
    """
    number = int(probabilities.argmax()) if target is None else target_number(target, classes)
    names = [str(name) for name in classes]
    best = classes[int(probabilities.argmax())]
    return Verdict(
        prediction=(best.item() if isinstance(best, np.generic) else best) if prediction is None else prediction,
        measure="log-odds",
        of=names[number],
        score=(lambda outputs: outputs[:, number].double())
        if independent
        else lambda outputs: log_odds(outputs, number),
        answers=(lambda outputs: torch.sigmoid(outputs.double()).numpy()) if independent else probabilities_of,
        names=names,
        probabilities=dict(zip(names, map(float, probabilities), strict=True)),
    )


def of_number(prediction: float, mean: float, scale: float, target: Any, *, of: str = "the predicted value") -> Verdict:
    """Explain a number, which a network gives in units of ``scale`` around ``mean``."""
    no_target(target, "a number is predicted")

    def value(outputs: Tensor) -> Tensor:
        return outputs[:, 0].double() * scale + mean

    return Verdict(
        prediction=prediction,
        measure="value",
        of=of,
        score=value,
        answers=lambda outputs: value(outputs).numpy()[:, None],
        names=["value"],
    )


def log_odds(logits: Tensor, number: int) -> Tensor:
    """Return ``log p / (1 - p)`` of one class's softmax in logits (..., K), in float64."""
    others = torch.cat([logits[..., :number], logits[..., number + 1 :]], dim=-1).double()
    return logits[..., number].double() - torch.logsumexp(others, dim=-1)


def target_number(target: Any, classes: Sequence[Any]) -> int:
    """Return the number of the class that is meant, by itself or as text.

    Raises
    ------
    ParameterError
        There is none.
    """
    names = [str(name) for name in classes]
    if str(target) not in names:
        raise ParameterError(f"target={target!r:.60} is no class of this model{closest(str(target), names)}")
    return names.index(str(target))


def no_target(target: Any, why: str) -> None:
    """Refuse a target."""
    if target is not None:
        raise ParameterError(f"target={target!r:.60}: {why}, and there is nothing else to explain; leave target out")


def no_position(position: int | None) -> None:
    """Refuse a position, where the answer is no sequence."""
    if position is not None:
        raise ParameterError(f"position={position!r:.20}: the answer is no sequence; leave position out")


def checked_position(position: Any, count: int, what: str) -> int:
    """Check a position among so many steps of an answer.

    Raises
    ------
    ParameterError
        There is no such one.
    """
    if isinstance(position, bool) or not isinstance(position, (int, np.integer)) or not 0 <= position < count:
        raise ParameterError(f"position={position!r:.20}: the answer has {count:,} {what}; expected 0 to {count - 1:,}")
    return int(position)
