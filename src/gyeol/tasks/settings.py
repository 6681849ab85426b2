"""What each setting of an estimator means, what it may be, and what it is by default."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gyeol.parameters import range_of
from gyeol.tasks.hyperparameters import TrainingParameters, hyperparameters_of

if TYPE_CHECKING:
    from gyeol.tasks.base import Estimator

__all__ = ["Setting", "settings_of"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: ``group`` is "model" or "training"."""

    name: str
    default: Any
    range: str
    meaning: str
    group: str


def settings_of(kind: type[Estimator]) -> list[Setting]:
    """List the settings of an estimator: first those of the model, then those that say how it is trained."""
    training = {field.name for field in dataclasses.fields(TrainingParameters)}
    found = [
        Setting(
            name,
            default,
            range_of(rule),
            re.sub(r"`+([^`]*)`+", r"\1", meaning),
            "training" if name in training else "model",
        )
        for name, (default, rule, meaning) in hyperparameters_of(kind).items()
    ]
    return sorted(found, key=lambda setting: setting.group == "training")
