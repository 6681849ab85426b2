"""Labels for the steps of a sequence as they arrive, in memory that does not grow."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from gyeol.data.media.video_clips import VideoClip, checked_frames
from gyeol.errors import DataError
from gyeol.inputs.frames import FrameInput, StepBatch
from gyeol.inputs.numeric_series import SeriesInput
from gyeol.tasks.class_scores import probabilities_of
from gyeol.tasks.frames.net import FrameNet

__all__ = ["FrameStream"]


class FrameStream:
    """Take some steps at a time and keep the state in between; `FrameClassifier.stream` returns one.

    The labels are those of the whole sequence at once.

    Parameters
    ----------
    net : FrameNet
        Of one direction.
    inputs : SeriesInput or FrameInput
    classes : array, shape (K,)
        The labels.
    session : callable
        Returns the context in which the net is run.

    Attributes
    ----------
    count : int
        Steps taken.
    """

    def __init__(
        self,
        net: FrameNet,
        inputs: SeriesInput | FrameInput,
        classes: npt.NDArray[Any],
        session: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._net, self._inputs, self._classes, self._session = net, inputs, classes, session
        self._state: Any = None
        self.count = 0

    def push(self, steps: Any) -> npt.NDArray[Any]:
        """Take steps and return their labels, (T,); see `push_proba`."""
        return np.asarray(self._classes[self.push_proba(steps).argmax(axis=1)])

    def push_proba(self, steps: Any) -> npt.NDArray[np.float64]:
        """Take steps and return each class's probability at each of them, (T, K).

        Parameters
        ----------
        steps : array of uint8, shape (T, height, width, 3); or numbers (T, C)
            The next ones. Of numbers, NaN is a missing value; a step without any value counts as a step.

        Raises
        ------
        DataError
            They are no such steps.
        """
        with self._session(), torch.inference_mode():
            if isinstance(self._inputs, FrameInput):
                blocks = list(VideoClip(checked_frames(steps, "the next frames")).blocks(self._inputs.image_size))
                taken = torch.from_numpy(np.concatenate(blocks))
            else:
                rows = self._inputs.encode([_checked_numbers(steps)])
                taken = torch.from_numpy(np.asarray(rows.values, dtype=np.float32))
            scores, self._state = self._net(StepBatch(taken, torch.tensor([len(taken)])), self._state)
        self.count += len(taken)
        return probabilities_of(scores)

    def reset(self) -> None:
        """Start another sequence."""
        self._state, self.count = None, 0


def _checked_numbers(steps: Any) -> npt.NDArray[np.float64]:
    """Return steps of numbers as an array (T, C); they may come as (T,), of one channel."""
    try:
        values = np.asarray(steps, dtype=np.float64)
    except (TypeError, ValueError):
        values = np.zeros(())
    values = values[:, None] if values.ndim == 1 else values
    if values.ndim != 2 or not values.size or np.isinf(values).any():
        raise DataError(f"the next steps are {steps!r:.60}; finite numbers (T, C), or NaN, were expected")
    return values
