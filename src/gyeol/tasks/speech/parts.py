"""Recordings cut at pauses longer than any that a recognizer learned from: each part is recognised by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gyeol.data.media.audio_clips import AudioClip
from gyeol.inputs.sound.pauses import joined_pieces

if TYPE_CHECKING:
    from gyeol.tasks.speech.recognizer import SpeechRecognizer

__all__ = ["Part", "by_parts", "parts_of", "rewritten"]

_AT_ONCE, _SECONDS = 512, 1800.0  # recordings answered together, and how long they are at most, one apart


class Part(NamedTuple):
    """A part of a recording, from when on (seconds)."""

    start: float
    clip: AudioClip


def parts_of(model: SpeechRecognizer, clip: AudioClip) -> list[Part]:
    """Cut a recording as `SpeechRecognizer.listen` cuts a stream; it is left whole where it has no such pause.

    A model that measures a recording against its own mean, or reads it in both directions, takes those whole that are
    no longer than its training's.
    """
    inputs = model.inputs_
    if not np.isfinite(inputs.pause) or (not model.streams and clip.seconds <= model.longest_):
        return [Part(0.0, clip)]
    samples, mel = clip.samples(inputs.mel.rate), inputs.mel
    cutter = inputs.cutter()
    pieces = joined_pieces([*cutter.feed(mel(samples)), *cutter.finish()])
    if len(pieces) == 1 and (not pieces[0].end or not model.streams):
        return [Part(0.0, clip)]
    found = []
    for start, frames, _ in pieces:
        end = (start + len(frames) - 1) * mel.hop + mel.width
        found.append(Part(start * mel.hop / mel.rate, AudioClip(samples[start * mel.hop : end], mel.rate)))
    return found


def by_parts(
    model: SpeechRecognizer, clips: Iterable[AudioClip], write: Callable[[list[AudioClip]], list[str]]
) -> Iterator[str]:
    """Recognise recordings part by part, some at a time: ``write`` gives the texts of parts."""
    for some in _portions(clips):
        parts = [parts_of(model, clip) for clip in some]
        texts = iter(write([part.clip for own in parts for part in own]))
        for own in parts:
            yield " ".join(" ".join(next(texts) for _ in own).split())


def rewritten(model: SpeechRecognizer, clips: list[AudioClip], texts: list[str]) -> list[str]:
    """Write anew what was written for whole recordings, where they are to be cut."""
    cut = [row for row, clip in enumerate(clips) if len(parts_of(model, clip)) > 1]
    if cut:
        for row, text in zip(cut, model.predict([clips[row] for row in cut]), strict=True):
            texts[row] = text
    return texts


def _portions(clips: Iterable[AudioClip]) -> Iterator[list[AudioClip]]:
    some: list[AudioClip] = []
    for clip in clips:
        some.append(clip)
        if len(some) == _AT_ONCE or sum(c.seconds for c in some) > _SECONDS:
            yield some
            some = []
    if some:
        yield some
