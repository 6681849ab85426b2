"""Recordings as a caller of `SpeechRecognizer` gives them, checked."""

from __future__ import annotations

from collections import Counter
from os import PathLike
from typing import Any

import numpy as np

from gyeol.data.media.audio_clips import AudioClip
from gyeol.data.media.sound import read_header
from gyeol.errors import DataError
from gyeol.tasks.checks import checked_texts

__all__ = ["checked_clips", "checked_pairs", "common_rate"]

_LOUDEST = 1000.0
_LONGEST = 3600.0  # seconds


def checked_clips(X: Any, rate: int | None) -> list[AudioClip]:
    """Return recordings as clips; of files only the headers are read.

    Parameters
    ----------
    X : sequence
        Paths of sound files, arrays of samples (N,) at ``rate`` Hz, or clips.
    rate : int, optional
        Of arrays.

    Raises
    ------
    DataError
        For what is no list of recordings, and for an element that is no recording: names the first.
    """
    if isinstance(X, (str, bytes, PathLike)) or not hasattr(X, "__iter__"):
        raise DataError(f"got {type(X).__name__} where a list of recordings was expected: ['a.wav', ...]")
    clips = [clip if isinstance(clip, AudioClip) else _checked(clip, number, rate) for number, clip in enumerate(X)]
    if not clips:
        raise DataError("got no recordings: the list is empty")
    return clips


def _checked(value: Any, number: int, rate: int | None) -> AudioClip:
    if isinstance(value, (str, PathLike)):
        header = read_header(str(value))
        return AudioClip(header, header.rate)
    samples = np.asarray(value) if isinstance(value, (np.ndarray, list, tuple)) else None
    if samples is None or samples.ndim != 1 or samples.dtype.kind not in "fiu" or not len(samples):
        came = type(value).__name__ if samples is None else f"an array of {samples.dtype} of shape {samples.shape}"
        raise DataError(f"recording {number} is {came:.60}; expected a path, or numbers from -1 to 1 of shape (N,)")
    if rate is None:
        raise DataError(f"recording {number} is an array: name its samples a second, sample_rate=16000 for instance")
    if samples.dtype.kind != "f":
        raise DataError(f"recording {number} holds whole numbers; expected numbers from -1 to 1: divide by the largest")
    if len(samples) > _LONGEST * rate:
        raise DataError(f"recording {number} is {len(samples) / rate:,.0f} s long, and {_LONGEST:,.0f} s is the most")
    if not np.abs(samples).max() <= _LOUDEST:
        raise DataError(f"recording {number} holds numbers that are no samples (NaN, or far beyond 1)")
    return AudioClip(samples.astype(np.float32), rate)


def checked_pairs(X: Any, y: Any, rate: int | None) -> tuple[list[AudioClip], list[str]]:
    """Return recordings as clips, and their texts.

    Raises
    ------
    DataError
        As `checked_clips`, and for texts that are none, or not one for each recording.
    """
    if y is None:
        raise DataError("the target y is None: give to each recording the text that is said in it")
    clips, texts = checked_clips(X, rate), checked_texts(y)
    if len(clips) != len(texts):
        raise DataError(f"got {len(clips)} recordings and {len(texts)} texts; there must be one to each")
    return clips, texts


def common_rate(clips: list[AudioClip]) -> int:
    """Return the rate (Hz) that most recordings have; of several the lowest, to which others can be resampled."""
    counts = Counter(clip.rate for clip in clips)
    return min(counts, key=lambda rate: (-counts[rate], rate))
