"""When each letter was said: the most probable way in which a text lies in a recording."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch

from gyeol.errors import DataError
from gyeol.layers.losses.ctc import ctc_align
from gyeol.tasks.speech.parts import Part, parts_of

if TYPE_CHECKING:
    from gyeol.data.media.audio_clips import AudioClip
    from gyeol.tasks.speech.recognizer import SpeechRecognizer

__all__ = ["Said", "letter_times"]


class Said(NamedTuple):
    """A letter, from when to when it was heard (seconds), and how probable it was there at its best."""

    letter: str
    start: float
    end: float
    probability: float


def letter_times(model: SpeechRecognizer, recording: Any, text: str | None) -> list[Said]:
    """Lay a text over a recording; see `SpeechRecognizer.align`."""
    (clip,) = model._known([recording])
    parts = [Part(0.0, clip)] if text is not None else parts_of(model, clip)
    found: list[Said] = []
    for start, part in parts:
        said = model._greedy([part])[0] if text is None else text
        letters = _letter_times(model, part, said) if said.strip() else []
        found += [Said(letter, start + first, start + last, p) for letter, first, last, p in letters]
    return found


def _letter_times(model: SpeechRecognizer, clip: AudioClip, said: str) -> list[Said]:
    tokens = model.inputs_.encode([said])[0]
    names = model.inputs_.text.vocabulary.tokens
    with model._session(), torch.inference_mode():
        batch = model._encode([clip], None).batch(np.zeros(1, dtype=np.int64))
        log_probs, _ = model.net_(batch.frames.to(model._dtype()), batch.lengths)
    steps = log_probs[0].double().numpy()
    spans, _ = ctc_align(steps, tokens)
    if not spans:
        raise DataError(f"the recording is too short for the text {said!r:.60}: it has {len(steps)} steps")
    long = model.stack * model.inputs_.mel.hop / model.inputs_.mel.rate
    return [
        Said(names[token], span.start * long, span.stop * long, float(np.exp(steps[list(span), token].max())))
        for token, span in zip(tokens.tolist(), spans, strict=True)
    ]
