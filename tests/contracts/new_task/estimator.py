"""The class of a text, by how often it has each letter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from gyeol.engine import StepLoss
from gyeol.parameters import whole
from gyeol.tasks.base import Encoded, Estimator
from gyeol.tasks.checks import checked_classes, checked_texts
from gyeol.tasks.class_scores import class_figures, class_loss, probabilities_of
from gyeol.tasks.hyperparameters import estimator, hyperparameter

__all__ = ["LetterClassifier"]


@estimator
@dataclass(kw_only=True, eq=False, repr=False)
class LetterClassifier(Estimator):
    """Weighs counts of letters."""

    task: ClassVar[str] = "letters"
    reads: ClassVar[str] = "letters"
    letters: int = hyperparameter(30, whole(1), "How many letters are counted, the most frequent ones.")
    learning_rate: float = 0.1
    averaging: float = 0.0

    def _checked(self, X: Any, y: Any) -> tuple[list[str], npt.NDArray[np.int64]]:
        texts = checked_texts(X)
        self.classes_, numbers, _ = checked_classes(y, len(texts))
        return texts, numbers

    def _fit_inputs(self, X: list[str], y: Any) -> None:
        counts = Counter("".join(X))
        self.inputs_ = [letter for letter, _ in counts.most_common(int(self.letters))]

    def _encode(self, X: list[str], y: Any) -> Encoded:
        counts = torch.tensor([[text.count(letter) for letter in self.inputs_] for text in X], dtype=self._dtype())

        def batch(which: npt.NDArray[np.int64]) -> tuple[Tensor, Tensor | None]:
            return counts[which], None if y is None else torch.from_numpy(y[which])

        return Encoded(np.ones(len(X), dtype=np.int64), batch)

    def _build(self) -> nn.Module:
        return nn.Linear(len(self.inputs_), len(self.classes_))

    def _loss(self, net: nn.Module, batch: tuple[Tensor, Tensor]) -> StepLoss:
        return class_loss(net(batch[0]), batch[1], None)

    def _decode(self, net: nn.Module, batch: tuple[Tensor, Any]) -> npt.NDArray[np.generic]:
        return probabilities_of(net(batch[0]))

    def _score(self, outputs: npt.NDArray[np.generic], y: npt.NDArray[np.int64]) -> dict[str, float]:
        return class_figures(outputs, y, None)

    def _state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        return {"classes": self.classes_.tolist()}, {"letters": self.inputs_}

    def _restore(self, learned: dict[str, Any], inputs: dict[str, Any]) -> None:
        self.classes_, self.inputs_ = np.array(learned["classes"]), list(inputs["letters"])

    def describe_data(self) -> dict[str, str]:
        return {"letters": "".join(self.inputs_)}

    def predict_proba(self, X: Sequence[str]) -> npt.NDArray[np.float64]:
        return np.concatenate(list(self._stream(checked_texts(X))))

    def predict(self, X: Sequence[str]) -> npt.NDArray[Any]:
        return self.classes_[self.predict_proba(X).argmax(1)]
