"""Recordings cut at pauses longer than those of the training: each part is recognized by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from gyeol.data.media.audio_clips import AudioClip
from gyeol.inputs.sound.pauses import joined_pieces
from gyeol.inputs.sound.recordings import SpeechInput

__all__ = ["Part", "by_parts", "parts_of"]

_AT_ONCE, _SECONDS = 512, 1800.0  # recordings transcribed together, and their seconds, at most, but for a single one


class Part(NamedTuple):
    """A part of a recording, and where it starts (seconds)."""

    start: float
    clip: AudioClip


def parts_of(clip: AudioClip, inputs: SpeechInput, *, streams: bool, longest: float) -> list[Part]:
    """Cut a recording as `SpeechRecognizer.listen` cuts a stream; one without such a pause is left whole.

    Parameters
    ----------
    clip : AudioClip
    inputs : SpeechInput
        Knows the pauses of the training.
    streams : bool
        Whether the model can listen to a stream. One that cannot takes recordings whole that are no longer than those
        of its training.
    longest : float
        Seconds: the longest of these.
    """
    if not np.isfinite(inputs.pause) or (not streams and clip.seconds <= longest):
        return [Part(0.0, clip)]
    samples, mel = clip.samples(inputs.mel.rate), inputs.mel
    cutter = inputs.cutter()
    pieces = joined_pieces([*cutter.feed(mel(samples)), *cutter.finish()])
    if len(pieces) == 1 and (not pieces[0].end or not streams):
        return [Part(0.0, clip)]
    found = []
    for start, frames, _ in pieces:
        end = (start + len(frames) - 1) * mel.hop + mel.width
        found.append(Part(start * mel.hop / mel.rate, AudioClip(samples[start * mel.hop : end], mel.rate)))
    return found


def by_parts(
    clips: Iterable[AudioClip], cut: Callable[[AudioClip], list[Part]], write: Callable[[list[AudioClip]], list[str]]
) -> Iterator[str]:
    """Transcribe recordings part by part, some at a time: ``cut`` returns parts, ``write`` the texts of parts."""
    for some in _portions(clips):
        parts = [cut(clip) for clip in some]
        texts = iter(write([part.clip for each in parts for part in each]))
        for each in parts:
            yield " ".join(" ".join(next(texts) for _ in each).split())


def _portions(clips: Iterable[AudioClip]) -> Iterator[list[AudioClip]]:
    some: list[AudioClip] = []
    for clip in clips:
        some.append(clip)
        if len(some) == _AT_ONCE or sum(c.seconds for c in some) > _SECONDS:
            yield some
            some = []
    if some:
        yield some
