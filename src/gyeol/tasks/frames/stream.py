"""A `FrameClassifier` that answers while a sequence goes on: what it holds does not grow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from gyeol.data.media.video_clips import VideoClip, checked_frames
from gyeol.errors import DataError, ParameterError
from gyeol.inputs.frames import StepBatch
from gyeol.tasks.class_scores import probabilities_of

if TYPE_CHECKING:
    from gyeol.tasks.frames.classifier import FrameClassifier

__all__ = ["FrameStream"]


class FrameStream:
    """Takes some steps at a time and keeps the state in between; of a model of one direction.

    The labels are those of the whole sequence at once.

    Parameters
    ----------
    model : FrameClassifier

    Attributes
    ----------
    count : int
        Steps taken.

    Raises
    ------
    ParameterError
        The model reads in both directions: it needs a sequence's end.
    """

    def __init__(self, model: FrameClassifier) -> None:
        if model.bidirectional and model.num_layers:
            raise ParameterError(
                "this model reads in both directions and needs the end of a sequence before it answers: train one with "
                "bidirectional=False to stream"
            )
        self._model = model
        self._state: Any = None
        self.count = 0

    def push(self, steps: Any) -> npt.NDArray[Any]:
        """Take steps and return their labels, (T,); see `push_proba`."""
        return np.asarray(self._model.classes_[self.push_proba(steps).argmax(axis=1)])

    def push_proba(self, steps: Any) -> npt.NDArray[np.float64]:
        """Take steps and return each class's probability at each of them, (T, K).

        Parameters
        ----------
        steps : array of uint8, shape (T, height, width, 3); or numbers (T, C)
            The next ones; of numbers NaN is a missing value, and a step of which nothing is known is one, too.

        Raises
        ------
        DataError
            They are no such steps.
        """
        model = self._model
        with model._session(), torch.inference_mode():
            if model.inputs_of_frames is not None:
                blocks = list(
                    VideoClip(checked_frames(steps, "the next frames")).blocks(model.inputs_of_frames.image_size)
                )
                taken = torch.from_numpy(np.concatenate(blocks))
            else:
                taken = torch.from_numpy(model._scaled(steps))
            scores, self._state = model.net_(StepBatch(taken, torch.tensor([len(taken)])), self._state)
        self.count += len(taken)
        return probabilities_of(scores)

    def reset(self) -> None:
        """Begin anew, as with another sequence."""
        self._state, self.count = None, 0


def numbers_of(steps: Any) -> npt.NDArray[np.float64]:
    """Hold an array to what steps of numbers are: (T, C), or (T,) of one channel."""
    try:
        values = np.asarray(steps, dtype=np.float64)
    except (TypeError, ValueError):
        values = np.zeros(())
    values = values[:, None] if values.ndim == 1 else values
    if values.ndim != 2 or not values.size or np.isinf(values).any():
        raise DataError(f"the next steps are {steps!r:.60}; finite numbers (T, C), or NaN, were expected")
    return values
