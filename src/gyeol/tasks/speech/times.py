"""When each letter was said: the most probable alignment of a text with a recording."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gyeol.errors import DataError
from gyeol.inputs.sound.recordings import SpeechInput
from gyeol.layers.losses.ctc import ctc_align

__all__ = ["LetterTime", "letter_times"]


class LetterTime(NamedTuple):
    """A letter, when it starts and ends (seconds), and its highest probability in between."""

    letter: str
    start: float
    end: float
    probability: float


def letter_times(
    scores: npt.NDArray[np.float64], text: str, inputs: SpeechInput, *, stack: int, start: float = 0.0
) -> list[LetterTime]:
    """Align a text with a recording.

    Parameters
    ----------
    scores : float64 array, shape (T, V)
        Log probabilities of letters at each step.
    text : str
    inputs : SpeechInput
        Numbers letters, and knows the length of a frame.
    stack : int
        Frames of a step.
    start : float
        Seconds that are added.

    Raises
    ------
    DataError
        The recording has fewer steps than the text needs.
    """
    tokens = inputs.encode([text])[0]
    spans, _ = ctc_align(scores, tokens)
    if not spans:
        raise DataError(f"the recording is too short for the text {text!r:.60}: it has {len(scores)} steps")
    names, seconds = inputs.text.vocabulary.tokens, stack * inputs.mel.hop / inputs.mel.rate
    return [
        LetterTime(
            names[token],
            start + span.start * seconds,
            start + span.stop * seconds,
            float(np.exp(scores[list(span), token].max())),
        )
        for token, span in zip(tokens.tolist(), spans, strict=True)
    ]
