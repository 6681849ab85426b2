"""What the training loop is given and gives back: a plan, settings, someone who watches, a history."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, runtime_checkable

from torch import Tensor

__all__ = ["Carrying", "History", "Partial", "Plan", "Progress", "Settings", "StepLoss", "Watch"]


class StepLoss(NamedTuple):
    """What one batch gives: the loss to go down (a scalar tensor), and how many of its examples were right."""

    loss: Tensor
    right: int = 0


class Plan(Protocol):
    """What a task hands to the loop."""

    def batches(self, epoch: int) -> Sequence[Any]:
        """Return the examples of every batch of an epoch, the same for the same epoch; a batch has a length."""

    def loss(self, rows: Any) -> StepLoss:
        """Run the network on one batch, in training mode."""

    def validate(self) -> dict[str, float]:
        """Run the network on the validation part: figures by name, ``loss`` among them."""


@runtime_checkable
class Carrying(Protocol):
    """What a plan also offers whose batches follow one another."""

    def carried(self) -> dict[str, Tensor]:
        """Return what the last batch leaves to the next, as named tensors."""

    def carry(self, tensors: dict[str, Tensor]) -> None:
        """Take over what `carried` returned."""


@runtime_checkable
class Partial(Protocol):
    """What a plan also offers whose validation part can be measured in parts."""

    def validate_within(self, seconds: float) -> tuple[dict[str, float], float]:
        """Validate on as many examples as fit into so many seconds (on a few, at least).

        Returns
        -------
        figures : dict
            As `Plan.validate` gives them, of these examples.
        share : float
            The share of the validation part that they are; 1 for all of it.
        """


class Progress(Protocol):
    """Whoever watches: a bar in the terminal, a test, nobody."""

    def epoch(self, number: int, epochs: int, examples: int, done: int) -> None:
        """Announce an epoch of so many examples, some perhaps done before an interruption."""

    def step(self, examples: int, loss: float, right: float) -> None:
        """Count a batch: its size, the running mean loss and share of right answers of this epoch."""

    def record(self, record: dict[str, Any]) -> None:
        """Receive the figures of a finished epoch."""

    def note(self, message: str) -> None:
        """Receive one line worth reading."""


class Watch(Protocol):
    """Whoever looks into the network while it learns, and changes nothing of what it learns."""

    def step(self, epoch: int, step: int, steps: int) -> AbstractContextManager[object]:
        """Return what surrounds a batch's loss and its way back: of an epoch of so many steps, all counted from 0."""

    def record(self) -> dict[str, float]:
        """Return figures of the epoch for its record, and begin anew."""

    def state(self) -> dict[str, Any]:
        """Return what was seen of an epoch so far, as JSON values, for a checkpoint."""

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How to train.

    ``epochs`` passes at most; ``learning_rate`` falls to zero along a half cosine after ``warmup`` (a share of the
    training); stop after ``patience`` epochs without a higher ``monitor`` (a lower one where it is an error:
    ``"loss"``, ``"cer"``, ``"wer"``), or so that validating and saving end within ``time_limit`` seconds, of which
    ``closing`` is the share that the task needs after the training;
    ``averaging`` is the decay of a moving average of the weights, which then is what gets validated and kept (0: none).
    With ``optimizer="asgd"`` the rate stays as it is, and from the first epoch on that is not better the mean of all
    weights since is what gets validated and kept (NT-AvSGD: Merity et al. 2018, algorithm 1).
    """

    epochs: int
    learning_rate: float
    weight_decay: float = 0.0
    clip_norm: float = 5.0
    warmup: float = 0.0
    patience: int = 3
    monitor: str = "accuracy"
    time_limit: float | None = None
    averaging: float = 0.0
    optimizer: str = "adam"
    seed: int = 0
    checkpoint_every: float = 60.0
    closing: float = 0.0


@dataclass(slots=True)
class History:
    """How it went.

    ``records``, one an epoch; ``best``, the record kept; ``stopped``, why it ended; ``trained``, how many epochs were
    gone through, with the part of one that was broken off; ``share``, the share of the validation part behind ``best``;
    ``precision``, what ``precision="auto"`` came to, in words.
    """

    records: list[dict[str, Any]] = field(default_factory=list)
    best: dict[str, Any] = field(default_factory=dict)
    stopped: str = "epochs"
    seconds: float = 0.0
    trained: float = 0.0
    precision: str = ""

    @property
    def share(self) -> float:
        """The share of the validation part that the figures of ``best`` were measured on."""
        return float(self.best.get("validated_share", 1.0))
