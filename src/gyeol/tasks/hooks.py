"""What a task fills in: how its examples are checked and encoded, its network, its loss, its figures."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt
from torch import nn

from gyeol import engine, parameters
from gyeol.errors import ParameterError

if TYPE_CHECKING:
    from gyeol.engine.metrics.outcomes import Outcomes
    from gyeol.explain.attribution.inquiry import Inquiry
    from gyeol.tasks.training.examples import Examples

__all__ = ["Encoded", "Hooks"]


@dataclass(frozen=True, slots=True)
class Encoded:
    """Examples ready for the network: the ``lengths`` of all (N,), and ``batch``, which puts some of them together.

    Where batches follow one another, ``order`` gives those of an epoch, and ``carrier`` holds what one leaves to the
    next: ``state()`` and ``restore(tensors)``, named tensors.
    """

    lengths: npt.NDArray[np.int64]
    batch: Callable[[Any], Any]
    order: Callable[[int], Sequence[Any]] | None = None
    carrier: Any = None

    def __len__(self) -> int:
        return len(self.lengths)


class Hooks(ABC):
    """The facts and the hooks of a task, in the order in which `gyeol.tasks.base.Estimator` calls them."""

    #: The name under which the command line and model folders know the task.
    task: ClassVar[str]
    #: The figure that decides which epoch was the best.
    monitor: ClassVar[str] = "accuracy"
    #: A command that uses a saved model, for its card.
    usage: ClassVar[str] = 'gyeol predict {} "..."'
    #: The parts of an example.
    reads: ClassVar[str] = "tokens"
    #: A rule for every constructor argument: `gyeol.tasks.hyperparameters.estimator` collects them.
    rules: ClassVar[dict[str, parameters.Rule]]
    #: Whether examples follow one another, so that a part of them is their beginning.
    ordered: ClassVar[bool] = False
    #: The share of a time limit that is needed for what follows the training.
    closing: ClassVar[float] = 0.0

    @abstractmethod
    def _checked(self, X: Any, y: Any) -> tuple[list[Any], Any]:
        """Check what the user gave; returns inputs as a list and targets in the form that the task needs."""

    def _checked_validation(self, X: Any, y: Any) -> tuple[list[Any], Any]:
        """Check examples to validate on, or to be measured by, where that differs from `_checked`."""
        return self._checked(X, y)

    @abstractmethod
    def _fit_inputs(self, X: list[Any], y: Any) -> None:
        """Learn tokenizers, vocabularies and scales from the training part, and whatever its targets teach."""

    def _notes(self) -> dict[str, str]:
        """Describe, by name, how examples are read where no setting decides it; known after `_fit_inputs`."""
        return {}

    @abstractmethod
    def _encode(self, X: list[Any], y: Any) -> Encoded:
        """Number examples; y is None where there are no targets."""

    def _encode_training(self, X: list[Any], y: Any) -> Encoded:
        """Encode examples to learn from, where that differs from `_encode`."""
        return self._encode(X, y)

    @abstractmethod
    def _build(self) -> nn.Module:
        """Build the network, for what `_fit_inputs` learned."""

    @abstractmethod
    def _loss(self, net: nn.Module, batch: Any) -> engine.StepLoss:
        """Run a batch in training mode."""

    @abstractmethod
    def _decode(self, net: nn.Module, batch: Any) -> npt.NDArray[np.generic]:
        """Run a batch in prediction mode: one row of numbers an example."""

    @abstractmethod
    def _score(self, outputs: npt.NDArray[np.generic], y: Any) -> dict[str, float]:
        """Compare what `_decode` gave for all examples with their targets; ``loss`` and `monitor` among the figures."""

    @abstractmethod
    def _state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what a model folder keeps besides weights, as JSON values: for config.json and for tokenizer.json."""

    @abstractmethod
    def _restore(self, learned: dict[str, Any], inputs: dict[str, Any]) -> None:
        """Take over what `_state` returned."""

    def _inquiry(self, x: Any, target: Any, position: int | None) -> Inquiry:
        """Give the score of one input to explain, for `gyeol.tasks.base.Estimator.explain`, which has its arguments.

        Raises
        ------
        DataError, ParameterError
            For what is no input, no target, no position.
        """
        raise ParameterError(f"a {type(self).__name__} cannot be explained: it gives no score to explain")

    def _conclude(self, examples: Examples) -> None:  # noqa: B027
        """Learn what can only be learned once the network is trained, until ``_deadline``."""

    def outcomes(self, X: Any, y: Any = None) -> Outcomes | None:
        """Return what became of every example; None where a task does not say.

        Parameters
        ----------
        X, y
            As ``evaluate`` takes them.

        Returns
        -------
        Outcomes or None
            Whose figures are those of ``evaluate``: see `gyeol.engine.metrics.outcomes`.
        """
        return None

    def _strata(self, y: Any) -> npt.NDArray[np.int64]:
        """Number the groups that a validation split keeps in proportion; one group by default."""
        return np.zeros(len(y), dtype=np.int64)
