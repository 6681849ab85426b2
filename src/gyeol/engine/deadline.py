"""The time limit of a training, and how much of it is left for learning."""

from __future__ import annotations

import math
import time

__all__ = ["Budget", "Deadline"]

_UNKNOWN = 0.2  # share of the time reserved for validation, until it is known how long that takes
_FITTING = 0.05  # and about what it takes if it fits
_MOST = 0.25  # and at most, once known: beyond that, only a part of the examples is used
_SPARE = 1.15  # what was measured may take longer the next time
_LEAVING = 1.0  # seconds that a command takes to report and exit
_SHORT = 0.05  # but no more than this share of a short time
_DISK = 150e6  # bytes a second, until it is known how long a checkpoint takes
_COPIES = 5  # of the weights in a checkpoint: the net, the best, two moments, the average


class Deadline:
    """A running time limit.

    Parameters
    ----------
    limit : float, optional
        Seconds; None for no limit.
    started : float, optional
        When it began to run, by `time.monotonic`; now by default.

    Examples
    --------
    >>> Deadline(None).left(), 0 < Deadline(60).left() <= 60
    (inf, True)
    """

    def __init__(self, limit: float | None, *, started: float | None = None) -> None:
        self.limit = limit
        self.started = time.monotonic() if started is None else started

    @property
    def end(self) -> float:
        """When it is over, by `time.monotonic`."""
        return math.inf if self.limit is None else self.started + self.limit

    def left(self) -> float:
        """Seconds left; below 0 when it is over."""
        return self.end - time.monotonic()


class Budget:
    """What is left of a time limit for learning, once validating and saving are provided for.

    How long those take is guessed first, and then measured.

    Parameters
    ----------
    deadline : Deadline
    closing : float
        The share of the time from now on that the task needs after the training.
    size : int
        Bytes of the weights.
    checkpoint : bool
        Whether a checkpoint is saved as well.
    """

    def __init__(self, deadline: Deadline, *, closing: float, size: int, checkpoint: bool) -> None:
        self.started = time.monotonic()
        self.window = max(0.0, deadline.end - self.started)
        self.end = deadline.end - closing * self.window - min(_LEAVING, _SHORT * self.window)
        self.model = size / _DISK
        self.checkpoint = _COPIES * self.model if checkpoint else 0.0
        self.validation: float | None = None
        self.step = 0.0

    def until(self) -> float:
        """When to stop learning, by `time.monotonic`."""
        return self._before_validating(_UNKNOWN)

    def _before_validating(self, unknown: float) -> float:
        reserved = unknown * self.window if self.validation is None else self.validation * _SPARE
        return self.end - self.model - self.checkpoint - min(reserved, _MOST * self.window)

    def over(self) -> bool:
        """Whether another step would come too late."""
        return time.monotonic() + self.step > self.until()

    def along(self) -> float:
        """Which share of the time for learning has passed; a first epoch is thought to fit as long as nobody knows."""
        whole = self._before_validating(_FITTING) - self.started
        return min(1.0, (time.monotonic() - self.started) / max(1e-9, whole))

    def for_validation(self, *, saved: bool) -> float:
        """Seconds that validating may take now; ``saved``: the checkpoint has been saved already."""
        return max(0.0, self.end - self.model - (0.0 if saved else self.checkpoint) - time.monotonic())

    def fits(self, seconds: float) -> bool:
        """Whether all of the validation part fits into so many seconds, by what is known."""
        return self.validation is not None and self.validation * _SPARE <= seconds

    def unknown_at_half_time(self, steps: int) -> bool:
        """Whether half the time is over, this many steps of an epoch will not fit, and no validation was measured."""
        late = self.validation is None and self.along() > 0.5
        return late and time.monotonic() + steps * self.step > self.until()

    def stepped(self, seconds: float) -> None:
        """Learn how long a step takes: the longest lately."""
        self.step = max(seconds, 0.9 * self.step)

    def validated(self, seconds: float, share: float) -> None:
        """Learn how long validating takes, from a share of the examples."""
        self.validation = seconds / max(1e-9, share)

    def saved(self, seconds: float) -> None:
        """Learn how long a checkpoint takes."""
        self.checkpoint, self.model = seconds * _SPARE, max(self.model, seconds / 3)
